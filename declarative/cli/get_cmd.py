"""`declarative get ID`: one asset."""

from __future__ import annotations

import click

from declarative.cli.options import Settings, global_options, output_options
from declarative.core.exits import ExitCode

FORMATS = ("text", "json", "yaml")


@click.command("get")
@click.argument("asset_id", type=click.IntRange(min=1), metavar="ID")
@click.option("--all", "list_all", is_flag=True, help="Every item of long lists.")
@click.option("--raw", is_flag=True, help="The record as the API returned it, as JSON.")
@output_options(*FORMATS)
@global_options
def command(
    settings: Settings, asset_id: int, list_all: bool, raw: bool, outputs: tuple[str, ...], json_output: bool
) -> ExitCode:
    """Show one asset by its Qualys asset id. Needs no project where QUALYS_BASE_URL is set."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import reading_workspace_for, runtime_for
    from declarative.cli.views import json_view
    from declarative.core.errors import DeclarativeError
    from declarative.render.asset_view import asset_text
    from declarative.render.table import yaml_text

    views = parse_outputs(outputs, json=json_output or raw, formats=FORMATS, base=settings.chdir)
    runtime = runtime_for(settings)
    workspace = reading_workspace_for(settings, runtime)
    with runtime.reader(workspace.project) as reader:
        record = reader.get(asset_id)
    if record is None:
        raise DeclarativeError(
            f"no asset with id {asset_id} at {runtime.base_url(workspace.project)}",
            hint="the id may be wrong, the asset purged, or outside of this user's scope",
        )
    emit(
        settings.console,
        views,
        {
            "text": lambda color: asset_text(record, color=color, list_all=list_all),
            "json": lambda _: json_view(record),
            "yaml": lambda _: yaml_text(record),
        },
    )
    return ExitCode.OK
