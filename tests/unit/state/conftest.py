"""Stores to test against: a SQLite file, and a schema of its own on a real PostgreSQL server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef
from declarative.core.clock import SystemClock
from declarative.state import SqlStore, open_store
from declarative.state.model import Run


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place that holds no store yet, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "state" / "state.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def opened() -> Iterator[Callable[..., SqlStore]]:
    """Opens stores and closes them after the test."""
    stores: list[SqlStore] = []

    def open_one(url: str, **options: bool) -> SqlStore:
        stores.append(open_store(url, clock=SystemClock(), **options))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(url: str, opened: Callable[..., SqlStore]) -> SqlStore:
    return opened(url)


@pytest.fixture
def asset() -> Callable[..., AppliedAsset]:
    def make(name: str = "web-01", *, department: str = "Sales", asset_id: int | None = None) -> AppliedAsset:
        return AppliedAsset(
            address=f"Asset/{name}",
            connector=ConnectorRef("servicenow", "11111111-2222-3333-4444-555555555555", "ServiceNow"),
            identity={"hostName": name, "sourceNativeKey": f"NK-{name}", "ipAddress": ["10.0.0.7"]},
            fields={"coreAttributes.businessMetaData.department": AppliedField(department)},
            asset_id=asset_id,
            sent_at=datetime(2026, 1, 15, 10, 32, 55, tzinfo=UTC),
        )

    return make


@pytest.fixture
def run() -> Callable[..., Run]:
    def make(run_id: str = "run-1", minute: int = 0) -> Run:
        return Run(
            run_id=run_id,
            command="apply",
            started_at=datetime(2026, 1, 15, 10, minute, tzinfo=UTC),
            ended_at=None,
            user="ana",
            host="ci-7",
            commit="abc123",
            plan_digest="sha256:1",
            exit_code=None,
            summary={},
        )

    return make


@pytest.fixture
def other_process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Runs Python text in a process of its own, with `url` as its argument; killed after the test if it still runs."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
