"""What the manifest room hands on: a project and its manifests, typed by schema, variables and overlays resolved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import orjson
from msgspec import Struct

from declarative.core.canonical import fitted
from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.manifest.verdict import Inputs
from declarative.plan.model import Limits

Locator = Callable[[str], Position]
"""JSON pointer into the document (`/spec/connector`, `` for the whole) -> where it was written.

Knows where a value came from through a variable or an overlay; a pointer that does not exist gives the nearest parent."""


class Kept(Hashable, Protocol):
    """A document that is read again when somebody asks for it."""

    def value(self) -> dict[str, Any]:
        """Raises InvalidError where the file is not what it was."""


Body = bytes | Kept
"""A manifest's value as JSON, or where to find it: trees of Python objects take six times the memory, and most manifests
of a large project are never looked into again."""


class Manifest(Struct, frozen=True, eq=False):
    """One YAML document. `digest` is over its meaning: neither formatting nor the order of keys matter.

    `note`: what the kinds have found out about it when it was read (`Noter`); None where they have to look at it.
    """

    api_version: str
    kind: str
    name: str
    address: str
    labels: Mapping[str, str]
    digest: bytes
    position: Position
    locate: Locator
    body: Body
    note: Any = None

    def __eq__(self, other: object) -> bool:
        """By what it says and where it stands, however its value is kept."""
        return isinstance(other, Manifest) and self._said == other._said

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def _said(self) -> tuple[object, ...]:
        return self.api_version, self.address, self.labels, self.digest, self.position

    @classmethod
    def of(
        cls, value: Mapping[str, Any], position: Position, locate: Locator, note: Any = None, *, json: bytes | None = None
    ) -> Manifest:
        """From a value that has passed its schema, or the well-typed part of one that has not. `json`: the value, where it is
        known as that."""
        metadata = value.get("metadata") or {}
        name = metadata.get("name") or ""
        return cls(
            api_version=value["apiVersion"],
            kind=value["kind"],
            name=name,
            address=f"{value['kind']}/{name}",
            labels=shared_labels(metadata.get("labels")),
            digest=meaning_of(value),
            position=position,
            locate=locate,
            body=json or fitted(orjson.dumps(value)),
            note=note,
        )

    @property
    def value(self) -> Mapping[str, Any]:
        """The whole document: plain dicts, lists, str, int, float, bool, None. Not to be changed."""
        return opened(self.body)

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.value.get("metadata") or {}

    @property
    def spec(self) -> Mapping[str, Any]:
        return self.value.get("spec") or {}


def meaning_of(value: Mapping[str, Any]) -> bytes:
    """The digest of a manifest's value."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).digest()


@lru_cache(maxsize=32)
def opened(body: Body) -> Mapping[str, Any]:
    """What a body says. Raises InvalidError where its file is not what it was."""
    # For the manifest in hand, whose members are asked for one by one.
    value: Mapping[str, Any] = orjson.loads(body) if isinstance(body, bytes) else body.value()
    return value


_NO_LABELS: Mapping[str, str] = {}


def shared_labels(labels: Any) -> Mapping[str, str]:
    """Equal labels as one object: teams and tiers repeat in every manifest."""
    if not labels or not isinstance(labels, dict):
        return _NO_LABELS
    return _labels(tuple(labels.items()))


@lru_cache(maxsize=1024)
def _labels(items: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return dict(items)


class Noter(Protocol):
    """Looks at every document that its schema accepts, while it is at hand.

    What it says is handed on with the manifest, and kept with it in the warm cache: JSON, and only what follows from the
    document alone.
    """

    def note(self, kind: str, value: Mapping[str, Any]) -> Any: ...


class RuleSetting(Struct, frozen=True):
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
    bytes that all this comes from, where it comes from nothing else, and the project is large enough for caches. `unread`:
    some documents were not looked at, so that nobody can say that a manifest is missing."""

    project: Project
    manifests: tuple[Manifest, ...]
    diagnostics: tuple[Diagnostic, ...]
    digest: str
    files: tuple[str, ...]
    broken: frozenset[str] = frozenset()
    partial: tuple[Manifest, ...] = ()
    inputs: Inputs | None = field(default=None, compare=False)
    unread: bool = False
