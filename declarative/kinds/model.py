"""What the manifests mean, kind by kind: the desired state, before anything live is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from declarative.assets.model import ConnectorRef, DesiredAsset, OnRemove
from declarative.core.diagnostics import Diagnostic, Position
from declarative.manifest.model import Locator
from declarative.queries.model import Query


class OnEmpty(StrEnum):
    REFUSE = "refuse"
    SKIP = "skip"
    RUN = "run"


class ReportDeclaration(Struct, frozen=True):
    """A Report manifest. Scopes name queries; they are resolved to ids when a plan is made.

    `asset_query` fills `assetList`, `tag_query` fills `tagList` (addresses of HostQuery/ComponentQuery)."""

    address: str
    request: Mapping[str, Any]
    asset_query: str | None = None
    tag_query: str | None = None
    on_empty: OnEmpty = OnEmpty.REFUSE
    on_change: bool = True
    every: timedelta | None = None
    position: Position | None = None
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InventorySource:
    """Where the rows are. `format`: csv, jsonl, parquet or database; `place`: a path or glob below the project's root, or
    the URL of a database."""

    format: str
    place: str = field(repr=False)  # a database's URL may hold a password
    delimiter: str = ","
    encoding: str = "utf-8"
    table: str | None = None
    sql: str | None = None


class FieldSource(Struct, frozen=True):
    """Where one field of an asset takes its value from: exactly one of `column`, `template` and `value`.

    `path` is a field path; `record` is the key below `path` where that is a list of records. `types`: the JSON types the
    Asset schema allows there; `split` and `date` as in the manifest; `pointer`: where it was written.
    """

    path: str
    types: frozenset[str]
    pointer: str
    record: str | None = None
    column: str | None = None
    template: str | None = None
    value: Any = None
    split: str | None = None
    date: str | None = None


class Condition(Struct, frozen=True):
    """A row's cell has to be one of `values` (`negated`: none of them). None among the values stands for an empty cell."""

    column: str
    values: tuple[str | None, ...]
    negated: bool
    pointer: str


INVENTORIES = "AssetInventory/"
"""What the address of an inventory begins with, and that of each of its rows."""


@dataclass(frozen=True, slots=True)
class InventoryDeclaration:
    """An inventory manifest: rows that are read when a plan is made, each an asset of its own.

    `columns`: every column that is needed, with the pointer to where it was named first. `meant`: of them those that the
    asset of a row is made of. `master`: where the engine runs, if it does not run here.
    """

    address: str
    connector: str
    source: InventorySource
    key: str
    fields: tuple[FieldSource, ...]
    defaults: tuple[FieldSource, ...]
    where: tuple[Condition, ...]
    max_bad_rows: int
    engine: str
    lifecycle: Mapping[str, Any]
    columns: Mapping[str, str]
    locate: Locator = field(compare=False, repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    meant: frozenset[str] = frozenset()
    master: str | None = None

    @property
    def on_remove(self) -> OnRemove:
        """What is to become of the asset of a row that is gone."""
        return OnRemove(self.lifecycle.get("onRemove") or OnRemove.FORGET)

    def row_address(self, key: str) -> str:
        return f"{self.address}[{key}]"

    def row_key(self, address: str) -> str | None:
        """The key in the address of one of its rows; None for any other address."""
        prefix = f"{self.address}["
        return address[len(prefix) : -1] if address.startswith(prefix) and address.endswith("]") else None

    @property
    def sections(self) -> frozenset[str]:
        """Names below `coreAttributes` that its rows may fill."""
        filled = (field.path for field in (*self.fields, *self.defaults) if field.path.startswith("coreAttributes."))
        return frozenset(path.split(".")[1] for path in filled)


class Desired(Struct, frozen=True):
    """Everything the manifests ask for. Each tuple is sorted by address."""

    connectors: tuple[ConnectorRef, ...] = ()
    assets: tuple[DesiredAsset, ...] = ()
    reports: tuple[ReportDeclaration, ...] = ()
    queries: tuple[Query, ...] = ()
    inventories: tuple[InventoryDeclaration, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def row_removal(self) -> Mapping[str, OnRemove]:
        """What inventories say of rows that are gone, by their addresses."""
        return {one.address: one.on_remove for one in self.inventories}
