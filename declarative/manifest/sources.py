"""Bytes in, documents out: decoding, forbidden characters, and the cut at `---`.

Cutting first is exact: no YAML content may hold a line that starts with `---` and white space. It lets one broken
document stand alone, and lets every document be read again later from its own text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from msgspec import Struct

from declarative.core.diagnostics import Diagnostic, Position, Severity


class ReadLimits(Struct, frozen=True):
    """What one input may cost. `file_bytes` for a file, `depth` and `nodes` (aliases counted as what they stand for)
    for a document, `character_errors`: how many forbidden characters of one document are listed."""

    file_bytes: int = 16 * 1024 * 1024
    depth: int = 64
    nodes: int = 200_000
    character_errors: int = 10


class RawDocument(Struct, frozen=True):
    """The text of one document. `line` is the number of its first line in the file, from 1; `marred` are the lines
    where a forbidden character was replaced, so that nothing else is said about them; `extent` is where its bytes begin
    and end in the file."""

    file: str
    text: str
    line: int = 1
    marred: frozenset[int] = frozenset()
    extent: tuple[int, int] = (0, 0)

    def excerpt(self, line: int) -> str | None:
        """A source line by its number in the file, without its line break."""
        lines = _lines_of(self.text)
        index = line - self.line
        return lines[index] if 0 <= index < len(lines) else None


LINE_BREAK = re.compile(r"\r\n|\r|\n")


@lru_cache(maxsize=2)
def _lines_of(text: str) -> list[str]:
    # Kept for the document in hand: one with thousands of findings is asked for a line by each of them.
    return LINE_BREAK.split(text)


_MARKER = re.compile(rb"(?:\A|(?<=[\r\n]))(?:---|\.\.\.)(?=[ \t\r\n]|\Z)")
_CONTENT = re.compile(rb"(?:\A|[\r\n])[ \t]*[^ \t\r\n#%]")
_BARE = re.compile(rb"(?:---(?=[ \t\r\n]|\Z))?(?:[ \t\r\n]|#[\t -~]*+)*+(?:(?<![^\n])\.\.\.[ \t\r\n]*+)?").fullmatch
_PLAIN_BYTES = bytes([9, 10, 13, *range(32, 127)])
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_FOREIGN_MARKS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00\x00\xfe\xff", "UTF-32"))
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Piece(Struct, frozen=True):
    """The bytes of one document, where they begin in the file, and the number of their first line."""

    data: bytes
    start: int
    line: int

    @property
    def is_bare(self) -> bool:
        """Whether there is surely nothing in it: neither a value nor a forbidden character."""
        return _BARE(self.data) is not None


def documents_of(data: bytes, file: str, limits: ReadLimits) -> tuple[list[RawDocument], list[Diagnostic]]:
    """Every document of a file, and what is wrong with its bytes. Documents with forbidden characters are given too,
    those characters replaced, so that their other errors are found in the same run."""
    problem = file_problem(data, file, limits)
    if problem is not None:
        return [], [problem]
    decoded = [document_of(piece, file, limits) for piece in pieces_of(data)]
    return [document for document, _ in decoded], [one for _, wrong in decoded for one in wrong]


def file_problem(data: bytes, file: str, limits: ReadLimits) -> Diagnostic | None:
    """What keeps a whole file from being read."""
    if len(data) > limits.file_bytes:
        return too_large(file, len(data), limits.file_bytes)
    foreign = next((name for mark, name in _FOREIGN_MARKS if data.startswith(mark)), None)
    return _encoding(Position(file), f"the file is encoded in {foreign}", "save it as UTF-8") if foreign else None


def pieces_of(data: bytes) -> Iterator[Piece]:
    """Cut before each `---` that begins a document, and after each `...`. A `---` that only ends directives or
    comments belongs to what stands before it."""
    skipped = len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0
    data = data[skipped:] if skipped else data
    start, line = 0, 1
    for sign in _signs(data):
        marker = _MARKER.match(data, sign)
        if marker is None:
            continue
        if marker.group() == b"---":
            end = marker.start()
            # From the line break before it: what stands on the document's own marker line is content, too.
            if not _CONTENT.search(data, max(0, start - 1), end):
                continue
        else:
            end = _next_line(data, marker.end())
        piece = data[start:end]
        yield Piece(piece, start + skipped, line)
        line += _breaks(piece)
        start = end
    if start < len(data) or start == 0:
        yield Piece(data[start:], start + skipped, line)


def too_large(file: str, size: int, limit: int) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR,
        "yaml/too-large",
        f"the file has {size:,} bytes; at most {limit:,} are read",
        Position(file),
        hint="split it, or describe bulk data as an inventory of rows",
    )


def forbidden(text: str) -> str | None:
    """The first character of a value that no manifest may hold, described; None when there is none."""
    found = _FORBIDDEN.search(text)
    return describe(found.group()) if found else None


def describe(character: str) -> str:
    name = unicodedata.name(character, "control character" if unicodedata.category(character) == "Cc" else "not a character")
    return f"U+{ord(character):04X} ({name})"


def _signs(data: bytes) -> Iterator[int]:
    """Where three dashes or three dots stand: bytes are found many times faster than a pattern is tried everywhere."""
    dashes, dots = data.find(b"---"), data.find(b"...")
    while dashes >= 0 or dots >= 0:
        if dots < 0 or 0 <= dashes < dots:
            yield dashes
            dashes = data.find(b"---", dashes + 3)
        else:
            yield dots
            dots = data.find(b"...", dots + 3)


def _next_line(data: bytes, at: int) -> int:
    found = re.compile(rb"\r\n|\r|\n").search(data, at)
    return found.end() if found else len(data)


def _breaks(piece: bytes) -> int:
    return piece.count(b"\n") + (len(re.findall(rb"\r(?!\n)", piece)) if b"\r" in piece else 0)


def document_of(piece: Piece, file: str, limits: ReadLimits) -> tuple[RawDocument, list[Diagnostic]]:
    """The document that some bytes are, and what is wrong with them."""
    data = piece.data
    extent = (piece.start, piece.start + len(data))
    if data.isascii() and not data.translate(None, _PLAIN_BYTES):
        return RawDocument(file, data.decode("ascii"), piece.line, extent=extent), []
    found: list[Diagnostic] = []
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        text = data.decode(errors="replace")
        found.append(_undecodable(error, data, file, piece.line))
    marks = list(islice(_FORBIDDEN.finditer(text), limits.character_errors))
    found.extend(_character(text, mark, file, piece.line) for mark in marks)
    if marks:
        text = _FORBIDDEN.sub("\ufffd", text)
    marred = frozenset(diagnostic.position.line for diagnostic in found if diagnostic.position)
    return RawDocument(file, text, piece.line, marred, extent), found


def _place(before: str, file: str, first_line: int) -> Position:
    lines = LINE_BREAK.split(before)
    return Position(file, first_line + len(lines) - 1, len(lines[-1]) + 1)


def _character(text: str, mark: re.Match[str], file: str, first_line: int) -> Diagnostic:
    position = _place(text[: mark.start()], file, first_line)
    end = LINE_BREAK.search(text, mark.end())
    line = text[mark.start() - position.column + 1 : end.start() if end else len(text)]
    return Diagnostic(
        Severity.ERROR,
        "yaml/character",
        f"the character {describe(mark.group())} is not allowed: it cannot be seen, or it changes how text is shown",
        position,
        hint="delete it",
        excerpt=_FORBIDDEN.sub("\ufffd", line),
    )


def _undecodable(error: UnicodeDecodeError, piece: bytes, file: str, line: int) -> Diagnostic:
    position = _place(piece[: error.start].decode(errors="replace"), file, line)
    bad = piece[error.start]
    following = piece[error.start + 1] if error.start + 1 < len(piece) else 0
    if bad == 0xED and 0xA0 <= following <= 0xBF:
        message = "half of a surrogate pair is not a character"
        return Diagnostic(Severity.ERROR, "yaml/surrogate", message, position, hint="save the file as UTF-8")
    return _encoding(position, f"the byte 0x{bad:02X} is not UTF-8", "save the file as UTF-8")


def _encoding(position: Position, message: str, hint: str) -> Diagnostic:
    return Diagnostic(Severity.ERROR, "yaml/encoding", message, position, hint=hint)
