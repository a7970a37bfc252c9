"""The tool as its users meet it: a real process, a real project folder, a real gateway over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from declarative.sandbox import SandboxOptions, running
from tests.acceptance.command_client import ask

USERNAME, PASSWORD = "tester", "canary-Pa55word!"
CONNECTOR = "489e8429-2e82-4599-a2a8-0123456789ab"

PROJECT = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: acme}
spec: {}
"""

CONNECTOR_YAML = f"""\
apiVersion: declarative/v1
kind: Connector
metadata: {{name: servicenow}}
spec: {{connectorUuid: {CONNECTOR}, source: SNOW}}
"""


def asset_yaml(name: str, *, department: str = "Sales", extra: str = "") -> str:
    return textwrap.dedent(
        f"""\
        apiVersion: declarative/v1
        kind: Asset
        metadata: {{name: {name}, labels: {{team: web}}}}
        spec:
          connector: servicenow
          identityAttributes: {{hostName: {name}, serialNumber: SN-{name}, sourceNativeKey: NK-{name}}}
          coreAttributes:
            hostName: {name}
            businessMetaData: {{department: {department}, company: ACME}}
        """
    ) + textwrap.indent(textwrap.dedent(extra), "    ")


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def text(self) -> str:
        return self.out + self.err


class Commands:
    """Starts processes of the tool. `command_server.py` says why it does not start Python for each of them.

    `bin`: a folder for the PATH of a shell, with a `declarative` that is such a process.
    """

    def __init__(self, folder: Path) -> None:
        here = Path(__file__).parent
        self._socket = str(folder / "commands")
        self._server = subprocess.Popen(
            [sys.executable, "-W", "error", here / "command_server.py", self._socket],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=clean_environ(),
        )  # fmt: skip
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == b"ready\n"
        self.bin = folder / "bin"
        self.bin.mkdir()
        tool = self.bin / "declarative"
        tool.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {here / "command_client.py"} {self._socket} "$@"\n')
        tool.chmod(0o700)

    def close(self) -> None:
        assert self._server.stdout is not None
        self._server.stdout.close()
        self._server.terminate()
        self._server.wait(20)

    def run(self, arguments: tuple[str, ...], folder: Path, environ: dict[str, str], stdin: str, timeout: float) -> Finished:
        if python_settings(environ) != python_settings(os.environ):
            return run_cold(arguments, folder, environ, stdin, timeout)
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            streams = [given.fileno(), out.fileno(), err.fileno()]
            code = timed(ask(self._socket, arguments, str(folder), environ, streams), timeout)
            assert code != -signal.SIGKILL, f"{arguments} took longer than {timeout} s"
            out.seek(0)
            err.seek(0)
            return Finished(code, *(stream.read().decode().replace("\r\n", "\n") for stream in (out, err)))


def timed(answers: Generator[int, None, None], seconds: float) -> int:
    """The exit code of a process, which is killed when its time is up."""
    late = threading.Timer(seconds, os.kill, (next(answers), signal.SIGKILL))
    late.start()
    try:
        return next(answers)
    finally:
        late.cancel()
        answers.close()


def python_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """What Python reads once, when it starts."""
    return {name: value for name, value in environ.items() if name.startswith(("PYTHON", "LC_", "LANG", "TZ"))}


def run_cold(arguments: tuple[str, ...], folder: Path, environ: dict[str, str], stdin: str, timeout: float) -> Finished:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "declarative", *arguments],
        cwd=folder, env=environ, input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Finished(done.returncode, done.stdout, done.stderr)


@dataclass
class Workplace:
    """A project folder and the environment its commands run in."""

    folder: Path
    commands: Commands
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, path: str, text: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def run(
        self, *arguments: str, stdin: str | None = None, env: Mapping[str, str | None] | None = None, timeout: float = 120
    ) -> Finished:
        environ = {**self.environ}
        for name, value in (env or {}).items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value
        finished = self.commands.run(arguments, self.folder, environ, stdin or "", timeout)
        assert "Traceback" not in finished.err, finished.err
        return finished

    def ok(self, *arguments: str, **options: Any) -> Finished:
        finished = self.run(*arguments, **options)
        assert finished.code == 0, f"{arguments} ended with {finished.code}\n{finished.out}\n{finished.err}"
        return finished


def clean_environ() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("QUALYS_", "DECLARATIVE_", "PYTEST_")) and name not in ("NO_COLOR", "CI")
    }


@pytest.fixture
def gateway() -> Iterator[Any]:
    """An emulated gateway of this test's own; imports show after a fifth of a second."""
    with running(SandboxOptions(username=USERNAME, password=PASSWORD, delay=0.2)) as server:
        yield server


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    started = Commands(tmp_path_factory.mktemp("commands"))
    yield started
    started.close()


@pytest.fixture
def offline(tmp_path: Path, commands: Commands) -> Workplace:
    """A project without any assets and without a target."""
    workplace = Workplace(tmp_path / "project", commands, clean_environ())
    workplace.write("declarative.yaml", PROJECT)
    return workplace


@pytest.fixture
def workplace(offline: Workplace, gateway: Any) -> Workplace:
    """A project with a connector, pointed at the gateway."""
    offline.environ |= {"QUALYS_BASE_URL": gateway.url, "QUALYS_USERNAME": USERNAME, "QUALYS_PASSWORD": PASSWORD}
    offline.write("manifests/connector.yaml", CONNECTOR_YAML)
    return offline


@pytest.fixture
def asset() -> Callable[..., str]:
    return asset_yaml
