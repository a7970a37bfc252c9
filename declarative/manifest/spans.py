"""Where something stands in a file, and what to say about it."""

from __future__ import annotations

from typing import NamedTuple

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.manifest.scalars import Refusal
from declarative.manifest.sources import RawDocument


class Span(NamedTuple):
    """Where something stands: lines and columns from 1, in the file."""

    line: int
    column: int
    end_line: int
    end_column: int

    def position(self, file: str) -> Position:
        return Position(file, self.line, self.column, self.end_line, self.end_column)


def refused(document: RawDocument, span: Span, refusal: Refusal) -> Diagnostic:
    """The diagnostic of something refused at a place of a document."""
    return Diagnostic(
        Severity.ERROR,
        refusal.rule,
        refusal.message,
        span.position(document.file),
        hint=refusal.hint,
        excerpt=document.excerpt(span.line),
    )
