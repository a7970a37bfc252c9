"""Files that only this user's tool can have written: each carries a code made with a key kept outside of the project.

A cache that came with a checkout, or that anything has changed since, does not open. The code also covers the salt: the
tool's version and its own files, the schemas, and whatever else the content was made with.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from msgspec import Struct

from declarative import __version__
from declarative.core.files import read_whole, real_path, write_atomic
from declarative.schema.registry import files as schema_files

_CODE_LENGTH = 32
_MOST_BYTES = 512 * 1024 * 1024
_ROOMS = ("core", "assets", "queries", "schema", "manifest", "kinds")


class SealedFile(Struct, frozen=True):
    path: Path
    key: bytes
    salt: bytes

    def read(self) -> bytes | memoryview | None:
        """What was written; None where there is nothing, or anything about it is in doubt."""
        try:
            data = read_whole(self.path, _MOST_BYTES)
        except OSError:
            return None
        body = memoryview(data)[_CODE_LENGTH:]
        return body if hmac.compare_digest(data[:_CODE_LENGTH], self._code(body)) else None

    def write(self, body: bytes) -> None:
        """A folder that cannot be written is no error."""
        with suppress(OSError):
            write_atomic(self.path, self._code(body) + body, mode=0o600)

    def _code(self, body: bytes | memoryview) -> bytes:
        code = hmac.new(self.key, self.salt, "sha256")
        code.update(body)
        return code.digest()


def sealed(root: Path, relative: Path, environ: Mapping[str, str], made_with: str = "") -> SealedFile | None:
    """The file as this user may use it; None where this user has no place for a key, and where a link stands in the way: a
    change request must not choose what is written over."""
    path = root / relative
    if real_path(path) != real_path(root) / relative:
        return None
    key = _user_key(environ)
    return None if key is None else SealedFile(path, key, _salt(made_with))


@cache
def _salt(made_with: str) -> bytes:
    schemas = (f"{name}\0{text}" for name, text in schema_files().items())
    return hashlib.sha256("\0".join((__version__, sys.version, made_with, *_own_files(), *schemas)).encode()).digest()


def _own_files() -> list[str]:
    """The code that verdicts come from, as it is installed: a checkout changes without a new version."""
    package = Path(__file__).parents[1]
    found = []
    for room in _ROOMS:
        with os.scandir(package / room) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    found.append(f"{room}/{entry.name} {status.st_size} {status.st_mtime_ns}")
    return sorted(found)


def _user_key(environ: Mapping[str, str]) -> bytes | None:
    home = environ.get("XDG_CACHE_HOME") or (environ["HOME"] + "/.cache" if environ.get("HOME") else None)
    if not home or not Path(home).is_absolute():
        return None
    path = Path(home) / "declarative" / "cache.key"
    try:
        if not path.exists():
            _new_key(path)
        status = path.stat()
        key = path.read_bytes()
    except OSError:
        return None
    # A key that others can read or have made protects nothing.
    private = not status.st_mode & 0o077 and status.st_uid == os.getuid()
    return key if private and len(key) == _CODE_LENGTH else None


def _new_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(path, secrets.token_bytes(_CODE_LENGTH), mode=0o600)
