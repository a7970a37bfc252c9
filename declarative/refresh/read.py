"""Reading what is live, with the fewest calls that give a certain answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from typing import Literal

from msgspec import Struct, field

from declarative.assets.identity import match_known
from declarative.assets.live import Held, LiveIndex
from declarative.assets.model import AppliedAsset, DesiredAsset
from declarative.core.clock import Clock, SystemClock
from declarative.plan.known import briefing, fetched
from declarative.plan.model import AppliedReport
from declarative.qualys.model import Reader
from declarative.queries.model import FilterDocument
from declarative.refresh.cost import CHEAP_CALLS, SNAPSHOT_CALLS, full_calls, targeted_calls
from declarative.refresh.filters import Term, documents
from declarative.refresh.keys import Wanted
from declarative.refresh.scan import Scanner, by_id
from declarative.refresh.unread import Unread
from declarative.state.model import Snapshot

Resource = AppliedAsset | AppliedReport
Mode = Literal["auto", "full", "none"]

SCAN_LIMIT = 50
"""Calls a full scan may take when it only serves to rule out a match by an address that no filter covers."""


class Refreshed(Struct, frozen=True):
    """What is live. `strategy`: how it was read and why, for the plan. `complete`: every object that the plan decides
    on has been looked up. `unsearched`: addresses that were looked up by filters only, where a full scan could find more
    (another name, a MAC or IP address) but would cost too many calls."""

    index: LiveIndex
    strategy: str
    complete: bool
    records_seen: int = 0
    unsearched: tuple[str, ...] = ()


def read_live(
    reader: Reader,
    desired: Sequence[DesiredAsset],
    applied: Mapping[str, Resource],
    *,
    mode: Mode = "auto",
    page_size: int = 100,
    snapshot: Snapshot | None = None,
    clock: Clock | None = None,
    updated_since: datetime | None = None,
    scan_limit: int = SCAN_LIMIT,
    parallelism: int = 2,
) -> Refreshed:
    """Reads the live records of the desired assets, and of those in `applied` that are not desired any more.

    `none` makes no call. `full` reads every record. `auto` asks for bound ids and identity keys, or reads everything
    where that takes fewer calls or is the only way; for what it finds, the match is the one that a full read gives.
    `updated_since`: where everything would have to be read, read only what changed since. `snapshot`: keeps full scans,
    so that the next one reads only what changed (`clock` dates it); `full` renews it. `parallelism`: filter documents asked
    for at a time.

    Raises ApiError, and AuthError on 401/403. Looking into the index raises ApiError where a record turns out to be no JSON, and
    CacheLostError where the snapshot cannot give a record any more that it still had when it was read.
    """
    if mode == "none":
        return Refreshed(LiveIndex(()), "not read (`--refresh none`)", complete=False)
    assets = look_up(desired, applied)
    scanner = Scanner(reader, page_size, excluded(assets), snapshot, clock or SystemClock())
    read = _Read(scanner, updated_since, scan_limit, parallelism)
    if mode == "full":
        return read.done(f"full scan as asked: {read.scan(fresh=True)}")
    return _auto(read, assets)


def look_up(desired: Sequence[DesiredAsset], applied: Mapping[str, Resource]) -> list[Wanted]:
    """Desired assets with their bound ids, then removed ones: they may be retired, or live on under another address."""
    found = []
    brief = briefing(applied)
    for asset in desired:
        known = brief(asset.address)
        found.append(Wanted(asset, known.asset_id if known is not None else None))
    present = {asset.address for asset in desired}
    gone = sorted(address for address in applied if address not in present)
    for address, item in fetched(applied, gone):
        if isinstance(item, AppliedAsset):
            target = DesiredAsset(address, item.connector, item.identity, {}, on_remove=item.on_remove)
            found.append(Wanted(target, item.asset_id))
    return found


def excluded(assets: Sequence[Wanted], sections: Collection[str] = ()) -> tuple[str, ...]:
    """Software lists make up most of a record's size (facts 3.8); they are left out when nobody manages them."""
    return () if "softwares" in sections or any("softwares" in item.asset.core for item in assets) else ("software",)


class _Read(Struct):
    """Records read so far, by id: an asset that several filters find is kept once."""

    scanner: Scanner
    updated_since: datetime | None
    scan_limit: int
    parallelism: int
    records: dict[int, Held] = field(default_factory=dict)
    unread: Unread | None = None
    asked: set[Term] = field(default_factory=set)
    documents: int = 0
    indexed: LiveIndex | None = None

    def ask(self, terms: Iterable[Term]) -> None:
        self.indexed = None
        new = set(terms) - self.asked
        self.asked |= new
        asking = list(documents(new))
        self.documents += len(asking)
        if len(asking) < 2 or self.parallelism < 2:
            for document in asking:
                self.records.update(self._found(document))
            return
        with ThreadPoolExecutor(max_workers=self.parallelism, thread_name_prefix="read") as pool:
            for found in pool.map(self._found, asking):
                self.records.update(found)

    def _found(self, document: FilterDocument) -> dict[int, Held]:
        scanner = self.scanner
        found = scanner.reader.scan(document, page_size=scanner.page_size, exclude=scanner.exclude)
        return by_id(chain.from_iterable(found))

    def scan(self, *, fresh: bool = False) -> str:
        """Reads every record, or with `updated_since` those changed since then (at most `scan_limit` pages); says how."""
        self.indexed = None
        if self.updated_since is not None:
            self.records.update(self.scanner.changed_since(self.updated_since, max_pages=self.scan_limit))
            return "what changed lately"
        found = self.scanner.everything(fresh=fresh)
        self.records, self.unread = found.held, found.unread
        return f"{count_of(found.count, 'record')}, {found.how}"

    def scan_calls(self) -> int:
        """Calls a full scan takes, asking for the count where it matters."""
        if self.updated_since is not None:
            return 1
        if self.scanner.watermark() is not None:
            return SNAPSHOT_CALLS
        return full_calls(self.scanner.reader.count(), self.scanner.page_size)

    def index(self) -> LiveIndex:
        if self.indexed is None:
            self.indexed = LiveIndex.packed(self.records.items(), self.unread)
        return self.indexed

    def done(self, strategy: str, unsearched: tuple[str, ...] = ()) -> Refreshed:
        index = self.index()
        return Refreshed(index, strategy, complete=True, records_seen=len(index), unsearched=unsearched)


def _auto(read: _Read, assets: list[Wanted]) -> Refreshed:
    if not assets:
        return read.done("nothing to read: no asset is declared, none is to be retired")
    # What changed lately adds to what is looked up, and never stands in for it: most of that did not change.
    reason = why_everything(assets, read.scan_calls) if read.updated_since is None else None
    if reason is not None:
        return read.done(f"full scan ({read.scan()}): {reason}")
    loose = sum(1 for item in assets if item.bound_id is None)
    read.ask(term for item in assets for term in item.first())
    return _targeted(read, assets, f"targeted: {_asked_for(len(assets) - loose, loose)}")


def why_everything(assets: Sequence[Wanted], scan_calls: Callable[[], int], *, more_by_id: int = 0) -> str | None:
    """Why a full scan is the way to read, None where it is not. `scan_calls`: how many calls it takes, asked only where it
    matters; `more_by_id`: how many assets there are besides, all with ids."""
    loose = [item for item in assets if item.bound_id is None]
    by_id = len(assets) - len(loose) + more_by_id
    blind = sum(1 for item in loose if not item.first() and item.uncertain())
    if blind:
        return f"{count_of(blind, 'asset')} can only be found by MAC, IP address or marker, which no search filter covers"
    estimate = targeted_calls(by_id, len(loose))
    if estimate > CHEAP_CALLS and (scan := scan_calls()) <= estimate:
        return f"{count_of(scan, 'call')} against {estimate} for asking by id and key"
    return None


def _targeted(read: _Read, assets: list[Wanted], strategy: str) -> Refreshed:
    """After the first question: the rest of them, for as long as that can change an answer."""
    unsure = _unsettled(read, assets, asked_all=False)
    if unsure:
        strategy += f"; {len(unsure)} not settled by that, asked for by every key"
        read.ask(term for item in unsure for term in item.further())
        unsure = _unsettled(read, unsure, asked_all=True)
    strategy += f", in {count_of(read.documents, 'filter document')}"
    if not unsure:
        return read.done(strategy)
    scan = read.scan_calls()
    if scan <= read.scan_limit:
        return read.done(
            f"{strategy}; then a full scan ({read.scan()}), as {count_of(len(unsure), 'asset')} may be known by another name, "
            "MAC or IP address"
        )
    return read.done(
        f"{strategy}; {count_of(len(unsure), 'asset')} may be known by another name, MAC or IP address: finding out takes a full "
        f"scan of {scan} pages (`--refresh full`)",
        unsearched=tuple(item.asset.address for item in unsure),
    )


def _unsettled(read: _Read, assets: list[Wanted], *, asked_all: bool) -> list[Wanted]:
    index = read.index()
    # One that is there under its id is settled; looking into its record would tell nothing more.
    loose = [item for item in assets if item.bound_id is None or item.bound_id not in index]
    return [item for item in loose if not item.settled(match_known(item.asset, item.applied_id, index), asked_all=asked_all)]


def _asked_for(by_id: int, by_key: int) -> str:
    parts = [f"{by_id} by id"] if by_id else []
    parts += [f"{by_key} by identity key"] if by_key else []
    return ", ".join(parts)


def count_of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
