"""`declarative validate`: check manifests offline."""

from __future__ import annotations

import click

from declarative.cli.options import Settings, global_options, output_options
from declarative.cli.output import emit, parse_outputs
from declarative.core.exits import ExitCode

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")


@click.command("validate")
@click.option("--max-errors", type=click.IntRange(min=1), metavar="N", help="Show at most N; says how many were hidden.")
@output_options(*FORMATS)
@global_options
def command(settings: Settings, max_errors: int | None, outputs: tuple[str, ...], json_output: bool) -> ExitCode:
    """Check the project's manifests: syntax, schema, references, values. Needs no network and no secret."""
    from declarative.cli.session import runtime_for, workspace_for
    from declarative.core.diagnostics import Diagnostic, ordered
    from declarative.core.errors import InvalidError
    from declarative.engine.verdict import exit_code
    from declarative.render import diagnostics as render

    views = parse_outputs(outputs, json=json_output, formats=FORMATS)
    runtime = runtime_for(settings)
    files, manifests = 0, 0
    found: tuple[Diagnostic, ...]
    try:
        workspace = workspace_for(settings, runtime)
        found = workspace.diagnostics
        files, manifests = len(workspace.loaded.files), len(workspace.loaded.manifests)
    except InvalidError as error:
        if not error.diagnostics:
            raise
        found = ordered(error.diagnostics)
    checked = f"{manifests} manifest{'s' * (manifests != 1)} in {files} file{'s' * (files != 1)}"
    emit(
        settings.console,
        views,
        {
            "text": lambda color: render.diagnostics_text(found, color=color, max_errors=max_errors) or f"{checked}: valid",
            "json": lambda _: render.diagnostics_json(found, max_errors=max_errors),
            "sarif": lambda _: render.diagnostics_sarif(found),
            "junit": lambda _: render.diagnostics_junit(found),
            "github": lambda _: render.diagnostics_github(found),
            "gitlab": lambda _: render.diagnostics_gitlab(found),
        },
    )
    if views.is_text and found:
        settings.console.note(checked)
    return exit_code(diagnostics=found)
