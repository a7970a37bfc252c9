"""A store in a SQLite file: who may touch it, how it comes to be, and whether it is sound."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from declarative.core.errors import StateError
from declarative.state.backend import WRITES
from declarative.state.failures import ELSEWHERE, damaged, of_os, translated
from declarative.state.tables import APPLICATION_ID

BUSY_SECONDS = 30.0
# https://www.sqlite.org/fileformat.html#the_database_header
_HEADER = b"SQLite format 3\0"
_HEADER_SIZE = 100
_APPLICATION_ID_AT = 68
# SQLite keeps these beside the database while it is open; they hold the same content, so the same rule covers them.
SIDE_FILES = ("", "-wal", "-shm")
_STALE_SECONDS = 60.0


def file_engine(path: Path, *, uri_query: str = "mode=rw", query_only: bool = False, durable: bool = True) -> Engine:
    """An engine over an existing file. A missing file is an error here, never a new and empty database.

    `durable`: a commit is on the disk when it returns (synchronous=FULL), as the journal needs.
    """
    location = f"file:{quote(str(path))}?{uri_query}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(location, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        if query_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)
    return _begins_by_itself(engine)


def memory_engine() -> Engine:
    """One shared in-memory database: the empty state of a place that holds none and may not be written."""
    return _memory_engine_over(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))


def _memory_engine_over(connection: sqlite3.Connection) -> Engine:
    engine = create_engine("sqlite+pysqlite://", creator=lambda: connection, poolclass=StaticPool, hide_parameters=True)
    return _begins_by_itself(engine)


def _begins_by_itself(engine: Engine) -> Engine:
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().keys() & WRITES.keys()
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


# -- the file ---------------------------------------------------------------------------------------------------------


def is_missing(path: Path) -> bool:
    """Raises StateError when that cannot be told: a folder that may not be entered is not an absent state."""
    with translated(str(path), "read"):
        try:
            path.stat()
        except FileNotFoundError:
            return True
    return False


def refuse_orphaned_log(path: Path) -> None:
    """Raises StateError when the file is gone and its write-ahead log is not: the log holds what was recorded last, and
    SQLite would play it into whatever database is put there next."""
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size > 0:
        raise StateError(
            f"The state {path} is gone, but its log {log} is there.",
            hint=f"Put the file back beside its log. If the state is meant to start anew, or to come from a backup: `rm {log}`.",
        )


def refuse_open_modes(path: Path) -> None:
    """Raises StateError when other users may write the file: what they put there would be sent to the API."""
    for suffix in SIDE_FILES:
        beside = Path(f"{path}{suffix}")
        try:
            mode = beside.stat().st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise of_os(path, "read", error) from error
        if not stat.S_ISREG(mode):
            raise StateError(f"The state {beside} is not a regular file.", hint=f"Give the path of a file: {ELSEWHERE}.")
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StateError(
                f"The state {beside} may be written by other users (mode {stat.S_IMODE(mode):04o}).",
                hint=f"Run `chmod 600 {beside}`, after making sure that nobody else wrote it.",
            )


def refuse_foreign_bytes(path: Path) -> None:
    """Raises StateError unless the file begins like a database that we made. Reads, and changes nothing.

    An empty file counts as damaged: we put only finished databases at that path, so an empty one is what a full disk or a
    failed copy leaves of a state that was there.
    """
    with translated(str(path), "read"), path.open("rb") as file:
        head = file.read(_HEADER_SIZE)
    if not head:
        raise damaged(str(path), "the file is empty")
    if not head.startswith(_HEADER) or len(head) < _HEADER_SIZE:
        raise damaged(str(path), "it does not begin like a SQLite database")
    if int.from_bytes(head[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4]) != APPLICATION_ID:
        raise StateError(f"{path} is a SQLite database, but not a state of declarative.", hint=f"To keep both, {ELSEWHERE}.")


def refuse_damage(engine: Engine, place: str) -> None:
    """Raises StateError when pages or indexes are broken."""
    with translated(place, "read"), engine.connect() as connection:
        verdict = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    if verdict != "ok":
        raise damaged(place, " ".join(verdict.split()))


def may_write(path: Path) -> bool:
    """Whether this process may write the file, or make it, and SQLite's side files beside it. Raises StateError."""
    effective = os.access in os.supports_effective_ids
    with translated(str(path), "read"):
        folder = next(place for place in path.absolute().parents if place.exists())
        places = [path, folder] if path.exists() else [folder]
    return all(os.access(place, os.W_OK | (os.X_OK if place is folder else 0), effective_ids=effective) for place in places)


def frozen_engine(path: Path) -> Engine:
    """An engine over a file that this process may not write. Raises StateError.

    With a shared index beside it, SQLite reads and locks as usual. Without one nobody has the file open: then it holds
    everything itself, or a killed process left a write-ahead log that can only be replayed in a copy.
    """
    log = Path(f"{path}-wal")
    with translated(str(path), "read"):
        if Path(f"{path}-shm").exists():
            return file_engine(path, uri_query="mode=ro", query_only=True)
        if not log.exists() or log.stat().st_size == 0:
            return file_engine(path, uri_query="immutable=1", query_only=True)
        return _replayed(path, log)


def _replayed(path: Path, log: Path) -> Engine:
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with tempfile.TemporaryDirectory(prefix="declarative-") as private:
        copy = Path(private) / "state.db"
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        with closing(sqlite3.connect(copy)) as source:
            source.backup(memory)
    return _memory_engine_over(memory)


def put_file(path: Path, fill: Callable[[Connection], None], *, replace: bool = False) -> None:
    """Puts a finished database at `path`, mode 0600. Raises StateError.

    Built under another name and moved into place: a crash or a full disk leaves no half-made file behind. Without
    `replace` the file of another process that was faster stays.
    """
    with translated(str(path), "written"):
        _make_folder(path.parent)
        _sweep(path)
        building = path.parent / f".{path.name}.{uuid.uuid4().hex}.new"
        try:
            os.close(os.open(building, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _fill(building, fill)
            _sync(building)
            if replace:
                building.replace(path)
            else:
                _link(building, path)
        finally:
            building.unlink(missing_ok=True)
        _sync(path.parent)


def _fill(path: Path, fill: Callable[[Connection], None]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    engine = create_engine("sqlite+pysqlite://", creator=lambda: connection, poolclass=StaticPool, hide_parameters=True)
    _begins_by_itself(engine)
    try:
        # Nobody else sees the file yet: no journal file is needed, and none may be left beside it.
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        with engine.connect() as filler:
            fill(filler)
    finally:
        connection.close()


def _link(building: Path, path: Path) -> None:
    try:
        os.link(building, path)
    except FileExistsError:
        return
    except OSError:
        # No hard links on this file system. Two first commands at the very same moment are all that could clash here.
        if not path.exists():
            building.rename(path)


def _make_folder(folder: Path) -> None:
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)


def _sweep(path: Path) -> None:
    """Removes what a killed process left of a database it was building."""
    for left in path.parent.glob(f".{path.name}.*.new*"):
        try:
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                left.unlink()
        except FileNotFoundError:
            continue


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
