"""`declarative apply [PLAN]`: make it so."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from declarative.cli.limits import limit_options
from declarative.cli.options import Settings, global_options, narrowing_options, output_options
from declarative.core.errors import StaleError, StateMovedError, UsageError
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.apply import StopFlag
    from declarative.cli.output import Outputs
    from declarative.engine.applying import ApplyOptions
    from declarative.engine.planning import PlanRequest
    from declarative.engine.runtime import Runtime
    from declarative.engine.workspace import Workspace
    from declarative.plan.codec import SavedPlan
    from declarative.plan.guard import Overrides
    from declarative.plan.model import ApplyResult, Plan
    from declarative.state.model import Store

FORMATS = ("text", "json")
DEFAULT_WAIT = "10m"
_REPLANS = 3


@click.command("apply")
@click.argument("plan_file", required=False, metavar="[PLAN]")
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option(
    "--wait", is_flag=False, flag_value=DEFAULT_WAIT, metavar="[=TIMEOUT]", help=f"Wait until it has arrived ({DEFAULT_WAIT})."
)
@click.option("--resume", is_flag=True, help="Continue an interrupted apply of the same plan.")
@click.option("--expect-digest", metavar="sha256:...", help="Apply only the plan with this digest.")
@click.option("--lock-timeout", default="30s", show_default=True, metavar="DURATION", help="Wait for another apply's lease.")
@click.option("--parallelism", type=click.IntRange(1, 16), default=2, show_default=True, help="Calls at once.")
@click.option("--max-wait", type=click.FloatRange(min=0), default=900.0, metavar="SECONDS", help="Bound on all waiting.")
@click.option("--resend-overridden", is_flag=True, help="Send fields again that another source overrules.")
@limit_options
@narrowing_options
@output_options(*FORMATS)
@global_options
def command(
    settings: Settings,
    plan_file: str | None,
    overrides: Overrides,
    targets: tuple[str, ...],
    excludes: tuple[str, ...],
    selectors: tuple[str, ...],
    auto_approve: bool,
    wait: str | None,
    resume: bool,
    expect_digest: str | None,
    lock_timeout: str,
    parallelism: int,
    max_wait: float,
    resend_overridden: bool,
    outputs: tuple[str, ...],
    json_output: bool,
) -> ExitCode:
    """Apply a saved PLAN, or plan, ask, and apply. Writes only what the plan shows."""
    from declarative.apply import StopFlag
    from declarative.cli.output import parse_outputs
    from declarative.cli.progress import ProgressLine
    from declarative.cli.session import planning, runtime_for
    from declarative.core.durations import parse_duration
    from declarative.engine.applying import ApplyOptions
    from declarative.engine.narrow import Narrowing
    from declarative.engine.planning import PlanRequest

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir)
    narrowing = Narrowing.parse(targets, excludes, selectors)
    if plan_file is not None and (narrowing or any((resend_overridden, overrides.given))):
        raise UsageError("a saved plan is applied as it is; narrowing and limits belong to 'plan --out'")
    runtime = runtime_for(settings, max_wait=max_wait)
    stop, progress = StopFlag(), ProgressLine(settings.console)
    options = ApplyOptions(
        parallelism=parallelism,
        wait=None if wait is None else parse_duration(wait),
        lock_timeout=parse_duration(lock_timeout).total_seconds(),
        resume=resume,
        stop=stop,
        on_progress=progress,
    )
    result: ApplyResult | None
    with planning(settings, runtime, look_at_all=False) as (workspace, store), progress:
        job = _Job(settings, workspace, store, runtime, options, expect_digest)
        if plan_file is not None:
            plan, result = _apply_saved(job, plan_file)
        else:
            request = PlanRequest(narrowing=narrowing, overrides=overrides, resend_overridden=resend_overridden)
            plan, result = _apply_now(job, request, approved=auto_approve or expect_digest is not None)
    return _finish(settings, views, plan, result)


class _Job(Struct, frozen=True):
    """What every way to apply works on. `expect_digest`: of the plan that was approved, where one was."""

    settings: Settings
    workspace: Workspace
    store: Store
    runtime: Runtime
    options: ApplyOptions
    expect_digest: str | None

    def carry_out(self, plan: Plan, saved: SavedPlan | None = None) -> ApplyResult:
        from declarative.engine.applying import apply_plan

        with graceful(self.settings, self.options.stop):
            return apply_plan(plan, self.workspace, self.store, self.runtime, self.options, saved=saved)


def _apply_saved(job: _Job, plan_file: str) -> tuple[Plan, ApplyResult]:
    from declarative.cli.show_cmd import read_plan
    from declarative.engine import applying
    from declarative.plan.codec import as_approved

    saved = read_plan(plan_file, job.settings.chdir)
    if job.expect_digest is not None:
        applying.require_digest(saved.digest, job.expect_digest)
        saved = replace(saved, plan=as_approved(saved.plan))
    applying.require_applicable(saved.plan)
    applying.require_fitting(saved, job.workspace, job.store, job.runtime, resume=job.options.resume)
    return saved.plan, job.carry_out(saved.plan, saved)


def _apply_now(job: _Job, request: PlanRequest, *, approved: bool) -> tuple[Plan, ApplyResult | None]:
    interactive = not job.settings.no_input and sys.stdin.isatty()
    if not approved and not interactive:
        raise UsageError("approval is needed and there is no terminal to ask on", hint="give --auto-approve, or a saved plan")
    if approved:
        for _ in range(_REPLANS):
            try:
                return _plan_and_apply(job, request, approved=approved)
            except StateMovedError as error:
                # Another apply came first, while this one waited for the lease. Nobody approved this very plan by eye.
                job.settings.console.note(f"{error.message}; planning again")
    return _plan_and_apply(job, request, approved=approved)


def _plan_and_apply(job: _Job, request: PlanRequest, *, approved: bool) -> tuple[Plan, ApplyResult | None]:
    from declarative.engine import applying
    from declarative.engine.planning import make_plan
    from declarative.plan.codec import digest
    from declarative.render.plan_text import plan_text

    console = job.settings.console
    plan = make_plan(job.workspace, request, job.runtime, job.store)
    planned = digest(plan)
    if job.expect_digest is not None:
        try:
            applying.require_digest(planned, job.expect_digest)
        except StaleError:
            console.err(plan_text(plan, color=console.color_err, digest=planned))
            raise
    if not console.quiet or not approved:
        console.err(plan_text(plan, color=console.color_err, digest=planned))
    applying.require_applicable(plan)
    if not applying.needs_apply(plan, job.workspace, job.store):
        return plan, None
    # A move alone sends nothing, so there is nothing to approve.
    if plan.has_changes and not approved and not _asked(job.settings):
        return plan, None
    return plan, job.carry_out(plan)


def _asked(settings: Settings) -> bool:
    settings.console.err("Apply this plan? Only 'yes' is accepted: ", end="")
    answer = sys.stdin.readline().strip()
    if answer != "yes":
        settings.console.err("Nothing was written.")
    return answer == "yes"


def _finish(settings: Settings, views: Outputs, plan: Plan, result: ApplyResult | None) -> ExitCode:
    from declarative.cli.output import emit
    from declarative.cli.views import json_view
    from declarative.engine.verdict import exit_code
    from declarative.plan import codec
    from declarative.plan.model import ApplyResult
    from declarative.render.result_text import result_json, result_text

    shown = result or ApplyResult(plan.project, plan.environment, plan.base_url, codec.digest(plan), run_id="", results=())
    emit(
        settings.console,
        views,
        {
            "text": lambda color: result_text(shown, color=color) if result else "Nothing to apply.",
            "json": lambda _: json_view(result_json(shown)),
        },
    )
    return exit_code(plan=plan, result=shown)


@contextmanager
def graceful(settings: Settings, stop: StopFlag) -> Iterator[None]:
    """Ctrl-C or SIGTERM once: finish what is in flight, record, exit 130. Twice: stop at once, still safe: it is what a
    kill does, and the journal is made for that."""

    def on_signal(_signum: int, _frame: FrameType | None) -> None:
        if stop:
            settings.console.urgent("stopped at once; what was in flight is settled by the next apply, or by --resume")
            os._exit(int(ExitCode.INTERRUPTED))
        stop.set()
        settings.console.urgent("stopping: what is in flight is finished and recorded; once more stops at once")

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
