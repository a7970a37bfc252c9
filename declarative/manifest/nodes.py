"""Documents as nodes that know where they stand, and the values that they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from declarative.core.diagnostics import Diagnostic
from declarative.core.quoting import on_one_line
from declarative.manifest.scalars import NULLS, Refusal, Scalar, ScalarRefusedError, core, text_or
from declarative.manifest.shapes import Shape
from declarative.manifest.sources import RawDocument, ReadLimits
from declarative.manifest.spans import Span


class ScalarNode(Struct):
    span: Span
    text: str
    plain: bool
    tag: str | None = None
    size: int = 1


class SequenceNode(Struct):
    span: Span
    items: list[Node] = field(default_factory=list)
    size: int = 1


class MappingNode(Struct):
    span: Span
    entries: dict[str, tuple[Span, Node]] = field(default_factory=dict)
    size: int = 1


Node = ScalarNode | SequenceNode | MappingNode

# Possessive: a line of `#` can be cut into comments in 2^n ways, and each would be tried.
_NOTHING = re.compile(r"(?:\s|#[^\r\n]*+|^(?:---|\.\.\.)(?=\s|\Z))*+", re.MULTILINE)
TAG = "tag:yaml.org,2002:"
TAGS: Mapping[str, str] = MappingProxyType({"!": "str", **{TAG + name: name for name in ("str", "int", "float", "bool", "null")}})
"""The tags of scalars that are known, and the type that each asks for."""

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


class Reading(Struct, frozen=True):
    """What the reference reader made of one document. `root` is None when the document is empty or its syntax
    could not be followed to the end. `repeated`: how many values its aliases stand for beyond one each."""

    root: Node | None
    diagnostics: tuple[Diagnostic, ...]
    repeated: int = 0


def is_empty(document: RawDocument) -> bool:
    """Whether a document has nothing but comments, white space and its marker."""
    return _NOTHING.fullmatch(document.text) is not None


def read_nodes(document: RawDocument, limits: ReadLimits) -> Reading:
    """Read one document into nodes, with everything that is wrong with it."""
    if is_empty(document):
        return Reading(None, ())
    from declarative.manifest import reference  # a run without mistakes has no need of it, and it loads a YAML parser

    return reference.read(document, limits)


def to_value(node: Node, shape: Shape, refusals: list[tuple[Span, Refusal]]) -> Any:
    """The plain value of a node at a place of this shape. Fresh containers each time, also for aliases."""
    if isinstance(node, ScalarNode):
        try:
            return scalar_value(node, shape)
        except ScalarRefusedError as error:
            refusals.append((node.span, error.refusal))
            return None
    if isinstance(node, SequenceNode):
        return [to_value(item, shape.items, refusals) for item in node.items]
    return {key: to_value(child, shape.child(key), refusals) for key, (_, child) in node.entries.items()}


def copied(value: Any) -> Any:
    """A deep copy of what YAML can hold, in a fraction of `deepcopy`'s time: nothing is shared, and nothing holds itself."""
    if isinstance(value, dict):
        return {key: copied(child) for key, child in value.items()}
    return [copied(child) for child in value] if isinstance(value, list) else value


def scalar_value(node: ScalarNode, shape: Shape) -> Scalar:
    """The value of a scalar at a place of this shape. Raises ScalarRefusedError."""
    if node.tag is not None:
        return _tagged(node)
    if not node.plain:
        return node.text
    if shape.text:
        return None if node.text in NULLS else node.text
    if shape.mixed:
        return text_or(node.text, shape.kinds)
    return core(node.text)


def _tagged(node: ScalarNode) -> Scalar:
    if node.tag == "str":
        return node.text
    value = core(node.text)
    wanted = _PYTHON_TYPES[str(node.tag)]
    fits = isinstance(value, wanted) and (node.tag == "bool" or not isinstance(value, bool))
    if not fits:
        raise ScalarRefusedError(
            Refusal("yaml/unknown-tag", f"`{on_one_line(node.text)}` is not a value of the tag `!!{node.tag}`")
        )
    return float(value) if node.tag == "float" and isinstance(value, (int, float)) else value
