"""Durations as people write them: `30s`, `15m`, `12h`, `7d`, `2w`, or several in a row: `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

from declarative.core.errors import UsageError
from declarative.core.quoting import shown

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"(\d{1,9})(ms|s|m|h|d|w)")
PATTERN = r"^(\d{1,9}(ms|s|m|h|d|w))+$"


def parse_duration(text: str) -> timedelta:
    """Raises UsageError for anything else."""
    if not re.fullmatch(PATTERN, text):
        raise UsageError(f"{shown(text)!r} is not a duration", hint="write it like 30s, 15m, 12h or 7d")
    total = timedelta()
    try:
        for amount, unit in _PART.findall(text):
            total += timedelta(**{_UNITS[unit]: int(amount)})
    except OverflowError as error:
        raise UsageError(f"{shown(text)!r} is too long a duration") from error
    return total
