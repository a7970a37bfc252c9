"""GitHub: comments of a pull request are the comments of the issue with its number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from declarative.core.errors import ApiError, AuthError, UsageError
from declarative.forges.http import ForgeHttp
from declarative.forges.model import Place, Post

NEEDS = "`pull-requests: write` for comments, `issues: write` for issues"


class GitHub:
    """Over REST version 2022-11-28."""

    comment_limit = 65_536

    def __init__(self, http: ForgeHttp, place: Place) -> None:
        self._http = http
        self._repository = f"/repos/{place.repository}"
        self._number = place.number

    @staticmethod
    def headers(place: Place) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {place.token.reveal()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def comments(self) -> Iterator[Post]:
        return map(self._post, self._http.pages(f"{self._change_request}/comments?per_page=100"))

    def add_comment(self, body: str) -> Post:
        return self._post(self._http.call("POST", f"{self._change_request}/comments", {"body": body}))

    def edit_comment(self, post: Post, body: str) -> Post:
        return self._post(self._http.call("PATCH", f"{self._repository}/issues/comments/{post.id}", {"body": body}))

    def issues(self) -> Iterator[Post]:
        rows = self._http.pages(f"{self._repository}/issues?state=open&per_page=100")
        return (self._issue(row) for row in rows if "pull_request" not in row)

    def add_issue(self, title: str, body: str) -> Post:
        return self._issue(self._http.call("POST", f"{self._repository}/issues", {"title": title, "body": body}))

    def edit_issue(self, post: Post, body: str) -> Post:
        return self._issue(self._http.call("PATCH", f"{self._repository}/issues/{post.id}", {"body": body}))

    def close_issue(self, post: Post) -> Post:
        wanted = {"state": "closed", "state_reason": "completed"}
        return self._issue(self._http.call("PATCH", f"{self._repository}/issues/{post.id}", wanted))

    @property
    def _change_request(self) -> str:
        if self._number is None:
            raise UsageError("which pull request?", hint="give --number, or run this on a pull request")
        return f"{self._repository}/issues/{self._number}"

    @cached_property
    def _login(self) -> str | None:
        """Whose token this is. The token of a workflow belongs to an app and may not ask."""
        try:
            login = self._http.call("GET", "/user").get("login")
        except (AuthError, ApiError):
            return None
        return str(login) if login else None

    def _mine(self, row: Mapping[str, Any]) -> bool:
        author = row.get("user") or {}
        return author.get("type") == "Bot" if self._login is None else author.get("login") == self._login

    def _post(self, row: Mapping[str, Any]) -> Post:
        return Post(int(row["id"]), str(row.get("body") or ""), str(row.get("html_url") or ""), self._mine(row))

    def _issue(self, row: Mapping[str, Any]) -> Post:
        return Post(int(row["number"]), str(row.get("body") or ""), str(row.get("html_url") or ""), self._mine(row))
