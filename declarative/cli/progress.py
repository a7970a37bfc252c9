"""Progress of an apply: a live line on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from declarative.cli.console import Console

if TYPE_CHECKING:
    from declarative.apply import Progress

EVERY_SECONDS = 10.0


class ProgressLine:
    """Call it with each Progress; it decides what to show."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._last = self._started
        self._phase: str | None = None

    def __call__(self, progress: Progress) -> None:
        if self._console.quiet:
            return
        now = time.monotonic()
        if self._phase != progress.phase:
            self._phase, self._started = progress.phase, now
        line = self._line(progress, now - self._started)
        done = progress.done >= progress.total
        if self._console.stderr.isatty():
            self._console.err(f"\r\x1b[K{line}", end="\n" if done else "")
        elif done or now - self._last >= EVERY_SECONDS:
            self._console.err(line)
            self._last = now

    @staticmethod
    def _line(progress: Progress, seconds: float) -> str:
        line = f"{progress.phase}: {progress.done} of {progress.total}"
        if 0 < progress.done < progress.total and seconds >= 1:
            rate = progress.done / seconds
            line += f", {rate:.1f}/s, {(progress.total - progress.done) / rate:.0f} s left"
        return f"{line} {progress.message}".rstrip()
