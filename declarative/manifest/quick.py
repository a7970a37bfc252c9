"""The quick reader: ordinary block YAML, line by line, straight into values.

It knows a small part of YAML, the part that manifests are mostly made of, and gives up (`None`) on every line that is not
surely in it; the reference reader (`nodes.py`) takes over then. What it does return equals the reference reader's value:
a property test holds the two together. `benchmarks/validate.py` shows what it is worth.
"""

from __future__ import annotations

import re
from sys import intern
from typing import Any

from declarative.manifest.scalars import NULLS, ScalarRefusedError, core, text_or
from declarative.manifest.shapes import Shape
from declarative.manifest.sources import RawDocument, ReadLimits

Start = tuple[int, int]

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*+").fullmatch
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


class _GiveUp(Exception):  # noqa: N818 - an unwinding, never seen outside
    pass


def read_quickly(document: RawDocument, shape: Shape, limits: ReadLimits) -> tuple[dict[str, Any], Start] | None:
    """The document's value and where its first key stands (line and column from 1), or None to have it read by the
    reference reader."""
    text = document.text
    if document.marred or "\t" in text or len(text) > limits.nodes:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    skipped = 0
    if text.startswith("---\n"):
        text, skipped = text[4:], 1
    try:
        return _Lines(shape, limits.depth - _MAX_FLOW_DEPTH).read(text.split("\n"), document.line + skipped)
    except (_GiveUp, ScalarRefusedError):
        return None


class _Lines:
    """The open block collections of a document, line after line."""

    __slots__ = ("_depth", "_frames", "_shape")

    def __init__(self, shape: Shape, depth: int) -> None:
        self._shape = shape
        self._depth = depth
        # Column, container, and the shape of the place that the container stands in.
        self._frames: list[tuple[int, Any, Shape]] = []

    def read(self, lines: list[str], number: int) -> tuple[dict[str, Any], Start]:  # noqa: C901, PLR0912 - the hot loop: a call a line costs
        root: dict[str, Any] = {}
        start: Start | None = None
        # A key without a value on its own line: the next line decides what it holds.
        pending: tuple[dict[str, Any], str, Shape, int] | None = None
        for offset, line in enumerate(lines):
            content = line.lstrip(" ")
            if not content or content[0] == "#":
                continue
            column = len(line) - len(content)
            if start is None:
                start = (number + offset, column + 1)
                self._frames.append((column, root, self._shape))
            is_item = content[:2] == "- "
            if pending is not None:
                self._open(pending, column, is_item=is_item)
                pending = None
            at, container, shape = self._frames[-1]
            if at != column or (type(container) is list) is not is_item:
                container, shape = self._container(column, is_item=is_item)
            if is_item:
                rest = content[2:].lstrip(" ")
                column += len(content) - len(rest)
                content = rest
            key, colon, value = content.partition(": ")
            if not colon:
                if content[-1:] != ":":
                    if not is_item:
                        raise _GiveUp
                    container.append(_value(content, shape))
                    continue
                key = content[:-1]
            if is_item:
                container = self._item(container, column, shape)
            place = shape.properties.get(key)
            if place is None:
                place = shape.extra
                if not _KEY(key):
                    raise _GiveUp
            # Keys repeat in every document: one object for each keeps a third of the memory.
            key = intern(key)
            if key in container:
                raise _GiveUp
            value = value.strip(" ")
            if value and value[0] != "#":
                container[key] = value if place.text and _SIMPLE(value) and value not in NULLS else _value(value, place)
            else:
                container[key] = None
                pending = (container, key, place, column)
        if start is None:
            raise _GiveUp
        return root, start

    def _open(self, pending: tuple[dict[str, Any], str, Shape, int], column: int, *, is_item: bool) -> None:
        """The collection that a key without a value holds, now that its first line is here; nothing else is one."""
        owner, key, shape, own_column = pending
        opened: Any
        if is_item and column >= own_column:
            opened, shape = [], shape.items
        elif column > own_column:
            opened = {}
        else:
            return
        owner[key] = opened
        self._push(column, opened, shape)

    def _container(self, column: int, *, is_item: bool) -> tuple[Any, Shape]:
        """The open collection that a line in this column goes on with."""
        frames = self._frames
        while frames[-1][0] > column:
            frames.pop()
            if not frames:
                raise _GiveUp
        at, container, shape = frames[-1]
        if at == column and not is_item and type(container) is list:
            # The list stood in the column of its own key, and ends here.
            frames.pop()
            at, container, shape = frames[-1]
        if at != column or (type(container) is list) is not is_item:
            raise _GiveUp
        return container, shape

    def _item(self, items: list[Any], column: int, shape: Shape) -> dict[str, Any]:
        item: dict[str, Any] = {}
        items.append(item)
        self._push(column, item, shape)
        return item

    def _push(self, column: int, container: Any, shape: Shape) -> None:
        self._frames.append((column, container, shape))
        if len(self._frames) > self._depth:
            raise _GiveUp


def _value(text: str, shape: Shape) -> Any:
    first = text[:1]
    if first in ("'", '"'):
        quoted = _QUOTED(text)
        if quoted is None:
            raise _GiveUp
        return quoted[1] if quoted[1] is not None else quoted[2]
    if first in ("[", "{"):
        bracketed = _BRACKETED(text)
        if bracketed is None:
            raise _GiveUp
        return _flow_value(bracketed[1], shape)
    plain = _PLAIN(text)
    if plain is None:
        raise _GiveUp
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
            raise _GiveUp
        position = found.end()
        tokens.append(found.groups())
    if position != len(text):
        raise _GiveUp
    tokens.reverse()
    value = _flow_node(tokens, shape, _MAX_FLOW_DEPTH)
    if tokens:
        raise _GiveUp
    return value


_Tokens = list[tuple[str | None, ...]]


def _flow_node(tokens: _Tokens, shape: Shape, depth: int) -> Any:
    sign, double, single, plain, colon = _next(tokens)
    if colon is not None or not depth:
        raise _GiveUp
    if sign is None:
        quoted = double if double is not None else single
        return quoted if quoted is not None else _plain(plain or "", shape)
    if sign == "[":
        return _flow_sequence(tokens, shape, depth)
    if sign == "{":
        return _flow_mapping(tokens, shape, depth)
    raise _GiveUp


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
            raise _GiveUp
        value[key] = _flow_node(tokens, shape.child(key), depth - 1)
        if _separator(tokens, "}"):
            return value


def _separator(tokens: _Tokens, end: str) -> bool:
    sign, _, _, _, colon = _next(tokens)
    if colon is not None or sign not in (",", end):
        raise _GiveUp
    return sign == end


def _next(tokens: _Tokens) -> tuple[str | None, ...]:
    if not tokens:
        raise _GiveUp
    return tokens.pop()
