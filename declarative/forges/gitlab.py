"""GitLab: comments are the notes of a merge request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from declarative.core.errors import UsageError
from declarative.forges.http import ForgeHttp
from declarative.forges.model import Place, Post

NEEDS = "a project or personal access token with the scope `api` (a job token may not write notes)"


class GitLab:
    """Over REST version 4."""

    comment_limit = 1_000_000

    def __init__(self, http: ForgeHttp, place: Place) -> None:
        self._http = http
        self._project = f"/projects/{quote(place.repository, safe='')}"
        self._number = place.number

    @staticmethod
    def headers(place: Place) -> Mapping[str, str]:
        return {"PRIVATE-TOKEN": place.token.reveal()}

    def comments(self) -> Iterator[Post]:
        return map(self._note, self._http.pages(f"{self._change_request}/notes?per_page=100&sort=asc"))

    def add_comment(self, body: str) -> Post:
        return self._note(self._http.call("POST", f"{self._change_request}/notes", {"body": body}))

    def edit_comment(self, post: Post, body: str) -> Post:
        return self._note(self._http.call("PUT", f"{self._change_request}/notes/{post.id}", {"body": body}))

    def issues(self) -> Iterator[Post]:
        return map(self._issue, self._http.pages(f"{self._project}/issues?state=opened&per_page=100"))

    def add_issue(self, title: str, body: str) -> Post:
        return self._issue(self._http.call("POST", f"{self._project}/issues", {"title": title, "description": body}))

    def edit_issue(self, post: Post, body: str) -> Post:
        return self._issue(self._http.call("PUT", f"{self._project}/issues/{post.id}", {"description": body}))

    def close_issue(self, post: Post) -> Post:
        return self._issue(self._http.call("PUT", f"{self._project}/issues/{post.id}", {"state_event": "close"}))

    @property
    def _change_request(self) -> str:
        if self._number is None:
            raise UsageError("which merge request?", hint="give --number, or run this in a merge request pipeline")
        return f"{self._project}/merge_requests/{self._number}"

    @cached_property
    def _user_id(self) -> int:
        return int(self._http.call("GET", "/user")["id"])

    def _mine(self, row: Mapping[str, Any]) -> bool:
        return (row.get("author") or {}).get("id") == self._user_id

    def _note(self, row: Mapping[str, Any]) -> Post:
        # A note tells no address of its own.
        return Post(int(row["id"]), str(row.get("body") or ""), "", self._mine(row))

    def _issue(self, row: Mapping[str, Any]) -> Post:
        return Post(int(row["iid"]), str(row.get("description") or ""), str(row.get("web_url") or ""), self._mine(row))
