"""Validation of one manifest against the schema of its kind.

`jsonschema` is the reference. `jsonschema_rs` may accept a document beforehand, since it gives the same verdict some
hundred times faster (a property test compares the two); whatever it does not accept goes to the reference, whose
findings are told in our words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from declarative.core.diagnostics import CORRECT_THESE, MORE_FINDINGS, MOST_FINDINGS, more_findings
from declarative.core.suggest import closest
from declarative.schema import messages
from declarative.schema.registry import Schema, schema_for

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator


_MOST_HINTS = 100

Path = tuple[str | int, ...]


class Violation(Struct, frozen=True):
    """One finding. `pointer` is a JSON pointer into the document; `at_key`: the key is wrong, not its value; `missing`:
    the key that the mapping at the pointer lacks."""

    pointer: str
    rule: str
    message: str
    hint: str | None = None
    at_key: bool = False
    missing: str | None = None


def violations(kind: str, instance: Any) -> tuple[Violation, ...]:
    """Everything that is wrong with a whole manifest, in the order of the document; of more than MOST_FINDINGS so many, and a
    last one that says so. Raises KeyError for an unknown kind."""
    if _accepted(kind, instance):
        return ()
    order = _Order(instance)
    found: dict[tuple[tuple[int, ...], str, str], tuple[Violation, messages.Hint]] = {}
    more: Violation | None = None
    for violation, hint, place in _all_told(kind, instance):
        if len(found) == MOST_FINDINGS:
            more = Violation(violation.pointer, MORE_FINDINGS, more_findings(), CORRECT_THESE)
            break
        found[(order.of(place), violation.rule, violation.message)] = violation, hint
    told = _without_echoes([found[key] for key in sorted(found)])
    # A hint costs a search. A document with hundreds of mistakes repeats them, or is no manifest.
    hinted = [replace(violation, hint=hint()) if hint else violation for violation, hint in told[:_MOST_HINTS]]
    rest = [violation for violation, _ in told[_MOST_HINTS:]]
    return (*hinted, *rest, more) if more is not None else (*hinted, *rest)


def _all_told(kind: str, instance: Any) -> Iterator[tuple[Violation, messages.Hint, Path]]:
    root = schema_for(kind)
    for error in _reference(kind).iter_errors(instance):
        yield from _told(root, error, tuple(error.absolute_path))


def _without_echoes(told: list[tuple[Violation, messages.Hint]]) -> list[tuple[Violation, messages.Hint]]:
    """A misspelt key is one mistake, though it is both an unknown key and a missing one."""
    if not any(violation.missing for violation, _ in told):
        return told
    unknown: dict[str, list[str]] = {}
    for violation, _ in told:
        if violation.at_key:
            owner, _, key = violation.pointer.rpartition("/")
            unknown.setdefault(owner, []).append(key)
    return [
        (violation, hint)
        for violation, hint in told
        if violation.missing is None or closest(violation.missing, unknown.get(violation.pointer, ())[:_MOST_HINTS]) is None
    ]


def is_valid(kind: str, instance: Any) -> bool:
    """The verdict alone. Raises KeyError for an unknown kind."""
    return _accepted(kind, instance) or _reference(kind).is_valid(instance)


def lacks_only(kind: str, instance: Any) -> bool:
    """Whether nothing but missing keys can be wrong with it. False also where that takes a longer look.

    Raises KeyError for an unknown kind."""
    return _accepts(_undemanding(kind), instance)


def pointer_to(path: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901) for a path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


@cache
def _fast(kind: str) -> Callable[[Any], bool]:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(dict(schema_for(kind))).is_valid


@cache
def _undemanding(kind: str) -> Callable[[Any], bool]:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(_without_required(schema_for(kind))).is_valid


def _without_required(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        # What is asked for inside of `not` is a condition, not a demand.
        return {
            key: value if key == "not" else _without_required(value)
            for key, value in schema.items()
            if key != "required" or isinstance(value, Mapping)
        }
    return [_without_required(one) for one in schema] if isinstance(schema, list) else schema


@cache
def _reference(kind: str) -> Validator:
    import jsonschema

    extend: Callable[..., Callable[..., Validator]] = jsonschema.validators.extend
    return extend(jsonschema.Draft202012Validator, {"pattern": _pattern})(dict(schema_for(kind)))


def _accepted(kind: str, instance: Any) -> bool:
    return _accepts(_fast(kind), instance)


def _accepts(check: Callable[[Any], bool], instance: Any) -> bool:
    try:
        return check(instance)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False  # a value that JSON has no word for: the reference finds the words


def _pattern(validator: Validator, pattern: str, instance: Any, _schema: Schema) -> Iterator[ValidationError]:
    """`pattern` as ECMA 262 reads it: `$` is the very end, where Python's also stands before a last line break."""
    from jsonschema import ValidationError

    expression = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if validator.is_type(instance, "string") and not re.search(expression, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _told(root: Schema, error: ValidationError, path: Path) -> Iterator[tuple[Violation, messages.Hint, Path]]:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    found = messages.Found(str(error.validator), error.validator_value, error.instance, schema, error.message)
    for told in messages.TELLERS.get(found.keyword, messages.other)(root, found, path):
        place = (*path, told.key) if told.key is not None else path
        yield Violation(pointer_to(place), told.rule, told.message, None, told.key is not None, told.missing), told.hint, place


class _Order:
    """Paths as numbers that sort in the order of the document."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._ranks: dict[Path, dict[str | int, int]] = {}

    def of(self, path: Path) -> tuple[int, ...]:
        order: list[int] = []
        value = self._instance
        for depth, part in enumerate(path):
            if isinstance(part, int):
                order.append(part)
            else:
                order.append(self._rank(path[:depth], value)[part])
            value = value[part]
        return tuple(order)

    def _rank(self, path: Path, value: Mapping[str | int, Any]) -> dict[str | int, int]:
        if path not in self._ranks:
            self._ranks[path] = {key: index for index, key in enumerate(value)}
        return self._ranks[path]
