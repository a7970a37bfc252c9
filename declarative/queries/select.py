"""Reaching into records: dotted paths through the API's list wrappers, default columns, sorting, flattening."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from declarative.queries.dates import parse_response_date
from declarative.queries.model import Target

Record = Mapping[str, Any]

DEFAULT_COLUMNS: Mapping[Target, tuple[str, ...]] = MappingProxyType(
    {
        Target.HOSTS: (
            "assetId",
            "assetName",
            "address",
            "operatingSystem.osName",
            "criticality.score",
            "criticality.aiCriticalityScoreConfidence",
            "lastModifiedDate",
        ),
        Target.COMPONENTS: (
            "assetId",
            "component.name",
            "component.version",
            "component.technology",
            "component.installPath",
            "component.firstFoundAt",
            "component.lastFoundAt",
        ),
    }
)

# List wrappers whose name is not <item>ListData (facts 3.6).
_IRREGULAR_WRAPPERS: Mapping[str, str] = MappingProxyType({"tag": "tagList", "service": "serviceList"})
_IRREGULAR_NAMES = frozenset(_IRREGULAR_WRAPPERS.values())


def values_at(record: Record, path: str) -> list[Any]:
    """Every value at a dotted path. Lists fan out; an empty list or a null list wrapper gives nothing; anything else
    missing gives one None.

    The API wraps lists (`openPortListData.openPort`); the wrapper may be left out: `openPort.port`.
    """
    return list(_walk(record, tuple(path.split("."))))


def _walk(value: Any, parts: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _walk(item, parts)
        return
    if not parts:
        yield value
        return
    if not isinstance(value, Mapping):
        yield None
        return
    name = parts[0]
    if name in value:
        below = value[name]
        if below is None and (name.endswith("ListData") or name in _IRREGULAR_NAMES):
            return
        yield from _walk(below, parts[1:])
        return
    wrapper = _IRREGULAR_WRAPPERS.get(name, name + "ListData")
    if wrapper in value:
        inner = value[wrapper]
        yield from _walk(inner.get(name, ()) if isinstance(inner, Mapping) else (), parts[1:])
        return
    yield None


def pick(record: Record, path: str) -> Any:
    """The value at a path: the value itself, a list where lists fan out, None for nothing."""
    found = values_at(record, path)
    if len(found) == 1 and not _fans_out(record, path):
        return found[0]
    present = [value for value in found if value is not None]
    return present or None


def _fans_out(record: Any, path: str) -> bool:
    value = record
    for name in path.split("."):
        if isinstance(value, list | tuple):
            return True
        if not isinstance(value, Mapping):
            return False
        if name in value:
            value = value[name]
        else:
            inner = value.get(_IRREGULAR_WRAPPERS.get(name, name + "ListData"))
            value = inner.get(name) if isinstance(inner, Mapping) else None
    return isinstance(value, list | tuple)


def select(record: Record, columns: Sequence[str]) -> dict[str, Any]:
    """The chosen columns of a record, in order."""
    return {column: pick(record, column) for column in columns}


def columns_for(target: Target, fields: Sequence[str] = ()) -> tuple[str, ...]:
    return tuple(fields) if fields else DEFAULT_COLUMNS[target]


def sort_records(records: Iterable[Record], by: str) -> list[Record]:
    """All records sorted by a dotted path; `-path` for descending. Numbers and dates sort as such, absent ones last.

    Holds all records in memory: an unsorted stream does not have to.
    """
    descending = by.startswith("-")
    path = by.removeprefix("-")
    keyed = [(pick(record, path), record) for record in records]
    present = [(value, record) for value, record in keyed if value is not None]
    absent = [record for value, record in keyed if value is None]
    present.sort(key=lambda pair: _sort_key(pair[0]), reverse=descending)
    return [record for _, record in present] + absent


def _sort_key(value: Any) -> tuple[int, float, str]:
    if isinstance(value, bool):
        return (0, float(value), "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    if isinstance(value, str):
        moment = parse_response_date(value) if value[:4].isdigit() and "-" in value[4:5] else None
        if moment is not None:
            return (2, (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds(), value)
        return (3, 0.0, value.casefold())
    return (4, 0.0, json.dumps(value, sort_keys=True, default=str))


def flatten(record: Record) -> dict[str, Any]:
    """A record as one level: dotted keys for objects; lists stay values (see `cell`)."""
    flat: dict[str, Any] = {}
    stack: list[tuple[str, Any]] = [("", record)]
    while stack:
        prefix, value = stack.pop()
        if isinstance(value, Mapping) and value:
            children = [(f"{prefix}.{key}" if prefix else str(key), below) for key, below in value.items()]
            stack.extend(reversed(children))
        else:
            flat[prefix] = value
    return flat


def cell(value: Any) -> str:
    """One value as the text of a table cell: nothing for null, `true`/`false`, lists joined by `; `, objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "; ".join(cell(item) for item in value)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)
