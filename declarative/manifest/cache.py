"""The warm cache: what is known of documents that were read and found right before, by the bytes of their file.

It holds nothing that the files do not say: losing it costs time. It is never believed blindly either. A file's entries are
found by the digest of its bytes alone, and the whole is sealed (`seal.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from sys import intern
from typing import Any

import orjson
from msgspec import Struct, field

from declarative.core.canonical import fitted
from declarative.manifest.documents import Outcome
from declarative.manifest.kept import KeptDocument, KeptFile
from declarative.manifest.model import Manifest, shared_labels
from declarative.manifest.seal import SealedFile, sealed
from declarative.manifest.sources import RawDocument
from declarative.schema.registry import API_VERSION

CACHE_FILE = Path(".declarative") / "cache" / "manifests"

Entry = list[Any]
"""One document: start and end of its bytes, its first line; and where it may be taken for right without being read: line and
column of its content, kind, name, labels, digest (hex), note."""

_DIGEST_LENGTH = 64


class WarmCache(Struct):
    """Entries of a former run, and those of this one, a line of JSON for each file. `save` writes only what this run used."""

    file: SealedFile | None = None
    old: dict[str, bytes] = field(default_factory=dict)
    new: dict[str, bytes] = field(default_factory=dict)
    fresh: bool = False

    @property
    def is_used(self) -> bool:
        return self.file is not None or bool(self.old)

    def learn(self, found: Mapping[str, str]) -> None:
        """What another process has found just now."""
        for digest, line in found.items():
            self.old[digest] = line.encode()
            self.fresh = True

    def get(self, digest: str) -> list[Entry] | None:
        line = self.old.get(digest)
        if line is None:
            return None
        self.new[digest] = line
        found: list[Entry] = orjson.loads(line)
        return found

    def put(self, digest: str, entries: list[Entry]) -> None:
        self.new[digest] = fitted(orjson.dumps(entries))
        self.fresh = True

    def save(self) -> None:
        """Write the cache where something changed."""
        if self.file is not None and (self.fresh or len(self.new) != len(self.old)):
            self.file.write(b"\n".join(digest.encode() + line for digest, line in self.new.items()))

    def load(self) -> None:
        body = self.file.read() if self.file is not None else None
        for line in bytes(body).split(b"\n") if body else ():
            self.old[line[:_DIGEST_LENGTH].decode()] = line[_DIGEST_LENGTH:]


def open_cache(root: Path, environ: Mapping[str, str], made_with: object) -> WarmCache:
    """The cache of a project; one that remembers nothing where this user has no place for a key."""
    cache = WarmCache(sealed(root, CACHE_FILE, environ, repr(made_with)))
    cache.load()
    return cache


def entry_of(outcome: Outcome, document: RawDocument) -> Entry:
    """What a later run may take for granted about a document."""
    manifest, locate = outcome.manifest, outcome.locate
    entry: Entry = [*document.extent, document.line]
    if manifest is None or locate is None or not outcome.pure:
        return entry
    return [*entry, *locate.start, manifest.kind, manifest.name, manifest.labels, manifest.digest.hex(), manifest.note]


def kept_manifest(entry: Sequence[Any], file: KeptFile) -> tuple[Manifest, KeptDocument] | None:
    """The manifest of an entry; None where its document has to be read."""
    if len(entry) == 3:
        return None
    start, end, line, row, column, kind, name, labels, digest, note = entry
    kept = KeptDocument(file, start, end, line, row, column, bytes.fromhex(digest))
    said = (API_VERSION, intern(kind), name, f"{kind}/{name}", shared_labels(labels), kept.meaning)
    return Manifest(*said, kept.position, kept, kept, _shared(note)), kept


def _shared(note: Any) -> Any:
    """Texts that the notes of many manifests have in common, as one object."""
    return [intern(part) if part.__class__ is str else part for part in note] if note.__class__ is list else note
