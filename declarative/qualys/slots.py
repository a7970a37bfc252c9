"""How many calls may run at once: as many as the callers start, until the gateway names a limit (facts 6.1)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from declarative.qualys.limits import concurrency_of


class Slots:
    """Bounds the calls in flight over all workers of a client by the last concurrency limit that a header told."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._running = 0
        self._allowed: int | None = None

    @property
    def allowed(self) -> int | None:
        with self._condition:
            return self._allowed

    def see(self, headers: Mapping[str, str]) -> None:
        """A limit of 0 would stop everything for good and can only be a mistake: it counts as 1."""
        limit = concurrency_of(headers)
        if limit is not None:
            with self._condition:
                self._allowed = max(1, limit)
                self._condition.notify_all()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Holds a slot; waits for one while the limit is reached."""
        with self._condition:
            self._condition.wait_for(lambda: self._allowed is None or self._running < self._allowed)
            self._running += 1
        try:
            yield
        finally:
            with self._condition:
                self._running -= 1
                self._condition.notify()
