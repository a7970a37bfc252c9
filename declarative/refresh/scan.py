"""Reading everything, or with a snapshot only what changed since the last time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from msgspec import Struct

from declarative.assets.live import Held
from declarative.assets.sight import Sight, digest_of
from declarative.core.clock import Clock, from_iso, to_iso
from declarative.core.errors import StateError
from declarative.qualys.model import Reader
from declarative.refresh.indexing import FORM, held_of, index_record
from declarative.refresh.unread import Unread
from declarative.state.model import Snapshot

Record = Mapping[str, Any]

OVERLAP = timedelta(minutes=10)
"""How far an incremental read reaches back before the last one: clocks differ, and indexing takes its time."""

_FINE = timedelta(minutes=1)

LIFE = timedelta(days=7)
"""After so long everything is read anew. What the search indexed later than OVERLAP, and an asset that was purged while another
came into sight with an old date, escape an incremental read; they must not escape for ever."""


class Found(Struct, frozen=True):
    """The whole inventory: records that were read now, by id, and those that the snapshot keeps. `how`: in words."""

    held: dict[int, Held]
    unread: Unread | None
    how: str

    @property
    def count(self) -> int:
        return len(self.held) if self.unread is None else len(self.held.keys() | self.unread.digests.keys())


class Scanner(Struct, frozen=True):
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
        found = self._through_snapshot(started)
        return found if found is not None else Found(by_id(self.pages()), None, "all pages")

    def renewed(self, *, fresh: bool = False) -> str | None:
        """Brings the snapshot up to date as `everything` would, and holds no record; says how. None where that cannot be."""
        started = self.clock.now()
        since = None if fresh else self.watermark()
        try:
            if self.snapshot is None or not self.snapshot.writable:
                return None
            if since is not None:
                changed = _Counted(self.pages(from_iso(since) - OVERLAP))
                self.snapshot.upsert(self.place, _seen_of(changed), self._watermark(started), indexer=index_record)
                if self.reader.count() == self.snapshot.count(self.place):
                    return f"snapshot, {changed.count} changed since"
            every = _seen_of(self.pages())
            # What took days may have been taken for abandoned by another process.
            kept = self.snapshot.replace(self.place, every, self._watermark(started), indexer=index_record)
            return "all pages" if kept else None
        except (StateError, ValueError):
            return None

    def changed_since(self, moment: datetime, *, max_pages: int | None = None) -> dict[int, Held]:
        since = self.reader.by_gateway(moment)
        found = self.pages(since, max_pages=max_pages)
        told = self.reader.by_gateway(moment)
        # The first answer of all tells the gateway's time.
        return by_id(found if since - told < _FINE else self.pages(told, max_pages=max_pages))

    def watermark(self) -> str | None:
        """When the snapshot was taken; None without a usable one, and once everything has to be read anew."""
        if self.snapshot is None:
            return None
        try:
            rebuilt = self.snapshot.rebuilt_at(self.place)
            young = rebuilt is not None and self.clock.now() - rebuilt < LIFE
            return self.snapshot.watermark(self.place) if young else None
        except StateError:
            return None

    def pages(self, updated_since: datetime | None = None, *, max_pages: int | None = None) -> Iterator[Sight]:
        """The cursor is the id, so an asset that changes while we read is neither lost nor seen twice. The first page is read
        at once: from then on it is known how late it is at the gateway."""
        since = to_iso(updated_since.replace(microsecond=0)) if updated_since is not None else None
        found = self.reader.scan(page_size=self.page_size, exclude=self.exclude, updated_since=since, max_pages=max_pages)
        return chain.from_iterable(chain(list(islice(found, 1)), found))

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
            self.snapshot.upsert(self.place, rest, self._watermark(started), indexer=index_record)
        for _ in rest:
            pass
        found = Found(changed, unread, f"snapshot, {pages.count} changed since")
        return found if self.reader.count() == found.count else None

    def _through_snapshot(self, started: datetime) -> Found | None:
        """Reads all into the snapshot, and holds only digests. None where it cannot keep them: then they were read in vain."""
        try:
            if self.snapshot is None or not self.snapshot.writable:
                return None
            pages = _Counted(self.pages())
            if not self.snapshot.replace(self.place, _seen_of(pages), self._watermark(started), indexer=index_record):
                return None
            unread = Unread(self.snapshot, self.place)
        except StateError:
            return None
        return Found({}, unread, "all pages") if len(unread.digests) == pages.count else None

    def _kept(self, found: Iterable[Sight], into: dict[int, Held], known: Mapping[int, bytes]) -> Iterator[tuple[int, Record]]:
        """Notes and gives what decisions see of each record; of none that looks as it does in `known`, by digest."""
        for sight in found:
            before = known.get(int(sight.asset_id))
            if before is not None and digest_of(sight.packed) == before:
                continue
            asset_id, record = _read(sight)
            held = held_of(record)
            # The server may have written the same record in another way.
            if before is None or not isinstance(held, bytes) or digest_of(held) != before:
                into[asset_id] = held
                yield asset_id, record

    def _watermark(self, started: datetime) -> str:
        """In the gateway's time, by which it dates what changes."""
        return to_iso(self.reader.by_gateway(started).replace(microsecond=0))

    @property
    def place(self) -> str:
        """Records read without some fields must not answer for records read with them, nor digests of other names for ours."""
        return place_of(self.reader.base_url, self.exclude)


class _Counted:
    """Records on their way, and how many came by."""

    def __init__(self, records: Iterable[Sight]) -> None:
        self._records = records
        self.count = 0

    def __iter__(self) -> Iterator[Sight]:
        for each in self._records:
            self.count += 1
            yield each


def place_of(base_url: str, exclude: Sequence[str]) -> str:
    """The name of what the snapshot keeps of a gateway's records, read without some parts."""
    place = f"{base_url}#{FORM}"
    return f"{place}#without={','.join(exclude)}" if exclude else place


def by_id(found: Iterable[Sight]) -> dict[int, Held]:
    """Records as pages showed them: they are looked into when somebody asks."""
    return {int(sight.asset_id): sight for sight in found}


def _seen_of(records: Iterable[Sight]) -> Iterator[tuple[int, Record]]:
    return map(_read, records)


def _read(sight: Sight) -> tuple[int, Record]:
    return int(sight.asset_id), sight.whole()
