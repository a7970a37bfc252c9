"""The tool as its users meet it: a real process, a real project folder, a real gateway over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from declarative.sandbox import SandboxOptions, running

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


@dataclass
class Workplace:
    """A project folder and the environment its commands run in."""

    folder: Path
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
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "declarative", *arguments],
            cwd=self.folder,
            env=environ,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Finished(done.returncode, done.stdout, done.stderr)

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


@pytest.fixture
def offline(tmp_path: Path) -> Workplace:
    """A project without any assets and without a target."""
    workplace = Workplace(tmp_path / "project", clean_environ())
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
