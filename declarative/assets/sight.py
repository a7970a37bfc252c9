"""What decisions can see of a live record. The rest of it, which every check-in of an agent changes, is nothing to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from declarative.assets.fields import TABLE
from declarative.assets.keys import KINDS
from declarative.core.canonical import fitted
from declarative.core.errors import ApiError
from declarative.core.nesting import MAX_DEPTH, is_too_deep


def _seen() -> frozenset[str]:
    names = {"assetId", "customAttributes"}
    for kind in KINDS:
        names.update(kind.live)
        if kind.nic:
            names.add("networkInterfaceListData")
    for spec in TABLE.values():
        names.update(_tops(spec.response))
    return frozenset(names)


def _tops(responses: Iterable[str]) -> set[str]:
    return {response.partition(".")[0].removesuffix("[]") for response in responses}


NAMES: tuple[str, ...] = ("assetId", *sorted(_seen() - {"assetId"}))
"""Top-level names of the search record that the field table, the identifiers and the marker can read."""

SIGHT = sha256(" ".join(("null", *NAMES)).encode()).hexdigest()[:8]
"""Tells digests of records from those of a version that looked at other names, left out those without a value, or made them
otherwise."""


class Sight(NamedTuple):
    """A record as a page of the search shows it. `packed`: as of `pack`, but in the server's own writing: the same bytes are
    the same record, and a record can be written in several ways. `whole` reads it."""

    asset_id: Any  # of a page that was checked, a whole number or its digits
    packed: bytes

    def whole(self) -> dict[str, Any]:
        """What can be seen of the record. Raises ApiError where that is no JSON after all, or nests too deep."""
        try:
            record = orjson.loads(self.packed)
        except ValueError as error:
            raise self._unreadable(str(error)) from None
        if is_too_deep(self.packed, record):
            raise self._unreadable(f"JSON nested deeper than {MAX_DEPTH} levels")
        return cut(record)

    def _unreadable(self, why: str) -> ApiError:
        return ApiError(f"the search answered a record of asset {self.asset_id} that cannot be read: {why}")


def cut(record: Mapping[str, Any]) -> dict[str, Any]:
    """What can be seen of it, by our order of names: in whatever order the server wrote them, it comes out the same."""
    return {name: record[name] for name in NAMES if name in record}


def pack(record: Mapping[str, Any]) -> bytes:
    """What can be seen of it, as JSON. Raises TypeError for values that are no JSON, and for whole numbers beyond 64 bits."""
    return fitted(orjson.dumps(cut(record)))


def digest_of(packed: bytes) -> bytes:
    """16 bytes: equal digests are records between which no decision can tell. SHA-256, which many processors have instructions
    for: a record has a thousand bytes and more."""
    return sha256(packed).digest()[:16]
