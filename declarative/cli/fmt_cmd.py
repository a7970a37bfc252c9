"""`declarative fmt`: canonical formatting, comments kept."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from declarative.cli.options import Settings, global_options
from declarative.core.exits import ExitCode
from declarative.core.files import real_path


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[FILE|DIR|-]...")
@click.option("--check", is_flag=True, help="Change nothing; exit 3 when a file is not formatted.")
@click.option("--diff", is_flag=True, help="Show what would change; change nothing.")
@global_options
def command(settings: Settings, paths: tuple[str, ...], check: bool, diff: bool) -> ExitCode:
    """Rewrite manifests in canonical form. Without arguments: every file of the project. `-` reads stdin, writes stdout."""
    from declarative.core.diagnostics import Diagnostic, has_errors
    from declarative.core.files import write_atomic
    from declarative.manifest.format import format_text
    from declarative.render.diagnostics import diagnostics_text

    console = settings.console
    if paths == ("-",):
        formatted = format_text(sys.stdin.read(), "-")
        if has_errors(formatted.diagnostics):
            console.err(diagnostics_text(formatted.diagnostics, color=console.color_err))
            return ExitCode.INVALID
        if not check:
            console.out(formatted.text, end="")
        return ExitCode.NOT_FORMATTED if check and formatted.changed else ExitCode.OK

    problems: list[Diagnostic] = []
    unformatted = 0
    for path in _files(settings, paths):
        shown = _shown(path, settings.chdir)
        before = _read(path)
        formatted = format_text(before, shown)
        problems += formatted.diagnostics
        if has_errors(formatted.diagnostics) or not formatted.changed:
            continue
        unformatted += 1
        if diff:
            lines = difflib.unified_diff(
                before.splitlines(keepends=True), formatted.text.splitlines(keepends=True), shown, f"{shown} (formatted)"
            )
            console.out("".join(lines), end="")
        else:
            console.out(shown)
        if not check and not diff:
            write_atomic(path, formatted.text)
    if problems:
        console.err(diagnostics_text(problems, color=console.color_err))
    if has_errors(problems):
        return ExitCode.INVALID
    return ExitCode.NOT_FORMATTED if check and unformatted else ExitCode.OK


def _files(settings: Settings, paths: tuple[str, ...]) -> list[Path]:
    from declarative.core.errors import UsageError
    from declarative.manifest import find_project, project_files

    if not paths:
        return list(project_files(find_project(settings.chdir)))
    found: list[Path] = []
    for given in paths:
        path = settings.chdir / given
        if path.is_dir():
            files = (file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
            found += sorted(file for file in files if not _leads_out(file, path))
        elif not path.is_file():
            raise UsageError(f"{given}: no such file or folder")
        elif _leads_out(path, path.parent):
            raise UsageError(f"{given} leads out of the project through a link", hint="copy the file into the project")
        else:
            found.append(path)
    return found


def _leads_out(file: Path, folder: Path) -> bool:
    """What a link brings in from elsewhere is somebody else's to format: elsewhere is outside the project, where there is one."""
    from declarative.core.errors import InvalidError
    from declarative.manifest import find_project
    from declarative.manifest.walk import leads_out

    if real_path(file) == real_path(folder) / file.relative_to(folder):
        return False
    try:
        home = find_project(folder)
    except InvalidError:
        home = folder
    return leads_out(home, file)


def _read(path: Path) -> str:
    from declarative.core.errors import InvalidError

    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidError(f"{path}: not UTF-8 at byte {error.start}", hint="save the file as UTF-8") from error
    except OSError as error:
        raise InvalidError(f"{path}: cannot be read: {error.strerror}") from error


def _shown(path: Path, base: Path) -> str:
    try:
        return real_path(path).relative_to(real_path(base)).as_posix()
    except ValueError:
        return str(path)
