"""Variables as they are declared and given: `spec.variables`, `--var`, `--var-file`. What references to them stand for is
worked out in `substitution.py`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from declarative.core.errors import InvalidError
from declarative.core.files import read_whole
from declarative.core.quoting import shown
from declarative.manifest.locate import DocumentLocator, Origin, escape
from declarative.manifest.nodes import MappingNode, Node, ScalarNode, read_nodes
from declarative.manifest.sources import ReadLimits, documents_of
from declarative.manifest.spans import Span

_NOWHERE = Span(1, 1, 1, 1)


class Variable(Struct, frozen=True):
    """A declared variable. `node` is its value as written, None when it must be given; `source` and `pointer` say where
    it was written, no source meaning the command line."""

    name: str
    node: Node | None
    source: DocumentLocator | None = None
    pointer: str = ""
    type: str | None = None

    def origin(self) -> Origin:
        if self.source is None:
            return Origin(f'variable "{shown(self.name)}", given on the command line')
        return Origin(f'variable "{shown(self.name)}"', self.source, self.pointer)


def given(name: str, text: str, declared: Variable | None) -> Variable:
    """A variable's value from the command line: text, typed by the place of use like a plain scalar in a file."""
    return Variable(name, as_given(text), type=declared.type if declared else None)


def as_given(text: str) -> ScalarNode:
    """A text from outside of any file, as the plain scalar that it would be in one."""
    return ScalarNode(_NOWHERE, text, plain=bool(text))


def escaped(value: Any) -> Any:
    """The value as it has to be written to mean itself: text from elsewhere must never be taken for a reference."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {key: escaped(child) for key, child in value.items()}
    return [escaped(child) for child in value] if isinstance(value, list) else value


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
        data = read_whole(path, limits.file_bytes)
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
