"""What has been said about a wrong manifest already, so that its rules do not say it again in other words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from declarative.core.diagnostics import Diagnostic, Position

# Rules about one value that is only wrong for want of another, and where that other would stand. With a slash: below there.
_WANTING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"report/match-without-tags": ("/spec/request/", "/spec/scope", "/spec/scope/")}
)

_NOTHING: frozenset[str] = frozenset()


class Told:
    """The findings of the reader and of the schemas, by the manifest they are about."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._places: set[Position] = set()
        self._pointers: dict[tuple[str | None, str], set[str]] = {}
        self._lines: set[tuple[str, int]] = set()
        for one in diagnostics:
            if one.position is None:
                continue
            self._places.add(one.position)
            self._pointers.setdefault((one.address, one.position.file), set()).update(_with_parents(one.pointer))
            if one.rule.startswith("yaml/"):
                self._lines.add((one.position.file, one.position.line))

    def is_new(self, one: Diagnostic) -> bool:
        """Whether it is not about a place, or a part of it, that has been complained about."""
        at = one.position
        if at is None or at in self._places or (at.file, at.line) in self._lines:
            return False
        known = self._pointers.get((one.address, at.file), _NOTHING)
        return known.isdisjoint((one.pointer, one.pointer + "/", *_WANTING.get(one.rule, ())))


def _with_parents(pointer: str) -> Iterator[str]:
    """A pointer, and what it stands below: each parent with a slash behind it."""
    yield pointer
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer + "/"
