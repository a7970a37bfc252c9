"""The lines of a file of rows, none of them so long that it would fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, AnyStr

from declarative.inventory.model import unreadable

LONGEST = 4 * 1024 * 1024
"""Characters of a line, or bytes: a thousand times what an asset needs, and as cells or values still only a part of what a run
may hold."""


def lines_of(file: IO[AnyStr], name: str, pointer: str, *, before: int = 0) -> Iterator[AnyStr]:
    """From where the file stands; `before`: so many lines were read already. Raises SourceError for a line that is too long."""
    number = before
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            hint = "a row is a line: check the line breaks of the file, and that its quotes are closed"
            raise unreadable(f"{name}:{number}: the line has more than {LONGEST:,} characters", pointer, hint)
        yield line
