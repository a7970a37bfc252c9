"""Durations of manifests."""

from __future__ import annotations

from datetime import timedelta

from declarative.core.durations import parse_duration

_LONGEST = timedelta(days=365_000)


def duration(text: str) -> timedelta:
    """The length of time the text names, a thousand years at most: it is subtracted from dates, whose calendar ends.

    Raises UsageError for what is no duration (the schema's pattern lets none through).
    """
    return min(parse_duration(text), _LONGEST)
