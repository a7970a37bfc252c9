"""Records that stay in the snapshot until a decision needs them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

from declarative.assets.lookups import Term
from declarative.core.errors import StateError
from declarative.refresh.indexing import keys_of
from declarative.state.model import Snapshot

Record = Mapping[str, Any]


class CacheLostError(StateError):
    """The snapshot gave its digests, and could not give a record any more: everything that rests on it is void."""


class Unread:
    """`assets.live.Unread` over a snapshot. `place`: what the snapshot knows it by."""

    __slots__ = ("_place", "_snapshot", "digests")

    def __init__(self, snapshot: Snapshot, place: str) -> None:
        """Raises StateError where the snapshot cannot be read."""
        self._snapshot = snapshot
        self._place = place
        self.digests = dict(snapshot.digests(place))

    def records(self, asset_ids: Collection[int]) -> Iterator[tuple[int, bytes]]:
        """Raises CacheLostError."""
        wanted = set(asset_ids)
        try:
            for asset_id, packed in self._snapshot.json_at(self._place, wanted):
                wanted.discard(asset_id)
                yield asset_id, packed
        except StateError as error:
            raise self._lost(str(error)) from error
        if wanted:
            raise self._lost(f"{len(wanted)} records are missing")

    def ids_with(self, terms: Collection[Term]) -> Collection[int]:
        """Raises CacheLostError."""
        try:
            return self._snapshot.ids_with(self._place, keys_of(terms))
        except StateError as error:
            raise self._lost(str(error)) from error

    def _lost(self, why: str) -> CacheLostError:
        with suppress(StateError):
            self._snapshot.forget(self._place)
        return CacheLostError(f"The cache of live records was lost while it was read: {why}", hint="Run the command again.")
