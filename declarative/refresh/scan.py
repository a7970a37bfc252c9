"""Reading everything, or with a snapshot only what changed since the last time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from declarative.assets.live import Held
from declarative.assets.sight import cut, digest_of
from declarative.core.clock import Clock, from_iso, to_iso
from declarative.core.errors import StateError
from declarative.qualys.model import Reader
from declarative.refresh.indexing import FORM, held_of, index_record
from declarative.refresh.unread import Unread
from declarative.state.model import Snapshot

Record = Mapping[str, Any]

OVERLAP = timedelta(minutes=10)
"""How far an incremental read reaches back before the last one: clocks differ, and indexing takes its time."""


@dataclass(frozen=True, slots=True)
class Found:
    """The whole inventory: records that were read now, by id, and those that the snapshot keeps. `how`: in words."""

    held: dict[int, Held]
    unread: Unread | None
    how: str

    def __len__(self) -> int:
        return len(self.held) if self.unread is None else len(self.held.keys() | self.unread.digests.keys())


@dataclass(frozen=True, slots=True)
class Scanner:
    """Reads the whole inventory. Records stream through, cut to what decisions can see of them, on into the snapshot.

    A snapshot that cannot be read or written is ignored: it is only a cache.
    """

    reader: Reader
    page_size: int
    exclude: tuple[str, ...]
    snapshot: Snapshot | None
    clock: Clock

    def everything(self, *, fresh: bool = False) -> Found:
        """Every record.

        With a snapshot only records changed since its watermark are read, and the count tells whether others are gone: then
        all are read anew. `fresh`: read all in any case.
        """
        started = self.clock.now()
        since = None if fresh else self.watermark()
        if since is not None:
            found = self._incremental(since, started)
            if found is not None:
                return found
        return self._through_snapshot(started) or Found(self._held(self.pages()), None, "all pages")

    def renewed(self, *, fresh: bool = False) -> str | None:
        """Brings the snapshot up to date as `everything` would, and holds no record; says how. None where that cannot be."""
        started = self.clock.now()
        since = None if fresh else self.watermark()
        try:
            if self.snapshot is None:
                return None
            if since is not None:
                changed = _Counted(self.pages(from_iso(since) - OVERLAP))
                self.snapshot.upsert(self.place, _seen_of(changed), _stamp(started), indexer=index_record)
                if self.reader.count() == self.snapshot.count(self.place):
                    return f"snapshot, {changed.count} changed since"
            self.snapshot.replace(self.place, _seen_of(self.pages()), _stamp(started), indexer=index_record)
        except (StateError, ValueError):
            return None
        return "all pages"

    def changed_since(self, moment: datetime, *, max_pages: int | None = None) -> dict[int, Held]:
        return self._held(self.pages(moment, max_pages=max_pages))

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

    def _incremental(self, since: str, started: datetime) -> Found | None:
        if self.snapshot is None:
            return None
        try:
            reach = from_iso(since) - OVERLAP
            unread = Unread(self.snapshot, self.place)
        except (StateError, ValueError):
            return None
        changed: dict[int, Held] = {}
        pages = _Counted(self.pages(reach))
        rest = self._kept(pages, changed, unread.digests)
        with suppress(StateError):
            self.snapshot.upsert(self.place, rest, _stamp(started), indexer=index_record)
        for _ in rest:
            pass
        found = Found(changed, unread, f"snapshot, {pages.count} changed since")
        return found if self.reader.count() == len(found) else None

    def _through_snapshot(self, started: datetime) -> Found | None:
        """Reads all into the snapshot, and holds only digests. None where it cannot keep them: then they were read in vain."""
        try:
            if self.snapshot is None or not self.snapshot.writable:
                return None
            pages = _Counted(self.pages())
            self.snapshot.replace(self.place, _seen_of(pages), _stamp(started), indexer=index_record)
            unread = Unread(self.snapshot, self.place)
        except StateError:
            return None
        return Found({}, unread, "all pages") if len(unread.digests) == pages.count else None

    def _held(self, found: Iterable[tuple[int, Record]]) -> dict[int, Held]:
        return {asset_id: held_of(record) for asset_id, record in found}

    def _kept(
        self, found: Iterable[tuple[int, Record]], into: dict[int, Held], known: Mapping[int, bytes]
    ) -> Iterator[tuple[int, Record]]:
        """Notes and gives what decisions see of each record; of none that looks as it does in `known`, by digest."""
        for asset_id, record in found:
            held = held_of(record)
            if asset_id not in known or not isinstance(held, bytes) or digest_of(held) != known[asset_id]:
                into[asset_id] = held
                yield asset_id, cut(record)

    @property
    def place(self) -> str:
        """Records read without some fields must not answer for records read with them, nor digests of other names for ours."""
        place = f"{self.reader.base_url}#{FORM}"
        return f"{place}#without={','.join(self.exclude)}" if self.exclude else place


class _Counted:
    """Records on their way, and how many came by."""

    def __init__(self, records: Iterable[tuple[int, Record]]) -> None:
        self._records = records
        self.count = 0

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        for each in self._records:
            self.count += 1
            yield each


def _seen_of(records: Iterable[tuple[int, Record]]) -> Iterator[tuple[int, Record]]:
    return ((asset_id, cut(record)) for asset_id, record in records)


def _stamp(moment: datetime) -> str:
    return to_iso(moment.replace(microsecond=0))
