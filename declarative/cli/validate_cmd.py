"""`declarative validate`: check manifests offline."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli.options import Settings, global_options, output_options
from declarative.cli.output import emit, parse_outputs
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.manifest.verdict import Verdict

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")


@click.command("validate")
@click.option("--max-errors", type=click.IntRange(min=1), metavar="N", help="Show at most N; says how many were hidden.")
@output_options(*FORMATS)
@global_options
def command(settings: Settings, max_errors: int | None, outputs: tuple[str, ...], json_output: bool) -> ExitCode:
    """Check the project's manifests: syntax, schema, references, values. Needs no network and no secret."""
    from declarative import __version__
    from declarative.cli.source_lines import SourceLines
    from declarative.engine.verdict import exit_code

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir)
    root, verdict = _verdict(settings)
    found, files, manifests = verdict.diagnostics, verdict.files, verdict.manifests
    lines = SourceLines(root)
    checked = f"{manifests} manifest{'s' * (manifests != 1)} in {len(files)} file{'s' * (len(files) != 1)}"

    def view(name: str, color: bool) -> str:
        if name == "text" and not found:
            return f"{checked}: valid"
        from declarative.render.reports import render_diagnostics

        return render_diagnostics(
            name, found, tool_version=__version__, files=files, color=color, max_errors=max_errors, read_line=lines.get
        )

    emit(settings.console, views, {name: partial(view, name) for name in FORMATS})
    if views.is_text and found:
        settings.console.note(checked)
    return exit_code(diagnostics=found)


def _verdict(settings: Settings) -> tuple[Path, Verdict]:
    """What there is to say about the project, from memory where nothing has changed, and the folder that files are told from.
    Raises InvalidError where there is no project."""
    from declarative.core.clock import SystemClock
    from declarative.core.diagnostics import ordered
    from declarative.core.errors import InvalidError
    from declarative.manifest.verdict import Verdict, recall
    from declarative.manifest.walk import find_project

    root = find_project(settings.chdir)
    known = recall(root, settings.environment, settings.variables, os.environ, SystemClock().now())
    if known is not None:
        return root, known

    from declarative.cli.session import runtime_for, workspace_for
    from declarative.engine.expanding import with_rows
    from declarative.engine.workspace import remember_verdict

    runtime = runtime_for(settings)
    try:
        workspace = with_rows(workspace_for(settings, runtime), now=runtime.clock.now(), connect=False)
    except InvalidError as error:
        if not error.diagnostics:
            raise
        return settings.chdir, Verdict(ordered(error.diagnostics), (), 0)
    remember_verdict(workspace, settings.variables, runtime.environ, runtime.clock.now())
    return root, Verdict(workspace.diagnostics, workspace.loaded.files, len(workspace.loaded.manifests))
