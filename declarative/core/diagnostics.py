"""Diagnostics are values: what is wrong, where, why, and what to do next.

Exceptions are for stopping; a check that finds something wrong returns diagnostics, so that one run can report
everything it found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text file. Lines and columns count from 1; columns count characters, not bytes.

    `file` is relative to the project root, with forward slashes on every platform, or `-` for standard input.
    """

    file: str
    line: int = 1
    column: int = 1
    end_line: int | None = None
    end_column: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `rule` is a stable id such as `schema/type` or `reference/unknown-connector`; `pointer` a JSON pointer into the
    document; `excerpt` the source line at `position`, for a caret; `hint` what to do next, did-you-mean included.
    """

    severity: Severity
    rule: str
    message: str
    position: Position | None = None
    pointer: str = ""
    address: str | None = None
    hint: str | None = None
    excerpt: str | None = None

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def sort_key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    """Stable order for output: by place, then rule, then text."""
    at = diagnostic.position or Position(file="", line=0, column=0)
    return (at.file, at.line, at.column, diagnostic.rule, diagnostic.message)


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(dict.fromkeys(diagnostics), key=sort_key))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(diagnostic.is_error for diagnostic in diagnostics)
