"""Reading everything through the snapshot without holding it: of a million live records a plan looks at the few that matter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from declarative.assets.live import Held, LiveIndex
from declarative.assets.lookups import terms_for
from declarative.assets.model import DesiredAsset
from declarative.core.clock import Clock
from declarative.qualys.model import Reader
from declarative.refresh.cost import SNAPSHOT_CALLS, full_calls
from declarative.refresh.indexing import keys_of
from declarative.refresh.read import Refreshed, Resource, count_of, excluded, look_up, why_everything
from declarative.refresh.scan import Scanner, place_of
from declarative.state.model import Snapshot

MANY = 20_000
"""So many are not looked up one by one where a scan through the snapshot can be had: they would all have to be in memory."""


class Stored(Struct, frozen=True):
    """Everything that is live, in the snapshot. `strategy`: how it was brought up to date, and why."""

    snapshot: Snapshot
    place: str
    total: int
    strategy: str

    def digests(self) -> Iterator[tuple[int, bytes]]:
        """Id and digest of every record, streamed. Raises StateError."""
        return self.snapshot.digests(self.place)

    def refreshed(self, desired: Sequence[DesiredAsset], applied: Mapping[str, Resource]) -> Refreshed:
        """The records that matching these assets, and those in `applied` that are not desired any more, can come upon.

        Any match is the one that all records would give. Raises StateError."""
        assets = look_up(desired, applied)
        bound = {item.bound_id for item in assets if item.bound_id is not None}
        records: dict[int, Held] = dict(self.snapshot.json_at(self.place, bound))
        loose = (item.asset for item in assets if item.bound_id not in records)
        keys = keys_of(term for asset in loose for term in terms_for(asset))
        searched = self.snapshot.ids_with(self.place, keys)
        records.update(self.snapshot.json_at(self.place, searched - records.keys()))
        index = LiveIndex.packed(records.items(), searched=searched)
        return Refreshed(index, self.strategy, complete=True, records_seen=self.total)


def as_kept(snapshot: Snapshot, base_url: str, desired: Sequence[DesiredAsset], sections: Collection[str]) -> Stored | None:
    """What the snapshot keeps for assets that may declare these sections, as old as it is; None where it keeps nothing. Makes no
    call. Raises StateError."""
    place = place_of(base_url, excluded(look_up(desired, {}), sections))
    kept = snapshot.watermark(place) is not None
    return Stored(snapshot, place, snapshot.count(place), "as it was kept") if kept else None


def read_stored(
    reader: Reader,
    desired: Sequence[DesiredAsset],
    applied: Mapping[str, Resource],
    *,
    passing: int,
    sections: Collection[str],
    full: bool,
    page_size: int,
    snapshot: Snapshot,
    clock: Clock,
    make: bool = True,
) -> Stored | None:
    """Brings the snapshot up to date, where `read_live` of all assets would do so; else gives None, without a
    call unless the snapshot failed. `make`: one that is missing, or has to be read anew, is made for `MANY` assets and more, if
    that takes fewer calls: the gateway is asked how many records there are.

    `passing`: how many assets there are besides `desired`, all bound to ids, and `sections` what they may declare below
    `coreAttributes`. `full`: read everything anew. Raises ApiError, and AuthError on 401/403."""
    assets = look_up(desired, applied)
    scanner = Scanner(reader, page_size, excluded(assets, sections), snapshot, clock)
    is_usable = scanner.watermark() is not None
    if not is_usable and (passing < MANY or not make):
        return None

    def calls() -> int:
        return SNAPSHOT_CALLS if is_usable else full_calls(reader.count(), page_size)

    why = None if full else why_everything(assets, calls, more_by_id=passing)
    if why is None and not full:
        return None
    how = scanner.renewed(fresh=full)
    if how is None:
        return None
    total = snapshot.count(scanner.place)
    read = f"{count_of(total, 'record')}, {how}"
    return Stored(snapshot, scanner.place, total, f"full scan as asked: {read}" if full else f"full scan ({read}): {why}")
