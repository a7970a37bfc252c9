"""A backup back into its place. What was there is kept beside it, never overwritten."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from declarative.core.clock import Clock
from declarative.core.errors import LockedError, StateError
from declarative.plan.model import StateMark
from declarative.state import postgres
from declarative.state.backup import copy_rows, write_backup
from declarative.state.connection import Connection
from declarative.state.failures import translated
from declarative.state.open import open_store
from declarative.state.sqlite import SIDE_FILES
from declarative.state.store import SqlStore
from declarative.state.tables import NUMBERED, TABLES
from declarative.state.url import read_url


def restore_store(url: str, backup: Path, *, clock: Clock) -> tuple[StateMark, str | None]:
    """Puts the state file `backup` in the place of the store that `url` names, also of one that is damaged.

    The serial moves beyond both, so that no plan made before is taken for current. Gives the new mark, and where the old
    state was put (a file, or a schema of the same database; None where there was none).

    Raises StateError when the backup is damaged or the place cannot be written, LockedError while an apply runs there.
    """
    with closing(open_store(str(backup), clock=clock, read_only=True)) as source:
        if not source.mark.lineage:
            raise StateError(f"There is no backup {backup}.", hint="Name a file that `declarative state backup` wrote.")
        if "://" in url and not url.startswith("sqlite"):
            kept = _into_server(url, source, clock)
        else:
            kept = _into_file(_path_of(url), backup, source, clock)
    with closing(open_store(url, clock=clock)) as restored:
        return restored.mark, kept


def _path_of(url: str) -> Path:
    return Path(read_url(url).database) if "://" in url else Path(url)


def _into_file(path: Path, backup: Path, source: SqlStore, clock: Clock) -> str | None:
    if path.absolute() == backup.absolute():
        raise StateError(f"{path} is the state itself, not a backup of it.", hint="Name the file to restore.")
    serial = _serial_unless_locked(path, clock)
    kept = None
    if path.exists():
        kept = path.with_name(f"{path.name}.before-restore-{clock.now().strftime('%Y%m%dT%H%M%SZ')}")
        with translated(str(path), "moved away"):
            # The log first: a log without its file is noticed, a file without its log is just older.
            for suffix in reversed(SIDE_FILES):
                if (beside := Path(f"{path}{suffix}")).exists():
                    beside.rename(f"{kept}{suffix}")
    write_backup(source.backend, path)
    with closing(open_store(str(path), clock=clock)) as store, store.backend.write() as connection:
        _move_serial(connection, serial)
    return None if kept is None else str(kept)


def _serial_unless_locked(path: Path, clock: Clock) -> int:
    try:
        with closing(open_store(str(path), clock=clock, read_only=True)) as store:
            if (held := store.lease_info()) is not None:
                raise _in_use(store, held.holder)
            return store.mark.serial
    except StateError:
        return 0  # damaged: that is why it is restored


def _into_server(url: str, source: SqlStore, clock: Clock) -> str | None:
    with closing(open_store(url, clock=clock)) as store:
        if (held := store.lease_info()) is not None:
            raise _in_use(store, held.holder)
        backend = store.backend
        schema = backend.schema or postgres.DEFAULT_SCHEMA
        kept = f"{schema[:30]}_before_restore_{clock.now().strftime('%Y%m%dt%H%M%S')}"
        with backend.write() as connection:
            postgres.lock_setup(connection, schema)
            serial = int(connection.scalar("SELECT serial FROM meta"))
            postgres.copy_schema(connection, schema, kept)
            for table in reversed(TABLES):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            with source.backend.read() as reading:
                copy_rows(reading, connection)
            _number_on(connection, schema)
            _move_serial(connection, serial)
    return kept


def _number_on(connection: Connection, schema: str) -> None:
    """The server's counters continue after the highest number that came in."""
    for table, column in NUMBERED.items():
        highest = connection.scalar(f"SELECT max({column}) FROM {table}")  # noqa: S608 - our own names
        if highest is not None:
            connection.execute("SELECT setval(pg_get_serial_sequence(?, ?), ?)", (f'"{schema}".{table}', column, highest))


def _move_serial(connection: Connection, beyond: int) -> None:
    serial = int(connection.scalar("SELECT serial FROM meta"))
    connection.execute("UPDATE meta SET serial = ?", (max(serial, beyond) + 1,))


def _in_use(store: SqlStore, holder: str) -> LockedError:
    return LockedError(f"The state {store.place} is locked by {holder}; it is not replaced under a running apply.")
