"""An emulated forge over real HTTP: comments and issues of GitHub and GitLab, paged by two, with their refusals."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "forge-canary-token-123"
PER_PAGE = 2


@dataclass
class Emulated:
    """`user`: what the token's owner is called; None as for the token of a workflow, which may not ask."""

    url: str = ""
    user: str | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    trouble: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    refuse_writes: bool = False

    def comment(self, body: str, author: str = "github-actions[bot]") -> dict[str, Any]:
        bot = author.endswith("[bot]")
        number = 100 + len(self.comments)
        row = {
            "id": number,
            "body": body,
            "html_url": f"https://forge.example/c/{number}",
            "user": {"login": author, "type": "Bot" if bot else "User"},
            "author": {"id": _id(author)},
        }
        self.comments.append(row)
        return row

    def issue(self, title: str, body: str, author: str = "github-actions[bot]") -> dict[str, Any]:
        number = 1 + len(self.issues)
        row = self.comment(body, author)
        self.comments.remove(row)
        row |= {"number": number, "iid": number, "title": title, "description": body, "state": "open", "web_url": ""}
        self.issues.append(row)
        return row


def _id(author: str) -> int:
    return sum(author.encode())


def _paged(request: Request, rows: list[dict[str, Any]]) -> Response:
    page = int(request.query_params.get("page", "1"))
    headers = {}
    if len(rows) > page * PER_PAGE:
        headers["Link"] = f'<{request.url.include_query_params(page=page + 1)}>; rel="next"'
    return JSONResponse(rows[(page - 1) * PER_PAGE : page * PER_PAGE], headers=headers)


class Handlers:
    def __init__(self, forge: Emulated) -> None:
        self.forge = forge

    def guarded(self, handler: Callable[[Request, Any], Response]) -> Any:
        async def handle(request: Request) -> Response:
            body = await request.json() if request.method != "GET" else None
            return self.refusal(request) or handler(request, body)

        return handle

    def refusal(self, request: Request) -> Response | None:
        self.forge.calls.append(f"{request.method} {request.url.path}")
        if self.forge.trouble:
            status, headers = self.forge.trouble.pop(0)
            return JSONResponse({"message": "trouble"}, status, headers)
        given = request.headers.get("authorization", "").removeprefix("Bearer ") or request.headers.get("private-token")
        if given != TOKEN:
            return JSONResponse({"message": "Bad credentials"}, 401)
        if request.method != "GET" and self.forge.refuse_writes:
            return JSONResponse({"message": "Resource not accessible by integration"}, 403)
        return None

    @property
    def author(self) -> str:
        return self.forge.user or "github-actions[bot]"

    def user(self, _: Request, __: Any) -> Response:
        if self.forge.user is None:
            return JSONResponse({"message": "Resource not accessible by integration"}, 403)
        return JSONResponse({"login": self.forge.user, "id": _id(self.forge.user)})

    def comments(self, request: Request, body: Any) -> Response:
        if request.method == "GET":
            return _paged(request, self.forge.comments)
        return JSONResponse(self.forge.comment(body["body"], self.author), 201)

    def comment(self, request: Request, body: Any) -> Response:
        row = next(row for row in self.forge.comments if row["id"] == request.path_params["id"])
        row["body"] = body["body"]
        return JSONResponse(row)

    def issues(self, request: Request, body: Any) -> Response:
        if request.method == "GET":
            return _paged(request, [row for row in self.forge.issues if row["state"] == "open"])
        text = body.get("body", body.get("description"))
        return JSONResponse(self.forge.issue(body["title"], text, self.author), 201)

    def issue(self, request: Request, body: Any) -> Response:
        row = next(row for row in self.forge.issues if row["number"] == request.path_params["id"])
        if body.get("state") == "closed" or body.get("state_event") == "close":
            row["state"] = "closed"
        text = body.get("body", body.get("description", row["body"]))
        row |= {"body": text, "description": text}
        return JSONResponse(row)


def _app(forge: Emulated) -> Starlette:
    do = Handlers(forge)
    routes = [("/user", do.user, "GET"), ("/api/v4/user", do.user, "GET")]
    for base, change, single, verb in (
        ("/repos/acme/inventory", "/issues/7/comments", "/issues/comments/{id:int}", "PATCH"),
        ("/api/v4/projects/42", "/merge_requests/7/notes", "/merge_requests/7/notes/{id:int}", "PUT"),
    ):
        routes += [(base + change, do.comments, "GET"), (base + change, do.comments, "POST"), (base + single, do.comment, verb)]
        routes += [(f"{base}/issues", do.issues, "GET"), (f"{base}/issues", do.issues, "POST")]
        routes += [(f"{base}/issues/{{id:int}}", do.issue, verb)]
    return Starlette(routes=[Route(path, do.guarded(handler), methods=[method]) for path, handler, method in routes])


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    forge = Emulated()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        forge.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(_app(forge), log_config=None, lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield forge
        server.should_exit = server.force_exit = True
        thread.join(20)


@pytest.fixture
def github(emulated: Emulated) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": emulated.url,
        "GITHUB_REPOSITORY": "acme/inventory",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_TOKEN": TOKEN,
    }


@pytest.fixture
def gitlab(emulated: Emulated) -> dict[str, str]:
    emulated.user = "project_42_bot"
    return {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{emulated.url}/api/v4",
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "GITLAB_TOKEN": TOKEN,
    }
