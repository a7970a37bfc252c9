"""Reading everything, or with a snapshot only what changed since the last time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from declarative.core.clock import Clock, from_iso, to_iso
from declarative.core.errors import StateError
from declarative.qualys.model import Reader
from declarative.refresh.indexing import FORM
from declarative.refresh.trim import Kept, Record, Trim
from declarative.state.model import Indexer, Snapshot

OVERLAP = timedelta(minutes=10)
"""How far an incremental read reaches back before the last one: clocks differ, and indexing takes its time."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """Reads the whole inventory. Records stream through; only what `trim` leaves of them stays in memory.

    The snapshot keeps whole records, and with `indexer` what helps to read only a few of them. One that cannot be read or
    written is ignored: it is only a cache.
    """

    reader: Reader
    page_size: int
    exclude: tuple[str, ...]
    trim: Trim
    snapshot: Snapshot | None
    clock: Clock
    indexer: Indexer | None = None

    def everything(self, *, fresh: bool = False) -> tuple[dict[int, Kept], str]:
        """Every record by id, and words on how they were read.

        With a snapshot only records changed since its watermark are read, and the count tells whether others are gone: then
        all are read anew. `fresh`: read all in any case.
        """
        started = self.clock.now()
        since = None if fresh else self.watermark()
        if since is not None:
            found = self._incremental(since, started)
            if found is not None:
                return found
        records: dict[int, Kept] = {}
        self._save(self._kept(self.pages(), records), started, whole=True)
        return records, "all pages"

    def renewed(self, *, fresh: bool = False) -> str | None:
        """Brings the snapshot up to date as `everything` would, and holds no record; says how. None where that cannot be."""
        started = self.clock.now()
        since = None if fresh else self.watermark()
        try:
            if self.snapshot is None:
                return None
            if since is not None:
                changed = _Counted(self.pages(from_iso(since) - OVERLAP))
                self.snapshot.upsert(self.place, changed, _stamp(started), indexer=self.indexer)
                if self.reader.count() == self.snapshot.count(self.place):
                    return f"snapshot, {changed.count} changed since"
            self.snapshot.replace(self.place, self.pages(), _stamp(started), indexer=self.indexer)
        except (StateError, ValueError):
            return None
        return "all pages"

    def changed_since(self, moment: datetime, *, max_pages: int | None = None) -> dict[int, Kept]:
        records: dict[int, Kept] = {}
        for _ in self._kept(self.pages(moment, max_pages=max_pages), records):
            pass
        return records

    def watermark(self) -> str | None:
        """When the snapshot was taken; None without a usable one."""
        if self.snapshot is None:
            return None
        try:
            return self.snapshot.watermark(self.place)
        except StateError:
            return None

    def pages(self, updated_since: datetime | None = None, *, max_pages: int | None = None) -> Iterator[tuple[int, Record]]:
        """Id and record. The cursor is the id, so an asset that changes while we read is neither lost nor seen twice."""
        since = to_iso(updated_since.replace(microsecond=0)) if updated_since is not None else None
        found = self.reader.search(None, page_size=self.page_size, exclude=self.exclude, updated_since=since, max_pages=max_pages)
        for page in found:
            for record in page.records:
                yield int(record["assetId"]), record

    def _incremental(self, since: str, started: datetime) -> tuple[dict[int, Kept], str] | None:
        records: dict[int, Kept] = {}
        try:
            reach = from_iso(since) - OVERLAP
            for asset_id, record in self.snapshot.records(self.place) if self.snapshot is not None else ():
                records[asset_id] = self.trim(record)
        except (StateError, ValueError):
            return None
        changed = dict(self.pages(reach))
        records.update((asset_id, self.trim(record)) for asset_id, record in changed.items())
        if self.reader.count() != len(records):
            return None
        self._save(changed.items(), started, whole=False)
        return records, f"snapshot, {len(changed)} changed since"

    def _kept(self, found: Iterable[tuple[int, Record]], into: dict[int, Kept]) -> Iterator[tuple[int, Record]]:
        for asset_id, record in found:
            into[asset_id] = self.trim(record)
            yield asset_id, record

    @property
    def place(self) -> str:
        """Records read without some fields must not answer for records read with them."""
        base_url = self.reader.base_url
        place = f"{base_url}#without={','.join(self.exclude)}" if self.exclude else base_url
        return place if self.indexer is None else f"{place}#{FORM}"

    def _save(self, records: Iterable[tuple[int, Mapping[str, Any]]], started: datetime, *, whole: bool) -> None:
        """Puts the records into the snapshot; reads them to their end in any case."""
        rest = iter(records)
        if self.snapshot is not None:
            watermark = _stamp(started)
            with suppress(StateError):
                (self.snapshot.replace if whole else self.snapshot.upsert)(self.place, rest, watermark, indexer=self.indexer)
        for _ in rest:
            pass


def _stamp(moment: datetime) -> str:
    return to_iso(moment.replace(microsecond=0))


class _Counted:
    """Records on their way, and how many came by."""

    def __init__(self, records: Iterator[tuple[int, Record]]) -> None:
        self._records = records
        self.count = 0

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        for each in self._records:
            self.count += 1
            yield each
