"""The sandbox's own time: it follows the wall clock, and a debug call moves it ahead."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Time inside the gateway. Delays, token lifetimes and quota windows all read it, so `advance` ages everything."""

    def __init__(self, start: datetime | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._origin = (start or datetime.now(UTC)).astimezone(UTC)
        self._monotonic = monotonic
        self._began = monotonic()
        self.ahead = 0.0  # seconds by which debug calls moved it

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=self._monotonic() - self._began + self.ahead)

    def timestamp(self) -> float:
        return self.now().timestamp()

    def advance(self, seconds: float) -> datetime:
        self.ahead += seconds
        return self.now()


def iso_millis(moment: datetime) -> str:
    """`2026-01-15T10:32:55.000Z`: the form of the top-level dates of an asset (facts 3.6)."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def epoch_millis(moment: datetime) -> int:
    """The form of the dates inside inventory, activity, agent and sensor (facts 3.6)."""
    return int(moment.timestamp() * 1000)


_FORMS = (
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%MZ",
    "%Y-%m-%dT%HZ",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
)


def parse_date(text: str) -> datetime:
    """Any of the date forms of the release notes, as UTC. Raises ValueError."""
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"not a date in a supported format: {text!r}")


def parse_loose_date(value: object) -> datetime:
    """As `parse_date`, and epoch milliseconds as a number or a numeric string besides (facts 2.3). Raises ValueError."""
    if isinstance(value, str) and not value.lstrip("-").isdigit():
        return parse_date(value)
    try:
        return datetime.fromtimestamp(int(str(value)) / 1000, UTC)
    except (OverflowError, OSError) as problem:
        raise ValueError(f"not a date: {value!r}") from problem
