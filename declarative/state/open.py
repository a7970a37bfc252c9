"""Opening a store by URL: whatever is wrong with the place is said here, before anything is read or sent."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from declarative.core.clock import Clock, to_iso
from declarative.core.errors import StateError
from declarative.state import sqlite
from declarative.state.backend import Backend, Frozen
from declarative.state.failures import ELSEWHERE, damaged, translated
from declarative.state.migrations import create_schema, migrate, refuse_newer, version_of
from declarative.state.store import SqlStore
from declarative.state.tables import SCHEMA_VERSION, meta, snapshot_metadata


def open_store(url: str, *, clock: Clock, read_only: bool = False) -> SqlStore:
    """Opens, or makes, the store that `url` names: a path, `sqlite:///path` or `postgresql://user@host/database`.

    Where nothing may be written (`read_only`, a read-only disk, missing permission) it opens what is there, or an empty
    state whose lineage is "" where there is nothing; `writable` is False then, and every write raises StateError saying why.

    Raises StateError when the store cannot be opened, is damaged, newer than this tool, or open to other users.
    """
    if "://" not in url:
        return _open_file(Path(url), clock, read_only=read_only)
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StateError("The state URL cannot be read.", hint="Give a path, or postgresql://user@host/database.") from error
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StateError("The state URL names no file.", hint="Give a path, such as sqlite:///.declarative/state.db.")
        return _open_file(Path(parsed.database), clock, read_only=read_only)
    return _open_server(parsed, clock, read_only=read_only)


def _open_server(url: URL, clock: Clock, *, read_only: bool) -> SqlStore:
    raise StateError(f"{url.drivername} is no kind of store.", hint="Give a path, or postgresql://user@host/database.")


def _open_file(path: Path, clock: Clock, *, read_only: bool) -> SqlStore:
    place = str(path)
    if not path.exists():
        frozen = _frozen(path, read_only=read_only)
        if frozen is not None:
            return _empty(place, clock, frozen)
        sqlite.create_file(path, create_schema)
    sqlite.refuse_open_modes(path)
    sqlite.refuse_foreign_bytes(path)
    frozen = _frozen(path, read_only=read_only)
    engine = sqlite.file_engine(path) if frozen is None else sqlite.file_engine(path, query_only=True)
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
        return Frozen(f"The state {path} was opened for reading only.", "Open it for writing where something is to be kept.")
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
        raise damaged(backend.place, "it holds no table `meta`")
    refuse_newer(backend.place, version)
    if version == SCHEMA_VERSION:
        return
    if backend.frozen_because is not None:
        raise StateError(
            f"The state {backend.place} has the older schema version {version}, and may not be written here to migrate it.",
            hint="Run `declarative state list` once where it may be written.",
        )
    stamp = to_iso(backend.clock.now().replace(microsecond=0)).replace(":", "")
    sqlite.copy_database(backend.engine, path.with_name(f"{path.name}.v{version}-{stamp}.backup"))
    with backend.write() as connection:
        # Another process may have been faster.
        found = connection.execute(select(meta.c.schema_version)).scalar_one()
        if found < SCHEMA_VERSION:
            migrate(connection, found)


def _cache_beside(path: Path, backend: Backend) -> Backend:
    """The snapshot's file. Whatever is wrong with it, an empty one takes its place: it is only a cache."""
    cache = path.with_name(f"{path.stem}.snapshot.db")
    if backend.frozen_because is not None and not cache.exists():
        engine = sqlite.memory_engine()
        with engine.begin() as connection:
            snapshot_metadata.create_all(connection)
        return Backend(engine, str(cache), backend.clock, backend.frozen_because)
    with translated(str(cache), "opened"):
        if not cache.exists():
            sqlite.create_file(cache, snapshot_metadata.create_all)
    engine = sqlite.file_engine(cache, query_only=backend.frozen_because is not None, durable=False)
    return Backend(engine, str(cache), backend.clock, backend.frozen_because)
