"""The quick reader: ordinary block YAML, line by line, straight into values.

It knows a small part of YAML, the part that manifests are mostly made of, and gives up (`None`) on every line that is not
surely in it; the reference reader (`nodes.py`) takes over then. What it does return equals the reference reader's value:
a property test holds the two together. `benchmarks/validate.py` shows what it is worth.

Manifests of a kind are built alike. What a line means depends on the collections that are open above it and on what stands
before its value, so that is worked out once (`routes.py`) and looked up from then on.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from declarative.manifest.routes import Change, GiveUp, Line, Routes, Spot, Step
from declarative.manifest.scalars import NULLS, ScalarRefusedError, core, text_or
from declarative.manifest.shapes import Shape
from declarative.manifest.sources import RawDocument, ReadLimits

Start = tuple[int, int]

_SIMPLE = re.compile(r"[\w./+($][\w./+()@=,;%$-]*+(?: [\w./+()@=,;%$-]++)*+").fullmatch
# A word may hold `:` before another character and `#` after one; neither ends a plain scalar there.
_WORD = r"(?:[^\s:]|:(?=\S))*+"
_PLAIN = re.compile(
    rf"((?:[\w./+($]|-(?=[0-9])){_WORD}(?:[ ]+(?![\s#])(?:[^\s:]|:(?=\S)){_WORD})*+)[ ]*(?:(?<=[ ])#.*)?"
).fullmatch
_QUOTED = re.compile(r"""(?:"([^"\\]*)"|'([^']*)')[ ]*(?:(?<=[ ])#.*)?""").fullmatch
_BRACKETED = re.compile(r"([\[{][^#]*[\]}])[ ]*(?:(?<=[ ])#.*)?").fullmatch
_FLOW_WORD = r"[A-Za-z0-9_./+()@=;%$~<>^-]"
_FLOW = re.compile(
    rf"""[ ]*(?:([\[\]{{}},])
    |"([^"\\]*)"
    |'([^']*)'
    |([A-Za-z0-9_./+($](?:{_FLOW_WORD}|:(?=[A-Za-z0-9]))*+(?:[ ]+(?!-[ ]){_FLOW_WORD}(?:{_FLOW_WORD}|:(?=[A-Za-z0-9]))*+)*+)
    )[ ]*(:(?=[ ]))?""",
    re.VERBOSE,
)
_MAX_FLOW_DEPTH = 6
# The lines that repeat in most documents are few and short; serial numbers need not be kept.
_MOST_LINES = 128
_LONGEST_LINE = 160
_OPENING = frozenset("[{'\"")
_COLLECTIONS = frozenset({dict, list})


def read_quickly(document: RawDocument, shape: Shape, limits: ReadLimits) -> tuple[dict[str, Any], Start] | None:
    """The document's value and where its first key stands (line and column from 1), or None to have it read by the
    reference reader."""
    text = document.text
    if document.marred or "\t" in text or len(text) > limits.nodes:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    first = 1 if lines[0] == "---" and len(lines) > 1 else 0
    while not (content := lines[first].lstrip(" ")) or content[0] == "#":
        first += 1
        if first == len(lines):
            return None
    column = len(lines[first]) - len(content)
    try:
        value = _read(lines[first:] if first else lines, column, _routes(shape, limits.depth - _MAX_FLOW_DEPTH))
    except (GiveUp, ScalarRefusedError):
        return None
    return value, (document.line + first, column + 1)


@lru_cache(maxsize=32)
def _routes(shape: Shape, depth: int) -> Routes:
    return Routes(shape, depth)


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
            if step is not None and step.is_settled and _SIMPLE(text) and text not in NULLS:
                key, value, change, is_collection, spot = step.key, text, step.change, False, step.after
            else:
                met = _met(line, head, text if colon else None, spot, routes)
                if met is None:
                    continue
                key, value, change, is_collection, spot = met
        else:
            key, value, change, is_collection, spot = met
        if change is not None:
            container = _changed(stack, change)
        if is_collection:
            value = value.copy()
        if key is None:
            container.append(value)
        elif key in container:
            raise GiveUp
        else:
            container[key] = value
    return root


def _changed(stack: list[Any], change: Change) -> Any:
    """The innermost collection, once what the line closes is closed and what it opens is open."""
    opens, keep, is_item = change
    if opens is not None:
        key, is_list = opens
        fresh: Any = [] if is_list else {}
        stack[-1][key] = fresh
        stack.append(fresh)
    else:
        del stack[keep:]
    if is_item:
        item: dict[str, Any] = {}
        stack[-1].append(item)
        stack.append(item)
    return stack[-1]


def _met(line: str, head: str, text: str | None, spot: Spot, routes: Routes) -> Line | None:
    """A line that is not known whole, as it is and cut at its first colon (`text` is None without one); None for one without
    content."""
    step = spot.keyed.get(head) if text is not None else None
    if step is None or not text or text[0] in " #":
        found = _step(line, spot, routes)
        if found is None:
            return None
        step, text = found
    text = text.strip(" ")
    value: Any
    if step.after.waiting is not None:
        value = None
    elif step.place.text and _SIMPLE(text) and text not in NULLS:
        value = text
    else:
        value = _value(text, step.place)
    is_collection = type(value) in _COLLECTIONS
    met = (step.key, value, step.change, is_collection, step.after)
    if step.lines < _MOST_LINES and len(line) <= _LONGEST_LINE and not (is_collection and _is_deep(value)):
        step.lines += 1
        step.is_settled = step.lines == _MOST_LINES and step.place.text and step.key is not None and step.after.waiting is None
        spot.lines[line] = met
    return met


def _step(line: str, spot: Spot, routes: Routes) -> tuple[Step, str] | None:
    """What a line does here, and the text of its value; None for one without content."""
    content = line.strip(" ")
    if not content or content[0] == "#":
        return None
    head, colon, text = line.partition(": ")
    item = content[2:].lstrip(" ") if content[:2] == "- " else ""
    if item and (item[0] in _OPENING or not (colon or item[-1] == ":")):
        return routes.plain(spot, len(line) - len(line.lstrip(" "))), item
    text = text.strip(" ")
    if text and text[0] != "#":
        return routes.keyed(spot, head), text
    if not colon:
        head, colon = line[:-1], line[-1]
        if colon != ":":
            raise GiveUp
    return routes.bare(spot, head), ""


def _is_deep(value: dict[str, Any] | list[Any]) -> bool:
    """Whether it holds other collections, and a copy of it would share them."""
    return any(type(child) in _COLLECTIONS for child in (value.values() if type(value) is dict else value))


def _value(text: str, shape: Shape) -> Any:
    first = text[:1]
    if first in ("'", '"'):
        quoted = _QUOTED(text)
        if quoted is None:
            raise GiveUp
        return quoted[1] if quoted[1] is not None else quoted[2]
    if first in ("[", "{"):
        bracketed = _BRACKETED(text)
        if bracketed is None:
            raise GiveUp
        return _flow_value(bracketed[1], shape)
    plain = _PLAIN(text)
    if plain is None:
        raise GiveUp
    return _plain(plain[1], shape)


def _plain(text: str, shape: Shape) -> Any:
    if shape.text:
        return None if text in NULLS else text
    if shape.mixed:
        return text_or(text, shape.kinds)
    return core(text)


def _flow_value(text: str, shape: Shape) -> Any:
    """A flow collection on one line."""
    tokens = []
    position = 0
    for found in _FLOW.finditer(text):
        if found.start() != position:
            raise GiveUp
        position = found.end()
        tokens.append(found.groups())
    if position != len(text):
        raise GiveUp
    tokens.reverse()
    value = _flow_node(tokens, shape, _MAX_FLOW_DEPTH)
    if tokens:
        raise GiveUp
    return value


_Tokens = list[tuple[str | None, ...]]


def _flow_node(tokens: _Tokens, shape: Shape, depth: int) -> Any:
    sign, double, single, plain, colon = _next(tokens)
    if colon is not None or not depth:
        raise GiveUp
    if sign is None:
        quoted = double if double is not None else single
        return quoted if quoted is not None else _plain(plain or "", shape)
    if sign == "[":
        return _flow_sequence(tokens, shape, depth)
    if sign == "{":
        return _flow_mapping(tokens, shape, depth)
    raise GiveUp


def _flow_sequence(tokens: _Tokens, shape: Shape, depth: int) -> list[Any]:
    value: list[Any] = []
    if tokens and tokens[-1][0] == "]":
        _next(tokens)
        return value
    while True:
        value.append(_flow_node(tokens, shape.items, depth - 1))
        if _separator(tokens, "]"):
            return value


def _flow_mapping(tokens: _Tokens, shape: Shape, depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if tokens and tokens[-1][0] == "}":
        _next(tokens)
        return value
    while True:
        _, _, _, key, colon = _next(tokens)
        if key is None or colon is None or key in value:
            raise GiveUp
        value[key] = _flow_node(tokens, shape.child(key), depth - 1)
        if _separator(tokens, "}"):
            return value


def _separator(tokens: _Tokens, end: str) -> bool:
    sign, _, _, _, colon = _next(tokens)
    if colon is not None or sign not in (",", end):
        raise GiveUp
    return sign == end


def _next(tokens: _Tokens) -> tuple[str | None, ...]:
    if not tokens:
        raise GiveUp
    return tokens.pop()
