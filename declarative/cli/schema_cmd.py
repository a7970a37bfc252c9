"""`declarative schema`: the JSON Schemas, for editors and other tools."""

from __future__ import annotations

import json
from pathlib import Path

import click

from declarative.cli.options import Settings, global_options
from declarative.core.exits import ExitCode


@click.command("schema")
@click.argument("kind", required=False)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write every schema to DIR.")
@global_options
def command(settings: Settings, kind: str | None, out: Path | None) -> ExitCode:
    """Print the schema of KIND, or write all of them with --out. Without either: list the kinds."""
    import difflib

    from declarative.core.errors import UsageError
    from declarative.schema.registry import kinds, schema_for
    from declarative.schema.scaffold import export

    console = settings.console
    if out is not None:
        for path in export(settings.chdir / out):
            console.note(f"wrote {path}")
        return ExitCode.OK
    if kind is None:
        console.out("\n".join(kinds()))
        return ExitCode.OK
    known = {name.lower(): name for name in kinds()}
    if kind.lower() not in known:
        close = difflib.get_close_matches(kind.lower(), known, n=1)
        raise UsageError(
            f"unknown kind '{kind}'", hint=f"did you mean '{known[close[0]]}'?" if close else f"one of: {', '.join(kinds())}"
        )
    console.out(json.dumps(schema_for(known[kind.lower()]), indent=2, ensure_ascii=False))
    return ExitCode.OK
