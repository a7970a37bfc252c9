"""One real gateway for the folder, put back to its start before each test; spoken to over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from declarative.sandbox import RunningSandbox, SandboxOptions, running

CONNECTOR = "489e8429-2e82-4599-a2a8-0123456789ab"
SEARCH = "/rest/2.0/search/am/asset"
SYNC = "/rest/2.0/am/connector/asset/data/sync"


@dataclass
class User:
    """A client as simple as a script: it has a token and sends what it is told."""

    sandbox: RunningSandbox
    http: httpx.Client
    headers: dict[str, str] = field(default_factory=dict)

    def login(self) -> None:
        answer = self.http.post("/auth", data={"username": "sandbox", "password": "sandbox", "token": "true"})
        assert answer.status_code == 201
        self.headers = {"Authorization": f"Bearer {answer.text}"}

    def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return self.http.post(path, json=json, headers=self.headers, **options)

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(path, params=params, headers=self.headers)

    def throw(self, **switches: Any) -> None:
        self.sandbox.call("switches", switches)

    def sync(self, *entries: Mapping[str, Any], connector: str = CONNECTOR, source: str = "SNOW") -> httpx.Response:
        meta = {"connectorUuid": connector, "source": source, "requestId": "r-1"}
        return self.post(SYNC, {"connectorMetaData": meta, "assetData": list(entries)})

    def send(self, identity: Mapping[str, Any], core: Mapping[str, Any] | None = None, **options: Any) -> None:
        """Import one asset and have it processed."""
        answer = self.sync({"identityAttributes": identity, "coreAttributes": core or {}}, **options)
        assert answer.status_code == 200, answer.text
        self.sandbox.call("process", {})

    def search(self, *filters: tuple[str, str, str], operation: str = "AND", **params: Any) -> list[dict[str, Any]]:
        rows = [{"field": name, "operator": operator, "value": value} for name, operator, value in filters]
        answer = self.post(SEARCH, {"filters": rows, "operation": operation}, params=params)
        if answer.status_code == 204:
            return []
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["assetListData"]["asset"]
        return found

    def only(self) -> dict[str, Any]:
        (record,) = self.search()
        return record


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[RunningSandbox]:
    with running(SandboxOptions()) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> RunningSandbox:
    shared_sandbox.call("reset", {})
    return shared_sandbox


@pytest.fixture(scope="session")
def http(shared_sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_sandbox.url) as http:
        yield http


@pytest.fixture
def user(sandbox: RunningSandbox, http: httpx.Client) -> User:
    user = User(sandbox, http)
    user.login()
    return user
