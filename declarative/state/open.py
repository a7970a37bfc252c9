"""Opening a store by URL: whatever is wrong with the place is said here, before anything is read or sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, Engine, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from declarative.core.clock import Clock
from declarative.core.errors import InvalidError, StateError
from declarative.state import postgres, sqlite
from declarative.state.backend import Backend, Frozen
from declarative.state.backup import write_backup
from declarative.state.failures import ELSEWHERE, damaged, place_of, translated
from declarative.state.migrations import create_schema, migrate, refuse_newer, version_of
from declarative.state.store import SqlStore
from declarative.state.tables import SCHEMA_VERSION, SNAPSHOT_VERSION, meta, snapshot_metadata

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
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidError("The state URL cannot be read.", hint="Give a path, or postgresql://user@host/database.") from error
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InvalidError("The state URL names no file.", hint="Give a path, such as sqlite:///.declarative/state.db.")
        return _open_file(Path(parsed.database), clock, read_only=read_only)
    return _open_server(parsed, clock, read_only=read_only)


def _open_server(url: URL, clock: Clock, *, read_only: bool) -> SqlStore:
    if not postgres.is_postgres(url):
        raise InvalidError(f"{url.drivername} is no kind of store.", hint="Give a path, or postgresql://user@host/database.")
    engine, schema = postgres.server_engine(url)
    place = place_of(url)
    frozen = Frozen(f"The state {place} was opened for reading only.", _READ_ONLY_HINT) if read_only else None
    backend = Backend(engine, place, clock, frozen, postgres.password_of(url), schema)
    try:
        return _opened_server(backend, schema)
    except BaseException:
        engine.dispose()
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
                snapshot_metadata.create_all(connection)
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
            sqlite.put_file(path, _empty_state)
        except StateError as error:
            # Nothing is there, so nothing is hidden: reading goes on with an empty state, and each write says what is wrong.
            return _empty(place, clock, Frozen(error.message, error.hint))
    sqlite.refuse_open_modes(path)
    sqlite.refuse_foreign_bytes(path)
    frozen = _frozen(path, read_only=read_only)
    engine = sqlite.file_engine(path, query_only=read_only) if sqlite.may_write(path) else sqlite.frozen_engine(path)
    backend = Backend(engine, place, clock, frozen)
    try:
        sqlite.refuse_damage(engine, place)
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
    engine = sqlite.memory_engine()
    with engine.begin() as connection:
        create_schema(connection)
        connection.execute(update(meta).values(lineage=""))
        snapshot_metadata.create_all(connection)
    backend = Backend(engine, place, clock, frozen)
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
        engine = sqlite.memory_engine()
        with engine.begin() as connection:
            snapshot_metadata.create_all(connection)
        return Backend(engine, str(cache), main.clock, main.frozen_because)
    if not _is_usable(cache):
        with translated(str(cache), "replaced"):
            # The log before the file: left alone it would be played into the new one.
            for suffix in reversed(sqlite.SIDE_FILES):
                Path(f"{cache}{suffix}").unlink(missing_ok=True)
        sqlite.put_file(cache, _empty_cache)
    sqlite.refuse_open_modes(cache)
    engine = _cache_engine(cache, query_only=main.frozen_because is not None)
    return Backend(engine, str(cache), main.clock, main.frozen_because, damage_hint=f"Delete {cache}: it is only a cache.")


def _cache_engine(cache: Path, *, query_only: bool) -> Engine:
    if not sqlite.may_write(cache):
        return sqlite.frozen_engine(cache)
    return sqlite.file_engine(cache, query_only=query_only, durable=False)


def _is_usable(cache: Path) -> bool:
    try:
        sqlite.refuse_foreign_bytes(cache)
        engine = _cache_engine(cache, query_only=True)
        try:
            with engine.connect() as connection:
                return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one()) == SNAPSHOT_VERSION
        finally:
            engine.dispose()
    except (StateError, SQLAlchemyError):
        return False


def _empty_cache(connection: Connection) -> None:
    with connection.begin():
        connection.exec_driver_sql(f"PRAGMA user_version = {SNAPSHOT_VERSION}")
        snapshot_metadata.create_all(connection)


def _empty_state(connection: Connection) -> None:
    with connection.begin():
        create_schema(connection)
