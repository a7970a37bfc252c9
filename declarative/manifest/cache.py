"""The warm cache: values of documents that were read and found right before, by the bytes of their file.

It holds nothing that the files do not say: losing it costs time. It is never believed blindly either. A file's entry is
found by the digest of its bytes alone; the whole is bound to this version of the tool and of the schemas; and it carries
a code made with a key of this user, kept outside of the project, so that a cache that came with a checkout is ignored.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from declarative import __version__
from declarative.core.files import write_atomic
from declarative.manifest.documents import Context, Outcome, read_document
from declarative.manifest.sources import RawDocument, ReadLimits, documents_of
from declarative.schema.registry import files as schema_files

CACHE_FILE = Path(".declarative") / "cache" / "manifests.json"
_CODE_LENGTH = 32
_MOST_BYTES = 512 * 1024 * 1024

Entry = list[Any]
"""One document: start and end of its bytes, first line, line and column of its content, value (None: read it again)."""


@dataclass(slots=True)
class WarmCache:
    """Entries of a former run, and those of this one. `save` writes only what this run used."""

    path: Path | None = None
    key: bytes = b""
    salt: bytes = b""
    old: dict[str, list[Entry]] = field(default_factory=dict)
    new: dict[str, list[Entry]] = field(default_factory=dict)
    fresh: bool = False

    @property
    def is_used(self) -> bool:
        return self.path is not None or bool(self.old)

    def learn(self, entries: Mapping[str, list[Entry]]) -> None:
        """Entries that another process has made just now."""
        self.old.update(entries)
        self.fresh = True

    def get(self, digest: str) -> list[Entry] | None:
        entries = self.old.get(digest)
        if entries is not None:
            self.new[digest] = entries
        return entries

    def put(self, digest: str, entries: list[Entry]) -> None:
        self.new[digest] = entries
        self.fresh = True

    def save(self) -> None:
        """Write the cache where something changed. A folder that cannot be written is no error."""
        if self.path is None or (not self.fresh and len(self.new) == len(self.old)):
            return
        body = orjson.dumps(self.new)
        with suppress(OSError):
            write_atomic(self.path, self._code(body) + body, mode=0o600)

    def _code(self, body: bytes | memoryview) -> bytes:
        code = hmac.new(self.key, self.salt, "sha256")
        code.update(body)
        return code.digest()

    def load(self) -> None:
        if self.path is None:
            return
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                return
            data = self.path.read_bytes()
            body = memoryview(data)[_CODE_LENGTH:]
            if hmac.compare_digest(data[:_CODE_LENGTH], self._code(body)):
                self.old = orjson.loads(body)
        except (OSError, ValueError):
            self.old = {}


def open_cache(root: Path, environ: Mapping[str, str], limits: ReadLimits) -> WarmCache:
    """The cache of a project; one that remembers nothing where this user has no place for a key."""
    key = _user_key(environ)
    if key is None:
        return WarmCache()
    cache = WarmCache(root / CACHE_FILE, key, _salt(limits))
    cache.load()
    return cache


def entry_of(outcome: Outcome, document: RawDocument) -> Entry:
    """What a later run may take for granted about a document."""
    manifest, locate = outcome.manifest, outcome.locate
    if manifest is None or locate is None or not outcome.pure:
        return [*document.extent, document.line, 1, 1, None]
    value = {"apiVersion": manifest.api_version, "kind": manifest.kind, "metadata": manifest.metadata, "spec": manifest.spec}
    return [*document.extent, document.line, *locate.start, value]


def entries_of(data: bytes, limits: ReadLimits) -> list[Entry] | None:
    """The entries of a file read on its own; None where its bytes are at fault."""
    documents, wrong = documents_of(data, "", limits)
    context = Context(limits)
    return None if wrong else [entry_of(read_document(document, context), document) for document in documents]


def digest_of_file(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def _salt(limits: ReadLimits) -> bytes:
    parts = [__version__, repr(limits), *(f"{name}\0{text}" for name, text in schema_files().items())]
    return hashlib.sha256("\0".join(parts).encode()).digest()


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
