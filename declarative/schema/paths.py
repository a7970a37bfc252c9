"""Field paths of a kind, derived from its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from declarative.schema.registry import Schema, resolve, schema_for


@cache
def field_paths(kind: str) -> frozenset[str]:
    """The dotted paths of all properties below `spec`, such as `coreAttributes.biosInfo.model`.

    A list counts as one field: paths end at it. Raises KeyError for an unknown kind.
    """
    root = schema_for(kind)
    return frozenset(_below(root, root["properties"]["spec"], ""))


def _below(root: Schema, node: Schema, prefix: str) -> Iterator[str]:
    for name, raw in resolve(root, node).get("properties", {}).items():
        path = f"{prefix}{name}"
        yield path
        if isinstance(raw, Mapping):
            yield from _below(root, raw, path + ".")
