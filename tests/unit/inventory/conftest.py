"""A project with one inventory, read as the commands read it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ibis", reason="the extra `inventory` is not installed")

from declarative.engine.expanding import with_rows
from declarative.engine.workspace import Workspace, open_workspace

PROJECT = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\nspec: {}\n"
CONNECTOR = """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: servicenow}
spec: {connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ab, source: SNOW}
"""
HEAD = "apiVersion: declarative/v1\nkind: AssetInventory\nmetadata: {name: cmdb, labels: {team: cmdb}}\nspec:\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Workspace]:
    """Writes a project with the given spec and files, and reads it with its rows."""

    def reading(spec: str, files: Mapping[str, str | bytes], **more: str) -> Workspace:
        written: dict[str, Any] = {
            "declarative.yaml": PROJECT,
            "manifests/connector.yaml": CONNECTOR,
            "manifests/cmdb.yaml": HEAD + textwrap.indent(textwrap.dedent(spec), "  "),
            **more,
            **files,
        }
        for name, content in written.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        now = datetime(2026, 6, 1, tzinfo=UTC)
        return with_rows(open_workspace(tmp_path, environment=None, variables={}, environ={}, now=now), now=now)

    return reading


@pytest.fixture
def told() -> Callable[[Workspace], list[tuple[str, str]]]:
    """Rule and place of everything that was found, but for warnings about how well assets are identified."""

    def telling(workspace: Workspace) -> list[tuple[str, str]]:
        return [
            (one.rule, f"{one.position.file}:{one.position.line}")
            for one in workspace.diagnostics
            if one.position is not None and one.rule.startswith("inventory/")
        ]

    return telling
