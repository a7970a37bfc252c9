"""A backup is a SQLite state file, whatever the store runs on: one file that this tool can open and list."""

from __future__ import annotations

from pathlib import Path

from declarative.core.chunks import chunks
from declarative.core.errors import StateError
from declarative.state.backend import Backend
from declarative.state.connection import Connection
from declarative.state.sqlite import put_file
from declarative.state.tables import TABLES, create_state_tables

_BATCH = 2_000


def write_backup(backend: Backend, path: Path) -> None:
    """A consistent copy at `path`, mode 0600, complete or not there at all; it replaces an older file of that name.

    The lease is left out: a restored state is not locked. Raises StateError, also for the path of the state itself.
    """
    if backend.is_sqlite and path.absolute() == Path(backend.place).absolute():
        raise StateError(f"{path} is the state itself, not a place for its backup.", hint="Give another path.")
    with backend.read() as source:
        if backend.is_sqlite:
            put_file(path, _unlocked, pages_of=source, replace=True)
        else:
            put_file(path, lambda target: _copied(source, target), replace=True)


def _unlocked(target: Connection) -> None:
    target.execute("DELETE FROM lease")


def _copied(source: Connection, target: Connection) -> None:
    create_state_tables(target)
    copy_rows(source, target)


def copy_rows(source: Connection, target: Connection) -> None:
    """Every table but the lease, into tables that are there and empty. A migration leaves the columns in another order."""
    for table in TABLES:
        if table == "lease":
            continue
        names = [f'"{column[0]}"' for column in target.execute(f"SELECT * FROM {table} LIMIT 0").description or ()]  # noqa: S608 - our own names
        columns, marks = ", ".join(names), ", ".join("?" * len(names))
        for chunk in chunks(source.stream(f"SELECT {columns} FROM {table}"), _BATCH):  # noqa: S608
            target.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", chunk)  # noqa: S608
