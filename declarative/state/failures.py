"""Every failure of the database becomes a StateError: where, what was tried, why, and what to do next."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from declarative.core.errors import StateError
from declarative.core.secrets import Redactor, Secret

RESTORE = (
    "Nothing was changed. Move the file away, together with its -wal and -shm files, and put a backup in its place "
    "(`declarative state backup` makes them; a migration leaves one beside the file). Without a backup: move it away and plan "
    "again; assets are found by their identity and adopted, but who sent what is forgotten, and reports count as never run."
)
ELSEWHERE = "put the state elsewhere (`spec.state` of the project)"
_MODES = f"Give this user the right to read and write the file and its folder, or {ELSEWHERE}."
_NETWORK = "Check host, port and network of the state URL, and that the server runs."
_BUSY = "another process keeps it busy"
_CLASH = "another process wrote at the same moment"
_BROKEN = "the connection broke"
_RESTARTING = "the server is shutting down or starting"
_UNREACHABLE = "the server cannot be reached"
_PASSING = frozenset({_BUSY, _CLASH, _BROKEN, _RESTARTING, _UNREACHABLE})
_WAIT = "Wait for the other command to end, then run this one again."
_FREE = "Free some space there, then run the command again; what was recorded before is intact."

# SQLite's primary result codes: (why, what next).
_SQLITE = {
    sqlite3.SQLITE_FULL: ("the disk is full", _FREE),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", RESTORE),
    sqlite3.SQLITE_NOTADB: ("the file is damaged, or is no state file", RESTORE),
    sqlite3.SQLITE_READONLY: ("it may not be written", _MODES),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", _MODES),
    sqlite3.SQLITE_PERM: ("permission is denied", _MODES),
    sqlite3.SQLITE_BUSY: (_BUSY, _WAIT),
    sqlite3.SQLITE_LOCKED: (_BUSY, _WAIT),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "Look at the disk and its free space, then run the command again."),
}

# PostgreSQL's SQLSTATE, longest prefix first.
_POSTGRES = (
    ("53100", "the server's disk is full", _FREE),
    ("53", "the server is out of a resource", "Try again later, or ask who runs the server for more connections or memory."),
    ("28", "the server refuses the login", "Check user and password of the state URL (PGPASSWORD and ~/.pgpass work too)."),
    ("3D", "there is no such database", "Create it first: `createdb NAME`; the tables are made by the first command."),
    ("42501", "permission is denied", "The user needs CREATE on the database (or on the schema), and ownership of its tables."),
    ("55P03", _BUSY, _WAIT),
    ("40", _CLASH, "Run the command again."),
    ("25006", "the server accepts reads only", "Point the state URL at the primary server."),
    ("57P", _RESTARTING, "Try again in a moment."),
    ("08", _BROKEN, _NETWORK),
    ("XX001", "the server reports damaged data", "Restore the database from a backup before anything else."),
)

_OS = {
    errno.ENOSPC: ("the disk is full", _FREE),
    errno.EDQUOT: ("the disk quota is used up", _FREE),
    errno.EFBIG: ("the file grew beyond this user's limit", "Raise the limit (`ulimit -f`), then run the command again."),
    errno.EACCES: ("permission is denied", _MODES),
    errno.EPERM: ("permission is denied", _MODES),
    errno.EROFS: ("the disk is mounted read-only", f"Mount it writable, or {ELSEWHERE}."),
    errno.ENOTDIR: ("a part of the path is no folder", f"Correct the path: {ELSEWHERE}."),
    errno.EISDIR: ("it is a folder", f"Give the path of a file: {ELSEWHERE}."),
}


class PassingError(StateError):
    """The store could not be reached, or was too busy: the same call may succeed a moment later."""


def damaged(place: str, why: str) -> StateError:
    return StateError(f"The state {place} is damaged: {why}.", hint=RESTORE)


@contextmanager
def translated(
    place: str,
    doing: str,
    *,
    errors: tuple[type[Exception], ...] = (sqlite3.Error,),
    password: str | None = None,
    damage_hint: str = RESTORE,
) -> Iterator[None]:
    """Raises StateError for any failure of a driver (`errors`) or the file system inside; everything else passes."""
    try:
        yield
    except errors as error:
        raise _of_driver(place, doing, error, password, damage_hint) from error
    except UnicodeEncodeError as error:
        raise StateError(f"The state {place} cannot be {doing}: a name in it is no valid text.") from error
    except OSError as error:
        raise of_os(place, doing, error) from error


def of_os(place: str | Path, doing: str, error: OSError) -> StateError:
    why, hint = _OS.get(error.errno or 0, (error.strerror or str(error), "Check the path and its permissions."))
    return StateError(f"The state {place} cannot be {doing}: {why}.", hint=hint)


def _of_driver(place: str, doing: str, error: Exception, password: str | None, damage_hint: str) -> StateError:
    said = _masked(" ".join(str(error).split()), password)
    why, hint = _classified(error)
    if hint is RESTORE:
        hint = damage_hint
    said = said.rstrip(".")
    kind = PassingError if why in _PASSING else StateError
    return kind(f"The state {place} cannot be {doing}: {f'{why} ({said})' if why else said}.", hint=hint)


def _classified(error: Exception) -> tuple[str | None, str | None]:
    if isinstance(error, sqlite3.Error):
        # Extended codes carry the primary one in their low byte.
        return _SQLITE.get(getattr(error, "sqlite_errorcode", -1) & 0xFF, (None, None))
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is None:
        # Without a state the server was never reached, or went away in the middle.
        return _UNREACHABLE, _NETWORK
    return next(((why, hint) for prefix, why, hint in _POSTGRES if sqlstate.startswith(prefix)), (None, None))


def _masked(text: str, password: str | None) -> str:
    return Redactor([Secret(password)])(text) if password else text
