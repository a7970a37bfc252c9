"""The vendor's rate and concurrency limits, with the headers that announce them (facts 6)."""

from __future__ import annotations

import math
from collections import deque

from .clock import SandboxClock
from .messages import Reply, failed
from .options import Switches

Headers = tuple[tuple[str, str], ...]


class Quota:
    """One subscription's budget: a rolling window of calls, and how many run at once."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._calls: deque[float] = deque()
        self._refused_before = False
        self.running = 0

    def reset(self) -> None:
        self._calls.clear()
        self._refused_before = False

    def enter(self, switches: Switches) -> Reply | None:
        """Count a call; a reply is a refusal. The caller keeps `running` up to date, this call included."""
        if switches.concurrency is not None and self.running > switches.concurrency:
            return self._refusal(switches, "1960", "Concurrency limit exceeded", None)
        if switches.limit_per_window is None:
            return None
        now = self._clock.timestamp()
        while self._calls and self._calls[0] <= now - switches.window:
            self._calls.popleft()
        if len(self._calls) < switches.limit_per_window:
            self._calls.append(now)
            self._refused_before = False
            return None
        oldest = self._calls[0] if self._calls else now
        shown = switches.to_wait == "always" or (switches.to_wait == "late" and self._refused_before)
        self._refused_before = True
        wait = max(1, math.ceil(oldest + switches.window - now))
        return self._refusal(switches, "1965", "Rate limit exceeded", wait if shown else None)

    def headers(self, switches: Switches) -> Headers:
        """What goes with every metered answer."""
        shown: list[tuple[str, str]] = []
        if switches.limit_per_window is not None:
            shown += [
                ("X-RateLimit-Limit", str(switches.limit_per_window)),
                ("X-RateLimit-Window-Sec", str(int(switches.window))),
                ("X-RateLimit-Remaining", str(max(0, switches.limit_per_window - len(self._calls)))),
            ]
        if switches.concurrency is not None and switches.limit_status == 409:
            shown += [
                ("X-Concurrency-Limit-Limit", str(switches.concurrency)),
                ("X-Concurrency-Limit-Running", str(self.running)),
            ]
        return tuple(shown)

    def _refusal(self, switches: Switches, code: str, text: str, wait: int | None) -> Reply:
        if switches.limit_status == 409:
            head = '<?xml version="1.0" encoding="UTF-8"?>\n'
            xml = f"{head}<SIMPLE_RETURN><RESPONSE><CODE>{code}</CODE><TEXT>{text}</TEXT></RESPONSE></SIMPLE_RETURN>"
            reply = Reply(409, xml.encode(), "text/xml")
        else:
            reply = failed(429, text)
        headers = self.headers(switches)
        if wait is not None:
            headers += (("X-RateLimit-ToWait-Sec", str(wait)),)
        return reply.with_headers(*headers)
