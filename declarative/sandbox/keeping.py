"""The state file: what an estate has become, kept across restarts in one SQLite file.

Kept are imported and changed assets with their native keys, components that were seeded, connectors, reports, imports still
in the queue, the clock's lead and token revocations. Switches, faults, quotas and logs belong to one run and start anew.
A call is answered after its effect is in the file, and a call that changed nothing costs nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from .clock import parse_date
from .mapping import Source
from .options import Connector, SandboxError
from .queue import Queued
from .reports import Report
from .store import Kept, Store

if TYPE_CHECKING:
    from .gateway import Gateway

_FORMAT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS asset (id INTEGER PRIMARY KEY, record BLOB, native TEXT, hidden TEXT) STRICT;
CREATE TABLE IF NOT EXISTS component (id INTEGER PRIMARY KEY, row BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS connector (uuid TEXT PRIMARY KEY, name TEXT NOT NULL, unmanaged INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS report (number INTEGER PRIMARY KEY, row BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS queued (number INTEGER PRIMARY KEY, row BLOB NOT NULL) STRICT;
"""
_NAMES = ("meta", "asset", "component", "connector", "report", "queued")


class StateFile:
    """One process at a time: the file is locked for as long as it is open."""

    def __init__(self, path: Path) -> None:
        """Raises SandboxError when the file cannot be had."""
        self._path = path
        try:
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
        except sqlite3.Error as problem:
            raise SandboxError(f"state file {path}: {problem}") from problem
        try:
            # The operating system writes when it likes: a kill loses nothing, a power cut may lose the last calls.
            self._base.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.executescript(f"BEGIN EXCLUSIVE; {_TABLES} COMMIT;")
        except sqlite3.Error as problem:
            self._base.close()
            said = "another sandbox has it open" if "locked" in str(problem) else str(problem)
            raise SandboxError(f"state file {path}: {said}") from problem
        self._store: Store | None = None
        self._small: tuple[Any, ...] = ()

    def close(self) -> None:
        self._base.close()

    def restore(self, gateway: Gateway) -> bool:
        """Bring the gateway to what the file holds; False when it holds nothing yet.

        Raises SandboxError when the file is not one of these, or was made for another estate than the one asked for.
        """
        try:
            meta = dict(self._base.execute("SELECT name, value FROM meta"))
            if not meta:
                return False
            if meta.get("format") != str(_FORMAT):
                raise SandboxError(f"state file {self._path}: made by another version; delete it or use another file")
            self._estate(gateway, int(meta["assets"]), int(meta["seed"]))
            self._rows(gateway)
        except (sqlite3.Error, KeyError, ValueError, TypeError) as problem:
            raise SandboxError(f"state file {self._path}: damaged ({problem})") from problem
        gateway.store.next_id = int(meta["next_id"])
        gateway.clock.ahead = float(meta["ahead"])
        gateway.tokens.generation = int(meta["generation"])
        gateway.business_apps = orjson.loads(meta["business_apps"])
        self._store, self._small = gateway.store, self._small_of(gateway)
        gateway.store.changed.clear()
        return True

    def _estate(self, gateway: Gateway, assets: int, seed: int) -> None:
        wanted = gateway.options.assets
        if wanted and wanted != assets:
            raise SandboxError(f"state file {self._path}: made with {assets} generated assets, not {wanted}; use another file")
        gateway.reset(assets, seed)

    def _rows(self, gateway: Gateway) -> None:
        for asset_id, record, native, hidden in self._base.execute("SELECT id, record, native, hidden FROM asset ORDER BY id"):
            if record is None:
                gateway.store.discard(asset_id)
            else:
                gateway.store.put(asset_id, Kept.read(record, orjson.loads(native), orjson.loads(hidden)))
        for number, row in self._base.execute("SELECT id, row FROM component ORDER BY id"):
            gateway.store.components.add(number, orjson.loads(row))
        for uuid, name, unmanaged in self._base.execute("SELECT uuid, name, unmanaged FROM connector"):
            gateway.connectors[uuid] = Connector(uuid, name, bool(unmanaged))
        for (row,) in self._base.execute("SELECT row FROM report ORDER BY number"):
            gateway.reports.restore(_report(orjson.loads(row)))
        for number, row in self._base.execute("SELECT number, row FROM queued ORDER BY number"):
            gateway.queue.restore(number, _queued(orjson.loads(row)))

    def save(self, gateway: Gateway) -> None:
        """Write what changed since the last time. Raises sqlite3.Error; what was not written is tried again."""
        fresh = gateway.store is not self._store  # the first time, and after a reset
        small = self._small_of(gateway)
        store = gateway.store
        if not fresh and not store.changed and small == self._small:
            return
        with closing(self._base.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                self._write(cursor, gateway, fresh=fresh)
                cursor.execute("COMMIT")
            except sqlite3.Error:
                if self._base.in_transaction:
                    cursor.execute("ROLLBACK")
                raise
        store.changed.clear()
        self._store, self._small = store, small

    def _write(self, cursor: sqlite3.Cursor, gateway: Gateway, *, fresh: bool) -> None:
        if fresh:
            for name in _NAMES:
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - names from the tuple above
        store = gateway.store
        cursor.executemany("INSERT OR REPLACE INTO asset VALUES (?, ?, ?, ?)", self._assets(store))
        known = _count(cursor, "component")
        rows = ((number, orjson.dumps(row)) for number, row in store.components.since(known))
        cursor.executemany("INSERT OR REPLACE INTO component VALUES (?, ?)", rows)
        connectors = ((one.uuid.lower(), one.name, int(one.allow_unmanaged)) for one in gateway.connectors.values())
        cursor.executemany("INSERT OR REPLACE INTO connector VALUES (?, ?, ?)", connectors)
        made = list(gateway.reports)
        start = _count(cursor, "report")
        reports = [(start + at, orjson.dumps(report)) for at, report in enumerate(made[start:])]
        cursor.executemany("INSERT INTO report VALUES (?, ?)", reports)
        cursor.execute("DELETE FROM queued WHERE number < ?", (gateway.queue.first,))
        last = cursor.execute("SELECT coalesce(max(number), -1) FROM queued").fetchone()[0]
        queued = ((number, orjson.dumps(item)) for number, item in gateway.queue.since(last + 1))
        cursor.executemany("INSERT INTO queued VALUES (?, ?)", queued)
        meta = {
            "format": _FORMAT,
            "assets": store.estate.count,
            "seed": store.estate.seed,
            "next_id": store.next_id,
            "ahead": gateway.clock.ahead,
            "generation": gateway.tokens.generation,
            "business_apps": orjson.dumps(gateway.business_apps).decode(),
        }
        cursor.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", ((name, str(value)) for name, value in meta.items()))

    def _assets(self, store: Store) -> Iterable[tuple[int, bytes | None, bytes | str | None, str | None]]:
        for asset_id in store.changed:
            kept = store.kept(asset_id)
            if kept is None:
                yield asset_id, None, None, None
            else:
                yield asset_id, kept.encoded, orjson.dumps(kept.native_keys).decode(), orjson.dumps(kept.hidden).decode()

    def _small_of(self, gateway: Gateway) -> tuple[Any, ...]:
        return (
            len(gateway.store.components),
            tuple(gateway.connectors.values()),
            len(gateway.reports),
            orjson.dumps(gateway.business_apps),
            (gateway.queue.first, gateway.queue.total),
            gateway.clock.ahead,
            gateway.tokens.generation,
        )


def _count(cursor: sqlite3.Cursor, table: str) -> int:
    return int(cursor.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


def _report(row: dict[str, Any]) -> Report:
    times = {name: parse_date(_z(row[name])) for name in ("created", "ready")}
    return Report(row["file_uuid"], row["name"], times["created"], times["ready"], row["request"])


def _queued(row: dict[str, Any]) -> Queued:
    return Queued(**{**row, "due": parse_date(_z(row["due"])), "source": Source(**row["source"])})


def _z(text: str) -> str:
    """orjson writes +00:00, and no fraction when there is none."""
    return text.replace("+00:00", "Z")
