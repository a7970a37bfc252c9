"""Drift among very many records: those of which nothing changed since they were last looked at are only counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, DesiredAsset
from declarative.assets.reverse import desired_of
from declarative.core.chunks import chunks
from declarative.core.clock import Clock
from declarative.core.errors import StateError
from declarative.plan.build import PlanOutcome
from declarative.plan.known import briefing
from declarative.qualys.model import Reader
from declarative.refresh import Refreshed, Stored, read_stored
from declarative.refresh.steady import Entry, Steady, claim_of
from declarative.state.model import Resource, Snapshot, Store

_AT_ONCE = 5_000
_SOFTWARE = "softwares"

Records = Mapping[str, Resource]
Assets = tuple[DesiredAsset, ...]
Compared = Callable[[Records, Assets, Refreshed, int], PlanOutcome]
"""What comes of records and what they desire, beside what is live; and beside so many others that pass."""


class Steadily(Struct, frozen=True):
    """`salt`: what answers depend on besides the records and what is live; under another one they are nothing."""

    store: Store
    reader: Reader
    snapshot: Snapshot
    clock: Clock
    page_size: int
    salt: str
    compared: Compared

    def look(self) -> PlanOutcome | None:
        """What looking at every record would tell. None where the snapshot cannot be relied upon, or reading without it takes
        fewer calls."""
        try:
            # Most records say nothing of software, and then live ones are read without theirs.
            if self.snapshot.blob(self._name((_SOFTWARE,))) is None:
                outcome = self._look(())
                if outcome is not None:
                    return outcome
            return self._look((_SOFTWARE,))
        except StateError:
            return None

    def _look(self, sections: tuple[str, ...]) -> PlanOutcome | None:
        """None also where a record has more than these sections."""
        steady = Steady.unpacked(self.snapshot.blob(self._name(sections)) or b"")
        known, bound, loose, opened = steady.known, 0, list[str](), list[str]()
        for address, asset_id, digest in self.store.assets():
            bound += asset_id is not None
            if asset_id is None:
                loose.append(address)
            elif not steady.see_applied(asset_id, digest):
                opened.append(address)
        stored = self._stored(loose, bound, sections)
        if stored is None:
            return None
        opened += loose
        opened += self.store.bound_to(steady.see_live(stored.digests()))
        found: list[Entry] = []
        if len(opened) > _AT_ONCE:
            found = self._first(stored, opened)
            steady = Steady((*steady.passing(), *found))
            opened = [address for address, asset_id, digest in self.store.assets() if not steady.see_applied(asset_id, digest)]
            opened += self.store.bound_to(steady.see_live(stored.digests()))
        records, assets = self._opened(opened)
        if not sections and any(_SOFTWARE in asset.core for asset in assets):
            return None
        taken = steady.take_claiming({claim_of(asset) for asset in assets})
        live = stored.refreshed(assets, records)
        # What came into sight may be claimed by more than the record that is bound to it.
        taken |= steady.take(live.index)
        if taken:
            records, assets = self._opened({*opened, *self.store.bound_to(taken)})
            live = stored.refreshed(assets, records)
        outcome = self.compared(records, assets, live, len(steady))
        new = list(self._lasting(outcome, records, assets, live.index))
        if new or found or len(steady) < known:
            self.snapshot.keep_blob(self._name(sections), Steady((*steady.passing(), *new)).packed())
        return outcome

    def _stored(self, loose: Sequence[str], bound: int, sections: tuple[str, ...]) -> Stored | None:
        records, assets = self._opened(loose)
        return read_stored(
            self.reader,
            assets,
            records,
            passing=bound,
            sections=sections,
            full=False,
            page_size=self.page_size,
            snapshot=self.snapshot,
            clock=self.clock,
            make=False,  # only afterwards it is known whether software has to be read too
        )

    def _first(self, stored: Stored, addresses: Iterable[str]) -> list[Entry]:
        """Some thousand at a time, each as if the others were not there: who claims the same is seen afterwards."""
        found: list[Entry] = []
        for chunk in chunks(addresses, _AT_ONCE):
            records, assets = self._opened(chunk, note=False)
            live = stored.refreshed(assets, records)
            found += self._lasting(self.compared(records, assets, live, 0), records, assets, live.index)
        return found

    def _lasting(self, outcome: PlanOutcome, records: Records, assets: Assets, live: LiveIndex) -> Iterator[Entry]:
        """Those that will be decided so at any later time."""
        brief = briefing(records)
        for asset in assets:
            known = brief(asset.address) if asset.address in outcome.verified else None
            shown = live.digest(known.asset_id) if known is not None else None
            if known is not None and known.asset_id is not None and known.digest is not None and shown is not None:
                yield Entry(known.asset_id, bytes.fromhex(known.digest), shown, claim_of(asset))

    def _opened(self, addresses: Iterable[str], *, note: bool = True) -> tuple[Records, Assets]:
        records = self.store.resources_at(addresses, note=note)
        return records, tuple(desired_of(item) for item in records.values() if isinstance(item, AppliedAsset))

    def _name(self, sections: tuple[str, ...]) -> str:
        return f"{self.reader.base_url}#steady={self.salt}#with={','.join(sections)}"
