"""The value that is written behind a key or a dash on one line of ordinary block YAML, or `GiveUp`."""

from __future__ import annotations

import re
from typing import Any

from declarative.manifest.routes import GiveUp
from declarative.manifest.scalars import NULLS, core, text_or
from declarative.manifest.shapes import Shape

is_simple = re.compile(r"[\w./+($][\w./+()@=,;%$-]*+(?:[ :][\w./+()@=,;%$-]++)*+").fullmatch
"""Whether a text is surely a plain scalar as it stands; a null may be one."""
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
MAX_FLOW_DEPTH = 6
_LONGEST_KEY = 256


def value_of(text: str, shape: Shape) -> Any:
    """What a text means at a place of that shape. Raises GiveUp, ScalarRefusedError."""
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
    value = _flow_node(tokens, shape, MAX_FLOW_DEPTH)
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
        if key is None or colon is None or key in value or len(key) > _LONGEST_KEY:
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
