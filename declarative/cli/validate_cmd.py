"""`declarative validate`: check manifests offline."""

from __future__ import annotations

from functools import partial

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
    from declarative import __version__
    from declarative.cli.session import runtime_for, workspace_for
    from declarative.cli.source_lines import SourceLines
    from declarative.core.diagnostics import Diagnostic, ordered
    from declarative.core.errors import InvalidError
    from declarative.engine.verdict import exit_code
    from declarative.render.reports import render_diagnostics

    views = parse_outputs(outputs, json=json_output, formats=FORMATS)
    runtime = runtime_for(settings)
    files: tuple[str, ...] = ()
    manifests = 0
    lines = SourceLines(settings.chdir)
    found: tuple[Diagnostic, ...]
    try:
        workspace = workspace_for(settings, runtime)
        found = workspace.diagnostics
        files, manifests = workspace.loaded.files, len(workspace.loaded.manifests)
        lines = SourceLines(workspace.project.root)
    except InvalidError as error:
        if not error.diagnostics:
            raise
        found = ordered(error.diagnostics)
    checked = f"{manifests} manifest{'s' * (manifests != 1)} in {len(files)} file{'s' * (len(files) != 1)}"

    def view(name: str, color: bool) -> str:
        if name == "text" and not found:
            return f"{checked}: valid"
        return render_diagnostics(
            name, found, tool_version=__version__, files=files, color=color, max_errors=max_errors, read_line=lines.get
        )

    emit(settings.console, views, {name: partial(view, name) for name in FORMATS})
    if views.is_text and found:
        settings.console.note(checked)
    return exit_code(diagnostics=found)
