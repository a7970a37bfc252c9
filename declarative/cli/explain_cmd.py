"""`declarative explain KIND[.field.path]`."""

from __future__ import annotations

import click

from declarative.cli.options import Settings, global_options
from declarative.core.exits import ExitCode


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from declarative.schema.explain import complete_path

    return list(complete_path(incomplete))


@click.command("explain")
@click.argument("path", required=False, metavar="KIND[.field.path]", shell_complete=_complete)
@global_options
def command(settings: Settings, path: str | None) -> ExitCode:
    """Say what a field means: type, default, example, how it is compared, whether the API shows it. Alone: the kinds."""
    from declarative.schema.explain import explain, explain_kinds
    from declarative.schema.explain_text import explanation_text, kinds_text

    color = settings.console.color_out
    if path is None:
        settings.console.out(kinds_text(explain_kinds(), color=color))
    else:
        settings.console.out(explanation_text(explain(path), color=color))
    return ExitCode.OK
