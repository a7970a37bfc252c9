"""Opening a store by URL: whatever is wrong with the place is said here, before anything is read or sent."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from declarative.core.clock import Clock
from declarative.core.errors import InvalidError, StateError
from declarative.state import postgres, sqlite
from declarative.state.backend import Backend, Frozen
from declarative.state.backup import write_backup
from declarative.state.connection import Connection, Database
from declarative.state.failures import ELSEWHERE, damaged, translated
from declarative.state.migrations import create_schema, migrate, refuse_newer, version_of
from declarative.state.store import SqlStore
from declarative.state.tables import SCHEMA_VERSION, SNAPSHOT_VERSION, create_snapshot_tables
from declarative.state.url import Url, read_url

_READ_ONLY_HINT = "Open it for writing where something is to be kept."


def open_store(url: str, *, clock: Clock, read_only: bool = False) -> SqlStore:
    """Opens, or makes, the store that `url` names: a path, `sqlite:///path` or `postgresql://user@host/database`.

    Where nothing may be written (`read_only`, a read-only disk, missing permission) it opens what is there, or an empty
    state whose lineage is "" where there is nothing and nothing can be made; `writable` is False then, and every write raises
    StateError saying why.

    Raises InvalidError for a URL that names no store; StateError when the store cannot be opened, is damaged, newer than
    this tool, or open to other users.
    """
    if "://" not in url:
        return _open_file(Path(url), clock, read_only=read_only)
    parsed = read_url(url)
    if parsed.kind == "sqlite":
        if parsed.database in ("", ":memory:"):
            raise InvalidError("The state URL names no file.", hint="Give a path, such as sqlite:///.declarative/state.db.")
        return _open_file(Path(parsed.database), clock, read_only=read_only)
    return _open_server(parsed, clock, read_only=read_only)


def _open_server(url: Url, clock: Clock, *, read_only: bool) -> SqlStore:
    if not postgres.is_postgres(url):
        raise InvalidError(f"{url.scheme} is no kind of store.", hint="Give a path, or postgresql://user@host/database.")
    database, schema = postgres.server_database(url)
    place = url.shown()
    frozen = Frozen(f"The state {place} was opened for reading only.", _READ_ONLY_HINT) if read_only else None
    backend = Backend(database, place, clock, frozen, postgres.password_of(url), schema)
    try:
        return _opened_server(backend, schema)
    except BaseException:
        database.close()
        raise


def _opened_server(backend: Backend, schema: str) -> SqlStore:
    with backend.read() as connection:
        version = version_of(connection, schema=schema)
        replica = postgres.refuses_writes(connection)
    if replica and backend.frozen_because is None:
        frozen = Frozen(
            f"The state {backend.place} cannot be written: this server accepts reads only.", "Give the primary's URL."
        )
        backend = replace(backend, frozen_because=frozen)
    if version is None and backend.frozen_because is not None:
        backend.close()
        return _empty(backend.place, backend.clock, backend.frozen_because)
    if version != SCHEMA_VERSION:
        _refuse_version(backend, version)
        with backend.write() as connection:
            postgres.lock_setup(connection, schema)
            # Asked again under the lock: another process may have been faster.
            found = version_of(connection, schema=schema)
            if found is None:
                create_schema(connection)
                create_snapshot_tables(connection)
            elif found < SCHEMA_VERSION:
                postgres.copy_schema(connection, schema, f"{schema[:30]}_v{found}_backup_{_stamp(backend).lower()}")
                migrate(connection, found)
    return SqlStore(backend, lambda: backend)


def _open_file(path: Path, clock: Clock, *, read_only: bool) -> SqlStore:
    place = str(path)
    if sqlite.is_missing(path):
        sqlite.refuse_orphaned_log(path)
        frozen = _frozen(path, read_only=read_only)
        if frozen is not None:
            return _empty(place, clock, frozen)
        try:
            sqlite.put_file(path, create_schema)
        except StateError as error:
            # Nothing is there, so nothing is hidden: reading goes on with an empty state, and each write says what is wrong.
            return _empty(place, clock, Frozen(error.message, error.hint))
    sqlite.refuse_open_modes(path)
    sqlite.refuse_foreign_bytes(path)
    frozen = _frozen(path, read_only=read_only)
    database = sqlite.file_database(path, query_only=read_only) if sqlite.may_write(path) else sqlite.frozen_database(path)
    backend = Backend(database, place, clock, frozen)
    try:
        sqlite.refuse_damage(database, place)
        _bring_up_to_date(backend, path)
        return SqlStore(backend, lambda: _cache_beside(path, backend))
    except BaseException:
        backend.close()
        raise


def _frozen(path: Path, *, read_only: bool) -> Frozen | None:
    if read_only:
        return Frozen(f"The state {path} was opened for reading only.", _READ_ONLY_HINT)
    if sqlite.may_write(path):
        return None
    return Frozen(
        f"The state {path} cannot be written: permission is denied, or the disk is mounted read-only.",
        f"Give this user write access to the file and its folder, or {ELSEWHERE}.",
    )


def _empty(place: str, clock: Clock, frozen: Frozen) -> SqlStore:
    backend = Backend(sqlite.memory_database(_nothing_at_all), place, clock, frozen)
    return SqlStore(backend, lambda: backend)


def _bring_up_to_date(backend: Backend, path: Path) -> None:
    with backend.read() as connection:
        version = version_of(connection)
    if version is None:
        raise damaged(backend.place, "it holds no table `meta`, or an empty one")
    if version == SCHEMA_VERSION:
        return
    _refuse_version(backend, version)
    write_backup(backend, path.with_name(f"{path.name}.v{version}-backup-{_stamp(backend)}"))
    with backend.write() as connection:
        # Asked again in the transaction: another process may have been faster.
        migrate(connection, version_of(connection) or version)


def _refuse_version(backend: Backend, version: int | None) -> None:
    if version is None:
        return
    refuse_newer(backend.place, version)
    if backend.frozen_because is not None:
        raise StateError(
            f"The state {backend.place} has the older schema version {version}, and may not be written here to migrate it.",
            hint="Run `declarative state list` once where it may be written.",
        )


def _stamp(backend: Backend) -> str:
    return backend.clock.now().strftime("%Y%m%dT%H%M%SZ")


def _cache_beside(path: Path, main: Backend) -> Backend:
    """The snapshot's file. One that is damaged, or of another version, is replaced by an empty one: it is only a cache."""
    cache = path.with_name(f"{path.stem}.snapshot.db")
    if main.frozen_because is not None and not _is_usable(cache):
        return Backend(sqlite.memory_database(create_snapshot_tables), str(cache), main.clock, main.frozen_because)
    if not _is_usable(cache):
        with translated(str(cache), "replaced"):
            # The log before the file: left alone it would be played into the new one.
            for suffix in reversed(sqlite.SIDE_FILES):
                Path(f"{cache}{suffix}").unlink(missing_ok=True)
        sqlite.put_file(cache, _empty_cache)
    sqlite.refuse_open_modes(cache)
    database = _cache_database(cache, query_only=main.frozen_because is not None)
    return Backend(database, str(cache), main.clock, main.frozen_because, damage_hint=f"Delete {cache}: it is only a cache.")


def _cache_database(cache: Path, *, query_only: bool) -> Database:
    if not sqlite.may_write(cache):
        return sqlite.frozen_database(cache)
    return sqlite.file_database(cache, query_only=query_only, durable=False)


def _is_usable(cache: Path) -> bool:
    try:
        sqlite.refuse_foreign_bytes(cache)
        with (
            translated(str(cache), "read"),
            closing(_cache_database(cache, query_only=True)) as database,
            database.transaction(writes=False) as connection,
        ):
            return int(connection.scalar("PRAGMA user_version")) == SNAPSHOT_VERSION
    except StateError:
        return False


def _empty_cache(connection: Connection) -> None:
    connection.execute(f"PRAGMA user_version = {SNAPSHOT_VERSION}")
    create_snapshot_tables(connection)


def _nothing_at_all(connection: Connection) -> None:
    create_schema(connection)
    connection.execute("UPDATE meta SET lineage = ''")
    create_snapshot_tables(connection)
