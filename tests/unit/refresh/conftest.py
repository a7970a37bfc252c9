"""An inventory in memory behind the Reader protocol, strict about what the API documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from declarative.assets.model import AppliedAsset, ConnectorRef, DesiredAsset, OnRemove
from declarative.assets.sight import Sight, pack
from declarative.plan.model import Quota
from declarative.qualys.model import Page
from declarative.queries.model import Filter, FilterDocument

CONNECTOR = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK")
FIELDS = {
    "asset.assetID": "assetId",
    "asset.name": "assetName",
    "asset.netbiosName": "netbiosName",
    "asset.biosSerialNumber": "biosSerialNumber",
    "asset.biosHardwareUUID": "hwUUID",
}


@dataclass
class Inventory:
    """`calls` counts requests; `documents` are the filters asked for; `counts` how often the count was; `write` makes a
    record of a scan text."""

    records: list[dict[str, Any]] = field(default_factory=list)
    mind_case: bool = False
    calls: int = 0
    counts: int = 0
    documents: list[FilterDocument] = field(default_factory=list)
    excluded: list[tuple[str, ...]] = field(default_factory=list)
    write: Callable[[Mapping[str, Any]], bytes] = pack
    behind: timedelta = timedelta()

    def search(
        self,
        filters: FilterDocument | None = None,
        *,
        page_size: int = 100,
        after: int = 0,
        updated_since: str | None = None,
        exclude: Sequence[str] = (),
        max_pages: int | None = None,
    ) -> Iterator[Page]:
        if filters is not None:
            self.documents.append(filters)
        self.excluded.append(tuple(exclude))
        found = [record for record in self.records if self._fits(record, filters)]
        if updated_since is not None:
            found = [record for record in found if record.get("lastModifiedDate", "") >= updated_since]
        found.sort(key=lambda record: record["assetId"])
        made = 0
        while max_pages is None or made < max_pages:
            part = [record for record in found if record["assetId"] > after][:page_size]
            made += 1
            self.calls += 1
            if not part:
                return
            after = part[-1]["assetId"]
            more = any(record["assetId"] > after for record in found)
            yield Page(part, after if more else None)
            if not more:
                return

    def scan(
        self,
        filters: FilterDocument | None = None,
        *,
        page_size: int = 100,
        updated_since: str | None = None,
        exclude: Sequence[str] = (),
        max_pages: int | None = None,
    ) -> Iterator[Sequence[Sight]]:
        pages = self.search(filters, page_size=page_size, updated_since=updated_since, exclude=exclude, max_pages=max_pages)
        for page in pages:
            yield [Sight(record["assetId"], self.write(record)) for record in page.records]

    def by_gateway(self, moment: datetime) -> datetime:
        return moment - self.behind if self.calls else moment

    def count(self, filters: FilterDocument | None = None) -> int:
        self.calls += 1
        self.counts += 1
        return sum(1 for record in self.records if self._fits(record, filters))

    def _fits(self, record: Mapping[str, Any], filters: FilterDocument | None) -> bool:
        if filters is None or not filters.filters:
            return True
        combine = any if filters.operation == "OR" else all
        return combine(self._row(record, row) for row in filters.filters)

    def _row(self, record: Mapping[str, Any], row: Filter) -> bool:
        value = record.get(FIELDS[row.field])
        wanted = row.value.split(",") if row.operator == "IN" else [row.value]
        assert row.operator in ("IN", "EQUALS")
        if value is None:
            return False
        if self.mind_case:
            return str(value) in wanted
        return str(value).lower() in [item.lower() for item in wanted]

    @property
    def base_url(self) -> str:
        return "https://gateway.example"

    @property
    def quota(self) -> Quota:
        return Quota()

    @property
    def calls_made(self) -> int:
        return self.calls

    @property
    def largest(self) -> int:
        return max((len(row.value.encode()) for document in self.documents for row in document.filters), default=0)


class FixedClock:
    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self.current = now

    def now(self) -> datetime:
        return self.current

    def monotonic(self) -> float:
        return self.current.timestamp()

    def sleep(self, seconds: float) -> None:
        raise AssertionError("refresh never sleeps")


class Factory:
    connector = CONNECTOR

    def inventory(self, records: Sequence[dict[str, Any]] = (), **options: Any) -> Inventory:
        return Inventory(list(records), **options)

    def desired(self, name: str, **identity: Any) -> DesiredAsset:
        core = identity.pop("core", {})
        return DesiredAsset(f"Asset/{name}", CONNECTOR, identity, core)

    def applied(self, name: str, asset_id: int | None, *, retire: bool = False, **identity: Any) -> AppliedAsset:
        on_remove = OnRemove.RETIRE if retire else OnRemove.FORGET
        return AppliedAsset(f"Asset/{name}", CONNECTOR, identity, {}, asset_id=asset_id, on_remove=on_remove)

    def clock(self) -> FixedClock:
        return FixedClock()


@pytest.fixture(scope="session")
def make() -> Factory:
    return Factory()
