"""`declarative plan`: what would change, and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from msgspec.structs import replace

from declarative.cli.limits import limit_options
from declarative.cli.options import Settings, global_options, narrowing_options, output_options
from declarative.cli.plan_views import DETAILS, PLAN_FORMATS, plan_views
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.plan.guard import Overrides
    from declarative.plan.model import Plan


@click.command("plan")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Save the plan for apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@click.option("--all", "list_all", is_flag=True, help="List unchanged objects too.")
@click.option("--detail", type=click.Choice(DETAILS), default="fields", show_default=True, help="How much to show.")
@click.option("--refresh", type=click.Choice(["auto", "full", "none"]), default="auto", show_default=True, help="How to read.")
@click.option("--offline", is_flag=True, help="Short for --refresh none: no network, no secret; cannot be applied.")
@click.option("--changed-since", metavar="REF", help="Only what the manifests say differently since a Git commit.")
@click.option("--resend-overridden", is_flag=True, help="Send fields again that another source overrules.")
@click.option("--max-wait", type=click.FloatRange(min=0), default=900.0, metavar="SECONDS", help="Bound on all waiting.")
@limit_options
@narrowing_options
@output_options(*PLAN_FORMATS)
@global_options
def command(
    settings: Settings,
    overrides: Overrides,
    targets: tuple[str, ...],
    excludes: tuple[str, ...],
    selectors: tuple[str, ...],
    out: Path | None,
    detailed_exitcode: bool,
    list_all: bool,
    detail: str,
    refresh: Literal["auto", "full", "none"],
    offline: bool,
    changed_since: str | None,
    resend_overridden: bool,
    max_wait: float,
    outputs: tuple[str, ...],
    json_output: bool,
) -> ExitCode:
    """Compare the manifests with the live inventory, and show what apply would do."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import narrowed_to_changes, planning, runtime_for
    from declarative.engine.narrow import Narrowing
    from declarative.engine.planning import PlanRequest, make_plan
    from declarative.engine.verdict import exit_code
    from declarative.plan import codec

    views = parse_outputs(outputs, json=json_output, formats=PLAN_FORMATS, base=settings.chdir)
    request = PlanRequest(
        narrowing=Narrowing.parse(targets, excludes, selectors),
        refresh="none" if offline else refresh,
        overrides=overrides,
        resend_overridden=resend_overridden,
        list_unchanged=list_all,
    )
    runtime = runtime_for(settings, max_wait=max_wait)
    look_at_all = list_all or changed_since is not None or request.refresh == "none"
    with planning(settings, runtime, look_at_all=look_at_all) as (workspace, store):
        if changed_since is not None:
            narrowing = narrowed_to_changes(settings, runtime, workspace, request.narrowing, changed_since)
            request = replace(request, narrowing=narrowing)
        plan = make_plan(workspace, request, runtime, store)
    digest = codec.digest(plan)
    if out is not None:
        _save(settings, plan, digest, settings.chdir / out, runtime.clock.now(), workspace.project.plan_expiry)
    emit(settings.console, views, plan_views(plan, digest=digest, detail=detail, list_all=list_all))
    return exit_code(plan=plan, detailed=detailed_exitcode)


def _save(settings: Settings, plan: Plan, digest: str, path: Path, now: datetime, expiry: timedelta) -> None:
    from declarative.core.errors import UsageError
    from declarative.core.files import write_atomic
    from declarative.plan import codec

    if plan.refresh == "none":
        raise UsageError(
            "--out with --refresh none: such a plan cannot be applied", hint="leave out --out, or read the live state"
        )
    try:
        write_atomic(path, codec.saved(plan, created_at=now, expires_at=now + expiry, known=digest), mode=0o600)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    settings.console.note(f"saved the plan to {path} ({digest})")
