"""Making a plan: read what is needed, judge the checks, build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

from declarative import __version__
from declarative.assets.identity import LiveIndex
from declarative.assets.model import DesiredAsset
from declarative.core.diagnostics import Diagnostic, Severity
from declarative.core.errors import BlockedError
from declarative.engine.caching import keep_seen, snapshot_for
from declarative.engine.narrow import Narrowing
from declarative.engine.querying import check_of, dates_of, resolve_report
from declarative.engine.runtime import Runtime
from declarative.engine.verifying import keep_verified, verified_before
from declarative.engine.workspace import Workspace
from declarative.kinds.model import Desired
from declarative.manifest.model import Project
from declarative.plan.build import PlanInput, PlanOutcome, build
from declarative.plan.guard import Overrides
from declarative.plan.known import Known
from declarative.plan.model import Check, DesiredReport, Plan, Quota, StateMark
from declarative.qualys.model import Reader
from declarative.refresh import Refreshed, read_live
from declarative.state.model import Resource, Snapshot, Store

RefreshMode = Literal["auto", "full", "none"]


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What the user asked of a plan. `refresh="none"` reads nothing live, and cannot be applied."""

    narrowing: Narrowing = field(default_factory=Narrowing)
    refresh: RefreshMode = "auto"
    overrides: Overrides = field(default_factory=Overrides)
    resend_overridden: bool = False


def make_plan(workspace: Workspace, request: PlanRequest, runtime: Runtime, store: Store) -> Plan:
    """Raises InvalidError, AuthError, ApiError, StateError. Writes only what it saw, and only to the state store."""
    workspace.require_valid()
    # Before the resources: an apply that comes in between must show as a state that moved on.
    mark = store.mark
    resources = store.resources()
    labels = workspace.labels
    request.narrowing.require_known((*labels, *resources))

    unread = tuple(f"{address}[" for address in workspace.held)

    def in_scope(address: str) -> bool:
        if address.startswith(unread) and address not in labels:
            return False
        return request.narrowing(address, labels.get(address, {}))

    with ExitStack() as stack:
        reader = None if request.refresh == "none" else stack.enter_context(runtime.reader(workspace.project))
        snapshot = None if reader is None else snapshot_for(store, runtime.environ)
        if snapshot is not None:
            stack.enter_context(snapshot)
        before = {} if reader is None else verified_before(store, reader.base_url)
        outcome = _outcome(workspace, request, runtime, mark, snapshot, reader, resources, in_scope, before)
        if reader is not None:
            keep_verified(store, reader.base_url, before, outcome.verified)
    keep_seen(store, outcome.observed, runtime.say)
    return outcome.plan


def _outcome(
    workspace: Workspace,
    request: PlanRequest,
    runtime: Runtime,
    mark: StateMark,
    snapshot: Snapshot | None,
    reader: Reader | None,
    resources: Mapping[str, Resource],
    in_scope: Callable[[str], bool],
    verified: Mapping[str, str],
) -> PlanOutcome:
    project, desired, now = workspace.project, workspace.desired, runtime.clock.now()
    assets = tuple(asset for asset in desired.assets if in_scope(asset.address))
    checks = judge_checks(reader, desired, runtime, in_scope)
    reports = _reports(reader, desired, runtime, in_scope)
    applied = Known(resources, in_scope=in_scope)
    refreshed = _read(reader, project, assets, applied, request, runtime, snapshot)
    return build(
        PlanInput(
            project=project.name,
            environment=project.environment,
            base_url=runtime.base_url(project),
            tool_version=__version__,
            manifest_digest=workspace.loaded.digest,
            state=mark,
            assets=desired.assets,
            reports=reports,
            applied=resources,
            in_scope=in_scope,
            live=refreshed.index,
            now=now,
            settle=project.settle,
            limits=project.limits,
            overrides=request.overrides,
            resend_overridden=request.resend_overridden,
            batch_size=project.batch_size,
            moved=project.moved,
            checks=checks,
            diagnostics=(*workspace.diagnostics, *unsearched(refreshed), *skipped(reports)),
            narrowed=request.narrowing.lines,
            read_calls=reader.calls_made if reader else 0,
            quota=reader.quota if reader else Quota(),
            read_strategy=refreshed.strategy,
            refresh=request.refresh,
            live_complete=refreshed.complete,
            dates=dates_of(desired, in_scope),
            verified=verified,
        )
    )


def _read(
    reader: Reader | None,
    project: Project,
    assets: tuple[DesiredAsset, ...],
    applied: Mapping[str, Resource],
    request: PlanRequest,
    runtime: Runtime,
    snapshot: Snapshot | None,
) -> Refreshed:
    if reader is None:
        return Refreshed(LiveIndex(), "not read: --refresh none", complete=False)
    mode: RefreshMode = "full" if request.refresh == "full" else "auto"
    return read_live(reader, assets, applied, mode=mode, page_size=project.page_size, clock=runtime.clock, snapshot=snapshot)


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
