"""Applying a plan: a saved one after checking that it still fits, or one made just now."""

from __future__ import annotations

import getpass
import socket
import subprocess
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from declarative import __version__
from declarative.apply import ApplyRequest, CallLog, Progress, RunInfo, StopFlag, due_moves, execute, state_moved
from declarative.assets.model import DesiredAsset
from declarative.assets.payload import import_entry
from declarative.core.canonical import canonical_bytes, is_written
from declarative.core.clock import WakefulClock, to_iso
from declarative.core.errors import BlockedError, InvalidError, StaleError
from declarative.engine.runtime import Runtime
from declarative.engine.verdict import blocks_apply
from declarative.engine.workspace import Workspace
from declarative.plan import codec
from declarative.plan.model import Action, ApplyResult, Change, DesiredReport, Plan
from declarative.qualys.model import CallRecord, Waiting
from declarative.state.model import Store


class ApplyOptions(Struct, frozen=True):
    """`wait`: how long to poll for arrival, None not to. `lock_timeout` in seconds."""

    parallelism: int = 2
    wait: timedelta | None = None
    lock_timeout: float = 30.0
    resume: bool = False
    stop: StopFlag = field(default_factory=StopFlag)
    on_progress: Callable[[Progress], None] | None = None


def require_digest(planned: str, expected: str) -> None:
    """For pipelines that cannot keep the file: what was approved is what is planned now. Raises StaleError."""
    if planned != expected:
        raise StaleError(
            f"the plan is not the one that was approved: expected {expected}, planned {planned}",
            hint="review the new plan, and approve its digest",
        )


def require_applicable(plan: Plan) -> None:
    """Raises BlockedError for limits and failed checks, InvalidError for a plan that read nothing."""
    if plan.refresh == "none":
        raise InvalidError(
            "a plan made with --refresh none cannot be applied: it never saw the live state",
            hint="plan again, with access to the API",
        )
    if blocks_apply(plan):
        failed = [f"{check.address}: {check.message}" for check in plan.checks if check.status == "fail"]
        limits = [f"{breach.message} (override: {breach.override})" for breach in plan.breaches]
        raise BlockedError("nothing was written: " + "; ".join((*limits, *failed)))


def require_fitting(saved: codec.SavedPlan, workspace: Workspace, store: Store, runtime: Runtime, *, resume: bool) -> None:
    """Whether a saved plan still belongs to these manifests, this target and this state. Raises StaleError for what has
    moved, InvalidError for a plan that these manifests never made."""
    plan, project = saved.plan, workspace.project
    used_by = store.plan_used_by(saved.plan_id or saved.digest)
    reasons = [
        _differs("project", plan.project, project.name),
        _differs("environment", plan.environment, project.environment),
        _differs("target", plan.base_url, runtime.base_url(project)),
        _differs("manifests", plan.manifest_digest, workspace.loaded.digest),
        _differs("major version", plan.tool_version.partition(".")[0], __version__.partition(".")[0]),
        "" if used_by is not None else state_moved(plan.state, store.mark),
    ]
    if runtime.clock.now() > saved.expires_at:
        reasons.append(f"it expired at {to_iso(saved.expires_at)}")
    moved = [reason for reason in reasons if reason]
    if moved:
        raise StaleError(f"the saved plan no longer fits: {'; '.join(moved)}; nothing was written", hint="plan again")
    if used_by is not None and not resume:
        raise StaleError(
            f"the saved plan was already applied by run {used_by}; nothing was written",
            hint="plan again, or continue an interrupted apply with --resume",
        )
    _require_made_by_manifests(plan, workspace)


def _differs(what: str, planned: object, actual: object) -> str:
    return f"{what} was {planned}, is {actual}" if planned != actual else ""


def _require_made_by_manifests(plan: Plan, workspace: Workspace) -> None:
    """A digest proves that a file is whole, not who wrote it: what a plan sends must follow from the manifests."""
    desired = workspace.assets_at([change.address for change in plan.writes])
    declared = {report.address: report for report in workspace.desired.reports}
    for change in plan.changes:
        if change.action in (Action.CREATE, Action.UPDATE):
            asset = desired.get(change.address)
            if asset is None or change.payload is None or not _makes(asset, change.payload):
                raise _forged(change)
        elif change.action is Action.RUN:
            report = declared.get(change.address)
            scope = {"assetList", "tagList"} if report and (report.asset_query or report.tag_query) else set()
            planned = {key: value for key, value in (change.payload or {}).items() if key not in scope}
            if report is None or planned != {key: value for key, value in report.request.items() if key not in scope}:
                raise _forged(change)


def _makes(asset: DesiredAsset, payload: Mapping[str, Any]) -> bool:
    """Whether that is what the manifest sends, on create or, where fields are ignored later, on update."""
    sent = canonical_bytes(payload)
    return any(is_written(import_entry(asset, on_update=update), sent) for update in {False, bool(asset.ignore)})


def _forged(change: Change) -> InvalidError:
    return InvalidError(
        f"{change.address}: the plan would send what the manifests do not say; nothing was written",
        hint="the plan file was altered after it was made; plan again",
    )


def apply_plan(
    plan: Plan,
    workspace: Workspace,
    store: Store,
    runtime: Runtime,
    options: ApplyOptions,
    *,
    saved: codec.SavedPlan | None = None,
) -> ApplyResult:
    """Carries the plan out. The caller has checked that it may be. Raises what `apply.execute` raises."""
    calls, watch = CallLog(runtime.clock), runtime.observer

    def observe(event: CallRecord | Waiting) -> None:
        calls(event)
        watch(event)

    assets = workspace.assets_at([change.address for change in plan.changes])
    project = workspace.project
    runtime = replace(runtime, clock=WakefulClock(options.stop.wait), stopped=lambda: bool(options.stop), observer=observe)
    with runtime.writer(project) as writer:
        return execute(
            ApplyRequest(
                plan=plan,
                plan_digest=codec.digest(plan) if saved is None else saved.digest,
                desired={change.address: assets[change.address] for change in plan.changes if change.address in assets},
                reports={change.address: _report_of(change) for change in plan.writes if change.action is Action.RUN},
                moved=project.moved,
                store=store,
                writer=writer,
                clock=runtime.clock,
                new_id=lambda: str(uuid.uuid4()),
                run=run_info(project.root),
                batch_size=project.batch_size,
                page_size=project.page_size,
                parallelism=options.parallelism,
                saved=saved is not None,
                plan_id=saved.plan_id if saved is not None else "",
                planned_at=saved.created_at if saved is not None else None,
                expected=plan.state,
                resume=options.resume,
                wait=options.wait,
                lock_timeout=options.lock_timeout,
                stop=options.stop,
                calls=calls,
                on_progress=options.on_progress,
            )
        )


def needs_apply(plan: Plan, workspace: Workspace, store: Store) -> bool:
    """Whether there is anything to carry out: a change, or a move that the state has to follow."""
    moved = workspace.project.moved
    return plan.has_changes or bool(moved and due_moves(moved, store.resources()))


def _report_of(change: Change) -> DesiredReport:
    return DesiredReport(
        change.address, request=change.payload or {}, scope=change.scope, depends_on=change.depends_on, position=change.source
    )


def run_info(root: Path | None = None) -> RunInfo:
    """Who runs this, for the audit and the lease."""
    return RunInfo(user=_user(), host=socket.gethostname(), command="apply", commit=_commit(root) if root else None)


def _user() -> str:
    # No account for this uid, as in many containers: then the audit says so.
    with suppress(KeyError, OSError):
        return getpass.getuser()
    return "unknown"


def _commit(root: Path) -> str | None:
    """The Git commit the manifests are at, for the audit; None outside of a repository."""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
        return done.stdout.strip() or None
    return None
