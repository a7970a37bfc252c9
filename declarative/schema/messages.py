"""What a validator found, in a person's words: what was expected, what stands there, what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from msgspec import Struct

from declarative.core.quoting import shown
from declarative.core.suggest import closest, did_you_mean
from declarative.schema.registry import Schema, kinds, resolve, schema_for

_LONGEST = 60
_NAMES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}

Path = Sequence[str | int]
Hint = Callable[[], str | None] | None


class Found(Struct, frozen=True):
    """A validator's finding: the keyword that failed and its value in the schema, the value it failed on, the schema."""

    keyword: str
    wanted: Any
    instance: Any
    schema: Schema
    text: str


class Told(Struct, frozen=True):
    """`key`: the finding is about this key of the mapping at the path, not about a value. `hint` is found when asked for."""

    rule: str
    message: str
    hint: Hint = None
    key: str | None = None
    missing: str | None = None


def quoted(value: Any) -> str:
    """The value as JSON, cut to what fits on a line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def described(value: Any) -> str:
    """`text "abc"`, `the number 3`, `true`, `a list`, ..."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {quoted(value)}"
        case str():
            return f"text {quoted(value)}"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case _:
            return type(value).__name__


def expected(types: Sequence[str]) -> str:
    """`text`, `an integer or text`; null goes without saying where something else is allowed."""
    words = [_NAMES[name] for name in types if name != "null"] or [_NAMES["null"]]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def types_of(schema: Schema) -> tuple[str, ...]:
    declared = schema.get("type", ())
    return (declared,) if isinstance(declared, str) else tuple(declared)


def _type(_root: Schema, found: Found, _path: Path) -> Iterator[Told]:
    types = types_of(found.schema)
    yield Told(
        "schema/type",
        f"expected {expected(types)}, found {described(found.instance)}",
        partial(_type_hint, types, found.instance),
    )


def _type_hint(types: Sequence[str], value: Any) -> str | None:
    if value is None:
        return "remove the key, or give it a value"
    if isinstance(value, str):
        return _text_hint(types, value)
    if isinstance(value, (bool, int, float)):
        if "string" in types:
            return f"put it in quotes: {json.dumps(json.dumps(value))}"
        if "array" in types:
            return f"write it as a list: [{json.dumps(value)}]"
    if isinstance(value, list) and len(value) == 1 and "string" in types:
        return "write the one value without the list"
    return None


def _text_hint(types: Sequence[str], value: str) -> str | None:
    if "array" in types:
        return f"write it as a list: [{quoted(value)}]"
    if "boolean" in types:
        return "write true or false, without quotes"
    number = r"[-+]?[0-9]+" if "number" not in types else r"[-+]?[0-9]+([.][0-9]+)?"
    if {"integer", "number"} & set(types) and re.fullmatch(number, value):
        return f"write the number without quotes: {shown(value)}"
    return None


def _enum(_root: Schema, found: Found, _path: Path) -> Iterator[Told]:
    values = [value for value in found.wanted if value is not None]
    listing = ", ".join(str(value) for value in values)
    # A value of another type is told by `type`; twice helps nobody.
    if found.instance is None or isinstance(found.instance, str) or not isinstance(values[0], str):
        hint = partial(did_you_mean, found.instance, values) if isinstance(found.instance, str) else None
        yield Told("schema/enum", f"{quoted(found.instance)} is not one of {listing}", hint)


def _const(_root: Schema, found: Found, _path: Path) -> Iterator[Told]:
    yield Told("schema/const", f"expected {quoted(found.wanted)}, found {described(found.instance)}")


def _required(root: Schema, found: Found, _path: Path) -> Iterator[Told]:
    # The validator reports one error a key without naming it outside its text; tell all, the caller drops repetitions.
    for key in found.wanted:
        if key not in found.instance:
            yield Told("schema/required", f'missing key "{key}"', partial(_example_hint, root, found.schema, key), missing=key)


def _example_hint(root: Schema, schema: Schema, key: str) -> str | None:
    examples = resolve(root, schema.get("properties", {}).get(key, {})).get("examples", ())
    usable = examples and not isinstance(examples[0], (dict, list))
    return f"for example: {key}: {quoted(examples[0])}" if usable else None


def _unknown_keys(root: Schema, found: Found, path: Path) -> Iterator[Told]:
    known = list(found.schema.get("properties", {}))
    for key in found.instance:
        if key not in known:
            yield Told("schema/unknown-key", f'unknown key "{shown(key)}"', partial(_key_hint, root, str(key), known, path), key)


def _key_hint(root: Schema, key: str, known: Sequence[str], path: Path) -> str | None:
    near = closest(key, known)
    elsewhere = [place for place in places_of(root, key) if place[:-1] != tuple(part for part in path if isinstance(part, str))]
    if near is not None and (near.casefold() == key.casefold() or not elsewhere):
        return f'did you mean "{near}"?'
    if elsewhere:
        place = elsewhere[0]
        return f'"{place[-1]}" belongs in {".".join(place[:-1])}' if len(place) > 1 else f'"{place[-1]}" belongs at the top'
    if near is not None:
        return f'did you mean "{near}"?'
    return f"known keys here: {', '.join(known)}" if len(known) <= 12 else None


def places_of(root: Schema, key: str) -> Sequence[tuple[str, ...]]:
    """Where in the schema a key of that name (in any case) is known, outermost first; list items are passed through."""
    kind = root.get("properties", {}).get("kind", {}).get("const")
    known = kind in kinds() and schema_for(kind) is root
    return (_index_of_kind(kind) if known else _index(root)).get(key.casefold(), ())


@cache
def _index_of_kind(kind: str) -> Mapping[str, list[tuple[str, ...]]]:
    return _index(schema_for(kind))


def _index(root: Schema) -> Mapping[str, list[tuple[str, ...]]]:
    """Every key that the schema knows, case-folded, with its places."""
    found: dict[str, list[tuple[str, ...]]] = {}
    level: list[tuple[tuple[str, ...], Schema]] = [((), root)]
    while level:
        below: list[tuple[tuple[str, ...], Schema]] = []
        for path, raw in level:
            node = resolve(root, raw)
            for name, schema in node.get("properties", {}).items():
                found.setdefault(name.casefold(), []).append((*path, name))
                below.append(((*path, name), schema))
            if isinstance(node.get("items"), Mapping):
                below.append((path, node["items"]))
        level = below
    return found


def _pattern(_root: Schema, found: Found, _path: Path) -> Iterator[Told]:
    wanted = found.schema.get("patternErrorMessage", f"expected text that matches {found.wanted}")
    yield Told("schema/pattern", f"{wanted}; found {quoted(found.instance)}")


def _bound(_root: Schema, found: Found, _path: Path) -> Iterator[Told]:
    word = "least" if found.keyword in ("minimum", "exclusiveMinimum") else "most"
    yield Told("schema/range", f"expected at {word} {found.wanted}, found {shown(found.instance)}")


def _length(_root: Schema, found: Found, _path: Path) -> Iterator[Told]:
    if not found.instance:
        yield Told("schema/length", "must not be empty", lambda: "remove the key, or give it a value")
    else:
        word = "least" if found.keyword.startswith("min") else "most"
        yield Told("schema/length", f"expected a length of at {word} {found.wanted}, found {len(found.instance)}")


def other(_root: Schema, found: Found, _path: Path) -> Iterator[Told]:
    """Whatever has no words of its own: the schema's `errorMessage`, else the first line of the validator's text."""
    message = found.schema.get("errorMessage") or found.text.splitlines()[0][: 3 * _LONGEST]
    yield Told("schema/conflict", message)


TELLERS: Mapping[str, Callable[[Schema, Found, Path], Iterator[Told]]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "additionalProperties": _unknown_keys,
    "pattern": _pattern,
    "minimum": _bound,
    "maximum": _bound,
    "exclusiveMinimum": _bound,
    "exclusiveMaximum": _bound,
    "minLength": _length,
    "maxLength": _length,
    "minItems": _length,
    "maxItems": _length,
}
