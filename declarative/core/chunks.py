"""Some at a time, of what may be too many to hold at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in their order, so many at a time; the last of the lists may be shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
