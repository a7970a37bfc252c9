"""Canonical formatting: keys in the schema's order, two spaces a level, comments and quoting as written.

Lines are moved and shifted, never written anew: what stands inside a value is not touched. Each document is read again
afterwards, and where its meaning would differ (an alias moved before its anchor, say) less is done to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from declarative.core.diagnostics import Diagnostic, ordered
from declarative.manifest.documents import shape_for
from declarative.manifest.nodes import MappingNode, Node, ScalarNode, SequenceNode, read_nodes
from declarative.manifest.shapes import ANY, Shape
from declarative.manifest.sources import RawDocument, ReadLimits, documents_of

_COMMENT_OR_BLANK = re.compile(r"[ \t]*(?:#.*)?")
_RARE = re.compile(r"(?:^|[\s\[{,:?-])[&*!]|^[ ]*\?(?:[ ]|$)|^(?:%|\.\.\.)|[|>][0-9]*\+|^[ ]*- +-(?:[ ]|$)", re.MULTILINE)
_STEP = 2


class Formatted(Struct, frozen=True):
    """`text` is the input unchanged where `diagnostics` holds errors."""

    text: str
    changed: bool
    diagnostics: tuple[Diagnostic, ...] = ()


def format_text(text: str, file: str, limits: ReadLimits | None = None) -> Formatted:
    """The canonical form of a manifest file's text. Its meaning stays; formatting twice changes nothing more."""
    limits = limits or ReadLimits()
    body = text.removeprefix("\ufeff")
    line_break = "\r\n" if "\r\n" in body else "\n"
    data = re.sub(r"\r\n?", "\n", body).encode("utf-8", errors="surrogatepass")
    documents, found = documents_of(data, file, limits)
    for document in documents:
        found.extend(read_nodes(document, limits).diagnostics)
    if found:
        return Formatted(text, changed=False, diagnostics=ordered(found))
    pieces = [_document(document, limits) for document in documents]
    result = "".join(piece for piece in pieces if piece).replace("\n", line_break)
    return Formatted(result, changed=result != text)


def _document(document: RawDocument, limits: ReadLimits) -> str:
    for attempt in (_ordered_and_indented, _tidied):
        result = attempt(document, limits)
        if result is not None and _same_meaning(document.text, result, limits):
            return result
    return document.text


def _same_meaning(before: str, after: str, limits: ReadLimits) -> bool:
    old, new = (read_nodes(RawDocument("", text), limits) for text in (before, after))
    if new.diagnostics or (old.root is None) != (new.root is None):
        return False
    return old.root is None or new.root is None or _meaning(old.root) == _meaning(new.root)


def _meaning(node: Node) -> object:
    if isinstance(node, ScalarNode):
        return (node.text, node.plain, node.tag)
    if isinstance(node, SequenceNode):
        return [_meaning(item) for item in node.items]
    return {key: _meaning(child) for key, (_, child) in node.entries.items()}


def _tidied(document: RawDocument, limits: ReadLimits) -> str | None:
    """White space at line ends and blank lines at the end taken out, outside of values that span lines."""
    root = read_nodes(document, limits).root
    lines = document.text.split("\n")
    inside = _value_lines(root) if root else set()
    lines = [line if number in inside else line.rstrip() for number, line in enumerate(lines, document.line)]
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines) + "\n" if lines else ""


def _ordered_and_indented(document: RawDocument, limits: ReadLimits) -> str | None:
    if _RARE.search(document.text):
        return None
    root = read_nodes(document, limits).root
    if not isinstance(root, MappingNode) or not root.entries:
        return None
    layout = _Layout(document, root)
    if layout.is_flow(root):
        return None
    first = min(span.line for span, _ in root.entries.values())
    kind = root.entries.get("kind")
    shape = shape_for(kind[1].text) if kind and isinstance(kind[1], ScalarNode) else ANY
    end = layout.last_line + 1
    head = [line.rstrip() for line in layout.lines[: first - document.line]]
    body, rest = layout.mapping(root, shape, 0, first, end)
    lines = _without_blank_runs([*head, *body, *rest])
    return "\n".join(lines).rstrip("\n") + "\n"


class _Kept(str):
    """A line inside a value: nothing but its indentation may change."""

    __slots__ = ()


class _Layout:
    """The lines of one document, and how to lay its nodes out again. Line numbers are those of the file."""

    def __init__(self, document: RawDocument, root: Node) -> None:
        self.lines = document.text.split("\n")
        self._base = document.line
        self._inside = _value_lines(root)
        self.last_line = document.line + len(self.lines) - 1

    def line(self, number: int) -> str:
        return self.lines[number - self._base]

    def is_flow(self, node: Node) -> bool:
        return self.line(node.span.line)[node.span.column - 1 : node.span.column] in ("{", "[")

    def mapping(self, node: MappingNode, shape: Shape, indent: int, start: int, end: int) -> tuple[list[str], list[str]]:
        """The lines of a block mapping that stands in the lines from `start` up to `end`, its keys at `indent`; and the
        comments after it that belong to what follows."""
        entries = [(key, span.line, span.column, child) for key, (span, child) in node.entries.items()]
        column = entries[0][2]
        starts = [line for _, line, _, _ in entries]
        blocks: list[tuple[str, list[str], list[str]]] = []
        above = self._shifted_comments(start, starts[0], indent)
        rest: list[str] = []
        for index, (key, line, _, child) in enumerate(entries):
            stop = starts[index + 1] if index + 1 < len(entries) else end
            own_end = self._own_end(line, stop, column)
            body, after = self._entry(line, column, child, shape.child(key), indent, own_end)
            blocks.append((key, above, [*body, *after]))
            above = self._shifted_comments(own_end, stop, indent)
            rest = self._raw_comments(own_end, stop)
        lines = [line for _, before, body in _in_order(blocks, shape) for line in (*before, *body)]
        return _without_blank_start(lines), rest

    def sequence(self, node: SequenceNode, shape: Shape, indent: int, start: int, end: int) -> tuple[list[str], list[str]]:
        """The same for a block sequence, its dashes at `indent`."""
        dashes = [self._dash(item) for item in node.items]
        column = dashes[0][1]
        lines = self._shifted_comments(start, dashes[0][0], indent)
        rest: list[str] = []
        for index, item in enumerate(node.items):
            line, _ = dashes[index]
            stop = dashes[index + 1][0] if index + 1 < len(dashes) else end
            own_end = self._own_end(line, stop, column)
            lines.extend(self._item(item, line, column, shape.items, indent, own_end))
            if index + 1 < len(dashes):
                lines.extend(self._shifted_comments(own_end, stop, indent))
            rest = self._raw_comments(own_end, stop)
        return lines, rest

    def _entry(self, line: int, column: int, child: Node, shape: Shape, indent: int, end: int) -> tuple[list[str], list[str]]:
        text = self.line(line)
        if _is_collection(child) and not self.is_flow(child):
            header = text[column - 1 :].rstrip()
            inner_start = line + 1
            lay = self._collection(child, shape, indent + _STEP, inner_start, end)
            return [" " * indent + header, *lay[0]], [self._at(indent + _STEP, one) for one in lay[1]]
        first = self._first_line(text, column, child, line)
        return [" " * indent + first, *self._continuation(line + 1, end, indent - (column - 1))], []

    def _first_line(self, text: str, column: int, child: Node, line: int) -> str:
        if child.span.line != line or (isinstance(child, ScalarNode) and not child.text and child.plain):
            return text[column - 1 :].rstrip()
        before = text[column - 1 : child.span.column - 1]
        value = text[child.span.column - 1 :]
        value = value if line + 1 in self._inside and not _opens_block(value) else value.rstrip()
        return f"{before.rstrip().removesuffix(':').rstrip()}: {value}"

    def _item(self, item: Node, line: int, column: int, shape: Shape, indent: int, end: int) -> list[str]:
        text = self.line(line)
        same_line = item.span.line == line
        if _is_collection(item) and not self.is_flow(item):
            start = item.span.line if same_line else line + 1
            lines, rest = self._collection(item, shape, indent + _STEP, start, end)
            tail = [self._at(indent + _STEP, one) for one in rest]
            if same_line or (text[column:].strip() == "" and not lines[0].lstrip().startswith("#")):
                return [" " * indent + "- " + lines[0][indent + _STEP :], *lines[1:], *tail]
            return [" " * indent + text[column - 1 :].rstrip(), *lines, *tail]
        after = text[column:]
        value = after.lstrip(" ")
        value = value if line + 1 in self._inside and not _opens_block(value) else value.rstrip()
        return [" " * indent + f"- {value}".rstrip(" "), *self._continuation(line + 1, end, indent - (column - 1))]

    def _collection(self, node: Node, shape: Shape, indent: int, start: int, end: int) -> tuple[list[str], list[str]]:
        if isinstance(node, MappingNode):
            return self.mapping(node, shape, indent, start, end)
        if isinstance(node, SequenceNode):
            return self.sequence(node, shape, indent, start, end)
        raise TypeError(node)

    def _dash(self, item: Node) -> tuple[int, int]:
        """Line and column of the dash before an item."""
        line, column = item.span.line, item.span.column
        before = self.line(line)[: column - 1].rstrip()
        while not before.endswith("-"):
            line -= 1
            before = self.line(line).split(" #")[0].rstrip()
        return line, len(before)

    def _own_end(self, line: int, stop: int, column: int) -> int:
        """Where an entry's own lines end: comments and blank lines before the next entry belong to that one, unless they
        are indented deeper than the entry."""
        end = stop
        while end - 1 > line and end - 1 not in self._inside and _COMMENT_OR_BLANK.fullmatch(self.line(end - 1)):
            end -= 1
        while end < stop and self.line(end).strip() and _indent(self.line(end)) >= column:
            end += 1
        return end

    def _continuation(self, start: int, end: int, delta: int) -> list[str]:
        return [_shift(self.line(number), delta, kept=number in self._inside) for number in range(start, end)]

    def _shifted_comments(self, start: int, end: int, indent: int) -> list[str]:
        return [self._at(indent, line) for line in self._raw_comments(start, end)]

    def _raw_comments(self, start: int, end: int) -> list[str]:
        return [self.line(number).strip() for number in range(start, min(end, self.last_line + 1))]

    @staticmethod
    def _at(indent: int, comment: str) -> str:
        return " " * indent + comment if comment else ""


def _is_collection(node: Node) -> bool:
    return (isinstance(node, MappingNode) and bool(node.entries)) or (isinstance(node, SequenceNode) and bool(node.items))


def _opens_block(value: str) -> bool:
    return value[:1] in ("|", ">")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shift(line: str, delta: int, *, kept: bool) -> str:
    if not line.strip():
        return _Kept("") if kept else ""
    moved = " " * delta + line if delta >= 0 else line[min(-delta, _indent(line)) :]
    return _Kept(moved) if kept else moved.rstrip()


def _in_order(blocks: list[tuple[str, list[str], list[str]]], shape: Shape) -> Sequence[tuple[str, list[str], list[str]]]:
    rank = {key: index for index, key in enumerate(shape.properties)}
    return sorted(blocks, key=lambda block: rank.get(block[0], len(rank)))


def _value_lines(node: Node) -> set[int]:
    """The lines that continue a value from the line before."""
    if isinstance(node, ScalarNode):
        last = node.span.end_line - (1 if node.span.end_column == 1 else 0)
        return set(range(node.span.line + 1, last + 1))
    children = node.items if isinstance(node, SequenceNode) else [child for _, child in node.entries.values()]
    return set().union(*(_value_lines(child) for child in children)) if children else set()


def _without_blank_start(lines: list[str]) -> list[str]:
    filled = next((index for index, line in enumerate(lines) if line), 0)
    return lines[filled:]


def _without_blank_runs(lines: Sequence[str]) -> list[str]:
    result: list[str] = []
    for line in lines:
        if not line and not isinstance(line, _Kept) and (not result or not result[-1]):
            continue
        result.append(line)
    return result
