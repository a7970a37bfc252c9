"""Progress: a live line on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from declarative.cli.console import Console

if TYPE_CHECKING:
    from declarative.apply import Progress

EVERY_SECONDS = 10.0
_REDRAW_SECONDS = 1.0


class ProgressLine:
    """Call it with each Progress; it decides what to show. As a context manager it also speaks while nothing happens, as
    in a long wait for a rate limit."""

    def __init__(self, console: Console, *, now: Callable[[], float] = time.monotonic, every: float = EVERY_SECONDS) -> None:
        self._console = console
        self._now = now
        self._terminal = console.stderr.isatty() and not console.log_json
        self._every = _REDRAW_SECONDS if self._terminal else every
        self._lock = threading.Lock()
        self._latest: Progress | None = None
        self._started = self._last = now()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._ticker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._ticker.join()
        if self._latest is not None and self._terminal:
            self._show(self._latest, last=True)

    def __call__(self, progress: Progress) -> None:
        if self._console.quiet or not (progress.total or progress.message):
            return
        with self._lock:
            begins = self._latest is None or self._latest.phase != progress.phase
            if begins:
                self._started = self._now()
            done = progress.done >= progress.total
            self._latest = None if done else progress
            if done or self._terminal or (begins and progress.message) or self._due():
                self._show(progress, last=done)

    def _tick(self) -> None:
        while not self._over.wait(min(self._every, 0.5)):
            with self._lock:
                if self._latest is not None and self._due():
                    self._show(self._latest)

    def _due(self) -> bool:
        return self._now() - self._last >= self._every

    def _show(self, progress: Progress, *, last: bool = False) -> None:
        self._last = self._now()
        seconds = self._last - self._started
        rate, left = _pace(progress, seconds)
        if self._console.log_json:
            self._console.event(
                "progress",
                phase=str(progress.phase),
                done=progress.done,
                total=progress.total,
                ratePerSecond=None if rate is None else round(rate, 2),
                secondsLeft=None if left is None else round(left),
                quotaLeft=progress.quota_left,
                message=progress.message or None,
            )
            return
        line = _line(progress, rate, left)
        if self._terminal:
            self._console.line(line, last=last)
        else:
            self._console.err(line)


def _pace(progress: Progress, seconds: float) -> tuple[float | None, float | None]:
    """Things a second, and the seconds that the rest takes at that rate; None while nobody can tell."""
    if progress.done <= 0 or seconds < 1:
        return None, None
    rate = progress.done / seconds
    return rate, (progress.total - progress.done) / rate


def _line(progress: Progress, rate: float | None, left: float | None) -> str:
    if progress.message and not progress.done:
        return f"{progress.phase}: {progress.message}"
    parts = [f"{progress.phase}: {progress.done} of {progress.total}"]
    if rate is not None:
        parts.append(f"{rate:.1f}/s")
    if left:
        parts.append(f"{_duration(left)} left")
    if progress.quota_left is not None:
        parts.append(f"{progress.quota_left} calls left in the quota")
    return f"{', '.join(parts)} {progress.message}".rstrip()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class DownloadLine:
    """Bytes of a download, on a terminal only: elsewhere the result says it all."""

    def __init__(self, console: Console, *, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._now = now
        self._shown: float | None = None
        self._on = console.stderr.isatty() and not console.quiet and not console.log_json

    def __call__(self, size: int, total: int | None) -> None:
        done = total is not None and size >= total
        if not self._on or (self._shown is not None and not done and self._now() - self._shown < 0.1):
            return
        self._shown = self._now()
        share = f" of {_bytes(total)} ({100 * size // total} %)" if total else ""
        self._console.line(f"downloading: {_bytes(size)}{share}", last=done)

    def end(self) -> None:
        if self._shown is not None and self._on:
            self._console.line("", last=False)


def _bytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{size / 1000:.1f} kB"
