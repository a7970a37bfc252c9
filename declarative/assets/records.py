"""Reading a record of the search. It is foreign data: a part of an unexpected shape reads as absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from declarative.assets.fields import TABLE, FieldSpec

Record = Mapping[str, Any]

STEPS: Mapping[str, tuple[str, ...]] = {
    response: tuple(response.split(".")) for spec in TABLE.values() for response in spec.response
}


def live_values(spec: FieldSpec, record: Record) -> list[Any]:
    """What stands at any of the field's response paths, nulls left out."""
    return [value for response in spec.response for value in _walk(record, STEPS[response])]


def mappings(value: Any) -> list[Record]:
    """The objects of a list; nothing for anything else."""
    # A record is JSON: `dict` is asked for, since whether something is a Mapping takes four times as long to tell.
    return [item for item in value if isinstance(item, dict)] if isinstance(value, (list, tuple)) else []


def _walk(node: Any, steps: tuple[str, ...]) -> Iterator[Any]:
    for at, step in enumerate(steps):
        if not isinstance(node, dict):
            return
        if step.endswith("[]"):
            items = node.get(step[:-2])
            for item in items if isinstance(items, (list, tuple)) else ():
                yield from _walk(item, steps[at + 1 :])
            return
        node = node.get(step)
    if node is not None:
        yield node
