"""What the manifest room hands on: a project and its manifests, typed by schema, variables and overlays resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.manifest.verdict import Inputs
from declarative.plan.model import Limits

Locator = Callable[[str], Position]
"""JSON pointer into the document (`/spec/connector`, `` for the whole) -> where it was written.

Knows where a value came from through a variable or an overlay; a pointer that does not exist gives the nearest parent."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One YAML document. `spec` and `metadata` are plain dicts, lists, str, int, float, bool, None."""

    api_version: str
    kind: str
    name: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    position: Position
    locate: Locator = field(compare=False, repr=False)

    @property
    def address(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Mapping[str, str] = self.metadata.get("labels") or {}
        return labels


@dataclass(frozen=True, slots=True)
class RuleSetting:
    severity: Severity | None  # None: off
    reason: str


@dataclass(frozen=True, slots=True)
class Project:
    """The project file, its environment applied."""

    name: str
    root: Path
    environment: str | None
    base_url: str | None  # spec.baseUrl, or the platform's gateway; None when only QUALYS_BASE_URL can tell
    state_url: str  # `sqlite:////abs/path/state.db` or `postgresql://...`; never holds a password from a manifest
    settle: timedelta = timedelta(hours=1)
    plan_expiry: timedelta = timedelta(hours=24)
    batch_size: int = 50
    page_size: int = 100
    limits: Limits = field(default_factory=Limits)
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)  # old address -> new address
    locate: Locator | None = field(default=None, compare=False, repr=False)  # into the project file, where it could be read


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything the files said. `manifests` are only the ones without errors of their own, sorted by address;
    `digest` covers the meaning of all of them and the project (not file order, comments or formatting). `broken` are the
    addresses of manifests that are there but wrong: a reference to one is not a reference to nothing. `partial` is the
    well-typed part of each wrong one (`name` is empty where it has none): good for checks, never for a plan. `inputs`: the
    bytes that all this comes from, where it comes from nothing else, and the project is large enough for caches."""

    project: Project
    manifests: tuple[Manifest, ...]
    diagnostics: tuple[Diagnostic, ...]
    digest: str
    files: tuple[str, ...]
    broken: frozenset[str] = frozenset()
    partial: tuple[Manifest, ...] = ()
    inputs: Inputs | None = field(default=None, compare=False)
