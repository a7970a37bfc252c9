"""The warm cache: values of documents that were read and found right before, by the bytes of their file.

It holds nothing that the files do not say: losing it costs time. It is never believed blindly either. A file's entry is
found by the digest of its bytes alone, and the whole is sealed (`seal.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from declarative.manifest.documents import Context, Outcome, read_document
from declarative.manifest.seal import SealedFile, sealed
from declarative.manifest.sources import RawDocument, ReadLimits, documents_of

CACHE_FILE = Path(".declarative") / "cache" / "manifests.json"

Entry = list[Any]
"""One document: start and end of its bytes, first line, line and column of its content, value (None: read it again)."""


@dataclass(slots=True)
class WarmCache:
    """Entries of a former run, and those of this one. `save` writes only what this run used."""

    file: SealedFile | None = None
    old: dict[str, list[Entry]] = field(default_factory=dict)
    new: dict[str, list[Entry]] = field(default_factory=dict)
    fresh: bool = False

    @property
    def is_used(self) -> bool:
        return self.file is not None or bool(self.old)

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
        """Write the cache where something changed."""
        if self.file is not None and (self.fresh or len(self.new) != len(self.old)):
            self.file.write(orjson.dumps(self.new))

    def load(self) -> None:
        body = self.file.read() if self.file is not None else None
        self.old = orjson.loads(body) if body is not None else {}


def open_cache(root: Path, environ: Mapping[str, str], limits: ReadLimits) -> WarmCache:
    """The cache of a project; one that remembers nothing where this user has no place for a key."""
    cache = WarmCache(sealed(root / CACHE_FILE, environ, repr(limits)))
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
