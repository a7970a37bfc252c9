"""Explanations as text for a terminal."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator

from declarative.schema.explain import Child, Explanation

_WIDTH = 100
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def explanation_text(explanation: Explanation, *, color: bool = False) -> str:
    """Everything about one field; the field's own line first, its children last."""
    lines = [f"{_mark(explanation.path, _BOLD, color)}  {_type(explanation)}", ""]
    lines += textwrap.wrap(explanation.meaning, _WIDTH)
    facts = list(_facts(explanation))
    if facts:
        lines.append("")
        for name, value in facts:
            lines += textwrap.wrap(
                value, _WIDTH, initial_indent=f"{name:<12}", subsequent_indent=" " * 12, break_long_words=False
            )
    if explanation.children:
        lines += ["", _mark("Fields", _BOLD, color), *_table(explanation.children, color)]
    return "\n".join(lines)


def kinds_text(kinds: Iterable[Explanation], *, color: bool = False) -> str:
    """The kinds, a line each."""
    rows = [Child(kind.path, "", kind.meaning) for kind in kinds]
    return "\n".join([*_table(rows, color), "", "More with: declarative explain KIND[.field.path]"])


def _type(explanation: Explanation) -> str:
    words = [explanation.type]
    if explanation.required:
        words.append("required")
    if explanation.nullable:
        words.append("may be null")
    return ", ".join(words)


def _facts(explanation: Explanation) -> Iterator[tuple[str, str]]:
    if explanation.values:
        yield "Values", ", ".join(explanation.values)
    if explanation.default is not None:
        yield "Default", _shown(explanation.default)
    for constraint in explanation.constraints:
        yield "Must be", constraint.removeprefix("expected ")
    for example in explanation.examples[:4]:
        yield "Example", _shown(example)
    comparison = explanation.comparison
    if comparison is not None:
        yield "Compared", comparison.how + "."
        yield "Readable", comparison.readable + "."
        if comparison.response:
            yield "In search", ", ".join(comparison.response)
        if comparison.note:
            yield "Note", comparison.note
        if comparison.source:
            yield "Source", comparison.source


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _table(rows: Iterable[Child], color: bool) -> Iterator[str]:
    listed = list(rows)
    longest = max((len(_name(row)) for row in listed), default=0)
    width = min(longest, 44)
    for row in listed:
        name = _name(row)
        text = f"{row.type}. {row.meaning}" if row.type else row.meaning
        head = "  " + _mark(name, _BOLD, color) + " " * (width - len(name)) + "  "
        wrapped = textwrap.wrap(text, max(40, _WIDTH - width - 4))
        yield head + (wrapped[0] if wrapped else "")
        yield from (" " * (width + 4) + rest for rest in wrapped[1:])


def _name(row: Child) -> str:
    return row.name + (" *" if row.required else "")


def _mark(text: str, code: str, color: bool) -> str:
    return f"{code}{text}{_PLAIN}" if color else text
