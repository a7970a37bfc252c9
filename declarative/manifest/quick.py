"""The quick reader: libyaml events straight into values, no positions, no nodes.

It gives up (`None`) on everything that is rare or wrong, and the reference reader takes over: anchors, tags, escapes,
duplicate keys, deep nesting, numbers out of range, syntax errors. What it does return equals the reference reader's
value; a property test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from declarative.manifest.nodes import events_of
from declarative.manifest.scalars import NULLS, ScalarRefusedError, core, text_or
from declarative.manifest.shapes import Shape
from declarative.manifest.sources import RawDocument, ReadLimits

_RARE = re.compile(r"\\|(?:^|[\s\[{,:?-])[&*!]")


class _GiveUp(Exception):  # noqa: N818 - an unwinding, never seen outside
    pass


Start = tuple[int, int]


def read_quickly(document: RawDocument, shape: Shape, limits: ReadLimits) -> tuple[dict[str, Any], Start] | None:
    """The document's value and where its first key stands (line and column from 1), or None to have it read by the
    reference reader."""
    text = document.text
    if document.marred or len(text) > limits.nodes or _RARE.search(text):
        return None
    try:
        return _document(events_of(text).get_event, document.line, shape, limits.depth)
    except (_GiveUp, ScalarRefusedError, yaml.YAMLError, RecursionError):
        return None


def _document(get: Callable[[], Event], line: int, shape: Shape, depth: int) -> tuple[dict[str, Any], Start]:
    get()
    if type(get()) is not DocumentStartEvent:
        raise _GiveUp
    first: Any = get()
    if not isinstance(first, MappingStartEvent):
        raise _GiveUp
    value = _mapping(get, shape, depth - 1)
    get()
    if type(get()) is DocumentStartEvent:
        raise _GiveUp
    mark: Any = first.start_mark
    return value, (mark.line + line, mark.column + 1)


def _mapping(get: Callable[[], Event], shape: Shape, depth: int) -> dict[str, Any]:
    if not depth:
        raise _GiveUp
    value: dict[str, Any] = {}
    properties = shape.properties
    extra = shape.extra
    while True:
        event = get()
        if type(event) is not ScalarEvent:
            if type(event) is MappingEndEvent:
                return value
            raise _GiveUp
        key = event.value
        if key in value or not key or key == "<<":
            raise _GiveUp
        child = properties.get(key)
        if child is None:
            child = extra
        else:
            key = child.name or key
        event = get()
        if type(event) is ScalarEvent:
            value[key] = _scalar(event, child)
        elif type(event) is MappingStartEvent:
            value[key] = _mapping(get, child, depth - 1)
        else:
            value[key] = _sequence(get, child.items, depth - 1)


def _sequence(get: Callable[[], Event], shape: Shape, depth: int) -> list[Any]:
    if not depth:
        raise _GiveUp
    value: list[Any] = []
    while True:
        event = get()
        kind = type(event)
        if kind is ScalarEvent:
            value.append(_scalar(event, shape))
        elif kind is SequenceEndEvent:
            return value
        elif kind is MappingStartEvent:
            value.append(_mapping(get, shape, depth - 1))
        elif kind is SequenceStartEvent:
            value.append(_sequence(get, shape.items, depth - 1))
        else:
            raise _GiveUp


def _scalar(event: Any, shape: Shape) -> Any:
    text = event.value
    if not event.implicit[0]:
        return text
    if shape.text:
        return None if text in NULLS else text
    if shape.mixed:
        return text_or(text, shape.kinds)
    return core(text)
