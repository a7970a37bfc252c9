"""What time it is at the gateway, and how far this machine's clock is from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from declarative.core.clock import Clock


def date_of(text: str | None) -> datetime | None:
    """A date of HTTP (RFC 9110, 5.6.7), aware; None for anything else."""
    if text is None or len(text) > 64:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    # Without a zone it is in UTC: HTTP knows no other.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class Skew:
    """By the Date of the last answer that had one, which is true to a second and the way of the answer (RFC 9110, 6.6.1).

    Assets are dated by the gateway's clock: who asks what changed since a moment of ours has to know the difference.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seen: timedelta | None = None

    def see(self, headers: Mapping[str, str]) -> None:
        sent = date_of(headers.get("date"))
        if sent is not None:
            self.seen = self._clock.now() - sent

    def by_gateway(self, moment: datetime) -> datetime:
        """The gateway's time at a moment of ours; never later than ours, so that a question about what changed since then
        is answered with too much rather than too little."""
        return moment - max(self.seen or timedelta(), timedelta())
