"""`declarative render`: the manifests as the plan sees them."""

from __future__ import annotations

import click

from declarative.cli.options import Settings, global_options
from declarative.core.exits import ExitCode


@click.command("render")
@global_options
def command(settings: Settings) -> ExitCode:
    """Show every manifest with variables and overlays resolved, and where each such value came from."""
    from declarative.cli.session import runtime_for, workspace_for
    from declarative.engine.verdict import exit_code
    from declarative.manifest.rendered import rendered
    from declarative.render.diagnostics import diagnostics_text

    console = settings.console
    workspace = workspace_for(settings, runtime_for(settings))
    console.out(rendered(workspace.loaded))
    if workspace.diagnostics:
        console.err(diagnostics_text(workspace.diagnostics, color=console.color_err))
    return exit_code(diagnostics=workspace.diagnostics)
