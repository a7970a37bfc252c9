"""Imports that were accepted and have not arrived yet, in the order of arrival."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from .mapping import Source


@dataclass(frozen=True, slots=True)
class Queued:
    due: datetime
    source: Source
    allow_unmanaged: bool
    request_id: str | None
    name: str
    entry: Mapping[str, Any]


class ImportQueue:
    """Numbered, so that what was already written down need not be written again."""

    def __init__(self) -> None:
        self._items: deque[Queued] = deque()
        self.first = 0  # number of the oldest that waits

    def __len__(self) -> int:
        return len(self._items)

    @property
    def total(self) -> int:
        """How many were ever queued."""
        return self.first + len(self._items)

    def append(self, item: Queued) -> None:
        self._items.append(item)

    def restore(self, number: int, item: Queued) -> None:
        if not self._items:
            self.first = number
        self._items.append(item)

    def due(self, now: datetime) -> bool:
        return bool(self._items) and self._items[0].due <= now

    def pop(self) -> Queued:
        self.first += 1
        return self._items.popleft()

    def since(self, number: int) -> Iterator[tuple[int, Queued]]:
        """Those with that number and above."""
        start = max(number, self.first)
        return enumerate(islice(self._items, start - self.first, None), start)
