"""The quick reader: ordinary block YAML, line by line, straight into values.

It knows a small part of YAML, the part that manifests are mostly made of, and gives up (`None`) on every line that is not
surely in it; the reference reader (`nodes.py`) takes over then. What it does return equals the reference reader's value:
a property test holds the two together. `benchmarks/validate.py` shows what it is worth.

Manifests of a kind are built alike. What a line means depends on the collections that are open above it and on what stands
before its value, so that is worked out once (`routes.py`) and looked up from then on. Of many documents that differ in nothing
but their values, all lines are taken at once (`moulds.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from declarative.manifest.moulds import Moulds
from declarative.manifest.quick_values import MAX_FLOW_DEPTH, is_simple, value_of
from declarative.manifest.routes import GiveUp, Line, Routes, Spot, changed
from declarative.manifest.scalars import NULLS, ScalarRefusedError
from declarative.manifest.shapes import Shape
from declarative.manifest.sources import RawDocument, ReadLimits

Start = tuple[int, int]

# The lines that repeat in most documents are few and short; serial numbers need not be kept.
_MOST_LINES = 128
_LONGEST_LINE = 160
_COLLECTIONS = frozenset({dict, list})


class Quick(NamedTuple):
    """A document's value, and where its first key stands (line and column from 1). `json`: the value as JSON, where it was made
    of that."""

    value: dict[str, Any]
    start: Start
    json: bytes | None = None


def read_quickly(document: RawDocument, shape: Shape, limits: ReadLimits) -> Quick | None:
    """None to have the document read by the reference reader."""
    text = document.text
    if document.marred or "\t" in text or len(text) > limits.nodes:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:  # which breaks a line, too
            return None
    line = document.line
    if text.startswith("---\n"):
        text, line = text[4:], line + 1
    routes, moulds = _learned(shape, limits.depth - MAX_FLOW_DEPTH)
    mould = moulds.fitting(text)
    try:
        json = None if mould is None else mould.filled(text)
        if mould is not None and json is not None:
            first, column = mould.start
            return Quick(orjson.loads(json), (line + first, column + 1), json)
        lines = text.split("\n")
        start = _start(lines)
        if start is None:
            return None
        value = _read(lines, start[1], routes)
        moulds.learn(lines, start, routes)
    except (GiveUp, ScalarRefusedError):
        return None
    return Quick(value, (line + start[0], start[1] + 1))


def _start(lines: list[str]) -> tuple[int, int] | None:
    """Where the content begins: index of the line, and column from 0. None where there is none."""
    for at, line in enumerate(lines):
        content = line.lstrip(" ")
        if content and content[0] != "#":
            return at, len(line) - len(content)
    return None


@lru_cache(maxsize=32)
def _learned(shape: Shape, depth: int) -> tuple[Routes, Moulds]:
    return Routes(shape, depth), Moulds()


def _read(lines: list[str], column: int, routes: Routes) -> dict[str, Any]:
    root: dict[str, Any] = {}
    container: Any = root
    # The open collections: one for each frame of the spot.
    stack: list[Any] = [root]
    spot = routes.start(column)
    value: Any
    for line in lines:
        met = spot.lines.get(line)
        if met is None:
            # Most lines that are not known whole are a key that is, and a text of its own.
            head, colon, text = line.partition(": ")
            step = spot.keyed.get(head)
            if step is not None and step.is_settled and is_simple(text) and text not in NULLS:
                key, value, change, is_collection, spot = step.key, text, step.change, False, step.after
            else:
                met = _met(line, head, text if colon else None, spot, routes)
                if met is None:
                    continue
                key, value, change, is_collection, spot = met
        else:
            key, value, change, is_collection, spot = met
        if change is not None:
            container = changed(stack, change)
        if is_collection:
            value = value.copy()
        if key is None:
            container.append(value)
        elif key in container:
            raise GiveUp
        else:
            container[key] = value
    return root


def _met(line: str, head: str, text: str | None, spot: Spot, routes: Routes) -> Line | None:
    """A line that is not known whole, as it is and cut at its first colon (`text` is None without one); None for one without
    content."""
    step = spot.keyed.get(head) if text is not None else None
    if step is None or not text or text[0] in " #":
        found = routes.step(line, spot)
        if found is None:
            return None
        step, text = found
    text = text.strip(" ")
    value: Any
    if step.after.waiting is not None:
        value = None
    elif step.place.text and is_simple(text) and text not in NULLS:
        value = text
    else:
        value = value_of(text, step.place)
    is_collection = type(value) in _COLLECTIONS
    met = (step.key, value, step.change, is_collection, step.after)
    if step.lines < _MOST_LINES and len(line) <= _LONGEST_LINE and not (is_collection and _is_deep(value)):
        step.lines += 1
        step.is_settled = step.lines == _MOST_LINES and step.place.text and step.key is not None and step.after.waiting is None
        spot.lines[line] = met
    return met


def _is_deep(value: dict[str, Any] | list[Any]) -> bool:
    """Whether it holds other collections, and a copy of it would share them."""
    return any(type(child) in _COLLECTIONS for child in (value.values() if type(value) is dict else value))
