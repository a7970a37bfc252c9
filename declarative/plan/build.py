"""Putting a plan together: desired, applied and live in; every change, its cost and its limits out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

from declarative.assets.identity import BOUND, PINNED, LiveIndex, Match, match_known
from declarative.assets.model import AppliedAsset, DesiredAsset
from declarative.core.diagnostics import Diagnostic, ordered
from declarative.plan.decide import Circumstances, Decision, decide
from declarative.plan.guard import Overrides, judge
from declarative.plan.known import Applied, Brief, Known, briefs_of
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
from declarative.plan.verified import Verifier


def everything(address: str) -> bool:  # noqa: ARG001
    return True


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Everything a plan depends on.

    `assets`, `reports` and `applied` may hold more than `in_scope` lets through: what is outside is not planned, but
    still known, so that a claim on an asset of another manifest is noticed. `moved`: old address -> new.
    `population`: assets the project manages, for limits in percent; None: count them here. `verified`: what the last plan
    handed on under that name; it saves work, and never changes an answer. `passed`: rows of inventories, applied and found
    unchanged, that are not among `assets`; `beyond`: such that are out of scope. `list_rows`: list unchanged rows one by one.
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
    verified: Mapping[str, str] = field(default_factory=dict)
    passed: int = 0
    beyond: int = 0
    live_count: int | None = None
    list_rows: bool = True


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """`observed`: records for `Store.observe`; `moves`: (old, new) addresses for `Store.move`, which cost no API call;
    `verified`: a token by address, for the next plan."""

    plan: Plan
    observed: tuple[AppliedAsset, ...] = ()
    moves: tuple[tuple[str, str], ...] = ()
    verified: Mapping[str, str] = field(default_factory=dict)


def build(given: PlanInput) -> PlanOutcome:
    """The plan. The same input, in any order, gives the same plan."""
    moves = _moves(given)
    moved = {new: old for old, new in moves}
    applied = Known(given.applied, moved=moved) if moved else given.applied
    briefs = briefs_of(applied)
    verifier = Verifier(given.verified, given.live, briefs, f"{given.tool_version} {given.settle.total_seconds()}")
    assets = AssetDecisions(given, applied, briefs, verifier)
    decisions = assets.decide(moved)
    changes = [decision.change for decision in decisions]
    changes += _decide_reports(given, applied, moved)
    declared = _declared(given)
    changes += decide_removed(
        [applied[address] for address in applied if address not in declared and given.in_scope(address)],
        given.live,
        live_complete=given.live_complete,
        managed=assets.managers(),
    )
    changes.sort(key=lambda change: change.address)
    observed = [item.observed for item in decisions if item.observed is not None and item.observed.address not in moved]
    listed = [change for change in changes if given.list_rows or not _is_plain_row(change)]
    plan = _assemble(given, briefs, listed, given.passed + len(changes) - len(listed))
    return PlanOutcome(plan, tuple(sorted(observed, key=lambda item: item.address)), moves, verifier.tokens)


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


# Assets


def _applied_asset(applied: Mapping[str, Applied], address: str) -> AppliedAsset | None:
    known = applied.get(address)
    return known if isinstance(known, AppliedAsset) else None


class AssetDecisions:
    """The declared assets in scope, each with its live one, and what is decided on them.

    `_passed` are those that were verified as unchanged by an earlier plan, with their ids; they need no match."""

    def __init__(self, given: PlanInput, applied: Mapping[str, Applied], briefs: Mapping[str, Brief], verifier: Verifier) -> None:
        self._given, self._applied, self._briefs, self._verifier = given, applied, briefs, verifier
        self._passed: dict[str, int] = {}
        self._matches: dict[str, Match] = {}
        for asset in given.assets:
            if not given.in_scope(asset.address):
                continue
            asset_id = verifier.passes(asset)
            if asset_id is not None:
                self._passed[asset.address] = asset_id
            else:
                known = briefs.get(asset.address)
                self._matches[asset.address] = match_known(asset, None if known is None else known.asset_id, given.live)

    def managers(self) -> dict[int, str]:
        """Which declared asset manages which live one."""
        return {asset_id: address for address, asset_id in sorted(self._live_ids())}

    def decide(self, moved: Mapping[str, str]) -> list[Decision]:
        """A decision for each; `moved`: new address -> old."""
        given = self._given
        circumstances = Circumstances(given.now, given.settle, given.resend_overridden, given.live_complete)
        refused = self._refused()
        decisions = []
        for asset in given.assets:
            address = asset.address
            passed, found = self._passed.get(address), self._matches.get(address)
            if passed is None and found is None:
                continue
            if address in refused:
                decisions.append(Decision(_blocked(asset, refused[address], found, passed)))
            elif found is None:
                decisions.append(Decision(_unchanged(asset, passed)))
            else:
                decision = decide(asset, _applied_asset(self._applied, address), found, circumstances)
                if decision.lasting and address not in moved:
                    self._verifier.remember(asset)
                decisions.append(_say_moved(decision, moved.get(address)))
        return decisions

    def _live_ids(self) -> list[tuple[str, int]]:
        matched = [(address, found.live.asset_id) for address, found in self._matches.items() if found.live is not None]
        return [*self._passed.items(), *matched]

    def _refused(self) -> dict[str, str]:
        refused = _shared_native_keys(self._given.assets)
        for asset_id, addresses in self._claims().items():
            for address in addresses:
                refused.setdefault(address, f"{_several(addresses)} claim asset {asset_id}")
        return refused

    def _claims(self) -> dict[int, list[str]]:
        """Live assets that more than one manifest claims, counting those outside the scope by the id bound in state."""
        claims: dict[int, list[str]] = {}
        for address, asset_id in self._live_ids():
            claims.setdefault(asset_id, []).append(address)
        for asset in self._given.assets:
            if asset.address not in self._matches and asset.address not in self._passed:
                known = self._briefs.get(asset.address)
                if known is not None and known.asset_id in claims:
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


def _blocked(asset: DesiredAsset, reason: str, found: Match | None, passed: int | None) -> Change:
    claimed = found.live.asset_id if found is not None and found.live is not None else passed
    return Change(
        address=asset.address,
        kind="Asset",
        action=Action.BLOCKED,
        reason=reason,
        asset_id=claimed,
        matched_by=found.matched_by if found is not None else _matched_by(asset),
        source=asset.position,
        warnings=found.warnings if found is not None else (),
        candidates=() if claimed is None else (claimed,),
    )


def _unchanged(asset: DesiredAsset, asset_id: int | None) -> Change:
    return Change(asset.address, "Asset", Action.UNCHANGED, "", asset_id, _matched_by(asset), asset.position)


def _matched_by(asset: DesiredAsset) -> str:
    return BOUND if asset.pinned_id is None else PINNED


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


def _is_plain_row(change: Change) -> bool:
    """An unchanged row of an inventory that nothing is to be said about: of those there may be a million."""
    row = change.action is Action.UNCHANGED and change.address.endswith("]")
    return row and not change.reason and not change.warnings


def _assemble(given: PlanInput, briefs: Mapping[str, Brief], changes: list[Change], passed: int) -> Plan:
    counts = Counter(change.action for change in changes)
    assets = {address: known for address, known in briefs.items() if known.is_asset}
    population = given.population
    if population is None:
        population = len({*assets, *(asset.address for asset in given.assets)}) + given.passed + given.beyond
    breaches, limits = judge(
        counts,
        limits=given.limits,
        overrides=given.overrides,
        population=population,
        bound=sum(1 for address, known in assets.items() if known.asset_id is not None and given.in_scope(address))
        + given.passed,
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
