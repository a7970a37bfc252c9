"""The snapshot: a cache of live records, so that the next plan reads only what changed.

Records are compressed one by one. A rebuild writes a new generation in short transactions and makes it the current one at
the end; no transaction stays open while the caller fetches the next page from the API.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, cast

from declarative.core.chunks import chunks
from declarative.core.errors import StateError
from declarative.state.backend import Backend
from declarative.state.codec import dumps, loads
from declarative.state.connection import Connection
from declarative.state.model import Indexer

_BATCH = 2_000
_KEYS_IN_ONE_CALL = 20_000
_KEYS_AT_ONCE = 250_000
_PART = 8 * 1024 * 1024
# A rebuild that has not ended after this long was killed; its rows are swept away. A million records, a hundred a page, take 33
# hours where 300 calls an hour are allowed.
_ABANDONED_SECONDS = 48 * 3600.0

_CURRENT = """
    SELECT generation, watermark, started_at FROM snapshot_meta
    WHERE base_url = ? AND complete ORDER BY generation DESC LIMIT 1
"""
_BEGIN = """
    INSERT INTO snapshot_meta (base_url, watermark, complete, started_at) VALUES (?, '', ?, ?) RETURNING generation
"""
_PUT = """
    INSERT INTO snapshot (generation, asset_id, digest, record) VALUES (?, ?, ?, ?)
    ON CONFLICT (generation, asset_id) DO UPDATE SET digest = excluded.digest, record = excluded.record
"""
_PUT_KEY = "INSERT INTO snapshot_keys (generation, key, asset_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_MERGE = """
    INSERT INTO snapshot (generation, asset_id, digest, record)
    SELECT ?, asset_id, digest, record FROM snapshot WHERE generation = ?
    ON CONFLICT (generation, asset_id) DO UPDATE SET digest = excluded.digest, record = excluded.record
"""
_MERGE_KEYS = """
    INSERT INTO snapshot_keys (generation, key, asset_id)
    SELECT ?, key, asset_id FROM snapshot_keys WHERE generation = ?
    ON CONFLICT DO NOTHING
"""


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
            every = "SELECT asset_id, record FROM snapshot WHERE generation = ? ORDER BY asset_id"
            for asset_id, record in connection.stream(every, current[:1]):
                yield asset_id, self._unpacked(asset_id, record)

    def _packed(self, asset_id: int, record: Mapping[str, Any]) -> bytes:
        try:
            return zlib.compress(dumps(record, canonical=False), 1)
        except TypeError as error:
            raise StateError(f"The record of asset {asset_id} cannot be kept in the snapshot: {error}.") from error

    def _unpacked(self, asset_id: int, record: bytes) -> Mapping[str, Any]:
        try:
            return cast("Mapping[str, Any]", loads(self._inflated(asset_id, record)))
        except ValueError as error:
            raise self._damaged(asset_id, error) from error

    def _inflated(self, asset_id: int, record: bytes) -> bytes:
        try:
            return zlib.decompress(record)
        except zlib.error as error:
            raise self._damaged(asset_id, error) from error

    def _damaged(self, asset_id: int, error: Exception) -> StateError:
        return StateError(
            f"The snapshot in {self._backend.place} is damaged: asset {asset_id} cannot be read ({error}).",
            hint=self._backend.damage_hint,
        )

    def count(self, base_url: str) -> int:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            if current is None:
                return 0
            return int(connection.scalar("SELECT count(*) FROM snapshot WHERE generation = ?", current[:1]))

    def digests(self, base_url: str) -> Iterator[tuple[int, bytes]]:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            if current is not None:
                every = "SELECT asset_id, digest FROM snapshot WHERE generation = ? AND digest IS NOT NULL"
                yield from connection.stream(every, current[:1])

    def json_at(self, base_url: str, asset_ids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            if current is None:
                return
            some = "SELECT asset_id, record FROM snapshot WHERE generation = ? AND asset_id IN (...)"
            for asset_id, record in connection.among(some, sorted(set(asset_ids)), current[0]):
                yield asset_id, self._inflated(asset_id, record)

    def ids_with(self, base_url: str, keys: Iterable[int]) -> frozenset[int]:
        with self._backend.read() as connection:
            current = _current(connection, base_url)
            if current is None:
                return frozenset()
            some = "SELECT asset_id FROM snapshot_keys WHERE generation = ? AND key IN (...)"
            return frozenset(at for (at,) in connection.among(some, sorted(set(keys)), current[0]))

    def forget(self, base_url: str) -> None:
        if self._writable:
            with self._backend.write() as connection:
                _drop(connection, connection.scalars("SELECT generation FROM snapshot_meta WHERE base_url = ?", (base_url,)))

    def blob(self, name: str) -> bytes | None:
        with self._backend.read() as connection:
            current = _current(connection, name)
            if current is None:
                return None
            parts = "SELECT record FROM snapshot WHERE generation = ? ORDER BY asset_id"
            whole = BytesIO()  # grows without copies, and there is one part beside it, not all of them
            for (part,) in connection.stream(parts, current[:1]):
                whole.write(part)
            return whole.getvalue()

    def keep_blob(self, name: str, data: bytes) -> None:
        if not self._writable:
            return
        with self._backend.write() as connection:
            generation = self._begin(connection, name)
        for number, start in enumerate(range(0, len(data), _PART)):
            with self._backend.write() as connection:
                connection.execute(_PUT, (generation, number, None, data[start : start + _PART]))
        self._finish(generation, name, "whole")

    def replace(
        self,
        base_url: str,
        records: Iterable[tuple[int, Mapping[str, Any]]],
        watermark: str,
        *,
        indexer: Indexer | None = None,
    ) -> bool:
        if not self._writable:
            return False
        with self._backend.write() as connection:
            generation = self._begin(connection, base_url)
        self._fill(generation, records, indexer)
        return self._finish(generation, base_url, watermark)

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
                connection.execute(_MERGE, (current[0], staging))
                connection.execute(_MERGE_KEYS, (current[0], staging))
                connection.execute("UPDATE snapshot_meta SET watermark = ? WHERE generation = ?", (watermark, current[0]))
            _drop(connection, [staging])

    def _begin(self, connection: Connection, base_url: str) -> int:
        now = self._backend.now(connection)
        abandoned = "SELECT generation FROM snapshot_meta WHERE NOT complete AND started_at < ?"
        _drop(connection, connection.scalars(abandoned, (now - _ABANDONED_SECONDS,)))
        return int(connection.scalar(_BEGIN, (base_url, False, now)))

    def _finish(self, generation: int, base_url: str, watermark: str) -> bool:
        with self._backend.write() as connection:
            done = _complete(connection, generation, watermark)
            others = "SELECT generation FROM snapshot_meta WHERE base_url = ? AND complete AND generation <> ?"
            # Of what was swept away meanwhile there are rows that were written since, and nothing names them.
            _drop(connection, connection.scalars(others, (base_url, generation)) if done else [generation])
        return done

    def _fill(self, generation: int, records: Iterable[tuple[int, Mapping[str, Any]]], indexer: Indexer | None) -> None:
        keys: list[tuple[int, int]] = []
        # Packed one by one: as objects, so many at a time would take twenty times their memory.
        for rows in chunks((self._row(generation, *record, indexer, keys) for record in records), _BATCH):
            with self._backend.write() as connection:
                connection.executemany(_PUT, rows)
            if len(keys) >= _KEYS_AT_ONCE:
                self._index(generation, keys)
                keys.clear()
        if keys:
            self._index(generation, keys)

    def _row(
        self, generation: int, asset_id: int, record: Mapping[str, Any], indexer: Indexer | None, keys: list[tuple[int, int]]
    ) -> tuple[int, int, bytes | None, bytes]:
        """Adds what the record can be found by to `keys`."""
        digest, found = (None, ()) if indexer is None else indexer(record)
        keys.extend((key, asset_id) for key in found)
        return generation, asset_id, digest, self._packed(asset_id, record)

    def _index(self, generation: int, keys: list[tuple[int, int]]) -> None:
        """In their order and many at a time: hashes lie anywhere in the index, and each part of it is written anew once a
        transaction."""
        keys.sort()
        with self._backend.write() as connection:
            for chunk in chunks(keys, _KEYS_IN_ONE_CALL):
                connection.executemany(_PUT_KEY, [(generation, key, at) for key, at in chunk])


def _current(connection: Connection, base_url: str) -> tuple[int, str, float] | None:
    """Generation, watermark and when it was begun."""
    return cast("tuple[int, str, float] | None", connection.one(_CURRENT, (base_url,)))


def _complete(connection: Connection, generation: int, watermark: str) -> bool:
    """False when another process swept the generation away meanwhile: then there is just no new cache."""
    done = connection.execute(
        "UPDATE snapshot_meta SET complete = ?, watermark = ? WHERE generation = ?", (True, watermark, generation)
    )
    return done.rowcount == 1


def _drop(connection: Connection, generations: Iterable[int]) -> None:
    for generation in generations:
        connection.execute("DELETE FROM snapshot WHERE generation = ?", (generation,))
        connection.execute("DELETE FROM snapshot_keys WHERE generation = ?", (generation,))
        connection.execute("DELETE FROM snapshot_meta WHERE generation = ?", (generation,))
