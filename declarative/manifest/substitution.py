"""References to variables: `${var.NAME}` and `${env.NAME}` inside scalar values.

A reference that is the whole value takes the variable's own type, read by the schema type of the place where it is used:
`zip: ${var.zip}` with a default of `02134` stays the text `02134`. Inside longer text it is put in as written.
`$${` stands for a plain `${`. There is no other templating.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from declarative.core.quoting import on_one_line
from declarative.core.suggest import Names
from declarative.manifest.levels import NAME, REFERENCE, Levels
from declarative.manifest.locate import Origin, escape
from declarative.manifest.nodes import Node, ScalarNode, copied, to_value
from declarative.manifest.scalars import Refusal, written
from declarative.manifest.shapes import ANY, Shape
from declarative.manifest.sources import ReadLimits
from declarative.manifest.spans import Span
from declarative.manifest.variables import Variable, as_given

SECRETS = frozenset({"QUALYS_PASSWORD", "QUALYS_TOKEN", "QUALYS_CLIENT_SECRET"})
_TEXT = Shape(kinds=frozenset({"string"}), text=True)
_TEXT_OF_ONE = 100
"""Characters of a text that are counted as one value where it is put in."""
_LIGHT = 20
"""A variable that stands for less than such a part of what a document may hold is remembered once it was worked out."""
_TYPES: Mapping[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}


class Sources(Protocol):
    """Where values come from, what is suggested for a name that is in none of them, and what is known of variables already."""

    @property
    def limits(self) -> ReadLimits: ...
    @property
    def variables(self) -> Mapping[str, Variable]: ...
    @property
    def environ(self) -> Mapping[str, str]: ...
    @property
    def variable_names(self) -> Names: ...
    @property
    def environment_names(self) -> Names: ...
    @property
    def levels(self) -> Levels: ...
    @property
    def worths(self) -> dict[tuple[str, Shape], Worth]: ...


Report = Callable[[str, Refusal], None]
"""Tells that something is wrong at a pointer of the document in hand."""


class Worth(Struct, frozen=True):
    """What a variable stands for at places of one shape, whichever document asks.

    `weight`: how many values beyond one, a hundred characters of text counted as one; `refusals`: what is wrong with it, told
    at each place that uses it."""

    value: Any
    origin: Origin
    weight: int = 0
    refusals: tuple[Refusal, ...] = ()


class Substitution(Struct):
    """Values with their references replaced, and the origin of each value that came from one.

    `repeated`: how many values the references stand for beyond one each, a hundred characters counted as one: a short text can
    ask for a long variable many times, or for one that is made of many others. `is_nested`: the values are a variable's own.
    """

    sources: Sources
    report: Report
    is_nested: bool = False
    origins: dict[str, Origin] = field(default_factory=dict)
    repeated: int = 0

    def apply(self, value: Any, shape: Shape, pointer: str = "") -> Any:
        """The value with every reference resolved; containers that hold none are given back as they are."""
        if isinstance(value, str):
            return self._text(value, shape, pointer) if "${" in value else value
        if isinstance(value, dict):
            return {key: self.apply(child, shape.child(key), f"{pointer}/{escape(key)}") for key, child in value.items()}
        if isinstance(value, list):
            return [self.apply(child, shape.items, f"{pointer}/{index}") for index, child in enumerate(value)]
        return value

    def _text(self, text: str, shape: Shape, pointer: str) -> Any:
        whole = REFERENCE.fullmatch(text)
        if whole and whole["escaped"] is None:
            return self._reference(whole, shape, pointer)

        def put(found: re.Match[str]) -> str:
            if found["escaped"] is not None:
                return "${"
            value = self._reference(found, _TEXT, pointer)
            if isinstance(value, (list, dict)):
                self.report(
                    pointer, Refusal("variable/type", f"`{on_one_line(found.group())}` is not a single value", "use it alone")
                )
                return ""
            return written(value)

        return REFERENCE.sub(put, text)

    def _reference(self, found: re.Match[str], shape: Shape, pointer: str) -> Any:
        name = NAME.fullmatch(found["name"])
        if name is None or not found["end"]:
            hint = "write ${var.NAME} or ${env.NAME}; $${ stands for a plain ${"
            self.report(pointer, Refusal("variable/syntax", f"`{on_one_line(found.group())}` is not a reference", hint))
            return None
        # What a document's own text asks for is in proportion to it; what variables ask of each other need not be.
        if self._is_too_much(self.is_nested, pointer):
            return None
        return (self._environment if name["space"] == "env" else self._variable)(name["key"], shape, pointer)

    def _environment(self, name: str, shape: Shape, pointer: str) -> Any:
        if name in SECRETS:
            hint = "credentials are read from the environment by themselves; they never belong in a manifest"
            self.report(pointer, Refusal("variable/secret", f"{name} is a credential and cannot be used in a manifest", hint))
            return None
        text = self.sources.environ.get(name)
        shown = on_one_line(name)
        if text is None:
            hint = self.sources.environment_names.did_you_mean(name) or f"set {shown}"
            self.report(pointer, Refusal("variable/missing", f"the environment variable {shown} is not set", hint))
            return None
        if any(text and text == self.sources.environ.get(secret) for secret in SECRETS):
            hint = "credentials are read from the environment by themselves; they never belong in a manifest"
            self.report(pointer, Refusal("variable/secret", f"{shown} holds a credential and cannot be used in a manifest", hint))
            return None
        if self._is_too_much(len(text) // _TEXT_OF_ONE, pointer):
            return None
        self.origins[pointer] = Origin(f"environment variable {on_one_line(name)}")
        refusals: list[tuple[Span, Refusal]] = []
        value = to_value(as_given(text), shape, refusals)
        return text if refusals else value

    def _variable(self, name: str, shape: Shape, pointer: str) -> Any:
        variable = self.sources.variables.get(name)
        if variable is None or variable.node is None:
            self.report(pointer, self._missing(name, declared=variable is not None))
            return None
        worth = self._worth(variable, variable.node, shape)
        for refusal in worth.refusals:
            self.report(pointer, refusal)
        if self._is_too_much(worth.weight, pointer):
            return None
        if not worth.refusals:
            self.origins[pointer] = worth.origin
        return copied(worth.value)

    def _worth(self, variable: Variable, node: Node, shape: Shape) -> Worth:
        """Worked out once, however many documents and variables use it."""
        known = self.sources.worths.get((variable.name, shape))
        if known is None:
            endless = self.sources.levels.refusal(variable.name, self.sources.limits.depth)
            known = Worth(None, variable.origin(), refusals=(endless,)) if endless else self._worked_out(variable, node, shape)
            if known.weight <= self.sources.limits.nodes // _LIGHT:
                self.sources.worths[variable.name, shape] = known
        return known

    def _worked_out(self, variable: Variable, node: Node, shape: Shape) -> Worth:
        refusals: list[Refusal] = []
        inner = Substitution(self.sources, lambda _, refusal: refusals.append(refusal), is_nested=True)
        inner.origins[""] = variable.origin()
        inner.repeated = _weight(node)
        wrong: list[tuple[Span, Refusal]] = []
        value = to_value(node, _typed(variable, shape), wrong)
        refusals.extend(refusal for _, refusal in wrong)
        value = inner._nested(value, shape)
        refusals.extend(_type_refusals(variable, value))
        return Worth(value, inner.origins[""], inner.repeated, tuple(dict.fromkeys(refusals)))

    def _nested(self, value: Any, shape: Shape) -> Any:
        """A variable's value with its own references resolved; all of it stands where the variable is used."""
        if isinstance(value, str) and "${" in value:
            return self._text(value, shape, "")
        if isinstance(value, list):
            return [self._nested(item, shape.items) for item in value]
        if isinstance(value, dict):
            return {key: self._nested(item, shape.child(key)) for key, item in value.items()}
        return value

    def _is_too_much(self, more: int, pointer: str) -> bool:
        """Whether a reference stands for more than a document may hold; told once."""
        most = self.sources.limits.nodes
        if self.repeated > most:
            return True
        self.repeated += more
        if self.repeated > most:
            message = f"the document has more than {most:,} values once its variables are put in"
            self.report(pointer, Refusal("variable/too-large", message, "split it, or use fewer variables"))
        return self.repeated > most

    def _missing(self, name: str, *, declared: bool) -> Refusal:
        shown = on_one_line(name)
        if declared:
            return Refusal(
                "variable/missing", f'the variable "{shown}" has no value', f"give --var {shown}=VALUE, or declare a default"
            )
        hint = self.sources.variable_names.did_you_mean(name) or "declare it under spec.variables of the project"
        return Refusal("variable/missing", f'there is no variable "{shown}"', hint)


def _type_refusals(variable: Variable, value: Any) -> Iterator[Refusal]:
    wanted = _TYPES.get(variable.type or "")
    # A place that takes text keeps a number's digits as text; the type was about the value, not about its place.
    if wanted is None or value is None or isinstance(value, str):
        if wanted in (None, (str,)) or value is None:
            return
        value = _plain_value(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and variable.type != "boolean"):
        yield Refusal("variable/type", f'the variable "{on_one_line(variable.name)}" must be of type {variable.type}')


def _weight(node: Node) -> int:
    """How many values a node stands for beyond one."""
    return len(node.text) // _TEXT_OF_ONE if isinstance(node, ScalarNode) else node.size - 1


def _plain_value(text: str) -> Any:
    return to_value(as_given(text), ANY, [])


def _typed(variable: Variable, shape: Shape) -> Shape:
    return _TEXT if variable.type == "string" else shape
