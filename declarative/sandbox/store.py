"""The inventory: a generated base, and over it the assets that were imported or changed.

A changed asset is kept as the bytes that a page shows: they are a fifth of the size of the objects, a page needs no encoding,
and whoever changes one decodes a copy of his own.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson

from .clock import parse_date
from .components import SeededComponents
from .estate import Estate
from .identifiers import Key, identifiers
from .sketch import LAST_TOUCH


class Readable(Protocol):
    """What a filter looks at: a record, whole or computed on demand."""

    def get(self, key: str, /) -> Any: ...


@dataclass(slots=True)
class Asset:
    """An asset to be changed: the record as the search shows it, and what the search never shows."""

    record: dict[str, Any]
    native_keys: set[tuple[str, str]] = field(default_factory=set)  # (connectorUuid, sourceNativeKey)
    hidden: dict[str, str] = field(default_factory=dict)  # identifiers with no place in the record, e.g. instanceUuid

    @property
    def asset_id(self) -> int:
        return int(self.record["assetId"])

    @property
    def keys(self) -> set[Key]:
        return identifiers(self.record) | set(self.hidden.items())


@dataclass(frozen=True, slots=True)
class Kept:
    """A changed asset at rest: its record as JSON, and by what it is found."""

    encoded: bytes
    modified: str
    keys: tuple[Key, ...]
    native_keys: tuple[tuple[str, str], ...]
    hidden: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, asset: Asset) -> Kept:
        encoded = orjson.dumps(asset.record)
        modified = asset.record["lastModifiedDate"]
        return cls(encoded, modified, tuple(asset.keys), tuple(asset.native_keys), tuple(asset.hidden.items()))

    @classmethod
    def read(cls, encoded: bytes, native_keys: list[list[str]], hidden: list[list[str]]) -> Kept:
        """From the parts that a state file holds. Raises ValueError."""
        return cls.of(Asset(orjson.loads(encoded), {(uuid, key) for uuid, key in native_keys}, dict(hidden)))

    def asset(self) -> Asset:
        return Asset(orjson.loads(self.encoded), set(self.native_keys), dict(self.hidden))


class Store:
    """Ids ascend; lookups by identifier are constant time, also over the generated base."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.changed: set[int] = set()  # ids whose state is not yet in the state file
        self.components = SeededComponents()
        self._kept: dict[int, Kept] = {}
        self._extra: list[int] = []  # ids outside the generated base, ascending
        self._deleted: set[int] = set()
        self._keys: dict[Key, set[int]] = {}
        self._natives: dict[tuple[str, str], int] = {}
        self.next_id = estate.next_id

    def __len__(self) -> int:
        return self.estate.count + len(self._extra) - len(self._deleted)

    def __contains__(self, asset_id: int) -> bool:
        return asset_id in self._kept or (asset_id in self.estate and asset_id not in self._deleted)

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def kept(self, asset_id: int) -> Kept | None:
        return self._kept.get(asset_id)

    def materialised(self) -> list[Asset]:
        return [self._kept[asset_id].asset() for asset_id in sorted(self._kept)]

    def view(self, asset_id: int) -> Readable | None:
        """The record for filters; None when there is no such asset."""
        if asset_id in self._kept:
            return _Whole(asset_id, self._kept[asset_id].encoded)
        return self.estate.lazy(asset_id) if asset_id in self else None

    def shown(self, asset_id: int, leave_out: frozenset[str] = frozenset()) -> Any:
        """What orjson is to write for that asset, the parts to be left out as null. Raises KeyError."""
        kept = self._kept.get(asset_id)
        if kept is None:
            if asset_id not in self:
                raise KeyError(asset_id)
            return self.estate.shown(asset_id, leave_out)
        if not leave_out:
            return orjson.Fragment(kept.encoded)
        return {name: None if name in leave_out else value for name, value in orjson.loads(kept.encoded).items()}

    def checkout(self, asset_id: int) -> Asset:
        """A private copy to change and hand to `commit`. Raises KeyError."""
        if asset_id in self._kept:
            return self._kept[asset_id].asset()
        if asset_id not in self:
            raise KeyError(asset_id)
        return Asset(orjson.loads(orjson.dumps(self.estate.record(asset_id))))  # generated blocks are shared

    def commit(self, asset: Asset) -> None:
        self.put(asset.asset_id, Kept.of(asset))
        self.changed.add(asset.asset_id)

    def put(self, asset_id: int, kept: Kept) -> None:
        """Take in an asset at rest, in place of the one with that id."""
        old = self._kept.get(asset_id)
        if old is not None:
            self._forget_keys(asset_id, old)
        elif asset_id not in self.estate:
            bisect.insort(self._extra, asset_id)
            self.next_id = max(self.next_id, asset_id + 1)
        self._deleted.discard(asset_id)
        self._kept[asset_id] = kept
        for key in kept.keys:
            self._keys.setdefault(key, set()).add(asset_id)
        for native in kept.native_keys:
            self._natives[native] = asset_id

    def delete(self, asset_id: int) -> None:
        """Raises KeyError."""
        if asset_id not in self:
            raise KeyError(asset_id)
        old = self._kept.pop(asset_id, None)
        if old is not None:
            self._forget_keys(asset_id, old)
        if asset_id in self.estate:
            self._deleted.add(asset_id)
        else:
            self._extra.remove(asset_id)
        self.changed.add(asset_id)

    def discard(self, asset_id: int) -> None:
        """As `delete`, and no complaint when there is none."""
        if asset_id in self:
            self.delete(asset_id)

    def by_native(self, connector: str, key: str) -> int | None:
        return self._natives.get((connector, key))

    def by_identifier(self, kind: str, value: str) -> set[int]:
        """Every asset that carries that identifier. `value` must be normalised by `normal`."""
        found = set(self._keys.get((kind, value), ()))
        guessed = self.estate.guess(kind, value)
        if guessed is not None and guessed not in self._kept and guessed in self:
            record = self.estate.lazy(guessed)
            if (kind, value) in identifiers(record):
                found.add(guessed)
        return found

    def ids(self, after: int = 0) -> Iterator[int]:
        """Ids above `after`, ascending; the generated base first, which always lies below what was created since."""
        extra = iter(self._extra[bisect.bisect_right(self._extra, after) :])
        low = next(extra, None)
        first = max(after + 1, self.estate.next_id - self.estate.count)
        for asset_id in range(first, self.estate.next_id):
            while low is not None and low < asset_id:
                yield low
                low = next(extra, None)
            if asset_id not in self._deleted:
                yield asset_id
        if low is not None:
            yield low
        yield from extra

    def perhaps_touched_since(self, since: datetime, after: int = 0) -> Iterable[int]:
        """Ids above `after`, at least those whose lastModifiedDate is at or after `since`."""
        if since > LAST_TOUCH:
            return (asset_id for asset_id in sorted(self._kept) if asset_id > after)
        return self.ids(after)

    def touched(self, asset_id: int) -> datetime:
        """lastModifiedDate of an asset that exists."""
        kept = self._kept.get(asset_id)
        return parse_date(kept.modified) if kept is not None else self.estate.sketch(asset_id).touched

    def _forget_keys(self, asset_id: int, old: Kept) -> None:
        for key in old.keys:
            holders = self._keys.get(key, set())
            holders.discard(asset_id)
            if not holders:
                self._keys.pop(key, None)
        for native in old.native_keys:
            if self._natives.get(native) == asset_id:
                del self._natives[native]


class _Whole:
    """Decoded at the first look: a filter may be content with the id."""

    __slots__ = ("_encoded", "_id", "_record")

    def __init__(self, asset_id: int, encoded: bytes) -> None:
        self._id = asset_id
        self._encoded = encoded
        self._record: dict[str, Any] | None = None

    def get(self, key: str, /) -> Any:
        if key == "assetId":
            return self._id
        if self._record is None:
            self._record = orjson.loads(self._encoded)
        return self._record.get(key)
