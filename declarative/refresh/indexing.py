"""What the snapshot keeps beside a live record, so that most of a million need not be read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from declarative.assets.lookups import Term, terms_of
from declarative.assets.model import LiveAsset
from declarative.assets.sight import SIGHT, cut, digest_of, pack

FORM = f"sight={SIGHT}"
"""Part of the snapshot's name: digests over other fields are no digests for us."""


def held_of(record: Mapping[str, Any]) -> LiveAsset | bytes:
    """What decisions can see of a record: a live one is several times larger."""
    try:
        return pack(record)
    except TypeError:
        return LiveAsset(int(record["assetId"]), cut(record))


def index_record(record: Mapping[str, Any]) -> tuple[bytes, list[int]]:
    """The digest of a record, and its keys."""
    return digest_of_record(record), sorted({key_of(term) for term in terms_of(record)})


def digest_of_record(record: Mapping[str, Any]) -> bytes:
    """Over everything in a record that any asset may be matched by or compared with.

    What the service touches at each sighting, such as the time of the last one, is not in it."""
    held = held_of(record)
    return digest_of(held if isinstance(held, bytes) else repr(held.record).encode("utf-8", "surrogatepass"))


def key_of(term: Term) -> int:
    """A term as a whole number of 64 bits. Two terms may share one: who finds by it has to look again."""
    said = "\0".join(term).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(said, digest_size=8).digest(), signed=True)


def keys_of(terms: Iterable[Term]) -> set[int]:
    return {key_of(term) for term in terms}
