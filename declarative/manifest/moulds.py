"""Documents that are built alike, read in one step.

Most documents of a kind differ in nothing but their values. A mould is what is left of one without them: an expression that cuts
another document into its values, and the JSON that is filled with those. What does not fit is read line by line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from msgspec import Struct

from declarative.manifest.quick_values import value_of
from declarative.manifest.routes import Routes, changed
from declarative.manifest.shapes import Shape

# Letters are those of ASCII here: others make an expression many times slower to compile.
_WORD = "[A-Za-z0-9_./+()@=,;%$-]"
_TEXT = rf"(?![nN](?:ull|ULL)(?:\n|\Z))[A-Za-z0-9_./+($]{_WORD}*+(?:[ :]{_WORD}++)*+"
_is_text = re.compile(_TEXT).fullmatch
_ANY = r"[^ #\n][^\n]*+"

_MOST_VALUES = 128
_LONGEST_VALUE = 160
_LONGEST_TEXT = 32 * 1024
_MOST_MOULDS = 64
_PATIENCE = 300
"""A mould takes as long to make as it saves in some hundred documents, longer for longer ones. So one is made when so
many times as much was read without: then all together cost a part of the reading, whatever is read."""


class Slot(NamedTuple):
    """A value: its line, where in the line it begins, its place in the schema. `is_text`: it stands for itself."""

    line: int
    width: int
    place: Shape
    is_text: bool


class Mould(Struct, eq=False):
    """`others`: the values that do not stand for themselves; what they mean is remembered, as JSON. `start`: how many lines the
    first one with content stands below the first of all, and its column from 0."""

    match: Callable[[str], re.Match[str] | None]
    template: str
    others: Sequence[tuple[int, Shape, dict[str, str]]]
    start: tuple[int, int]
    heads: Sequence[str]
    slots: Sequence[Slot]

    def filled(self, text: str) -> bytes | None:
        """The JSON of a text; None where it does not fit. Raises GiveUp, ScalarRefusedError."""
        match = self.match(text)
        if match is None:
            return None
        values = list(match.groups())
        for at, place, known in self.others:
            value = values[at]
            said = known.get(value)
            if said is None:
                said = orjson.dumps(value_of(value.rstrip(" "), place)).decode()
                if len(known) < _MOST_VALUES and len(value) <= _LONGEST_VALUE:
                    known[value] = said
            values[at] = said
        return (self.template % tuple(values)).encode()


class _Tried(Struct, eq=False):
    """What was made for one number of lines. `missed`: characters of documents that did not fit since. `patience`: how many times
    its own length must have been missed before a mould is made of a document."""

    mould: Mould | None = None
    missed: int = 0
    patience: int = _PATIENCE


class Moulds:
    """The latest mould for each number of lines. Where documents differ too much, new ones are made ever more seldom."""

    __slots__ = ("_tried",)

    def __init__(self) -> None:
        self._tried: dict[int, _Tried] = {}

    def fitting(self, text: str) -> Mould | None:
        """The one that a text may fit."""
        tried = self._tried.get(text.count("\n"))
        return None if tried is None else tried.mould

    def learn(self, lines: Sequence[str], start: tuple[int, int], routes: Routes) -> None:
        """From a text that fits no mould, and that the line reader has understood."""
        count = len(lines) - 1
        size = sum(map(len, lines)) + count
        tried = self._tried.get(count)
        if tried is None:
            if len(self._tried) == _MOST_MOULDS:
                return
            tried = self._tried[count] = _Tried()
        tried.missed += size
        if tried.missed >= tried.patience * size and size <= _LONGEST_TEXT:
            tried.mould = mould_of(lines, start, routes, tried.mould)
            tried.missed, tried.patience = 0, 2 * tried.patience


def mould_of(lines: Sequence[str], start: tuple[int, int], routes: Routes, older: Mould | None = None) -> Mould | None:
    """From lines that the line reader has understood; None where there are spaces behind a value. `older`: where it has the
    same heads, the new mould fits what that did."""
    tree: dict[str, Any] = {}
    stack: list[Any] = [tree]
    spot = routes.start(start[1])
    slots: list[Slot] = []
    for at, line in enumerate(lines):
        found = routes.step(line, spot)
        if found is None:
            continue
        step, text = found
        container = stack[-1] if step.change is None else changed(stack, step.change)
        slot = None if step.after.waiting is not None else len(slots)
        if step.key is None:
            container.append(slot)
        else:
            container[step.key] = slot
        if slot is not None:
            if not line.endswith(text):
                return None
            slots.append(Slot(at, len(line) - len(text), step.place, step.place.text and _is_text(text) is not None))
        spot = step.after
    heads = _heads(lines, slots)
    if older is not None and older.heads == heads and _places(older.slots) == _places(slots):
        slots = [new._replace(is_text=new.is_text and old.is_text) for new, old in zip(slots, older.slots, strict=True)]
    others: list[tuple[int, Shape, dict[str, str]]] = [(at, slot.place, {}) for at, slot in enumerate(slots) if not slot.is_text]
    return Mould(_expression(heads, slots).fullmatch, _template(tree, slots), others, start, heads, slots)


def _places(slots: Iterable[Slot]) -> list[tuple[int, int]]:
    return [(slot.line, slot.width) for slot in slots]


def _heads(lines: Sequence[str], slots: Iterable[Slot]) -> list[str]:
    """Of each line what stands before its value, or all of it."""
    heads = list(lines)
    for slot in slots:
        heads[slot.line] = lines[slot.line][: slot.width]
    return heads


def _expression(heads: Sequence[str], slots: Iterable[Slot]) -> re.Pattern[str]:
    parts = [re.escape(head) for head in heads]
    for slot in slots:
        parts[slot.line] += f"({_TEXT if slot.is_text else _ANY})"
    return re.compile("\n".join(parts))


def _template(node: Any, slots: Sequence[Slot]) -> str:
    """The JSON of a tree with the index of a slot in place of each value."""
    if isinstance(node, dict):
        members = (f"{orjson.dumps(key).decode().replace('%', '%%')}:{_template(child, slots)}" for key, child in node.items())
        return f"{{{','.join(members)}}}"
    if isinstance(node, list):
        return f"[{','.join(_template(child, slots) for child in node)}]"
    if node is None:
        return "null"
    return '"%s"' if slots[node].is_text else "%s"
