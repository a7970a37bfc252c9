"""The snapshot: a cache of live records, so that the next plan reads only what changed.

Records are compressed one by one. A rebuild writes a new generation in short transactions and makes it the current one at
the end; no transaction stays open while the caller fetches the next page from the API.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import BigInteger, Connection, delete, func, insert, literal, select, update

from declarative.core.chunks import chunks
from declarative.core.errors import StateError
from declarative.state.backend import Backend
from declarative.state.codec import dumps, loads
from declarative.state.model import Indexer
from declarative.state.resources import CHUNK
from declarative.state.tables import snapshot, snapshot_keys, snapshot_meta

_BATCH = 2_000
_STREAMED = 20_000
_KEYS_AT_ONCE = 250_000
_PART = 8 * 1024 * 1024
# A rebuild that has not ended after this long was killed; its rows are swept away.
_ABANDONED_SECONDS = 6 * 3600.0


class SqlSnapshot:
    """`writable` False: every write is a no-op, because a cache is not worth failing for."""

    __slots__ = ("_backend", "_writable")

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._writable = backend.frozen_because is None

    @property
    def writable(self) -> bool:
        return self._writable

    def watermark(self, base_url: str) -> str | None:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
        return None if current is None else current[1]

    def rebuilt_at(self, base_url: str) -> datetime | None:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
        return None if current is None else datetime.fromtimestamp(current[2], UTC)

    def records(self, base_url: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Ascending by asset id, streamed: memory does not grow with their number."""
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            if current is None:
                return
            query = (
                select(snapshot.c.asset_id, snapshot.c.record)
                .where(snapshot.c.generation == current[0])
                .order_by(snapshot.c.asset_id)
                .execution_options(yield_per=_BATCH)
            )
            for asset_id, record in connection.execute(query):
                yield asset_id, self._unpacked(asset_id, record)

    def _packed(self, asset_id: int, record: Mapping[str, Any]) -> bytes:
        try:
            return zlib.compress(dumps(record, canonical=False), 1)
        except TypeError as error:
            raise StateError(f"The record of asset {asset_id} cannot be kept in the snapshot: {error}.") from error

    def _unpacked(self, asset_id: int, record: bytes) -> Mapping[str, Any]:
        try:
            found = loads(zlib.decompress(record))
        except (zlib.error, ValueError) as error:
            raise StateError(
                f"The snapshot in {self._backend.place} is damaged: asset {asset_id} cannot be read ({error}).",
                hint=self._backend.damage_hint,
            ) from error
        return cast("Mapping[str, Any]", found)

    def count(self, base_url: str) -> int:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            query = select(func.count()).select_from(snapshot).where(snapshot.c.generation == (current or (0, ""))[0])
            return int(connection.execute(query).scalar_one())

    def digests(self, base_url: str) -> Iterator[tuple[int, bytes]]:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            if current is not None:
                kept = select(snapshot.c.asset_id, snapshot.c.digest).where(
                    snapshot.c.generation == current[0], snapshot.c.digest.isnot(None)
                )
                for part in connection.execute(kept.execution_options(yield_per=_STREAMED)).partitions():
                    yield from ((asset_id, digest) for asset_id, digest in part)

    def records_at(self, base_url: str, asset_ids: Iterable[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            for chunk in chunks(sorted(set(asset_ids)), CHUNK) if current is not None else ():
                query = select(snapshot.c.asset_id, snapshot.c.record).where(
                    snapshot.c.generation == (current or (0, ""))[0], snapshot.c.asset_id.in_(chunk)
                )
                for asset_id, record in connection.execute(query):
                    yield asset_id, self._unpacked(asset_id, record)

    def ids_with(self, base_url: str, keys: Iterable[int]) -> frozenset[int]:
        found: set[int] = set()
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            for chunk in chunks(sorted(set(keys)), CHUNK) if current is not None else ():
                query = select(snapshot_keys.c.asset_id).where(
                    snapshot_keys.c.generation == (current or (0, ""))[0], snapshot_keys.c.key.in_(chunk)
                )
                found.update(connection.execute(query).scalars())
        return frozenset(found)

    def forget(self, base_url: str) -> None:
        if self._writable:
            with self._backend.write() as connection:
                every = select(snapshot_meta.c.generation).where(snapshot_meta.c.base_url == base_url)
                _drop(connection, connection.execute(every).scalars().all())

    def blob(self, name: str) -> bytes | None:
        with self._backend.read() as connection:
            current = _current(connection, name)
            if current is None:
                return None
            parts = select(snapshot.c.record).where(snapshot.c.generation == current[0]).order_by(snapshot.c.asset_id)
            return b"".join(connection.execute(parts).scalars())

    def keep_blob(self, name: str, data: bytes) -> None:
        if not self._writable:
            return
        with self._backend.write() as connection:
            generation = self._begin(connection, name)
        for number, start in enumerate(range(0, len(data), _PART)):
            with self._backend.write() as connection:
                part = {"generation": generation, "asset_id": number, "record": data[start : start + _PART]}
                connection.execute(insert(snapshot).values(part))
        self._finish(generation, name, "whole")

    def replace(
        self,
        base_url: str,
        records: Iterable[tuple[int, Mapping[str, Any]]],
        watermark: str,
        *,
        indexer: Indexer | None = None,
    ) -> None:
        if not self._writable:
            return
        with self._backend.write() as connection:
            generation = self._begin(connection, base_url)
        self._fill(generation, records, indexer)
        self._finish(generation, base_url, watermark)

    def upsert(
        self,
        base_url: str,
        records: Iterable[tuple[int, Mapping[str, Any]]],
        watermark: str,
        *,
        indexer: Indexer | None = None,
    ) -> None:
        """What is not in `records` stays as it is; without a snapshot to add to, nothing is kept."""
        if not self._writable:
            return
        with self._backend.write() as connection:
            if _current(connection, base_url) is None:
                return
            staging = self._begin(connection, base_url)
        self._fill(staging, records, indexer)
        with self._backend.write() as connection:
            current = _current(connection, base_url)
            if current is not None:
                self._merge(connection, staging, current[0])
                connection.execute(
                    update(snapshot_meta).where(snapshot_meta.c.generation == current[0]).values(watermark=watermark)
                )
            _drop(connection, [staging])

    def _begin(self, connection: Connection, base_url: str) -> int:
        now = self._backend.now(connection)
        abandoned = select(snapshot_meta.c.generation).where(
            snapshot_meta.c.complete.is_(False), snapshot_meta.c.started_at < now - _ABANDONED_SECONDS
        )
        _drop(connection, connection.execute(abandoned).scalars().all())
        row = insert(snapshot_meta).values(base_url=base_url, watermark="", complete=False, started_at=now)
        return int(connection.execute(row.returning(snapshot_meta.c.generation)).scalar_one())

    def _finish(self, generation: int, base_url: str, watermark: str) -> None:
        with self._backend.write() as connection:
            if _complete(connection, generation, watermark):
                others = select(snapshot_meta.c.generation).where(
                    snapshot_meta.c.base_url == base_url, snapshot_meta.c.complete, snapshot_meta.c.generation != generation
                )
                _drop(connection, connection.execute(others).scalars().all())

    def _fill(self, generation: int, records: Iterable[tuple[int, Mapping[str, Any]]], indexer: Indexer | None) -> None:
        row = self._backend.insert(snapshot)
        adding = row.on_conflict_do_update(
            index_elements=[snapshot.c.generation, snapshot.c.asset_id],
            set_={"record": row.excluded["record"], "digest": row.excluded["digest"]},
        )
        keys: list[tuple[int, int]] = []
        # Packed one by one: as objects, so many at a time would take twenty times their memory.
        for rows in chunks((self._row(generation, *record, indexer, keys) for record in records), _BATCH):
            with self._backend.write() as connection:
                connection.execute(adding, rows)
            if len(keys) >= _KEYS_AT_ONCE:
                self._index(generation, keys)
                keys.clear()
        if keys:
            self._index(generation, keys)

    def _row(
        self, generation: int, asset_id: int, record: Mapping[str, Any], indexer: Indexer | None, keys: list[tuple[int, int]]
    ) -> dict[str, Any]:
        """Adds what the record can be found by to `keys`."""
        digest, found = (None, ()) if indexer is None else indexer(record)
        keys.extend((key, asset_id) for key in found)
        return {"generation": generation, "asset_id": asset_id, "digest": digest, "record": self._packed(asset_id, record)}

    def _index(self, generation: int, keys: list[tuple[int, int]]) -> None:
        """In their order and many at a time: hashes lie anywhere in the index, and each part of it is written anew once a
        transaction."""
        keys.sort()
        adding = self._backend.insert(snapshot_keys).on_conflict_do_nothing()
        with self._backend.write() as connection:
            for chunk in chunks(keys, _STREAMED):
                connection.execute(adding, [{"generation": generation, "key": key, "asset_id": at} for key, at in chunk])

    def _merge(self, connection: Connection, staging: int, into: int) -> None:
        target = literal(into, BigInteger)
        staged = select(target, snapshot.c.asset_id, snapshot.c.digest, snapshot.c.record).where(snapshot.c.generation == staging)
        row = self._backend.insert(snapshot).from_select(["generation", "asset_id", "digest", "record"], staged)
        connection.execute(
            row.on_conflict_do_update(
                index_elements=[snapshot.c.generation, snapshot.c.asset_id],
                set_={"record": row.excluded["record"], "digest": row.excluded["digest"]},
            )
        )
        keys = select(target, snapshot_keys.c.key, snapshot_keys.c.asset_id).where(snapshot_keys.c.generation == staging)
        adding = self._backend.insert(snapshot_keys).from_select(["generation", "key", "asset_id"], keys)
        connection.execute(adding.on_conflict_do_nothing())


def _current(connection: Connection, base_url: str) -> tuple[int, str, float] | None:
    """Generation, watermark and when it was begun."""
    row = connection.execute(
        select(snapshot_meta.c.generation, snapshot_meta.c.watermark, snapshot_meta.c.started_at)
        .where(snapshot_meta.c.base_url == base_url, snapshot_meta.c.complete)
        .order_by(snapshot_meta.c.generation.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _complete(connection: Connection, generation: int, watermark: str) -> bool:
    """False when another process swept the generation away meanwhile: then there is just no new cache."""
    done = connection.execute(
        update(snapshot_meta).where(snapshot_meta.c.generation == generation).values(complete=True, watermark=watermark)
    )
    return done.rowcount == 1


def _drop(connection: Connection, generations: Iterable[int]) -> None:
    for generation in generations:
        connection.execute(delete(snapshot).where(snapshot.c.generation == generation))
        connection.execute(delete(snapshot_keys).where(snapshot_keys.c.generation == generation))
        connection.execute(delete(snapshot_meta).where(snapshot_meta.c.generation == generation))
