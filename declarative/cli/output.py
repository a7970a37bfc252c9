"""`-o FORMAT[=PATH]`: one run, many views. A format alone takes stdout, which then carries only that."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from declarative.cli.console import Console
from declarative.core.errors import UsageError
from declarative.core.files import write_atomic

Renderer = Callable[[bool], str]
"""Gets whether to colour, gives the text."""


class Outputs(Struct, frozen=True):
    """`stdout` is the format standard output carries; `files` the other views."""

    stdout: str
    files: tuple[tuple[str, Path], ...] = ()

    @property
    def is_text(self) -> bool:
        return self.stdout == "text"


def parse_outputs(specs: Sequence[str], *, json: bool, formats: Sequence[str], base: Path, default: str = "text") -> Outputs:
    """Paths are relative to `base`, the folder of -C. Raises UsageError for an unknown format, or two formats for stdout."""
    on_stdout: list[str] = ["json"] if json else []
    files = []
    for spec in specs:
        name, equals, path = spec.partition("=")
        if name not in formats:
            close = difflib.get_close_matches(name, formats, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"one of: {', '.join(formats)}"
            raise UsageError(f"unknown output format '{name}'", hint=hint)
        if equals and not path:
            raise UsageError(f"-o {spec}: a path is missing after '='")
        if equals and path != "-":
            files.append((name, base / path))
        elif name not in on_stdout:
            on_stdout.append(name)
    if len(on_stdout) > 1:
        raise UsageError(
            f"only one format can go to stdout, not {' and '.join(on_stdout)}", hint="give the others a path: -o FORMAT=PATH"
        )
    return Outputs(on_stdout[0] if on_stdout else default, tuple(files))


def emit(console: Console, outputs: Outputs, renderers: Mapping[str, Renderer]) -> None:
    """Writes every view asked for; files atomically, and redacted like the streams."""
    console.out(renderers[outputs.stdout](console.color_out))
    for name, path in outputs.files:
        text = console.redact(renderers[name](False))
        try:
            write_atomic(path, text if text.endswith("\n") else text + "\n")
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
