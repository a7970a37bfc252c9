"""An import payload as its reader meets it: paths, the difference between missing and null, and conversions of scalars."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from .options import Switches

MISSING = object()


_BLANKS: dict[str, tuple[str, ...]] = {
    "processor": ("description", "speed", "numCPUs", "noOfSocket", "threadsPerCore", "coresPerSocket", "multithreadingStatus"),
    "businessInformation": (
        "company", "department", "ownedBy", "managedBy", "supportedBy", "supportGroup", "environment", "operationalStatus",
    ),
    "assignedLocation": ("name", "city", "state", "country"),
}  # fmt: skip


class Incoming:
    """Both attribute blocks of an entry, telling a missing key from a null."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self._blocks = {"i": entry.get("identityAttributes") or {}, "c": entry.get("coreAttributes") or {}}

    def pick(self, *paths: str) -> Any:
        """The first value that is neither missing nor null; None when one was written as null; else MISSING."""
        result: Any = MISSING
        for path in paths:
            value: Any = self._blocks
            for step in _steps(path):
                value = value.get(step, MISSING) if type(value) is dict else MISSING
            if value is None:
                result = None
            elif value is not MISSING:
                return value
        return result


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def peek(record: Mapping[str, Any], path: str) -> Any:
    value: Any = record
    for step in _steps(path):
        value = value.get(step) if type(value) is dict else None
    return value


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted path; a null block on the way becomes an object with its usual keys."""
    *way, last = _steps(path)
    holder = record
    for step in way:
        if not isinstance(holder.get(step), dict):
            holder[step] = dict.fromkeys(_BLANKS.get(step, ()))
        holder = holder[step]
    holder[last] = value


def clears(value: Any, switches: Switches) -> bool:
    return switches.missing_clears if value is MISSING else switches.null_clears


def given(value: Any) -> bool:
    return value is not None and value is not MISSING and value != ""


def or_none(value: Any) -> str | None:
    return as_text(value) if given(value) else None


Convert = Callable[[Any], Any]


def as_text(value: Any) -> Any:
    """Jackson turns a scalar into the string that the bean declares."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def integer(value: Any) -> int | None:
    found = re.match(r"\s*(-?\d+)(\.\d+)?", str(value))
    return int(found[1]) if found and not isinstance(value, bool) else None


def first(value: Any) -> Any:
    return (as_text(value[0]) if value else None) if isinstance(value, list) else as_text(value)


def time_zone(value: Any) -> str:
    """`+5:30` comes back as `+05:30`."""
    found = re.fullmatch(r"([+-])(\d):(\d\d)", str(value))
    return f"{found[1]}0{found[2]}:{found[3]}" if found else str(value)


def listed(value: Any) -> list[str]:
    if not given(value):
        return []
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]
