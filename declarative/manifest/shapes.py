"""A JSON Schema seen as the reader needs it: which type does each place of a document take?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field


class Shape(Struct, eq=False):
    """One place. `kinds` are the JSON types it takes (empty: anything); `text`: a plain scalar stays as written;
    `mixed`: text and other types, so a plain scalar becomes a number only where nothing is lost."""

    kinds: frozenset[str] = frozenset()
    properties: dict[str, Shape] = field(default_factory=dict)
    _items: Shape | None = None
    _extra: Shape | None = None
    text: bool = False
    mixed: bool = False
    name: str = ""

    @property
    def items(self) -> Shape:
        return self._items or ANY

    @property
    def extra(self) -> Shape:
        return self._extra or ANY

    def child(self, key: str) -> Shape:
        return self.properties.get(key) or self.extra

    def at(self, pointer: str) -> Shape:
        """The shape at a JSON pointer below this one."""
        shape = self
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            shape = shape.items if key.isdigit() and "array" in shape.kinds else shape.child(key)
        return shape


ANY = Shape()


def _loose() -> Shape:
    shape = Shape(kinds=frozenset({"string", "integer", "number", "boolean", "null"}), mixed=True)
    shape._items = shape._extra = shape
    return shape


LOOSE = _loose()
"""Takes everything, and loses nothing: for what is only typed later, at another place."""


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """The shape of a whole schema. Follows `$ref` inside the file; looks into `allOf`, `anyOf`, `oneOf`, `if`."""
    return _Compiler(schema).compile(schema)


class _Compiler:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._done: dict[int, Shape] = {}

    def compile(self, schema: Any) -> Shape:
        if not isinstance(schema, Mapping):
            return ANY
        known = self._done.get(id(schema))
        if known is not None:
            return known
        # Known before it is filled: a schema may refer to itself.
        shape = self._done[id(schema)] = Shape()
        kinds: set[str] = set()
        extras: list[Any] = []
        for part in self._parts(schema, set()):
            kinds.update(_kinds(part))
            for name, sub in part.get("properties", {}).items():
                compiled = self.compile(sub)
                if name not in shape.properties or shape.properties[name] is ANY:
                    shape.properties[name] = compiled
            if isinstance(part.get("items"), Mapping):
                shape._items = self.compile(part["items"])
            extras.extend(part.get("patternProperties", {}).values())
            extras.append(part.get("additionalProperties"))
        shape._extra = next((self.compile(extra) for extra in extras if isinstance(extra, Mapping)), None)
        shape.kinds = frozenset(kinds)
        shape.text = "string" in kinds and not kinds & {"integer", "number", "boolean"}
        shape.mixed = "string" in kinds and not shape.text
        return shape

    def _parts(self, schema: Mapping[str, Any], seen: set[str]) -> Iterator[Mapping[str, Any]]:
        yield schema
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            target = self._follow(reference)
            if target is not None:
                yield from self._parts(target, seen)
        for word in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(word, ()):
                if isinstance(branch, Mapping):
                    yield from self._parts(branch, seen)
        for word in ("then", "else"):
            if isinstance(schema.get(word), Mapping):
                yield from self._parts(schema[word], seen)

    def _follow(self, reference: str) -> Mapping[str, Any] | None:
        node: Any = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        return node if isinstance(node, Mapping) else None


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    declared = schema.get("type")
    if isinstance(declared, str):
        return {declared}
    if isinstance(declared, list):
        return set(declared)
    values = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    return {"string"} if values and all(isinstance(value, str) for value in values) else set()
