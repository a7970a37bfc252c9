"""The one budget that all waits of a run come out of."""

from __future__ import annotations

import threading

MAX_WAIT = 900.0


class WaitBudget:
    """Seconds that all clients and workers of a run together may spend waiting for limits and between tries."""

    def __init__(self, seconds: float = MAX_WAIT) -> None:
        self.total = max(0.0, seconds)
        self._left = self.total
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        with self._lock:
            return self._left

    def take(self, seconds: float) -> bool:
        """Reserves a wait; False, and nothing reserved, when it does not fit any more."""
        with self._lock:
            if seconds > self._left:
                return False
            self._left -= seconds
            return True
