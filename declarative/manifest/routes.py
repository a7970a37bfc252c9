"""What the lines of block YAML do to the collections that are open above them, worked out once for all documents of a kind.

A `Spot` is all that the lines before say about the next one: which collections are open, in which columns, at which places of
the schema, and whether the last key still waits for its value. A `Step` is what a line does there by all that stands before
its value. Both are learned as documents need them, and forgotten with the process.
"""

from __future__ import annotations

import re
from sys import intern
from typing import Any, NamedTuple

from msgspec import Struct, field

from declarative.manifest.shapes import Shape

# libyaml takes keys of up to 1,024 characters.
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}+").fullmatch
_MOST_LEARNED = 20_000
_OPENING = frozenset("[{'\"")


class GiveUp(Exception):  # noqa: N818 - an unwinding, never seen outside
    """The document is not surely ordinary."""


class Frame(NamedTuple):
    """An open collection: the column of its keys or dashes, and the shape of its place; of its items for a list."""

    column: int
    is_list: bool
    shape: Shape


class Waiting(NamedTuple):
    """A key whose value may follow, and the shape of its place."""

    column: int
    key: str
    shape: Shape


class Change(NamedTuple):
    """What a line does to the open collections before its own value is put in. `opens`: the key that waits, and whether it
    turns out to hold a list; else `keep` of the open collections stay open. `is_item`: then a new mapping in a list opens."""

    opens: tuple[str, bool] | None
    keep: int
    is_item: bool


class Step(Struct, eq=False):
    """`key` is None for a plain item of a list; `change` is None where the line goes on with the innermost open collection.
    `lines`: how many lines are kept whole for this step; `is_settled`: no more will be, and it takes a text of one line."""

    key: str | None
    place: Shape
    change: Change | None
    after: Spot
    lines: int = 0
    is_settled: bool = False


Line = tuple[str | None, Any, Change | None, bool, "Spot"]
"""A line with its value: key, value, change, whether the value is a collection (and must be copied), what comes after."""


class Spot(Struct, eq=False):
    """`lines` are known whole. Steps: `keyed` by what stands before `: `, `bare` by what stands before a `:` that ends the
    line, `plain` by the column of a list's dash."""

    frames: tuple[Frame, ...]
    waiting: Waiting | None = None
    lines: dict[str, Line] = field(default_factory=dict)
    keyed: dict[str, Step] = field(default_factory=dict)
    bare: dict[str, Step] = field(default_factory=dict)
    plain: dict[int, Step] = field(default_factory=dict)


class Routes:
    """The spots and steps of documents of one shape, at most `depth` collections deep."""

    __slots__ = ("_depth", "_learned", "_shape", "_spots")

    def __init__(self, shape: Shape, depth: int) -> None:
        self._shape = shape
        self._depth = depth
        self._spots: dict[tuple[tuple[Frame, ...], Waiting | None], Spot] = {}
        self._learned = 0

    def start(self, column: int) -> Spot:
        """Before the first line with content, which begins in that column."""
        return self._spot((Frame(column, False, self._shape),), None)

    def step(self, line: str, spot: Spot) -> tuple[Step, str] | None:
        """What a line does here, and the text of its value; None for one without content. Raises GiveUp."""
        content = line.strip(" ")
        if not content or content[0] == "#":
            return None
        head, colon, text = line.partition(": ")
        item = content[2:].lstrip(" ") if content[:2] == "- " else ""
        if item and (item[0] in _OPENING or not (colon or item[-1] == ":")):
            return self.plain(spot, len(line) - len(line.lstrip(" "))), item
        text = text.strip(" ")
        if text and text[0] != "#":
            return self.keyed(spot, head), text
        if not colon:
            head, colon = line[:-1], line[-1]
            if colon != ":":
                raise GiveUp
        return self.bare(spot, head), ""

    def keyed(self, spot: Spot, head: str) -> Step:
        """The step of a line with a key and a value. Raises GiveUp."""
        step = spot.keyed.get(head)
        if step is None:
            step = self._key_step(spot, head, waits=False)
            if self._may_learn():
                spot.keyed[head] = step
        return step

    def bare(self, spot: Spot, head: str) -> Step:
        """The step of a line with a key only. Raises GiveUp."""
        step = spot.bare.get(head)
        if step is None:
            step = self._key_step(spot, head, waits=True)
            if self._may_learn():
                spot.bare[head] = step
        return step

    def plain(self, spot: Spot, column: int) -> Step:
        """The step of a list's item that is no mapping in block style. Raises GiveUp."""
        step = spot.plain.get(column)
        if step is None:
            frames, opens = _entered(spot, column, is_item=True)
            self._check_depth(frames)
            step = Step(None, frames[-1].shape, _change(spot, frames, opens, is_item=False), self._spot(frames, None))
            if self._may_learn():
                spot.plain[column] = step
        return step

    def _key_step(self, spot: Spot, head: str, *, waits: bool) -> Step:
        key = head.lstrip(" ")
        column = len(head) - len(key)
        is_item = key[:2] == "- "
        frames, opens = _entered(spot, column, is_item=is_item)
        change = _change(spot, frames, opens, is_item=is_item)
        if is_item:
            key = key[2:].lstrip(" ")
            column = len(head) - len(key)
            frames = (*frames, Frame(column, False, frames[-1].shape))
        self._check_depth(frames)
        shape = frames[-1].shape
        place = shape.properties.get(key)
        if place is None:
            if not _KEY(key):
                raise GiveUp
            place = shape.extra
        # Keys repeat in every document: one object for each keeps a third of the memory.
        key = intern(key)
        return Step(key, place, change, self._spot(frames, Waiting(column, key, place) if waits else None))

    def _spot(self, frames: tuple[Frame, ...], waiting: Waiting | None) -> Spot:
        spot = self._spots.get((frames, waiting))
        if spot is None:
            spot = Spot(frames, waiting)
            if self._may_learn():
                self._spots[frames, waiting] = spot
        return spot

    def _may_learn(self) -> bool:
        """A document of many thousand keys of its own is read without being remembered: memory has a bound."""
        self._learned += 1
        return self._learned <= _MOST_LEARNED

    def _check_depth(self, frames: tuple[Frame, ...]) -> None:
        if len(frames) > self._depth:
            raise GiveUp


def changed(stack: list[Any], change: Change) -> Any:
    """The innermost collection, once what the line closes is closed and what it opens is open."""
    opens, keep, is_item = change
    if opens is not None:
        key, is_list = opens
        fresh: Any = [] if is_list else {}
        stack[-1][key] = fresh
        stack.append(fresh)
    else:
        del stack[keep:]
    if is_item:
        item: dict[str, Any] = {}
        stack[-1].append(item)
        stack.append(item)
    return stack[-1]


def _entered(spot: Spot, column: int, *, is_item: bool) -> tuple[tuple[Frame, ...], tuple[str, bool] | None]:
    """The open collections that a line in that column belongs to, and what the waiting key turns out to hold."""
    frames = spot.frames
    if spot.waiting is not None:
        own_column, key, shape = spot.waiting
        if is_item and column >= own_column:
            return (*frames, Frame(column, True, shape.items)), (key, True)
        if column > own_column:
            return (*frames, Frame(column, False, shape)), (key, False)
    keep = len(frames)
    while keep and frames[keep - 1].column > column:
        keep -= 1
    if keep and not is_item and frames[keep - 1].column == column and frames[keep - 1].is_list:
        # The list stood in the column of its own key, and ends here.
        keep -= 1
    if not keep or frames[keep - 1].column != column or frames[keep - 1].is_list is not is_item:
        raise GiveUp
    return frames[:keep], None


def _change(spot: Spot, frames: tuple[Frame, ...], opens: tuple[str, bool] | None, *, is_item: bool) -> Change | None:
    stays = opens is None and not is_item and len(frames) == len(spot.frames)
    return None if stays else Change(opens, len(frames), is_item)
