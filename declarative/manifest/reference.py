"""The reference reader: libyaml events into nodes that know where they stand.

It finds everything wrong in a document, as far as the syntax allows. The quick reader (`quick.py`) builds values
without positions and gives up where this one would have something to say: a run without mistakes need not load a YAML parser.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from declarative.core.diagnostics import CORRECT_THESE, MORE_FINDINGS, MOST_FINDINGS, Diagnostic, more_findings
from declarative.core.quoting import on_one_line
from declarative.manifest.nodes import TAG, TAGS, MappingNode, Node, Reading, ScalarNode, SequenceNode
from declarative.manifest.scalars import Refusal
from declarative.manifest.sources import RawDocument, ReadLimits, forbidden
from declarative.manifest.spans import Span, refused
from declarative.manifest.syntax import syntax_error

try:
    from yaml._yaml import CParser as _EventParser  # yaml.cyaml, where it is public, drags the loaders in
except ImportError:  # PyYAML built without libyaml: the same events, slower
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _EventParser(Reader, Scanner, Parser):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)


_MOST_DIRECTIVES = 100


class _Stop(Exception):  # noqa: N818 - an unwinding of the reader, never seen outside
    """The document cannot be read further."""


def events_of(text: str) -> Any:
    """A parser of YAML events over one document's text."""
    return _EventParser(text)


def read(document: RawDocument, limits: ReadLimits) -> Reading:
    """Read one document that has content into nodes, with everything that is wrong with it."""
    return _Reader(document, limits).read()


class _Reader:
    def __init__(self, document: RawDocument, limits: ReadLimits) -> None:
        self._document = document
        self._first_line = document.line
        self._limits = limits
        self._found: list[Diagnostic] = []
        self._anchors: dict[str, Node | None] = {}
        self._hidden: list[Span] = []
        self._nodes = 0
        self._repeated = 0
        self._parser: Any = None

    def read(self) -> Reading:
        root: Node | None = None
        try:
            self._check_directives()
            self._parser = events_of(self._document.text)
            root = self._document_node()
        except _Stop:
            root = None
        except yaml.YAMLError as error:
            root = None
            self._found.append(syntax_error(self._document, error))
        except RecursionError:  # the pure parser recurses; libyaml refuses by itself
            self._refuse(self._whole(), Refusal("yaml/too-deep", "the document is nested too deeply"))
        if self._hidden:
            refusal = Refusal(MORE_FINDINGS, more_findings(len(self._hidden)), CORRECT_THESE)
            self._found.append(refused(self._document, self._hidden[0], refusal))
        return Reading(root, tuple(self._found), self._repeated)

    def _check_directives(self) -> None:
        # The parser compares each with all before it.
        if self._document.text.count("\n%") > _MOST_DIRECTIVES:
            message = f"more than {_MOST_DIRECTIVES} directives (lines that begin with `%`) stand above the document"
            self._refuse(self._whole(), Refusal("yaml/syntax", message, "remove them; manifests need none"))
            raise _Stop

    def _document_node(self) -> Node | None:
        root: Node | None = None
        while True:
            event: Event = self._parser.get_event()
            if isinstance(event, StreamEndEvent):
                return root
            if isinstance(event, (StreamStartEvent, DocumentStartEvent, DocumentEndEvent)):
                continue
            if root is not None:
                self._refuse(
                    self._span(event),
                    Refusal("yaml/syntax", "a second document begins without `---`", "put `---` on a line of its own before it"),
                )
                raise _Stop
            root = self._node(event, 1)

    def _node(self, event: Event, depth: int) -> Node:
        if depth > self._limits.depth:
            refusal = Refusal("yaml/too-deep", f"nested deeper than {self._limits.depth} levels", "flatten the document")
            self._refuse(self._span(event), refusal)
            raise _Stop
        if isinstance(event, AliasEvent):
            return self._alias(event)
        self._count(event, 1)
        anchor: str | None = event.anchor  # type: ignore[attr-defined]
        if anchor is None:
            return self._scalar(event) if isinstance(event, ScalarEvent) else self._collection(event, depth)
        self._anchors[anchor] = None
        node = self._scalar(event) if isinstance(event, ScalarEvent) else self._collection(event, depth)
        self._anchors[anchor] = node
        return node

    def _collection(self, event: Event, depth: int) -> Node:
        span = self._span(event)
        if isinstance(event, MappingStartEvent):
            self._collection_tag(event.tag, "map", span)
            return self._mapping(span, depth)
        if not isinstance(event, SequenceStartEvent):
            raise _Stop
        self._collection_tag(event.tag, "seq", span)
        return self._sequence(span, depth)

    def _sequence(self, span: Span, depth: int) -> SequenceNode:
        sequence = SequenceNode(span)
        next_event, items, size = self._parser.get_event, sequence.items, 1
        while not isinstance(event := next_event(), SequenceEndEvent):
            node = self._ordinary(event, depth) or self._node(event, depth + 1)
            items.append(node)
            size += node.size
        sequence.size = size
        return sequence

    def _ordinary(self, event: Event, depth: int) -> ScalarNode | None:
        """A plain scalar without anchor and tag in a collection of that depth: most of what there is, with fewer steps. None for
        anything else."""
        if type(event) is not ScalarEvent or event.style or event.tag is not None or event.anchor is not None:
            return None
        if depth >= self._limits.depth or self._nodes >= self._limits.nodes:
            return None
        self._nodes += 1
        start: Any = event.start_mark
        end: Any = event.end_mark
        base = self._first_line
        span = tuple.__new__(Span, (start.line + base, start.column + 1, end.line + base, end.column + 1))
        return ScalarNode(span, event.value, True)

    def _mapping(self, span: Span, depth: int) -> MappingNode:
        mapping = MappingNode(span)
        entries = mapping.entries
        next_event = self._parser.get_event
        while not isinstance(event := next_event(), MappingEndEvent):
            key_span, key = self._key(event, depth)
            event = next_event()
            node = self._ordinary(event, depth) or self._node(event, depth + 1)
            mapping.size += node.size + 1
            if key is None:
                continue
            if key in entries:
                self._duplicate(key, key_span, entries[key][0])
            else:
                entries[key] = (key_span, node)
        return mapping

    def _duplicate(self, key: str, span: Span, first: Span) -> None:
        if self._is_full:
            self._hidden.append(span)
            return
        message = f"the key `{on_one_line(key)}` is given twice; first at {first.position(self._document.file)}"
        self._refuse(span, Refusal("yaml/duplicate-key", message, "keep one of them"))

    def _key(self, event: Event, depth: int) -> tuple[Span, str | None]:
        node = self._ordinary(event, depth) or self._node(event, depth + 1)
        span = self._span(event) if isinstance(event, AliasEvent) else node.span
        return span, self._key_of(node, span)

    def _key_of(self, node: Node, span: Span) -> str | None:
        if not isinstance(node, ScalarNode):
            self._refuse(span, Refusal("yaml/key", "a key must be text, not a list or a mapping"))
            return None
        if node.plain and node.text == "<<":
            hint = "write the keys out, or use an anchor for a whole value"
            self._refuse(span, Refusal("yaml/merge-key", "merge keys (`<<`) are not part of YAML 1.2", hint))
            return None
        if not node.text:
            self._refuse(span, Refusal("yaml/key", "a key must not be empty"))
            return None
        return node.text

    def _scalar(self, event: ScalarEvent) -> ScalarNode:
        span = self._span(event)
        tag: str | None = None
        if event.tag is not None:
            tag = TAGS.get(event.tag)
            if tag is None:
                self._unknown_tag(event.tag, span)
        plain = not event.style
        if not plain:
            bad = forbidden(event.value)
            if bad:
                message = f"the value holds the character {bad}, which is not allowed"
                self._refuse(span, Refusal("yaml/character", message, "delete the escape"))
        return ScalarNode(span, event.value, plain, tag)

    def _collection_tag(self, tag: str | None, name: str, span: Span) -> None:
        if tag is not None and tag not in ("!", TAG + name):
            self._unknown_tag(tag, span)

    def _unknown_tag(self, tag: str, span: Span) -> None:
        shown = "!!" + tag.removeprefix(TAG) if tag.startswith(TAG) else tag
        hint = "remove it; quote the value where text is meant"
        self._refuse(span, Refusal("yaml/unknown-tag", f"the tag `{on_one_line(shown)}` is not known here", hint))

    def _alias(self, event: AliasEvent) -> Node:
        span = self._span(event)
        name = str(event.anchor)
        if name not in self._anchors:
            message = f"the alias `*{on_one_line(name)}` has no anchor before it in this document"
            self._refuse(span, Refusal("yaml/unknown-alias", message))
            return ScalarNode(span, "", plain=True)
        node = self._anchors[name]
        if node is None:
            self._refuse(span, Refusal("yaml/cyclic-alias", f"the alias `*{on_one_line(name)}` stands inside its own anchor"))
            return ScalarNode(span, "", plain=True)
        self._count(event, node.size)
        self._repeated += node.size - 1
        return node

    def _count(self, event: Event, size: int) -> None:
        self._nodes += size
        if self._nodes > self._limits.nodes:
            self._refuse(
                self._span(event),
                Refusal(
                    "yaml/too-many-nodes",
                    f"the document has more than {self._limits.nodes:,} values once its aliases are written out",
                    "split it, or use fewer aliases",
                ),
            )
            raise _Stop

    def _span(self, event: Event) -> Span:
        start: Any = event.start_mark
        end: Any = event.end_mark
        base = self._first_line
        # What Span(...) does, without its frame: nothing else is done as often.
        return tuple.__new__(Span, (start.line + base, start.column + 1, end.line + base, end.column + 1))

    def _whole(self) -> Span:
        return Span(self._document.line, 1, self._document.line, 1)

    @property
    def _is_full(self) -> bool:
        return len(self._found) >= MOST_FINDINGS

    def _refuse(self, span: Span, refusal: Refusal) -> None:
        if self._is_full:
            self._hidden.append(span)
        else:
            self._found.append(refused(self._document, span, refusal))
