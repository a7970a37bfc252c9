"""All resources of a store as a mapping that reads a record when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView

from declarative.core.errors import StateError
from declarative.plan.known import Brief, fetched
from declarative.state.codec import ASSET, decode, digest_of_document
from declarative.state.failures import damaged
from declarative.state.model import Resource

Row = tuple[str, str, str, str, int | None]
"""Address, kind, document, its digest, asset id."""


class StoredResources(Mapping[str, Resource]):
    """By address, sorted. What was there, with its digests, was read in one moment; a record is read, and decoded, when it is
    asked for: a hundred thousand of them would be millions of objects, and a plan looks into few.

    A record that was written anew in between is given as it is now: whoever needs one moment compares the state's mark from
    before. One that is gone, or was damaged at rest, raises StateError.
    """

    __slots__ = ("_at_hand", "_briefs", "_place", "_read", "brief")

    def __init__(self, place: str, briefs: dict[str, Brief], read: Callable[[Sequence[str]], Iterable[Row]]) -> None:
        self._place = place
        self._briefs = briefs
        self._read = read
        self._at_hand: Mapping[str, Row] = {}
        # A plan asks this of every asset, some times: without a call from Python.
        self.brief: Callable[[str], Brief | None] = briefs.get

    @classmethod
    def whole(cls, place: str, rows: Iterable[Row]) -> StoredResources:
        """With every record at hand."""
        kept = {row[0]: row for row in rows}
        briefs = {address: brief_of_row(row) for address, row in kept.items()}
        stored = cls(place, briefs, lambda addresses: (kept[address] for address in addresses))
        stored._at_hand = kept
        return stored

    def __getitem__(self, address: str) -> Resource:
        if address not in self._briefs:
            raise KeyError(address)
        row = self._at_hand.get(address) or self._rows((address,)).get(address)
        if row is None:
            raise StateError(
                f"{address} left the state {self._place} while it was read.",
                hint="Somebody else is changing the state: run the command again.",
            )
        return decoded(self._place, row)

    def briefs(self) -> Iterable[tuple[str, Brief]]:
        return self._briefs.items()

    def prefetch(self, addresses: Iterable[str]) -> None:
        """Reads these records at once, in place of those that were read so before."""
        self._at_hand = self._rows([address for address in addresses if address in self._briefs])

    def _rows(self, addresses: Sequence[str]) -> Mapping[str, Row]:
        rows = {row[0]: row for row in self._read(addresses)} if addresses else {}
        for address, row in rows.items():
            # Digest and content belong together, also where somebody wrote the record anew.
            self._briefs[address] = brief_of_row(row)
        return rows

    def items(self) -> ItemsView[str, Resource]:
        return _Items(self)

    def values(self) -> ValuesView[Resource]:
        return _Values(self)

    def __contains__(self, address: object) -> bool:
        return address in self._briefs

    def __iter__(self) -> Iterator[str]:
        return iter(self._briefs)

    def __len__(self) -> int:
        return len(self._briefs)

    def __repr__(self) -> str:
        return f"<{len(self)} resources of {self._place}>"


class _Items(ItemsView[str, Resource]):
    def __init__(self, stored: StoredResources) -> None:
        super().__init__(stored)
        self._stored = stored

    def __iter__(self) -> Iterator[tuple[str, Resource]]:
        return fetched(self._stored, self._stored)


class _Values(ValuesView[Resource]):
    def __init__(self, stored: StoredResources) -> None:
        super().__init__(stored)
        self._stored = stored

    def __iter__(self) -> Iterator[Resource]:
        return (item for _, item in fetched(self._stored, self._stored))


def brief_of_row(row: Row) -> Brief:
    _, kind, _, digest, asset_id = row
    return Brief(kind == ASSET, asset_id, digest)


def decoded(place: str, row: Row) -> Resource:
    """Raises StateError for a record that is not what was written."""
    address, kind, document, digest, _ = row
    if digest_of_document(kind, document) != digest:
        raise damaged(place, f"the record of {address} is not what was written")
    try:
        return decode(address, kind, document)
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(place, f"the record of {address} cannot be read ({error})") from error
