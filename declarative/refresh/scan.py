"""Reading everything, or with a snapshot only what changed since the last time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from declarative.core.clock import Clock, from_iso, to_iso
from declarative.core.errors import StateError
from declarative.qualys.model import Reader
from declarative.state.model import Snapshot

Record = Mapping[str, Any]

OVERLAP = timedelta(minutes=10)
"""How far an incremental read reaches back before the last one: clocks differ, and indexing takes its time."""


def full_scan(
    reader: Reader, *, page_size: int, exclude: tuple[str, ...], snapshot: Snapshot | None, clock: Clock
) -> tuple[dict[int, Record], str]:
    """Every record by id, and words on how they were read.

    With a snapshot only records changed since its watermark are read, and the count tells whether others are gone: then all
    are read anew. A snapshot that cannot be read or written is ignored: it is only a cache.
    """
    started = clock.now()
    place = _place(reader, exclude)
    kept = _kept(snapshot, place)
    if kept is not None:
        records, since = kept
        changed = dict(pages(reader, page_size=page_size, exclude=exclude, updated_since=from_iso(since) - OVERLAP))
        records.update(changed)
        if reader.count() == len(records):
            _save(snapshot, place, changed, started, whole=False)
            return records, f"snapshot of {since}, {len(changed)} changed since"
    records = dict(pages(reader, page_size=page_size, exclude=exclude))
    _save(snapshot, place, records, started, whole=True)
    return records, "all pages"


def pages(
    reader: Reader,
    *,
    page_size: int,
    exclude: tuple[str, ...],
    updated_since: datetime | None = None,
    max_pages: int | None = None,
) -> Iterator[tuple[int, Record]]:
    """Id and record. The cursor is the id, so an asset that changes while we read is neither lost nor seen twice."""
    since = to_iso(updated_since.replace(microsecond=0)) if updated_since is not None else None
    for page in reader.search(None, page_size=page_size, exclude=exclude, updated_since=since, max_pages=max_pages):
        for record in page.records:
            yield int(record["assetId"]), record


def has_snapshot(reader: Reader, snapshot: Snapshot | None, exclude: tuple[str, ...]) -> bool:
    if snapshot is None:
        return False
    try:
        return snapshot.watermark(_place(reader, exclude)) is not None
    except StateError:
        return False


def _place(reader: Reader, exclude: tuple[str, ...]) -> str:
    """Records read without some fields must not answer for records read with them."""
    return f"{reader.base_url}#without={','.join(exclude)}" if exclude else reader.base_url


def _kept(snapshot: Snapshot | None, place: str) -> tuple[dict[int, Record], str] | None:
    if snapshot is None:
        return None
    try:
        since = snapshot.watermark(place)
        return None if since is None else (dict(snapshot.records(place)), since)
    except (StateError, ValueError):
        return None


def _save(snapshot: Snapshot | None, place: str, records: Mapping[int, Record], started: datetime, *, whole: bool) -> None:
    if snapshot is None:
        return
    watermark = to_iso(started.replace(microsecond=0))
    try:
        if whole:
            snapshot.replace(place, records.items(), watermark)
        else:
            snapshot.upsert(place, records.items(), watermark)
    except StateError:
        return
