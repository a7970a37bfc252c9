"""Putting a plan together: desired, applied and live in; every change, its cost and its limits out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

from declarative.assets.identity import LiveIndex, Match, match
from declarative.assets.model import AppliedAsset, DesiredAsset
from declarative.core.diagnostics import Diagnostic, ordered
from declarative.plan.decide import Circumstances, Decision, decide
from declarative.plan.guard import Overrides, judge
from declarative.plan.model import (
    Action,
    AppliedReport,
    Calls,
    Change,
    Check,
    DesiredReport,
    Limits,
    Plan,
    Quota,
    StateMark,
)
from declarative.plan.removed import decide_removed
from declarative.plan.reports import decide_report

Applied = AppliedAsset | AppliedReport


def everything(address: str) -> bool:  # noqa: ARG001
    return True


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Everything a plan depends on.

    `assets`, `reports` and `applied` may hold more than `in_scope` lets through: what is outside is not planned, but
    still known, so that a claim on an asset of another manifest is noticed. `moved`: old address -> new.
    `population`: assets the project manages, for limits in percent; None: count them here.
    """

    project: str
    environment: str | None
    base_url: str
    tool_version: str
    manifest_digest: str
    state: StateMark
    now: datetime
    assets: tuple[DesiredAsset, ...] = ()
    reports: tuple[DesiredReport, ...] = ()
    applied: Mapping[str, Applied] = field(default_factory=dict)
    live: LiveIndex = field(default_factory=LiveIndex)
    settle: timedelta = timedelta(hours=1)
    limits: Limits = field(default_factory=Limits)
    overrides: Overrides = field(default_factory=Overrides)
    resend_overridden: bool = False
    batch_size: int = 50
    moved: Mapping[str, str] = field(default_factory=dict)
    in_scope: Callable[[str], bool] = everything
    checks: tuple[Check, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    narrowed: tuple[str, ...] = ()
    read_calls: int = 0
    quota: Quota = field(default_factory=Quota)
    read_strategy: str = ""
    refresh: str = "auto"
    live_complete: bool = True
    population: int | None = None
    dates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """`observed`: records for `Store.observe`; `moves`: (old, new) addresses for `Store.move`, which cost no API call."""

    plan: Plan
    observed: tuple[AppliedAsset, ...] = ()
    moves: tuple[tuple[str, str], ...] = ()


def build(given: PlanInput) -> PlanOutcome:
    """The plan. The same input, in any order, gives the same plan."""
    moves = _moves(given)
    applied = _follow(given.applied, moves)
    matches = _matches(given, applied)
    decisions = _decide_assets(given, applied, matches, {new: old for old, new in moves})
    changes = [decision.change for decision in decisions]
    changes += _decide_reports(given, applied, {new: old for old, new in moves})
    declared = _declared(given)
    changes += decide_removed(
        [item for address, item in applied.items() if address not in declared and given.in_scope(address)],
        given.live,
        live_complete=given.live_complete,
        managed=_managers(matches),
    )
    changes.sort(key=lambda change: change.address)
    known = {new for _, new in moves}
    observed = [item.observed for item in decisions if item.observed is not None and item.observed.address not in known]
    plan = _assemble(given, applied, changes)
    return PlanOutcome(plan, tuple(sorted(observed, key=lambda item: item.address)), moves)


def _declared(given: PlanInput) -> set[str]:
    return {asset.address for asset in given.assets} | {report.address for report in given.reports}


# Moved manifests


def _moves(given: PlanInput) -> tuple[tuple[str, str], ...]:
    """Moves that still have to be made: the old address is in the state and not declared, the new one is declared, new to
    the state, and in scope."""
    declared = _declared(given)
    pending = [
        (old, new)
        for old, new in sorted(given.moved.items())
        if old in given.applied and old not in declared and new in declared and new not in given.applied and given.in_scope(new)
    ]
    return tuple({new: (old, new) for old, new in reversed(pending)}.values())


def _follow(applied: Mapping[str, Applied], moves: Iterable[tuple[str, str]]) -> dict[str, Applied]:
    followed = dict(applied)
    for old, new in moves:
        followed[new] = replace(followed.pop(old), address=new)
    return followed


# Assets


def _matches(given: PlanInput, applied: Mapping[str, Applied]) -> dict[str, Match]:
    found: dict[str, Match] = {}
    for asset in given.assets:
        if given.in_scope(asset.address):
            found[asset.address] = match(asset, _applied_asset(applied, asset.address), given.live)
    return found


def _applied_asset(applied: Mapping[str, Applied], address: str) -> AppliedAsset | None:
    known = applied.get(address)
    return known if isinstance(known, AppliedAsset) else None


def _managers(matches: Mapping[str, Match]) -> dict[int, str]:
    """Which declared asset manages which live one."""
    return {found.live.asset_id: address for address, found in sorted(matches.items()) if found.live is not None}


def _claims(given: PlanInput, applied: Mapping[str, Applied], matches: Mapping[str, Match]) -> dict[int, list[str]]:
    """Live assets that more than one manifest claims, counting those outside the scope by the id bound in state."""
    claims: dict[int, list[str]] = {}
    for address, found in matches.items():
        if found.live is not None:
            claims.setdefault(found.live.asset_id, []).append(address)
    for asset in given.assets:
        known = _applied_asset(applied, asset.address)
        if asset.address not in matches and known is not None and known.asset_id in claims:
            claims[known.asset_id].append(asset.address)
    return {asset_id: sorted(addresses) for asset_id, addresses in claims.items() if len(addresses) > 1}


def _shared_native_keys(assets: Iterable[DesiredAsset]) -> dict[str, str]:
    """Address -> why, for assets of one connector with one native key: the service would merge them."""
    owners: dict[tuple[str, str], list[str]] = {}
    for asset in assets:
        if asset.native_key is not None:
            owners.setdefault((asset.connector.uuid, asset.native_key), []).append(asset.address)
    return {
        address: f"{_several(addresses)} share the sourceNativeKey {key}; the service would merge them"
        for (_, key), addresses in owners.items()
        if len(addresses) > 1
        for address in addresses
    }


def _several(addresses: list[str]) -> str:
    listed = sorted(addresses)
    return f"{len(listed)} manifests ({', '.join(listed[:5])}{', ...' if len(listed) > 5 else ''})"


def _decide_assets(
    given: PlanInput, applied: Mapping[str, Applied], matches: Mapping[str, Match], moved: Mapping[str, str]
) -> list[Decision]:
    circumstances = Circumstances(given.now, given.settle, given.resend_overridden, given.live_complete)
    refused = _shared_native_keys(given.assets)
    for asset_id, addresses in _claims(given, applied, matches).items():
        for address in addresses:
            refused.setdefault(address, f"{_several(addresses)} claim asset {asset_id}")
    decisions = []
    for asset in given.assets:
        found = matches.get(asset.address)
        if found is None:
            continue
        reason = refused.get(asset.address)
        if reason is not None:
            blocked = replace(found, live=None, reason=reason, candidates=(found.live.asset_id,) if found.live else ())
            decisions.append(Decision(_blocked(asset, blocked)))
            continue
        decision = decide(asset, _applied_asset(applied, asset.address), found, circumstances)
        decisions.append(_say_moved(decision, moved.get(asset.address)))
    return decisions


def _blocked(asset: DesiredAsset, found: Match) -> Change:
    return Change(
        address=asset.address,
        kind="Asset",
        action=Action.BLOCKED,
        reason=found.reason,
        asset_id=found.candidates[0] if found.candidates else None,
        matched_by=found.matched_by,
        source=asset.position,
        warnings=found.warnings,
        candidates=found.candidates,
    )


def _say_moved(decision: Decision, old: str | None) -> Decision:
    return decision if old is None else replace(decision, change=_moved(decision.change, old))


def _moved(change: Change, old: str) -> Change:
    note = f"moved from {old}" + ("" if change.action.calls_api else ", no call")
    return replace(change, reason=f"{change.reason}; {note}" if change.reason else note)


def _decide_reports(given: PlanInput, applied: Mapping[str, Applied], moved: Mapping[str, str]) -> list[Change]:
    changes = []
    for report in given.reports:
        if not given.in_scope(report.address):
            continue
        known = applied.get(report.address)
        change = decide_report(report, known if isinstance(known, AppliedReport) else None, given.now)
        old = moved.get(report.address)
        changes.append(change if old is None else _moved(change, old))
    return changes


# Cost and limits


def _assemble(given: PlanInput, applied: Mapping[str, Applied], changes: list[Change]) -> Plan:
    counts = Counter(change.action for change in changes)
    in_scope = [item for address, item in applied.items() if given.in_scope(address)]
    population = given.population
    if population is None:
        known = (address for address, item in applied.items() if isinstance(item, AppliedAsset))
        population = len({*known, *(asset.address for asset in given.assets)})
    breaches, limits = judge(
        counts,
        limits=given.limits,
        overrides=given.overrides,
        population=population,
        bound=sum(1 for item in in_scope if isinstance(item, AppliedAsset) and item.asset_id is not None),
        live=len(given.live),
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
    )


def _sync_calls(changes: Iterable[Change], batch_size: int) -> int:
    """One import call holds assets of one connector."""
    connectors = Counter(
        (change.connector.name, change.connector.uuid, change.connector.source)
        for change in changes
        if change.connector is not None and change.action in (Action.CREATE, Action.UPDATE, Action.RETIRE)
    )
    return sum(ceil(count / max(1, batch_size)) for count in connectors.values())
