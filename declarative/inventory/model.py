"""What reading an inventory gives, before its rows mean anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from declarative.core.diagnostics import Position
from declarative.core.errors import DeclarativeError

MOST_CELL_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row that has a key. `cells`: column -> text, None where it is empty."""

    key: str
    position: Position
    cells: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is left out, and why. `key` is None where it could not be read."""

    position: Position
    reason: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Twins:
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
