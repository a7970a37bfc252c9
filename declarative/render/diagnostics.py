"""Diagnostics as text: place, severity, rule, message, the line with a caret, and a hint."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from declarative.core.diagnostics import Diagnostic, Position, Severity, ordered
from declarative.render.escape import plain
from declarative.render.style import Style, count, style_for

_EXCERPT_WIDTH = 160

ReadLine = Callable[[str, int], str | None]


def diagnostics_text(
    diags: Iterable[Diagnostic],
    *,
    color: bool = False,
    max_errors: int | None = None,
    read_line: ReadLine | None = None,
) -> str:
    """Every diagnostic, in stable order, then a summary line. Empty text for none.

    `max_errors` shows at most that many of all severities, errors first, and says how many are hidden. `read_line`
    gives line N of a file for diagnostics that carry no excerpt; it returns None where it cannot.
    """
    everything = ordered(diags)
    if not everything:
        return ""
    style = style_for(color)
    shown = limited(everything, max_errors)
    blocks = [_block(diagnostic, style, read_line) for diagnostic in shown]
    hidden = len(everything) - len(shown)
    tail = [f"{count(hidden, 'more finding')} not shown (--max-errors {max_errors})"] if hidden else []
    return "\n".join([*blocks, *tail, summary_line(everything, style)]) + "\n"


def limited(diags: Sequence[Diagnostic], max_errors: int | None) -> tuple[Diagnostic, ...]:
    """At most so many diagnostics: errors before warnings before notes, then back in the order of their places."""
    if max_errors is None or len(diags) <= max_errors:
        return tuple(diags)
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    kept = sorted(diags, key=lambda diagnostic: rank[diagnostic.severity])[: max(max_errors, 0)]
    return ordered(kept)


def summary_line(diags: Iterable[Diagnostic], style: Style) -> str:
    """`2 errors, 1 warning in 2 files`."""
    everything = list(diags)
    totals = Counter(diagnostic.severity for diagnostic in everything)
    nouns = ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note"))
    parts = [style(severity.value, count(totals[severity], noun)) for severity, noun in nouns if totals[severity]]
    files = {diagnostic.position.file for diagnostic in everything if diagnostic.position is not None}
    where = f" in {count(len(files), 'file')}" if files else ""
    return ", ".join(parts) + where


def _block(diagnostic: Diagnostic, style: Style, read_line: ReadLine | None) -> str:
    at = diagnostic.position
    place = f"{style('bold', plain(at))}: " if at is not None else ""
    label = style(diagnostic.severity.value, diagnostic.severity.value)
    lines = [f"{place}{label}: {plain(diagnostic.message)} {style('dim', '[' + plain(diagnostic.rule) + ']')}"]
    if at is not None:
        lines += _excerpt(diagnostic, at, style, read_line)
    if diagnostic.hint:
        lines.append(f"    {style('info', 'hint:')} {plain(diagnostic.hint)}")
    return "\n".join(lines)


def _excerpt(diagnostic: Diagnostic, at: Position, style: Style, read_line: ReadLine | None) -> list[str]:
    source = diagnostic.excerpt
    if source is None and read_line is not None:
        source = read_line(at.file, at.line)
    if source is None:
        return []
    source = source.rstrip("\r\n")
    start = min(max(at.column - 1, 0), len(source))
    end = len(source)
    if at.end_column is not None and at.end_line in (None, at.line):
        end = min(max(at.end_column - 1, start + 1), len(source))
    elif at.end_column is None:
        end = start + 1
    source, start, end, lead = _window(source, start, end)
    before, marked = _shown(source[:start]), _shown(source[start:end])
    text = _shown(source)
    gutter = style("dim", f"{at.line:>5} |")
    caret = " " * (_width(before) + len(lead)) + "^" * max(_width(marked), 1)
    return [f"{gutter} {lead}{text}", f"{style('dim', '      |')} {style(diagnostic.severity.value, caret)}"]


def _window(source: str, start: int, end: int) -> tuple[str, int, int, str]:
    """A part of a very long line around what is marked."""
    if len(source) <= _EXCERPT_WIDTH:
        return source, start, end, ""
    left = max(0, min(start - _EXCERPT_WIDTH // 3, len(source) - _EXCERPT_WIDTH))
    cut = source[left : left + _EXCERPT_WIDTH]
    return cut, start - left, min(end - left, len(cut)), "... " if left else ""


def _shown(text: str) -> str:
    # Each part is escaped by itself, so that the caret stays below what it marks.
    return plain(text.replace("\t", "    "))


def _width(text: str) -> int:
    """Terminal cells: wide East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    wide = sum(1 for char in text if unicodedata.east_asian_width(char) in ("W", "F"))
    return len(text) + wide - sum(1 for char in text if unicodedata.combining(char))
