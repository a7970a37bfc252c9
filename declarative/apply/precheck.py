"""The last look before writing: does each object still stand where the plan saw it?

A plan may be hours old. What moved is not written and said to be stale; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from declarative.apply.context import Context
from declarative.apply.model import Phase
from declarative.apply.records import bare_resource
from declarative.assets.identity import match_known
from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, DesiredAsset, LiveAsset
from declarative.plan.fingerprint import fingerprint
from declarative.plan.known import Brief, briefing
from declarative.plan.model import Action, Change, OutcomeKind
from declarative.refresh import read_live
from declarative.state.model import Resource

_CLOCK_SKEW = timedelta(minutes=10)
_OLDEST_PLAN = timedelta(days=1)


def check_objects(context: Context, changes: Sequence[Change]) -> None:
    """Settles as STALE what moved since the plan, and notes the live objects to adopt (`context.live`).

    Objects the plan saw are read by id. For those it did not see, the identity keys are asked again, and where only a scan
    could tell, what changed since the plan. What an interrupted run may have sent is not checked: it may have moved because of
    us, and sending it again is harmless. Raises ApiError and AuthError; nothing has been written then.
    """
    replayed = {address for intent in context.replays for address in intent.addresses}
    looked_at = [
        change
        for change in changes
        if change.address not in replayed and (context.request.recheck or change.action is Action.ADOPT)
    ]
    if not looked_at:
        return
    context.progress(Phase.CHECK, 0, len(looked_at))
    desired = {change.address: context.desired(change) for change in looked_at}
    # Those that the plan saw are bound to what it saw; of the others the state may know something.
    known = context.request.store.resources_at(change.address for change in looked_at if change.asset_id is None)
    ask = briefing(known)
    bound = {change.address: change.asset_id or _bound_id(ask(change.address)) for change in looked_at}
    planned_at = context.request.planned_at or context.request.clock.now() - _OLDEST_PLAN
    context.request.probe("check:read:before")
    live = read_live(
        context.request.writer,
        list(desired.values()),
        {address: bare_resource(desired[address], asset_id) for address, asset_id in bound.items() if asset_id is not None},
        page_size=context.request.page_size,
        updated_since=planned_at - _CLOCK_SKEW,
    ).index
    context.request.probe("check:read:after")
    for change in looked_at:
        if change.action is not Action.ADOPT and _stands(change, live):
            continue
        found = match_known(desired[change.address], bound[change.address], live).live
        moved = _moved(change, desired[change.address], found, known)
        if moved is not None:
            context.settle(change, OutcomeKind.STALE, error=f"{moved}; it was not written. Plan again")
        elif found is not None and change.action is Action.ADOPT:
            context.live[change.address] = found
    context.progress(Phase.CHECK, len(looked_at), len(looked_at))


def _bound_id(known: Brief | None) -> int | None:
    return None if known is None else known.asset_id


def _stands(change: Change, live: LiveIndex) -> bool:
    """Whether the object's record is, in everything that a decision can see, the one that the plan saw."""
    digest = live.digest(change.asset_id) if change.record is not None and change.fingerprint is not None else None
    return digest is not None and digest.hex() == change.record


def _moved(change: Change, desired: DesiredAsset, live: LiveAsset | None, known: Mapping[str, Resource]) -> str | None:
    """What differs from what the plan saw; None when nothing that matters does."""
    if change.fingerprint is None:
        if change.action is Action.CREATE and live is not None and not _in_flight(known.get(change.address)):
            return f"asset {live.asset_id}, which matches it, has appeared since the plan was made"
        return None
    if live is None:
        return f"asset {change.asset_id} is not found any more"
    if fingerprint(desired, live) != change.fingerprint:
        return f"asset {live.asset_id} was changed by somebody since the plan was made"
    return None


def _in_flight(known: Resource | None) -> bool:
    """Whether an asset that was not there when the plan was made may be our own earlier import, which had not arrived then."""
    return isinstance(known, AppliedAsset) and known.sent_at is not None and not known.ever_seen
