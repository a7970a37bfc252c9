"""Queries as values: filters over hosts and software components, and what is expected of the result. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from declarative.core.diagnostics import Position, Severity


class Target(StrEnum):
    HOSTS = "hosts"
    COMPONENTS = "components"


class Filter(Struct, frozen=True):
    """One row of a filter document. `value` is what the API gets: always a string (facts 3.2)."""

    field: str
    operator: str
    value: str

    def as_json(self) -> dict[str, str]:
        return {"field": self.field, "operator": self.operator, "value": self.value}


class FilterDocument(Struct, frozen=True):
    """A flat list and one operation, AND or OR (facts 3.2). No filters: everything."""

    filters: tuple[Filter, ...] = ()
    operation: str = "AND"

    def as_json(self) -> dict[str, Any]:
        return {"filters": [row.as_json() for row in self.filters], "operation": self.operation}


class FieldExpectation(Struct, frozen=True):
    """`field` is a dotted path into a result record; a list on the way means any (`every`: all) of its items."""

    field: str
    operator: str
    value: str


class Freshness(Struct, frozen=True):
    """`since`: the earliest moment that is fresh, once `dates.resolve` has fixed what "now" is."""

    field: str
    within: timedelta
    since: datetime | None = None


class Expect(Struct, frozen=True):
    """What a result must look like (DESIGN 3.5 `expect`)."""

    minimum: int | None = None
    maximum: int | None = None
    equals: int | None = None
    every: tuple[FieldExpectation, ...] = ()
    none: tuple[FieldExpectation, ...] = ()
    fresh: Freshness | None = None
    severity: Severity = Severity.ERROR
    message: str | None = None

    @property
    def needs_records(self) -> bool:
        return bool(self.every or self.none or self.fresh)


class Query(Struct, frozen=True):
    """A HostQuery or ComponentQuery, or an ad-hoc one.

    HOSTS: `filters` over `search/am/asset`, or one asset by `asset_id` over `get/am/asset`.
    COMPONENTS: `filters` are component.* (`componentFilter`), `asset_filters` asset.*/software.*
    (`assetSoftwareFilter`); `asset_id` narrows to one asset. `dates`: what each relative date means in this run, in words.
    """

    address: str
    target: Target
    filters: FilterDocument = FilterDocument()
    asset_filters: FilterDocument = FilterDocument()
    asset_id: int | None = None
    fields: tuple[str, ...] = ()
    expect: Expect | None = None
    position: Position | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
