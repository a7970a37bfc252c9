"""`declarative drift`: live against applied."""

from __future__ import annotations

import click

from declarative.cli.options import Settings, global_options, narrowing_options, output_options
from declarative.cli.plan_views import DETAILS, PLAN_FORMATS, plan_views
from declarative.core.exits import ExitCode


@click.command("drift")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something drifted.")
@click.option("--all", "list_all", is_flag=True, help="List unchanged objects too.")
@click.option("--detail", type=click.Choice(DETAILS), default="fields", show_default=True, help="How much to show.")
@click.option("--max-wait", type=click.FloatRange(min=0), default=900.0, metavar="SECONDS", help="Bound on all waiting.")
@narrowing_options
@output_options(*PLAN_FORMATS)
@global_options
def command(
    settings: Settings,
    targets: tuple[str, ...],
    excludes: tuple[str, ...],
    selectors: tuple[str, ...],
    detailed_exitcode: bool,
    list_all: bool,
    detail: str,
    max_wait: float,
    outputs: tuple[str, ...],
    json_output: bool,
) -> ExitCode:
    """Compare the live inventory with what this project last applied. Asks no manifest, writes nothing; for a schedule."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.engine.drifting import find_drift
    from declarative.engine.narrow import Narrowing
    from declarative.engine.verdict import exit_code
    from declarative.plan.codec import digest

    views = parse_outputs(outputs, json=json_output, formats=PLAN_FORMATS, base=settings.chdir)
    runtime = runtime_for(settings, max_wait=max_wait)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime) as store:
        narrowing = Narrowing.parse(targets, excludes, selectors)
        plan = find_drift(workspace, narrowing, runtime, store, list_all=list_all)
    emit(settings.console, views, plan_views(plan, digest=digest(plan), detail=detail, list_all=list_all, title="Drift"))
    return exit_code(plan=plan, detailed=detailed_exitcode)
