"""Putting a plan together: desired, applied and live in; every change, its cost and its limits out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from math import ceil
from operator import attrgetter

from declarative.core.diagnostics import ordered
from declarative.plan.declared import AssetDecisions
from declarative.plan.given import PlanInput, PlanOutcome, everything
from declarative.plan.guard import judge
from declarative.plan.known import Applied, Known, briefing, briefs_of, fetched
from declarative.plan.model import Action, AppliedReport, Calls, Change, Plan
from declarative.plan.moves import pending_moves, say_moved
from declarative.plan.removed import decide_removed
from declarative.plan.reports import decide_report
from declarative.plan.verified import Verifier

__all__ = ["PlanInput", "PlanOutcome", "build", "everything"]


def build(given: PlanInput) -> PlanOutcome:
    """The plan. The same input, in any order, gives the same plan."""
    declared = {asset.address for asset in given.assets} | {report.address for report in given.reports}
    moves = pending_moves(given, declared)
    moved = {new: old for old, new in moves}
    applied = Known(given.applied, moved=moved) if moved else given.applied
    brief = briefing(applied)
    verifier = Verifier(given.verified, given.live, brief, f"{given.tool_version} {given.settle.total_seconds()}")
    assets = AssetDecisions(given, applied, brief, verifier, moved)
    removed = [address for address in applied if address not in declared and given.in_scope(address)]
    changes = assets.changes + _decide_reports(given, applied, moved)
    if removed:
        changes += decide_removed(
            (item for _, item in fetched(applied, removed)),
            given.live,
            live_complete=given.live_complete,
            manager=assets.manager,
            row_removal=given.row_removal,
        )
    changes.sort(key=attrgetter("address"))
    listed = changes if given.list_unchanged else [change for change in changes if not _is_plain(change)]
    passed = given.passed + assets.unlisted + len(changes) - len(listed)
    plan = _assemble(given, applied, declared, listed, passed)
    return PlanOutcome(plan, tuple(sorted(assets.observed, key=attrgetter("address"))), moves, verifier.tokens)


def _decide_reports(given: PlanInput, applied: Mapping[str, Applied], moved: Mapping[str, str]) -> list[Change]:
    changes = []
    for report in given.reports:
        if given.in_scope(report.address):
            known = applied.get(report.address)
            change = decide_report(report, known if isinstance(known, AppliedReport) else None, given.now)
            changes.append(say_moved(change, moved.get(report.address)))
    return changes


# Cost and limits


def _is_plain(change: Change) -> bool:
    """Whether it is unchanged, and nothing is to be said about it."""
    return change.action is Action.UNCHANGED and not change.reason and not change.warnings


def _assemble(
    given: PlanInput, applied: Mapping[str, Applied], declared: AbstractSet[str], changes: list[Change], passed: int
) -> Plan:
    # By their texts: Python makes a call of every hash of an enumeration's member.
    counts = Counter({Action(action): count for action, count in Counter(map(attrgetter("action._value_"), changes)).items()})
    undeclared = bound = 0
    for address, known in briefs_of(applied):
        if known.is_asset:
            undeclared += address not in declared
            bound += known.asset_id is not None and given.in_scope(address)
    population = given.population
    if population is None:
        population = len(given.assets) + undeclared + given.passed + given.beyond
    breaches, limits = judge(
        counts,
        limits=given.limits,
        overrides=given.overrides,
        population=population,
        bound=bound + given.passed,
        live=len(given.live) if given.live_count is None else given.live_count,
        complete=given.live_complete,
    )
    return Plan(
        project=given.project,
        environment=given.environment,
        base_url=given.base_url,
        tool_version=given.tool_version,
        manifest_digest=given.manifest_digest,
        state=given.state,
        changes=tuple(changes),
        calls=Calls(read=given.read_calls, sync=_sync_calls(changes, given.batch_size), report=counts[Action.RUN]),
        checks=tuple(sorted(given.checks, key=lambda check: (check.address, check.message))),
        diagnostics=ordered(given.diagnostics),
        breaches=breaches,
        limits=limits,
        narrowed=given.narrowed,
        read_strategy=given.read_strategy,
        quota=given.quota,
        refresh=given.refresh,
        dates=given.dates,
        passed=passed,
    )


def _sync_calls(changes: Iterable[Change], batch_size: int) -> int:
    """One import call holds assets of one connector."""
    connectors = Counter(
        (change.connector.name, change.connector.uuid, change.connector.source)
        for change in changes
        if change.connector is not None and change.action in (Action.CREATE, Action.UPDATE, Action.RETIRE)
    )
    return sync_calls(connectors.values(), batch_size)


def sync_calls(assets: Iterable[int], batch_size: int) -> int:
    """Import calls for so many assets of each connector."""
    return sum(ceil(count / max(1, batch_size)) for count in assets)
