"""What the snapshot keeps beside a live record, so that most of a million need not be read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from declarative.assets.fields import CORE, TABLE
from declarative.assets.identity import pack
from declarative.assets.lookups import Term, terms_of
from declarative.core.canonical import digest_of
from declarative.refresh.trim import names_for

_SECTIONS = frozenset(path.partition(".")[2].partition(".")[0] for path in TABLE if path.startswith(f"{CORE}."))
_NAMES = tuple(sorted(names_for(_SECTIONS)))

FORM = f"indexed={digest_of(_NAMES)[7:19]}"
"""Part of the snapshot's name: digests over other fields are no digests for us."""


def index_record(record: Mapping[str, Any]) -> tuple[bytes, list[int]]:
    """The digest of a record, and its keys."""
    return digest_of_record(record), sorted({key_of(term) for term in terms_of(record)})


def digest_of_record(record: Mapping[str, Any]) -> bytes:
    """Over everything in a record that any asset may be matched by or compared with.

    What the service touches at each sighting, such as the time of the last one, is not in it."""
    shown = {name: value for name in _NAMES if (value := record.get(name)) is not None}
    try:
        packed = pack(shown)
    except TypeError:
        packed = repr(shown).encode("utf-8", "surrogatepass")
    return blake2b(packed, digest_size=16).digest()


def key_of(term: Term) -> int:
    """A term as a whole number of 64 bits. Two terms may share one: who finds by it has to look again."""
    said = "\0".join(term).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(said, digest_size=8).digest(), signed=True)


def keys_of(terms: Iterable[Term]) -> set[int]:
    return {key_of(term) for term in terms}
