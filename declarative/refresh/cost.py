"""What reading costs in calls, before it is done. Pure: the choice of a way to read, and sizing, both ask here."""

from __future__ import annotations

from math import ceil

from declarative.refresh.filters import MAX_VALUES

CHEAP_CALLS = 3
"""Up to this many calls a targeted read is not worth asking whether a full scan would be cheaper."""

SNAPSHOT_CALLS = 2
"""The least an incremental read takes: what changed since, and the count that tells whether something is gone."""


def targeted_calls(by_id: int, by_key: int) -> int:
    """Calls to look up so many assets by their ids and so many by identity keys: two values each, as a rule."""
    return ceil(by_id / MAX_VALUES) + ceil(2 * by_key / MAX_VALUES)


def full_calls(records: int, page_size: int) -> int:
    """Calls to read so many records page by page; an empty inventory takes one, too."""
    return max(1, ceil(records / page_size))


def incremental_calls(changed: int, page_size: int) -> int:
    """Calls to read what changed since the snapshot was taken, and to count."""
    return full_calls(changed, page_size) + 1
