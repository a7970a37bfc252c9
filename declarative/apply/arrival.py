"""Waiting for what was sent to show up in the inventory.

The import only queues (facts 2.5): an accepted asset may arrive minutes later, changed by other sources, or never. So
the search is asked, less and less often, until it shows every sent value that it can show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from math import ceil

from msgspec import Struct

from declarative.apply.context import Context
from declarative.apply.model import Phase
from declarative.apply.records import Arrived, bare_resource, converged_resource
from declarative.assets.compare import Verdict
from declarative.assets.identity import match_known
from declarative.assets.live import LiveIndex
from declarative.assets.marker import managed_fields
from declarative.assets.model import AppliedAsset, DesiredAsset
from declarative.assets.quick import looked_at
from declarative.core.chunks import chunks
from declarative.core.errors import DeclarativeError
from declarative.plan.known import AT_ONCE, briefs_of
from declarative.plan.model import Action, Change
from declarative.refresh import read_live

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
_GROWTH = 1.7
_SCAN_PAGES = 5
_THOROUGH_EVERY = 3
_CLOCK_SKEW = timedelta(minutes=10)


class Sighting(Struct, frozen=True):
    """What the search shows of one sent asset. `late`: fields that do not show the sent value yet."""

    asset_id: int | None
    late: tuple[str, ...] = ()


def wait_for_arrival(context: Context, changes: Sequence[Change]) -> None:
    """Polls until every change has arrived, the time is up, or a stop is asked for; marks each result, and in
    `context.late` what has not arrived.

    What arrives is bound to its id and marked as converged in the state. Errors of the reads end the waiting with a
    warning: what was sent stays sent.
    """
    if context.request.wait is None or not changes or context.cause is not None or context.interrupted:
        return
    watch = _Watch(context, {change.address: context.desired(change) for change in changes}, changes)
    try:
        finished = watch.run(context.request.wait)
    except DeclarativeError as error:
        context.warn(f"waiting for arrival ended early: {error.message}")
        context.late.update(dict.fromkeys(watch.missing, "whether it arrived is not known"))
        return
    if not finished:
        # Whether the rest arrives is left to the next plan.
        context.interrupted = True
        return
    for address in watch.missing:
        context.arrived(address, False, error=_why_late(watch.seen[address], context.request.wait))


class _Watch:
    """The polling. `missing`: what has not been seen to arrive; `seen`: the last look at each."""

    def __init__(self, context: Context, missing: dict[str, DesiredAsset], changes: Sequence[Change]) -> None:
        self._context = context
        self._retired = {change.address for change in changes if change.action is Action.RETIRE}
        self._total = len(changes)
        stored = briefs_of(context.request.store.resources_at(missing))
        self._bound = {address: known.asset_id for address, known in stored if known.asset_id is not None}
        self.missing = missing
        self.seen: dict[str, Sighting] = {}

    def run(self, patience: timedelta) -> bool:
        """False when a stop was asked for. Raises ApiError, AuthError and StateError."""
        clock = self._context.request.clock
        deadline = clock.monotonic() + patience.total_seconds()
        since = clock.now() - _CLOCK_SKEW
        pause = FIRST_PAUSE
        last = False
        for number in count():
            self._progress()
            self._look(since, thorough=last or number % _THOROUGH_EVERY == 0)
            left = deadline - clock.monotonic()
            if not self.missing or left <= 0:
                self._progress()
                return True
            last = pause >= left
            clock.sleep(min(pause, left))
            if self._context.request.stop:
                return False
            pause = min(pause * _GROWTH, LONGEST_PAUSE)
        return False

    def _look(self, since: datetime, *, thorough: bool) -> None:
        """`thorough`: also look through what changed lately, for what no filter finds."""
        known = {address: self._bound[address] for address in self.missing if address in self._bound}
        live = read_live(
            self._context.request.writer,
            list(self.missing.values()),
            {address: bare_resource(self.missing[address], asset_id) for address, asset_id in known.items()},
            page_size=self._context.request.page_size,
            updated_since=since,
            # Where only a scan can tell, a busy inventory must not eat the hour's quota in every poll.
            scan_limit=max(_SCAN_PAGES, 2 * ceil(len(self.missing) / self._context.request.page_size)) if thorough else 0,
        ).index
        self._context.record_calls()
        self.seen = {}
        for some in chunks(list(self.missing.items()), AT_ONCE):
            sighted = ((address, self._sight(live, address, desired)) for address, desired in some)
            self._note({address: found for address, found in sighted if found is not None})

    def _sight(self, live: LiveIndex, address: str, desired: DesiredAsset) -> Arrived | None:
        """Notes what is seen of it."""
        found = match_known(desired, self._bound.get(address), live).live
        if found is None:
            self.seen[address] = Sighting(None)
            return None
        fields = managed_fields(desired)
        looked = looked_at(fields, found.record, desired.connector)
        late = tuple(path for path, shown in looked.items() if shown.verdict is Verdict.DIFFERENT and not shown.tentative)
        self.seen[address] = Sighting(found.asset_id, late)
        return None if late else Arrived(found, fields, looked)

    def _note(self, arrived: Mapping[str, Arrived]) -> None:
        if not arrived:
            return
        converged = [
            converged_resource(item, self.missing[address].connector, arrived[address])
            for address, item in self._reread(arrived)
            if address not in self._retired
        ]
        if converged:
            self._context.request.store.observe(converged)
        for address, found in arrived.items():
            self._context.arrived(address, True, asset_id=found.live.asset_id)
            del self.missing[address]

    def _reread(self, addresses: Iterable[str]) -> Iterator[tuple[str, AppliedAsset]]:
        stored = self._context.request.store.resources_at(addresses)
        return ((address, item) for address, item in stored.items() if isinstance(item, AppliedAsset))

    def _progress(self) -> None:
        self._context.progress(Phase.ARRIVE, self._total - len(self.missing), self._total)


def _why_late(sighting: Sighting, waited: timedelta) -> str:
    seconds = int(waited.total_seconds())
    if sighting.asset_id is None:
        return (
            f"accepted, but not found in the inventory within {seconds} s. It may still be queued; else no identification rule "
            "of the connector matched and `Create unmanaged asset` is off there (see the connector's identification log)"
        )
    shown = ", ".join(sighting.late[:3]) + (f" and {len(sighting.late) - 3} more" if len(sighting.late) > 3 else "")
    return (
        f"accepted, but asset {sighting.asset_id} does not show the new value of {shown} within {seconds} s. "
        "It may still be queued; else another source overrules this connector"
    )
