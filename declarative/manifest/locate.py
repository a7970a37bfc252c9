"""Where was it written? Answered by reading the one document again, so that nothing is kept for the many that are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from msgspec import Struct

from declarative.core.diagnostics import Position
from declarative.manifest.nodes import MappingNode, Node, Reading, ScalarNode, SequenceNode, read_nodes
from declarative.manifest.sources import RawDocument, ReadLimits
from declarative.manifest.spans import Span


class Place(Struct, frozen=True):
    """A position with its source line. `via` says how the value came here when it was not written at its own place, and
    `used` where that place is, when it is another."""

    position: Position
    excerpt: str | None = None
    via: str | None = None
    used: Position | None = None


class Origin(Struct, frozen=True):
    """Where the value at one pointer really comes from: a variable, or an overlay.

    `source` and `pointer` name the node in another document; without a source (`--var`, the environment) the value's
    own place stands. `via` is for people: `variable "site"`."""

    via: str
    source: DocumentLocator | None = None
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class DocumentLocator:
    """The `Locator` of one document: pointers into its value, origins of variables and overlays followed. `nodes`: the root of
    a document that is kept in memory anyway; others are read again."""

    document: RawDocument
    start: tuple[int, int] = (1, 1)
    limits: ReadLimits = field(default_factory=ReadLimits, compare=False, repr=False)
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False, repr=False)
    nodes: Node | None = field(default=None, compare=False, repr=False)

    def __call__(self, pointer: str) -> Position:
        return self.place(pointer).position

    @property
    def position(self) -> Position:
        """Where the document's content begins."""
        return Position(self.document.file, *self.start)

    def origin(self, pointer: str) -> tuple[str, Origin] | None:
        """The origin of the value at a pointer, and the pointer that it was recorded for: itself or a parent."""
        probe = pointer
        while True:
            found = self.origins.get(probe)
            if found is not None:
                return probe, found
            if not probe:
                return None
            probe = probe.rpartition("/")[0]

    def place(self, pointer: str, *, at_key: bool = False) -> Place:
        """The place of a value, or of its key. A pointer that does not exist gives the nearest parent."""
        came_from = self.origin(pointer) if self.origins else None
        if came_from is not None:
            prefix, origin = came_from
            if origin.source is not None:
                inner = origin.source.place(origin.pointer + pointer[len(prefix) :], at_key=at_key)
                return Place(inner.position, inner.excerpt, inner.via or origin.via, self._own(pointer, at_key=at_key).position)
            own = self._own(pointer, at_key=at_key)
            return Place(own.position, own.excerpt, origin.via)
        return self._own(pointer, at_key=at_key)

    def _own(self, pointer: str, *, at_key: bool) -> Place:
        if not pointer:
            return Place(self.position, self.document.excerpt(self.start[0]))
        root = self.nodes or _root_of(self.document, self.limits)
        if root is None:
            return Place(self.position, self.document.excerpt(self.start[0]))
        span = span_at(root, pointer, at_key=at_key)
        return Place(span.position(self.document.file), self.document.excerpt(span.line))


_SMALL = 4 * 1024


@lru_cache(maxsize=2)
def reading_of(document: RawDocument, limits: ReadLimits) -> Reading:
    """What `read_nodes` says, for the document in hand: a wrong one is read, and then asked for places."""
    return read_nodes(document, limits)


def _root_of(document: RawDocument, limits: ReadLimits) -> Node | None:
    # Findings come by the document, and a wrong one may have thousands. Small documents are kept for the rules, too, which
    # look at them after all of them were read.
    return _small_root(document, limits) if len(document.text) <= _SMALL else reading_of(document, limits).root


@lru_cache(maxsize=2048)
def _small_root(document: RawDocument, limits: ReadLimits) -> Node | None:
    return reading_of(document, limits).root


def unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def node_at(root: Node, pointer: str) -> Node | None:
    """The node at a JSON pointer; None where there is none."""
    node: Node | None = root
    for part in pointer.split("/")[1:]:
        step = _step(node, unescape(part)) if node is not None else None
        node = step[1] if step else None
    return node


def span_at(root: Node, pointer: str, *, at_key: bool = False) -> Span:
    """Where the value at a JSON pointer stands, or its key; the nearest parent's key where there is no such value."""
    span, node = root.span, root
    for part in pointer.split("/")[1:]:
        step = _step(node, unescape(part))
        if step is None:
            return span
        key_span, node = step
        span = key_span
    return span if at_key or _is_hollow(node) else node.span


def _step(node: Node, key: str) -> tuple[Span, Node] | None:
    if isinstance(node, MappingNode):
        return node.entries.get(key)
    if isinstance(node, SequenceNode) and key.isdecimal() and int(key) < len(node.items):
        child = node.items[int(key)]
        return child.span, child
    return None


def _is_hollow(node: Node) -> bool:
    """An empty value has no place of its own that anyone could point at: its key is the better place. The same goes for
    a block collection, which starts at its first child."""
    if isinstance(node, ScalarNode):
        return node.plain and not node.text
    return node.span.line == node.span.end_line and node.span.column == node.span.end_column
