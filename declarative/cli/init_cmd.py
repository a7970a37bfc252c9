"""`declarative init`: scaffold a project."""

from __future__ import annotations

import re
from pathlib import Path

import click

from declarative.cli.options import Settings, global_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode


@click.command("init")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
@click.option("--name", metavar="NAME", help="Name of the project; default: the folder's.")
@global_options
def command(settings: Settings, folder: Path | None, name: str | None) -> ExitCode:
    """Scaffold a project: config, one commented manifest a kind, a CI workflow. Works offline, overwrites nothing."""
    from declarative.core.files import write_atomic
    from declarative.schema.scaffold import project_files

    root = settings.chdir / (folder or Path())
    files = project_files(name or _name_for(root))
    existing = sorted(path for path in files if (root / path).exists())
    if existing:
        raise UsageError(f"{root} already holds {', '.join(existing)}; nothing was written", hint="choose an empty folder")
    for path, text in files.items():
        try:
            write_atomic(root / path, text)
        except OSError as error:
            raise UsageError(f"cannot write {root / path}: {error.strerror or error}") from error
        settings.console.note(f"wrote {root / path}")
    settings.console.note("next: edit the manifests, then run: declarative validate")
    return ExitCode.OK


def _name_for(root: Path) -> str:
    cleaned = re.sub(r"[^a-z0-9-]+", "-", root.resolve().name.lower()).strip("-")
    return cleaned or "inventory"
