"""Making a plan: read what is needed, judge the checks, build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

from declarative import __version__
from declarative.assets.identity import LiveIndex
from declarative.assets.model import DesiredAsset
from declarative.core.errors import BlockedError
from declarative.engine.narrow import Narrowing
from declarative.engine.querying import check_of, dates_of, resolve_report
from declarative.engine.runtime import Runtime
from declarative.engine.workspace import Workspace
from declarative.kinds.model import Desired
from declarative.manifest.model import Project
from declarative.plan.build import PlanInput, PlanOutcome, build
from declarative.plan.guard import Overrides
from declarative.plan.model import Check, DesiredReport, Plan, Quota
from declarative.qualys.model import Reader
from declarative.refresh import Refreshed, read_live
from declarative.state.model import Resource, Store

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
    resources = store.resources()
    labels = workspace.labels
    request.narrowing.require_known((*labels, *resources))

    def in_scope(address: str) -> bool:
        return request.narrowing(address, labels.get(address, {}))

    with ExitStack() as stack:
        reader = None if request.refresh == "none" else stack.enter_context(runtime.reader(workspace.project))
        outcome = _outcome(workspace, request, runtime, store, reader, resources, in_scope)
    store.observe(outcome.observed)
    return outcome.plan


def _outcome(
    workspace: Workspace,
    request: PlanRequest,
    runtime: Runtime,
    store: Store,
    reader: Reader | None,
    resources: Mapping[str, Resource],
    in_scope: Callable[[str], bool],
) -> PlanOutcome:
    project, desired, now = workspace.project, workspace.desired, runtime.clock.now()
    assets = tuple(asset for asset in desired.assets if in_scope(asset.address))
    checks = judge_checks(reader, desired, runtime, in_scope)
    reports = _reports(reader, desired, runtime, in_scope)
    refreshed = _read(reader, project, assets, {a: r for a, r in resources.items() if in_scope(a)}, request, runtime)
    return build(
        PlanInput(
            project=project.name,
            environment=project.environment,
            base_url=runtime.base_url(project),
            tool_version=__version__,
            manifest_digest=workspace.loaded.digest,
            state=store.mark,
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
            diagnostics=workspace.diagnostics,
            narrowed=request.narrowing.lines,
            read_calls=reader.calls_made if reader else 0,
            quota=reader.quota if reader else Quota(),
            read_strategy=refreshed.strategy,
            refresh=request.refresh,
            live_complete=refreshed.complete,
            dates=dates_of(desired, in_scope),
        )
    )


def _read(
    reader: Reader | None,
    project: Project,
    assets: tuple[DesiredAsset, ...],
    applied: Mapping[str, Resource],
    request: PlanRequest,
    runtime: Runtime,
) -> Refreshed:
    if reader is None:
        return Refreshed(LiveIndex(), "not read: --refresh none", complete=False)
    mode: RefreshMode = "full" if request.refresh == "full" else "auto"
    return read_live(reader, assets, applied, mode=mode, page_size=project.page_size, clock=runtime.clock)


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
