"""Live records by id and by identifier. Most of them are never looked into: what was left unread counts by its digest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Protocol

import orjson

from declarative.assets.keys import KeyKind
from declarative.assets.lookups import MARKER, SHORT, VALUES_OF, Term, terms_for
from declarative.assets.marker import KEY as MARKER_KEY
from declarative.assets.marker import live_marker, marker_key
from declarative.assets.model import DesiredAsset, LiveAsset
from declarative.assets.sight import Sight, digest_of

Held = LiveAsset | Sight | bytes
"""A record as it is, as a page showed it, or as `sight.pack` made it: a hundred thousand of them fit into memory so."""

Index = dict[str, dict[str, list[int]]]
"""Kind of identifier, identifier, ids."""

_AT_HAND = 2_000
"""Unread records that are held decoded."""
_PACKED = 20_000
"""Unread records that are held packed, once somebody may be found in them: some share a name with many, and are asked for again
and again. A hundred thousand would be a quarter of the memory of a plan."""


class Unread(Protocol):
    """Records that were left where they are kept. `digests`: by id, see `sight.digest_of`.

    What is asked for and cannot be given any more raises."""

    @property
    def digests(self) -> Mapping[int, bytes]: ...

    def records(self, asset_ids: Collection[int]) -> Iterable[tuple[int, bytes]]:
        """One for each of these ids, as `sight.pack` made it."""

    def ids_with(self, terms: Collection[Term]) -> Collection[int]:
        """Of every record that has one of these terms, perhaps of others too."""


class LiveIndex:
    """`fetch` and `gather` read many unread records at once; without them each is read when it is asked for."""

    __slots__ = ("_at_hand", "_by_term", "_digests", "_gathered", "_held", "_noted", "_packed", "_searched", "_unread")

    def __init__(self, records: Iterable[LiveAsset] = ()) -> None:
        self._held: dict[int, Held] = {live.asset_id: live for live in records}
        self._unread: Unread | None = None
        self._searched: Collection[int] | None = None
        self._digests: dict[int, bytes] = {}
        self._at_hand: dict[int, LiveAsset] = {}
        self._by_term: Index = {}
        self._gathered: set[Term] = set()
        # Unread ones whose identifiers are in the index.
        self._noted: set[int] = set()
        self._packed: OrderedDict[int, bytes] = OrderedDict()

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> LiveIndex:
        """From raw records of the search; one without an `assetId` cannot be spoken of and is left out."""
        return cls(LiveAsset(int(record["assetId"]), record) for record in records if record.get("assetId") is not None)

    @classmethod
    def packed(
        cls, records: Iterable[tuple[int, Held]], unread: Unread | None = None, *, searched: Collection[int] | None = None
    ) -> LiveIndex:
        """From records by their ids, and others that are still unread. `searched`: those of the records that anybody can find by
        an identifier, where that is known; the others are known by their ids alone."""
        index = cls()
        index._held.update(records)
        index._searched = searched
        if unread is not None:
            index._unread = unread
            index._digests = {asset_id: digest for asset_id, digest in unread.digests.items() if asset_id not in index._held}
        return index

    def __len__(self) -> int:
        return len(self._held) + len(self._digests)

    def __contains__(self, asset_id: object) -> bool:
        return asset_id in self._held or asset_id in self._digests

    def __iter__(self) -> Iterator[int]:
        """The ids of all."""
        return chain(self._held, self._digests)

    def get(self, asset_id: int | None) -> LiveAsset | None:
        if asset_id is None:
            return None
        held = self._held.get(asset_id) or self._packed.get(asset_id)
        if held is not None:
            if isinstance(held, bytes):
                return LiveAsset(asset_id, orjson.loads(held), held)
            return LiveAsset(asset_id, held.whole(), held.packed) if isinstance(held, Sight) else held
        if asset_id in self._digests and asset_id not in self._at_hand:
            if len(self._at_hand) >= _AT_HAND:
                self._at_hand.clear()
            self._at_hand.update(self._opened((asset_id,)))
        return self._at_hand.get(asset_id)

    def digest(self, asset_id: int | None) -> bytes | None:
        """Of what can be seen of the record; None where there is none, or it is not packed."""
        if asset_id is None:
            return None
        known = self._digests.get(asset_id)
        if known is not None:
            return known
        held = self._held.get(asset_id)
        packed = held if isinstance(held, bytes) else getattr(held, "packed", None)
        return None if packed is None else digest_of(packed)

    def fetch(self, asset_ids: Iterable[int]) -> None:
        """Puts the unread ones of these at hand, in place of those that were."""
        self._at_hand = dict(self._opened([asset_id for asset_id in asset_ids if asset_id in self._digests]))

    def gather(self, assets: Iterable[DesiredAsset]) -> None:
        """Reads every record that one of these assets may be found by an identifier in."""
        if self._digests:
            self._gather({term for asset in assets for term in terms_for(asset)})

    def find(self, kind: KeyKind, keys: Iterable[str]) -> frozenset[int]:
        return self._with(kind.name, keys)

    def find_short(self, keys: Iterable[str]) -> frozenset[int]:
        """By the first label of any of its names."""
        return self._with(SHORT, keys)

    def find_marked(self, desired: DesiredAsset) -> frozenset[int]:
        key = marker_key(desired)
        found = (self.get(asset_id) for asset_id in self._with(MARKER, (key,)))
        return frozenset(
            live.asset_id for live in found if live is not None and key in live_marker(MARKER_KEY, live.record, desired.connector)
        )

    def _with(self, name: str, keys: Iterable[str]) -> frozenset[int]:
        wanted = list(keys)
        if not wanted:
            return frozenset()
        index = self._under(name)
        if self._digests:
            self._gather([(name, key) for key in wanted])
        return frozenset(chain.from_iterable(index.get(key, ()) for key in wanted))

    def _under(self, name: str) -> dict[str, list[int]]:
        if name not in self._by_term:
            # As a rule everything is found by the strongest kind. Once another one is asked for, all will be.
            names = [other for other in VALUES_OF if other not in self._by_term] if self._by_term else [name]
            self._by_term |= {one: {} for one in names}
            for asset_id in chain(self._held if self._searched is None else self._searched, self._packed):
                _note(self._by_term, names, self.get(asset_id))
            for _, live in self._opened(self._noted - self._packed.keys()):
                _note(self._by_term, names, live)
        return self._by_term[name]

    def _gather(self, terms: Collection[Term]) -> None:
        wanted = {term for term in terms if term not in self._gathered}
        self._gathered |= wanted
        if self._unread is None or not wanted:
            return
        found = [asset_id for asset_id in self._unread.ids_with(wanted) if asset_id in self._digests]
        for asset_id, packed in self._read(found):
            self._packed[asset_id] = packed
            if len(self._packed) > _PACKED:
                self._packed.popitem(last=False)
            if asset_id not in self._noted:
                self._noted.add(asset_id)
                _note(self._by_term, self._by_term, self.get(asset_id))

    def _opened(self, asset_ids: Collection[int]) -> Iterator[tuple[int, LiveAsset]]:
        return ((asset_id, LiveAsset(asset_id, orjson.loads(packed), packed)) for asset_id, packed in self._read(asset_ids))

    def _read(self, asset_ids: Collection[int]) -> Iterator[tuple[int, bytes]]:
        for asset_id, packed in self._unread.records(asset_ids) if self._unread is not None and asset_ids else ():
            # Somebody may have renewed it since its digest was read: from here on it counts as it is now.
            self._digests[asset_id] = digest_of(packed)
            if asset_id in self._packed:
                self._packed[asset_id] = packed
            yield asset_id, packed


def _note(index: Index, names: Iterable[str], live: LiveAsset | None) -> None:
    if live is None:
        return
    for name in names:
        for key in VALUES_OF[name](live.record):
            index[name].setdefault(key, []).append(live.asset_id)
