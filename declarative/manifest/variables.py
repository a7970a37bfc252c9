"""Variables: `${var.NAME}` and `${env.NAME}` inside scalar values.

A reference that is the whole value takes the variable's own type, read by the schema type of the place where it is used:
`zip: ${var.zip}` with a default of `02134` stays the text `02134`. Inside longer text it is put in as written.
`$${` stands for a plain `${`. There is no other templating.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from declarative.core.errors import InvalidError
from declarative.core.suggest import Names
from declarative.manifest.locate import DocumentLocator, Origin, escape
from declarative.manifest.nodes import MappingNode, Node, ScalarNode, read_nodes, to_value
from declarative.manifest.scalars import Refusal, written
from declarative.manifest.shapes import ANY, Shape
from declarative.manifest.sources import ReadLimits, documents_of
from declarative.manifest.spans import Span

_REFERENCE = re.compile(r"\$(?P<escaped>\$\{)|\$\{(?P<name>[^}]*)(?P<end>\}?)")
_NAME = re.compile(r"(?P<space>var|env)\.(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)")
SECRETS = frozenset({"QUALYS_PASSWORD", "QUALYS_TOKEN", "QUALYS_CLIENT_SECRET"})
_TEXT = Shape(kinds=frozenset({"string"}), text=True)
_NOWHERE = Span(1, 1, 1, 1)
_TEXT_OF_ONE = 100
"""Characters of a text that are counted as one value where it is put in."""
_TYPES: Mapping[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable. `node` is its value as written, None when it must be given; `source` and `pointer` say where
    it was written, no source meaning the command line."""

    name: str
    node: Node | None
    source: DocumentLocator | None = None
    pointer: str = ""
    type: str | None = None

    def origin(self) -> Origin:
        if self.source is None:
            return Origin(f'variable "{self.name}", given on the command line')
        return Origin(f'variable "{self.name}"', self.source, self.pointer)


def given(name: str, text: str, declared: Variable | None) -> Variable:
    """A variable's value from the command line: text, typed by the place of use like a plain scalar in a file."""
    return Variable(name, ScalarNode(_NOWHERE, text, plain=bool(text)), type=declared.type if declared else None)


class Sources(Protocol):
    """Where values come from, and what is suggested for a name that is in none of them."""

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


def escaped(value: Any) -> Any:
    """The value as it has to be written to mean itself: text from elsewhere must never be taken for a reference."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {key: escaped(child) for key, child in value.items()}
    return [escaped(child) for child in value] if isinstance(value, list) else value


Report = Callable[[str, Refusal], None]
"""Tells that something is wrong at a pointer of the document in hand."""


@dataclass(slots=True)
class Substitution:
    """Values with their references replaced, and the origin of each value that came from one.

    `repeated`: how many values the references stand for beyond one each, a hundred characters counted as one: a short text can
    ask for a long variable many times, or for one that is made of many others.
    """

    sources: Sources
    report: Report
    origins: dict[str, Origin] = field(default_factory=dict)
    repeated: int = 0

    def apply(self, value: Any, shape: Shape, pointer: str = "") -> Any:
        """The value with every reference resolved; containers that hold none are given back as they are."""
        if isinstance(value, str):
            return self._text(value, shape, pointer, ()) if "${" in value else value
        if isinstance(value, dict):
            return {key: self.apply(child, shape.child(key), f"{pointer}/{escape(key)}") for key, child in value.items()}
        if isinstance(value, list):
            return [self.apply(child, shape.items, f"{pointer}/{index}") for index, child in enumerate(value)]
        return value

    def _text(self, text: str, shape: Shape, pointer: str, within: tuple[str, ...]) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole and whole["escaped"] is None:
            return self._reference(whole, shape, pointer, within)

        def put(found: re.Match[str]) -> str:
            if found["escaped"] is not None:
                return "${"
            value = self._reference(found, _TEXT, pointer, within)
            if isinstance(value, (list, dict)):
                self.report(pointer, Refusal("variable/type", f"`{found.group()}` is not a single value", "use it alone"))
                return ""
            return written(value)

        return _REFERENCE.sub(put, text)

    def _reference(self, found: re.Match[str], shape: Shape, pointer: str, within: tuple[str, ...]) -> Any:
        name = _NAME.fullmatch(found["name"])
        if name is None or not found["end"]:
            hint = "write ${var.NAME} or ${env.NAME}; $${ stands for a plain ${"
            self.report(pointer, Refusal("variable/syntax", f"`{found.group()[:60]}` is not a reference", hint))
            return None
        if name["space"] == "env":
            return self._environment(name["key"], shape, pointer)
        return self._variable(name["key"], shape, pointer, within)

    def _environment(self, name: str, shape: Shape, pointer: str) -> Any:
        if name in SECRETS:
            hint = "credentials are read from the environment by themselves; they never belong in a manifest"
            self.report(pointer, Refusal("variable/secret", f"{name} is a credential and cannot be used in a manifest", hint))
            return None
        text = self.sources.environ.get(name)
        if text is None:
            hint = self.sources.environment_names.did_you_mean(name) or f"set {name}"
            self.report(pointer, Refusal("variable/missing", f"the environment variable {name} is not set", hint))
            return None
        if any(text and text == self.sources.environ.get(secret) for secret in SECRETS):
            hint = "credentials are read from the environment by themselves; they never belong in a manifest"
            self.report(pointer, Refusal("variable/secret", f"{name} holds a credential and cannot be used in a manifest", hint))
            return None
        if self._is_too_much(len(text) // _TEXT_OF_ONE, pointer):
            return None
        self.origins[pointer] = Origin(f"environment variable {name}")
        refusals: list[tuple[Span, Refusal]] = []
        value = to_value(ScalarNode(_NOWHERE, text, plain=bool(text)), shape, refusals)
        return text if refusals else value

    def _variable(self, name: str, shape: Shape, pointer: str, within: tuple[str, ...]) -> Any:
        variable = self.sources.variables.get(name)
        if variable is None or variable.node is None:
            self.report(pointer, self._missing(name, declared=variable is not None))
            return None
        if name in within:
            chain = " -> ".join((*within, name))
            self.report(pointer, Refusal("variable/cycle", f"the variable refers to itself: {chain}"))
            return None
        if len(within) >= self.sources.limits.depth:
            message = f"the variable is made of others, more than {len(within)} levels deep"
            self.report(pointer, Refusal("variable/too-large", message, "use fewer levels"))
            return None
        # What a document's own text asks for once is in proportion to it; what variables ask of each other need not be.
        if self._is_too_much(_weight(variable.node) + bool(within), pointer):
            return None
        self.origins[pointer] = variable.origin()
        refusals: list[tuple[Span, Refusal]] = []
        value = to_value(variable.node, _typed(variable, shape), refusals)
        for _, refusal in refusals:
            self.report(pointer, refusal)
        value = self._nested(value, shape, pointer, (*within, name))
        self._check_type(variable, value, pointer)
        return value

    def _nested(self, value: Any, shape: Shape, pointer: str, within: tuple[str, ...]) -> Any:
        if isinstance(value, str) and "${" in value:
            return self._text(value, shape, pointer, within)
        if isinstance(value, list):
            return [self._nested(item, shape.items, pointer, within) for item in value]
        if isinstance(value, dict):
            return {key: self._nested(item, shape.child(key), pointer, within) for key, item in value.items()}
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
        if declared:
            return Refusal(
                "variable/missing", f'the variable "{name}" has no value', f"give --var {name}=VALUE, or declare a default"
            )
        hint = self.sources.variable_names.did_you_mean(name) or "declare it under spec.variables of the project"
        return Refusal("variable/missing", f'there is no variable "{name}"', hint)

    def _check_type(self, variable: Variable, value: Any, pointer: str) -> None:
        wanted = _TYPES.get(variable.type or "")
        # A place that takes text keeps a number's digits as text; the type was about the value, not about its place.
        if wanted is None or value is None or isinstance(value, str):
            if wanted in (None, (str,)) or value is None:
                return
            value = _plain_value(value)
        if not isinstance(value, wanted) or (isinstance(value, bool) and variable.type != "boolean"):
            self.report(pointer, Refusal("variable/type", f'the variable "{variable.name}" must be of type {variable.type}'))


def _weight(node: Node) -> int:
    """How many values a node stands for beyond one."""
    return len(node.text) // _TEXT_OF_ONE if isinstance(node, ScalarNode) else node.size - 1


def _plain_value(text: str) -> Any:
    return to_value(ScalarNode(_NOWHERE, text, plain=True), ANY, [])


def _typed(variable: Variable, shape: Shape) -> Shape:
    return _TEXT if variable.type == "string" else shape


def declared(block: Node | None, source: DocumentLocator, pointer: str) -> dict[str, Variable]:
    """The variables of a `variables` mapping: `name: value`, or `name: {default, description, type}`."""
    found: dict[str, Variable] = {}
    if not isinstance(block, MappingNode):
        return found
    for name, (_, node) in block.entries.items():
        at = f"{pointer}/{escape(name)}"
        if isinstance(node, MappingNode):
            default, kind = node.entries.get("default"), node.entries.get("type")
            found[name] = Variable(
                name,
                _value_node(default[1]) if default else None,
                source,
                at + "/default" if default else at,
                kind[1].text if kind and isinstance(kind[1], ScalarNode) else None,
            )
        else:
            found[name] = Variable(name, _value_node(node), source, at)
    return found


def _value_node(node: Node) -> Node | None:
    """A null is a declaration without a value."""
    is_null = isinstance(node, ScalarNode) and node.plain and node.text in ("", "~", "null", "Null", "NULL")
    return None if is_null else node


def read_variable_file(path: Path) -> dict[str, str]:
    """The variables of a `--var-file`: one YAML mapping of names to single values, each taken as written.

    Raises InvalidError, with diagnostics where the text is at fault.
    """
    limits = ReadLimits()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidError(f"{path}: the variable file cannot be read: {error.strerror}") from error
    documents, found = documents_of(data, str(path), limits)
    variables: dict[str, str] = {}
    for document in documents:
        reading = read_nodes(document, limits)
        found.extend(reading.diagnostics)
        entries = reading.root.entries if isinstance(reading.root, MappingNode) else {}
        if reading.root is not None and not isinstance(reading.root, MappingNode):
            raise InvalidError(f"{path}: a variable file is a mapping of names to values")
        for name, (span, node) in entries.items():
            if not isinstance(node, ScalarNode):
                where = span.position(str(path))
                raise InvalidError(f'{where}: the variable "{name}" must be a single value', hint="declare lists in the project")
            variables[name] = node.text
    if found:
        raise InvalidError(f"{path}: the variable file is not valid", diagnostics=found)
    return variables
