"""A backup is a SQLite state file, whatever the store runs on: one file that this tool can open and list."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from declarative.core.chunks import chunks
from declarative.core.errors import StateError
from declarative.state.backend import Backend
from declarative.state.sqlite import put_file
from declarative.state.tables import lease, metadata

_BATCH = 2_000


def write_backup(backend: Backend, path: Path) -> None:
    """A consistent copy at `path`, mode 0600, complete or not there at all; it replaces an older file of that name.

    The lease is left out: a restored state is not locked. Raises StateError, also for the path of the state itself.
    """
    if backend.is_sqlite and path.absolute() == Path(backend.place).absolute():
        raise StateError(f"{path} is the state itself, not a place for its backup.", hint="Give another path.")
    with backend.read() as source:
        fill = _pages(source) if backend.is_sqlite else _rows(source)
        put_file(path, fill, replace=True)


def _pages(source: Connection) -> Callable[[Connection], None]:
    def fill(target: Connection) -> None:
        _raw(source).backup(_raw(target))
        # One file: in WAL mode it would ask for side files the moment somebody opens it.
        _raw(target).execute("PRAGMA journal_mode = DELETE")
        with target.begin():
            target.execute(delete(lease))

    return fill


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError("only SQLite copies page by page")
    return raw


def _rows(source: Connection) -> Callable[[Connection], None]:
    def fill(target: Connection) -> None:
        with target.begin():
            metadata.create_all(target)
            copy_rows(source, target)

    return fill


def copy_rows(source: Connection, target: Connection) -> None:
    """Every table but the lease, into tables that are there and empty."""
    for table in metadata.sorted_tables:
        if table is lease:
            continue
        found = source.execute(select(table).execution_options(yield_per=_BATCH)).mappings()
        for chunk in chunks(found, _BATCH):
            target.execute(insert(table), [dict(row) for row in chunk])
