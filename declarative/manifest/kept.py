"""A document that an earlier reading, or another process, has found right: where it stands, and not what it says.

What it says is read again from the file when somebody asks, after a look at whether the file is still the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from msgspec import Struct

from declarative.core.diagnostics import Position
from declarative.core.errors import InvalidError
from declarative.manifest.documents import read_value
from declarative.manifest.locate import DocumentLocator, Place
from declarative.manifest.model import meaning_of
from declarative.manifest.sources import RawDocument, ReadLimits
from declarative.manifest.walk import digest_of_file, read_file, read_part

_FEW = 4
"""Documents of a file that are read each by itself; for more of them the file is read whole."""
_AT_HAND = 8
"""Files whose bytes stay in memory."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A manifest file with these bytes (`digest`), as it was when the project was read."""

    path: Path
    relative: str
    digest: str
    limits: ReadLimits = field(compare=False, repr=False)


class KeptDocument(Struct, frozen=True):
    """The `Locator` of a kept document, and the way to its value. `start` and `end` are of its bytes in the file, `line` its
    first one, `row` and `column` where its content begins; `meaning` is of its value."""

    file: KeptFile
    start: int
    end: int
    line: int
    row: int
    column: int
    meaning: bytes

    def __call__(self, pointer: str) -> Position:
        return self.opened().place(pointer).position

    @property
    def position(self) -> Position:
        return Position(self.file.relative, self.row, self.column)

    def place(self, pointer: str) -> Place:
        return self.opened().place(pointer)

    def opened(self) -> DocumentLocator:
        """Raises InvalidError where the file is not what it was."""
        return DocumentLocator(self._raw(self._bytes()), (self.row, self.column), self.file.limits)

    def value(self) -> dict[str, Any]:
        """Raises InvalidError where the file is not what it was."""
        if next(_asked(self.file)) >= _FEW:
            with suppress(InvalidError):
                return self._said(self._bytes())
        # A file of a hundred documents is not read whole for one of them: where the part means the same, it is the same.
        with suppress(UnicodeDecodeError):
            found = self._said(read_part(self.file.path, self.start, self.end))
            if meaning_of(found) == self.meaning:
                return found
        return self._said(self._bytes())

    def _said(self, data: bytes) -> dict[str, Any]:
        value: dict[str, Any] = read_value(self._raw(data), self.file.limits).value
        return value

    def _bytes(self) -> bytes:
        return _bytes_of(self.file)[self.start : self.end]

    def _raw(self, data: bytes) -> RawDocument:
        return RawDocument(self.file.relative, data.decode(), self.line, extent=(self.start, self.end))


@lru_cache(maxsize=_AT_HAND)
def _asked(_file: KeptFile) -> Iterator[int]:
    """Counts how often something of a file was asked for lately."""
    return count()


@lru_cache(maxsize=_AT_HAND)
def _bytes_of(file: KeptFile) -> bytes:
    data, wrong = read_file(file.path, file.relative, file.limits)
    if data is None or digest_of_file(data) != file.digest:
        raise InvalidError(
            f"{file.relative} was changed while it was being read", hint="run the command again", diagnostics=tuple(wrong)
        )
    return data
