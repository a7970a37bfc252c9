"""Making a plan: read what is needed, judge the checks, build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from msgspec import Struct, field

from declarative import __version__
from declarative.core.diagnostics import Diagnostic, Severity
from declarative.core.errors import BlockedError
from declarative.engine.caching import keep_seen, with_snapshot
from declarative.engine.looking import Look, Seen
from declarative.engine.narrow import Narrowing
from declarative.engine.querying import check_of, dates_of, resolve_report
from declarative.engine.runtime import Runtime
from declarative.engine.settling import keep_settled
from declarative.engine.verifying import Tokens, keep_verified, verified_before
from declarative.engine.workspace import Workspace
from declarative.kinds.model import Desired
from declarative.plan.build import PlanInput, PlanOutcome, build, everything
from declarative.plan.guard import Overrides
from declarative.plan.known import briefing
from declarative.plan.model import Check, DesiredReport, Plan, Quota, StateMark
from declarative.qualys.model import Reader
from declarative.refresh import Refreshed
from declarative.refresh.read import Mode
from declarative.state.model import Resource, Snapshot, Store

RefreshMode = Literal["auto", "full", "none"]


class PlanRequest(Struct, frozen=True):
    """What the user asked of a plan. `refresh="none"` reads nothing live, and cannot be applied. `list_unchanged`: list
    unchanged objects one by one, instead of counting them."""

    narrowing: Narrowing = field(default_factory=Narrowing)
    refresh: RefreshMode = "auto"
    overrides: Overrides = field(default_factory=Overrides)
    resend_overridden: bool = False
    list_unchanged: bool = False


def make_plan(workspace: Workspace, request: PlanRequest, runtime: Runtime, store: Store) -> Plan:
    """Raises InvalidError, AuthError, ApiError, StateError. Writes only what it saw, and only to the state store."""
    workspace.require_valid()
    # Before the resources: an apply that comes in between must show as a state that moved on.
    mark = store.mark
    mode: Mode = "full" if request.refresh == "full" else "auto"
    if request.refresh == "none":
        outcome = _planned(Look(workspace, store, None, None, runtime.clock, mode), request, runtime, mark)
    else:
        with runtime.reader(workspace.project) as reader:

            def work(snapshot: Snapshot | None) -> PlanOutcome:
                return _planned(Look(workspace, store, reader, snapshot, runtime.clock, mode), request, runtime, mark)

            outcome = with_snapshot(store, runtime.environ, work)
    keep_seen(store, outcome.observed, runtime.say)
    return outcome.plan


def _planned(look: Look, request: PlanRequest, runtime: Runtime, mark: StateMark) -> PlanOutcome:
    resources = look.resources()
    in_scope = _scope(look.workspace, request.narrowing, resources)
    if look.reader is None:
        return _outcome(look, request, runtime, mark, resources, in_scope, frozenset())[0]
    base_url = look.reader.base_url
    before = verified_before(look.store, base_url)
    outcome, seen = _outcome(look, request, runtime, mark, resources, in_scope, before)
    _remember(look, seen, outcome, before, base_url, whole=in_scope is everything)
    return outcome


def _scope(workspace: Workspace, narrowing: Narrowing, resources: Mapping[str, Resource]) -> Callable[[str], bool]:
    if not narrowing and not workspace.held:
        return everything
    labels, rows = workspace.labels, workspace.rows
    prefixes = rows.prefixes if rows is not None else ()
    narrowing.require_known((*labels, *resources, *(rows.addresses if rows is not None and narrowing else ())))
    is_held = bool(workspace.held)
    # Rows that pass have neither labels of their own nor a record among these: what has a record and no labels is gone.
    gone = frozenset(address for address in resources if address not in labels)

    def in_scope(address: str) -> bool:
        if is_held and "[" in address and address in gone:
            return False
        passes = address not in labels and address not in gone and address.startswith(prefixes)
        return narrowing(address, labels.get(address.partition("[")[0] if passes else address, {}))

    return in_scope


def _remember(look: Look, seen: Seen, outcome: PlanOutcome, before: Tokens, base_url: str, *, whole: bool) -> None:
    """For the next plan: what need not be looked at again."""
    rows, lasting = look.workspace.rows, outcome.verified
    if rows is not None and look.snapshot is not None:
        own = {address for address in lasting if address.startswith(rows.prefixes)}
        brief = briefing(seen.resources)
        bound = {address: known.asset_id for address in own if (known := brief(address)) is not None}
        ids = {address: asset_id for address, asset_id in bound.items() if asset_id is not None}
        keep_settled(look.workspace, ids, seen.live.index, look.snapshot, look.store, base_url)
        lasting = {address: token for address, token in lasting.items() if address not in own}
    most = 4 * (len(seen.assets) + seen.passed)
    keep_verified(look.store, base_url, before, frozenset(lasting.values()), whole=whole, most=most)


def _outcome(
    look: Look,
    request: PlanRequest,
    runtime: Runtime,
    mark: StateMark,
    resources: Mapping[str, Resource],
    in_scope: Callable[[str], bool],
    verified: Tokens,
) -> tuple[PlanOutcome, Seen]:
    workspace, reader, now = look.workspace, look.reader, runtime.clock.now()
    project, desired = workspace.project, workspace.desired
    checks = judge_checks(reader, desired, runtime, in_scope)
    reports = _reports(reader, desired, runtime, in_scope)
    seen = look.take(in_scope, narrowed=bool(request.narrowing), resources=resources)
    outcome = build(
        PlanInput(
            project=project.name,
            environment=project.environment,
            base_url=runtime.base_url(project),
            tool_version=__version__,
            manifest_digest=workspace.loaded.digest,
            state=mark,
            assets=seen.assets,
            reports=reports,
            applied=seen.resources,
            in_scope=in_scope,
            live=seen.live.index,
            live_count=seen.live.records_seen if seen.passed else None,
            now=now,
            settle=project.settle,
            limits=project.limits,
            overrides=request.overrides,
            resend_overridden=request.resend_overridden,
            batch_size=project.batch_size,
            moved=project.moved,
            checks=checks,
            diagnostics=(*workspace.diagnostics, *unsearched(seen.live), *skipped(reports)),
            narrowed=request.narrowing.lines,
            read_calls=reader.calls_made if reader else 0,
            quota=reader.quota if reader else Quota(),
            read_strategy=seen.live.strategy,
            refresh=request.refresh,
            live_complete=seen.live.complete,
            dates=dates_of(desired, in_scope),
            verified=verified,
            passed=seen.passed,
            beyond=seen.beyond,
            list_unchanged=request.list_unchanged,
            row_removal=desired.row_removal,
        )
    )
    return outcome, seen


def skipped(reports: Iterable[DesiredReport]) -> tuple[Diagnostic, ...]:
    """A report that does not run because its scope is empty is no change, but a reviewer should know."""
    return tuple(
        Diagnostic(
            Severity.WARNING,
            "report/skipped",
            f"{report.address} does not run: {report.skip_reason}",
            position=report.position,
            address=report.address,
        )
        for report in reports
        if report.skip_reason is not None
    )


def unsearched(refreshed: Refreshed) -> tuple[Diagnostic, ...]:
    """A warning where some assets were looked up by filters alone, so that a copy under another key may go unseen."""
    if not refreshed.unsearched:
        return ()
    count, first = len(refreshed.unsearched), refreshed.unsearched[0]
    them = first if count == 1 else f"{first} and {count - 1} more"
    return (
        Diagnostic(
            Severity.WARNING,
            "live/not-searched",
            f"{them}: looked up by id, serial number and name only. If it is in the inventory under another name, MAC or IP "
            "address, this plan does not see it there",
            address=first,
            hint="Plan with `--refresh full` now and then, or pin `identityAttributes.qualysAssetId`.",
        ),
    )


def judge_checks(reader: Reader | None, desired: Desired, runtime: Runtime, in_scope: Callable[[str], bool]) -> tuple[Check, ...]:
    """The outcome of every query in scope that expects something; none without a reader."""
    if reader is None:
        return ()
    now = runtime.clock.now()
    return tuple(
        check_of(reader, query, now=now) for query in desired.queries if query.expect is not None and in_scope(query.address)
    )


def _reports(
    reader: Reader | None, desired: Desired, runtime: Runtime, in_scope: Callable[[str], bool]
) -> tuple[DesiredReport, ...]:
    now = runtime.clock.now()
    reports = []
    for declared in desired.reports:
        if not in_scope(declared.address):
            continue
        try:
            reports.append(resolve_report(reader, declared, desired, now=now))
        except BlockedError as error:
            reports.append(
                DesiredReport(declared.address, declared.request, blocked_reason=error.message, labels=declared.labels)
            )
    return tuple(reports)
