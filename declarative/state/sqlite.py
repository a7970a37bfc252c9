"""A store in a SQLite file: who may touch it, how it comes to be, and whether it is sound."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from declarative.core.errors import StateError
from declarative.state.connection import Connection, Database, Row, UnwrittenDatabase
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


class SqliteConnection(Connection):
    __slots__ = ("raw",)

    is_sqlite = True

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def begin(self, *, writes: bool) -> None:
        # A transaction that reads first and writes later fails with "busy" instead of waiting when another process wrote in
        # between: a writer takes the lock at once.
        self.raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def commit(self) -> None:
        self.raw.execute("COMMIT")

    def rollback(self) -> None:
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")

    def close(self) -> None:
        self.raw.close()

    @property
    def is_broken(self) -> bool:
        return False

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self.raw.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self.raw.executemany(statement, rows)

    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        return self.raw.execute(query, values)  # SQLite finds each row when it is asked for


def file_database(path: Path, *, uri_query: str = "mode=rw", query_only: bool = False, durable: bool = True) -> Database:
    """Over an existing file. A missing file is an error here, never a new and empty database.

    `durable`: a commit is on the disk when it returns (synchronous=FULL), as the journal needs.
    """
    location = f"file:{quote(str(path))}?{uri_query}"
    writing = ("journal_mode = WAL", f"synchronous = {'FULL' if durable else 'NORMAL'}")
    settings = ("foreign_keys = ON", *(("query_only = ON",) if query_only else writing))

    def connect() -> SqliteConnection:
        raw = sqlite3.connect(location, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            for setting in settings:
                raw.execute(f"PRAGMA {setting}")
        except BaseException:
            raw.close()
            raise
        return SqliteConnection(raw)

    return Database(connect, (sqlite3.Error,), is_sqlite=True)


def memory_database(fill: Callable[[SqliteConnection], object]) -> Database:
    """In memory, and never written once it is filled: stands for a file that is not there, or cannot be read in its place."""
    connection = SqliteConnection(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
    try:
        fill(connection)
    except BaseException:
        connection.close()
        raise
    return UnwrittenDatabase(connection, (sqlite3.Error,))


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


def refuse_damage(database: Database, place: str) -> None:
    """Raises StateError when pages or indexes are broken."""
    with translated(place, "read"), database.transaction(writes=False) as connection:
        verdict = str(connection.scalar("PRAGMA quick_check(1)"))
    if verdict != "ok":
        raise damaged(place, " ".join(verdict.split()))


def may_write(path: Path) -> bool:
    """Whether this process may write the file, or make it, and SQLite's side files beside it. Raises StateError."""
    effective = os.access in os.supports_effective_ids
    with translated(str(path), "read"):
        folder = next(place for place in path.absolute().parents if place.exists())
        places = [path, folder] if path.exists() else [folder]
    return all(os.access(place, os.W_OK | (os.X_OK if place is folder else 0), effective_ids=effective) for place in places)


def frozen_database(path: Path) -> Database:
    """Over a file that this process may not write. Raises StateError.

    With a shared index beside it, SQLite reads and locks as usual. Without one nobody has the file open: then it holds
    everything itself, or a killed process left a write-ahead log that can only be replayed in a copy.
    """
    log = Path(f"{path}-wal")
    with translated(str(path), "read"):
        if Path(f"{path}-shm").exists():
            return file_database(path, uri_query="mode=ro", query_only=True)
        if not log.exists() or log.stat().st_size == 0:
            return file_database(path, uri_query="immutable=1", query_only=True)
        return _replayed(path, log)


def _replayed(path: Path, log: Path) -> Database:
    with tempfile.TemporaryDirectory(prefix="declarative-") as private:
        copy = Path(private) / "state.db"
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        with closing(sqlite3.connect(copy)) as source:
            return memory_database(lambda memory: source.backup(memory.raw))


def put_file(
    path: Path, fill: Callable[[Connection], None], *, pages_of: Connection | None = None, replace: bool = False
) -> None:
    """Puts a finished database at `path`, mode 0600: a copy of `pages_of` page by page, or a new one, then what `fill` makes of
    it in one transaction. Raises StateError.

    Built under another name and moved into place: a crash or a full disk leaves no half-made file behind. Without
    `replace` the file of another process that was faster stays.
    """
    with translated(str(path), "written"):
        _make_folder(path.parent)
        _sweep(path)
        building = path.parent / f".{path.name}.{uuid.uuid4().hex}.new"
        try:
            os.close(os.open(building, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _build(building, fill, pages_of)
            _sync(building)
            if replace:
                building.replace(path)
            else:
                _link(building, path)
        finally:
            building.unlink(missing_ok=True)
        _sync(path.parent)


def _build(path: Path, fill: Callable[[Connection], None], pages_of: Connection | None) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        if isinstance(pages_of, SqliteConnection):
            pages_of.raw.backup(raw)
        # Nobody else sees the file yet: no journal file is needed, and none may be left beside it. A copy of a file in WAL
        # mode would ask for side files the moment somebody opens it.
        raw.execute("PRAGMA journal_mode = MEMORY")
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute("BEGIN")
        fill(SqliteConnection(raw))
        raw.execute("COMMIT")


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
