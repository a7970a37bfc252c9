"""Fixtures of the manifest tests: reading text, and projects on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from declarative.core.diagnostics import Diagnostic
from declarative.manifest.nodes import read_nodes, to_value
from declarative.manifest.shapes import ANY, shape_of
from declarative.manifest.sources import ReadLimits, documents_of
from declarative.manifest.spans import refused

PROJECT = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: acme}
spec:
  platform: EU1
"""

Read = Callable[..., tuple[list[Any], list[Diagnostic]]]


def read_text(
    text: str | bytes, schema: Mapping[str, Any] | None = None, limits: ReadLimits | None = None
) -> tuple[list[Any], list[Diagnostic]]:
    limits = limits or ReadLimits()
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    documents, found = documents_of(data, "f.yaml", limits)
    values = []
    for document in documents:
        reading = read_nodes(document, limits)
        found.extend(reading.diagnostics)
        if reading.root is not None:
            refusals: list[Any] = []
            values.append(to_value(reading.root, shape_of(schema) if schema else ANY, refusals))
            found.extend(refused(document, *refusal) for refusal in refusals)
    return values, found


@pytest.fixture
def read() -> Read:
    """Text -> the value of each document, and everything that is wrong."""
    return read_text


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Writes a project: files by their path, `declarative.yaml` a minimal one unless given."""

    def write(files: Mapping[str, str | bytes] | None = None, project: str = PROJECT) -> Path:
        for name, content in {"declarative.yaml": project, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write
