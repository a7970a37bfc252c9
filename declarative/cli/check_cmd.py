"""`declarative check`: evaluate expectations."""

from __future__ import annotations

import click

from declarative.cli.options import Settings, global_options, narrowing_options, output_options
from declarative.core.exits import ExitCode

FORMATS = ("text", "json", "junit", "sarif")


@click.command("check")
@narrowing_options
@output_options(*FORMATS)
@global_options
def command(
    settings: Settings,
    targets: tuple[str, ...],
    excludes: tuple[str, ...],
    selectors: tuple[str, ...],
    outputs: tuple[str, ...],
    json_output: bool,
) -> ExitCode:
    """Evaluate the `expect` of the project's queries. A failed error ends with 5; a warning only shows."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import runtime_for, workspace_for
    from declarative.cli.views import json_view
    from declarative.engine.narrow import Narrowing
    from declarative.engine.planning import judge_checks
    from declarative.engine.querying import dates_of
    from declarative.engine.verdict import exit_code
    from declarative.kinds.report import QUERY_KINDS
    from declarative.render.checks_text import checks_json, checks_text
    from declarative.render.reports import render_checks

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir)
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    workspace.require_valid()
    narrowing = Narrowing.parse(targets, excludes, selectors)
    labels = workspace.labels
    narrowing.require_known(labels)

    def in_scope(address: str) -> bool:
        return address.partition("/")[0] in QUERY_KINDS and narrowing(address, labels.get(address, {}))

    with runtime.reader(workspace.project) as reader:
        checks = judge_checks(reader, workspace.desired, runtime, in_scope)
    for told in dates_of(workspace.desired, in_scope):
        settings.console.note(f"date: {told}")
    emit(
        settings.console,
        views,
        {
            "text": lambda color: checks_text(checks, color=color) if checks else "No query of the project expects anything.",
            "json": lambda _: json_view(checks_json(checks)),
            "junit": lambda _: render_checks("junit", checks),
            "sarif": lambda _: render_checks("sarif", checks),
        },
    )
    return exit_code(checks=checks)
