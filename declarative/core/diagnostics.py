"""Diagnostics are values: what is wrong, where, why, and what to do next.

Exceptions are for stopping; a check that finds something wrong returns diagnostics, so that one run can report
everything it found.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import force_setattr

from declarative.core.quoting import LONGEST_MESSAGE, shown

MOST_FINDINGS = 1_000
"""At most so many findings of one room are listed for one document: whoever has more has made one mistake many times, or
written no manifest. `more_findings` says what is left out."""

MORE_FINDINGS = "manifest/more-findings"
CORRECT_THESE = "correct the ones that are listed first"
"""The hint of what stands for the others."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Position(NamedTuple):
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


class Diagnostic(Struct, frozen=True):
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

    def __post_init__(self) -> None:
        # Whoever forgets to shorten what a message quotes would have a thousand findings quote a megabyte each.
        if len(self.message) > LONGEST_MESSAGE:
            force_setattr(self, "message", shown(self.message, LONGEST_MESSAGE))
        if self.hint is not None and len(self.hint) > LONGEST_MESSAGE:
            force_setattr(self, "hint", shown(self.hint, LONGEST_MESSAGE))

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def sort_key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    """Stable order for output: by place, then rule, then text."""
    at = diagnostic.position
    if at is None:
        return ("", 0, 0, diagnostic.rule, diagnostic.message)
    return (at.file, at.line, at.column, diagnostic.rule, diagnostic.message)


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each diagnostic once, in stable order."""
    kept: list[Diagnostic] = []
    alike: list[Diagnostic] = []
    last: tuple[str, int, int, str, str] | None = None
    # Equal ones have equal keys: comparing neighbours costs a fraction of hashing them all.
    for key, diagnostic in sorted(((sort_key(one), one) for one in diagnostics), key=lambda pair: pair[0]):
        if key != last:
            last, alike = key, [diagnostic]
        elif diagnostic in alike:
            continue
        else:
            alike.append(diagnostic)
        kept.append(diagnostic)
    return tuple(kept)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(diagnostic.is_error for diagnostic in diagnostics)


def more_findings(hidden: int | None = None, *, of: str = "document") -> str:
    """The message of what stands for the findings that are not listed; None: nobody counted them."""
    what = "more than that were found" if hidden is None else f"{hidden:,} more were found"
    return f"{MOST_FINDINGS:,} findings of this {of} are listed; {what}{' from here on' if of == 'document' and hidden else ''}"
