"""What reading an inventory gives, before its rows mean anything."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from declarative.core.diagnostics import Position
from declarative.core.errors import DeclarativeError

MOST_CELL_CHARACTERS = 1_000_000


class Row(Struct, frozen=True):
    """One row that has a key. `cells`: column -> text, None where it is empty; `digest`: over all that its asset is made of."""

    key: str
    position: Position
    cells: Mapping[str, str | None]
    digest: str


class BadRow(Struct, frozen=True):
    """A row that is left out, and why. `key` is None where it could not be read."""

    position: Position
    reason: str
    key: str | None = None


class Twins(Struct, frozen=True):
    """Two rows of one key."""

    key: str
    first: Position
    second: Position


class SourceError(DeclarativeError):
    """The source of an inventory cannot be used at all. `pointer`: which part of the manifest to look at."""

    def __init__(self, message: str, *, rule: str, pointer: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.rule = rule
        self.pointer = pointer


def unreadable(message: str, pointer: str = "/spec/from", hint: str | None = None) -> SourceError:
    return SourceError(message, rule="inventory/unreadable", pointer=pointer, hint=hint)
