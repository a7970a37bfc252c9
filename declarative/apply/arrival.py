"""Waiting for what was sent to show up in the inventory.

The import only queues (facts 2.5): an accepted asset may arrive minutes later, changed by other sources, or never. So
the search is asked, less and less often, until it shows every sent value that it can show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from declarative.apply.context import Context
from declarative.apply.model import Phase
from declarative.apply.records import converged_resource
from declarative.assets.compare import Verdict, compare
from declarative.assets.identity import LiveIndex, match
from declarative.assets.marker import managed_fields
from declarative.assets.model import AppliedAsset, DesiredAsset, LiveAsset
from declarative.core.errors import DeclarativeError
from declarative.plan.model import Action, Change
from declarative.refresh import read_live
from declarative.state.model import Resource

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
_GROWTH = 1.7
_CLOCK_SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the search shows of one sent asset. `late`: fields that do not show the sent value yet."""

    live: LiveAsset | None
    late: tuple[str, ...] = ()

    @property
    def arrived(self) -> bool:
        return self.live is not None and not self.late


def wait_for_arrival(context: Context, changes: Sequence[Change]) -> None:
    """Polls until every change has arrived, the time is up, or a stop is asked for; marks each result.

    What arrives is bound to its id and marked as converged in the state. Errors of the reads end the waiting with a
    warning: what was sent stays sent.
    """
    if context.request.wait is None or not changes or context.cause is not None or context.interrupted:
        return
    clock = context.request.clock
    deadline = clock.monotonic() + context.request.wait.total_seconds()
    since = clock.now() - _CLOCK_SKEW
    missing = {change.address: context.desired(change) for change in changes}
    actions = {change.address: change.action for change in changes}
    seen: dict[str, Sighting] = {}
    pause = FIRST_PAUSE
    while True:
        context.progress(Phase.ARRIVE, len(changes) - len(missing), len(changes))
        try:
            seen = _look(context, missing, since)
            _note(context, missing, seen, actions)
        except DeclarativeError as error:
            context.warnings.append(f"waiting for arrival ended early: {error.message}")
            return
        missing = {address: desired for address, desired in missing.items() if not seen[address].arrived}
        left = deadline - clock.monotonic()
        if not missing or left <= 0:
            break
        if context.request.stop:
            # Whether the rest arrives is left to the next plan.
            context.interrupted = True
            return
        clock.sleep(min(pause, max(left, 0.0)))
        pause = min(pause * _GROWTH, LONGEST_PAUSE)
    context.progress(Phase.ARRIVE, len(changes) - len(missing), len(changes))
    for address in missing:
        context.arrived(address, False, error=_why_late(seen[address], context.request.wait))


def _look(context: Context, missing: Mapping[str, DesiredAsset], since: datetime) -> dict[str, Sighting]:
    applied = _applied(context, missing)
    live = read_live(
        context.request.writer,
        list(missing.values()),
        applied,
        page_size=context.request.page_size,
        updated_since=since,
    ).index
    context.record_calls()
    return {address: _sighting(live, desired, applied.get(address)) for address, desired in missing.items()}


def _applied(context: Context, addresses: Mapping[str, DesiredAsset]) -> dict[str, Resource]:
    stored = context.request.store.resources()
    return {address: stored[address] for address in addresses if address in stored}


def _sighting(live: LiveIndex, desired: DesiredAsset, bound: Resource | None) -> Sighting:
    found = match(desired, bound if isinstance(bound, AppliedAsset) else None, live).live
    if found is None:
        return Sighting(None)
    late = []
    for path, value in managed_fields(desired).items():
        comparison = compare(path, value, found.record, desired.connector)
        if comparison.verdict is Verdict.DIFFERENT and not comparison.tentative:
            late.append(path)
    return Sighting(found, tuple(late))


def _note(
    context: Context,
    missing: Mapping[str, DesiredAsset],
    seen: Mapping[str, Sighting],
    actions: Mapping[str, Action],
) -> None:
    stored = _applied(context, missing)
    converged = []
    for address, sighting in seen.items():
        if not sighting.arrived or sighting.live is None:
            continue
        resource = stored.get(address)
        if isinstance(resource, AppliedAsset) and actions[address] is not Action.RETIRE:
            converged.append(converged_resource(missing[address], resource, sighting.live))
        context.arrived(address, True, asset_id=sighting.live.asset_id)
    if converged:
        context.request.store.observe(converged)


def _why_late(sighting: Sighting, waited: timedelta) -> str:
    seconds = int(waited.total_seconds())
    if sighting.live is None:
        return (
            f"accepted, but not found in the inventory within {seconds} s. It may still be queued; else no identification rule "
            "of the connector matched and `Create unmanaged asset` is off there (see the connector's identification log)"
        )
    shown = ", ".join(sighting.late[:3]) + (f" and {len(sighting.late) - 3} more" if len(sighting.late) > 3 else "")
    return (
        f"accepted, but asset {sighting.live.asset_id} does not show the new value of {shown} within {seconds} s. "
        "It may still be queued; else another source overrules this connector"
    )
