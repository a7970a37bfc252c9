"""`declarative show PLAN`: a saved plan again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from declarative.cli.options import Settings, global_options, output_options
from declarative.cli.plan_views import DETAILS, PLAN_FORMATS, plan_views
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.plan.codec import SavedPlan


@click.command("show")
@click.argument("plan_file", metavar="PLAN")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@click.option("--all", "list_all", is_flag=True, help="List unchanged objects too.")
@click.option("--detail", type=click.Choice(DETAILS), default="fields", show_default=True, help="How much to show.")
@output_options(*PLAN_FORMATS)
@global_options
def command(
    settings: Settings,
    plan_file: str,
    detailed_exitcode: bool,
    list_all: bool,
    detail: str,
    outputs: tuple[str, ...],
    json_output: bool,
) -> ExitCode:
    """Show a saved plan, in any format. Reads nothing but the file; `-` is stdin."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.engine.verdict import exit_code

    views = parse_outputs(outputs, json=json_output, formats=PLAN_FORMATS, base=settings.chdir)
    saved = read_plan(plan_file, settings.chdir)
    emit(settings.console, views, plan_views(saved.plan, digest=saved.digest, detail=detail, list_all=list_all))
    return exit_code(plan=saved.plan, detailed=detailed_exitcode)


def read_plan(given: str, base: Path) -> SavedPlan:
    """Raises InvalidError for a file that is not a plan of ours, whole and untouched."""
    from declarative.core.errors import InvalidError
    from declarative.core.files import read_whole
    from declarative.plan import codec

    if given == "-":
        return codec.load(sys.stdin.buffer.read())
    path = base / given
    try:
        data = read_whole(path, codec.MAX_FILE_BYTES)
    except OSError as error:
        raise InvalidError(
            f"{path}: the plan cannot be read: {error.strerror}", hint="write one with: plan --out FILE"
        ) from error
    try:
        return codec.load(data)
    except InvalidError as error:
        raise InvalidError(f"{path}: {error.message}", hint=error.hint, diagnostics=error.diagnostics) from error
