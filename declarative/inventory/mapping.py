"""A row's cells as the spec of an asset: columns, templates and constants put where the manifest wants them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from declarative.inventory.cells import text_of
from declarative.kinds.asset_checks import LIKELY_SECONDS
from declarative.kinds.inventory import CUSTOM, filled
from declarative.kinds.model import FieldSource, InventoryDeclaration
from declarative.kinds.values import epoch_milliseconds
from declarative.manifest.scalars import MAX_DIGITS

_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


class CellError(ValueError):
    """A cell that cannot become the value of its field."""


def spec_of(declaration: InventoryDeclaration, cells: Mapping[str, str | None]) -> dict[str, Any]:
    """The row in the words of the Asset schema. Raises CellError with every complaint, joined."""
    problems: list[str] = []
    values = _values(declaration, cells, problems)
    spec: dict[str, Any] = {"connector": declaration.connector, "identityAttributes": {}}
    records: dict[str, dict[str, Any]] = {}
    for (path, record), value in values.items():
        if record is None:
            _put(spec, path, value)
        else:
            records.setdefault(path, {})[record] = value
    for path, fields in records.items():
        try:
            _put(spec, path, list(_records(path, fields)))
        except CellError as error:
            problems.append(str(error))
    if problems:
        raise CellError("; ".join(problems))
    if declaration.lifecycle:
        spec["lifecycle"] = declaration.lifecycle
    return spec


_Place = tuple[str, str | None]


def _values(declaration: InventoryDeclaration, cells: Mapping[str, str | None], problems: list[str]) -> dict[_Place, Any]:
    values: dict[_Place, Any] = {}
    recorded: set[str] = set()
    for source in declaration.fields:
        try:
            value = _value(source, cells)
        except CellError as error:
            problems.append(str(error))
            continue
        if value is not None:
            values[source.path, source.record] = value
            if source.record is not None and source.value is None:
                recorded.add(source.path)
    for source in declaration.defaults:
        values.setdefault((source.path, source.record), source.value)
    # Constants alone make no record: a row without an address has no interface, whatever its name would be.
    return {place: value for place, value in values.items() if place[1] is None or place[0] in recorded}


def _put(spec: dict[str, Any], path: str, value: Any) -> None:
    *above, last = _steps(path)
    for step in above:
        spec = spec.setdefault(step, {})
    spec[last] = value


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    """The name of a custom attribute is one step, whatever dots are in it."""
    return (*CUSTOM.split("."), path.removeprefix(f"{CUSTOM}.")) if path.startswith(f"{CUSTOM}.") else tuple(path.split("."))


def _records(path: str, fields: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Lists of cells, member by member; what is no list holds for every record. A blank member is the place of one that is not
    known; a record without any is none."""
    lists = _alike(path, {name: value for name, value in fields.items() if isinstance(value, list)})
    shared = {name: value for name, value in fields.items() if name not in lists}
    if not lists:
        yield shared
    for members in zip(*lists.values(), strict=True):
        own = {name: member for name, member in zip(lists, members, strict=True) if member is not None}
        if own:
            # In the order of the fields, as if all of them were known.
            yield {name: own[name] if name in own else shared[name] for name in fields if name in own or name in shared}


def _alike(path: str, lists: Mapping[str, list[Any]]) -> Mapping[str, list[Any]]:
    """Lists of one length: as they are, or without the blanks at their ends."""
    for found in (lists, {name: _ended(value) for name, value in lists.items()}):
        if len({len(value) for value in found.values()}) <= 1:
            return found
    counted = ", ".join(f"{len(value)} of {name}" for name, value in lists.items())
    raise CellError(f"{path}: its lists do not belong together: {counted}")


def _ended(members: list[Any]) -> list[Any]:
    last = max((index for index, member in enumerate(members) if member is not None), default=-1)
    return members[: last + 1]


def _value(source: FieldSource, cells: Mapping[str, str | None]) -> Any:
    if source.template is not None:
        text = filled(source.template, cells)
    elif source.column is not None:
        text = cells[source.column]
    else:
        return source.value
    if text is None:
        return None
    listed = _members(source, text)
    if listed is None:
        return _scalar(source, text)
    if source.record is None:
        members = [member if isinstance(member, dict) else text_of(member) for member in listed]
        return [member for member in members if member is not None] or None
    texts = [text_of(member) for member in listed]
    return [None if text is None else _scalar(source, text) for text in texts] if any(texts) else None


def _members(source: FieldSource, text: str) -> list[Any] | None:
    """The members of a list, None for a blank one: JSON where the source has lists of its own, or text with a separator. None
    for what is no list."""
    listed = text.startswith("[")
    if "array" not in source.types and source.split is None and not (listed and source.record is not None):
        return None
    if listed:
        with suppress(orjson.JSONDecodeError):
            found = orjson.loads(text)
            if isinstance(found, list):
                return found
    if source.split is None and source.types != {"array"}:
        return None
    return [member.strip() or None for member in text.split(source.split or ",")]


def _scalar(source: FieldSource, text: str) -> Any:
    if source.date is not None:
        return _date(source, text)
    if "string" in source.types:
        return text
    if "boolean" in source.types:
        return _boolean(source, text)
    if source.types & {"integer", "number"}:
        return _number(source, text)
    return text  # the schema says what is wrong with it


def _boolean(source: FieldSource, text: str) -> bool:
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise CellError(f'{source.path}: "{_short(text)}" is neither true nor false')


def _number(source: FieldSource, text: str) -> int | float:
    digits = text.lstrip("+-")
    is_whole = digits.isdigit()
    try:
        significant = digits.lstrip("0") or "0"
        if is_whole and len(significant) <= MAX_DIGITS:
            return int(text[: len(text) - len(digits)] + significant)
        value = float(text)
    except ValueError:
        raise CellError(f'{source.path}: "{_short(text)}" is not a number') from None
    if not is_whole and not math.isfinite(value):
        raise CellError(f'{source.path}: "{_short(text)}" is not a number that JSON can hold')
    if is_whole or abs(value) >= 10**MAX_DIGITS:
        raise CellError(f'{source.path}: "{_short(text)}" has more than {MAX_DIGITS} digits')
    return int(value) if value.is_integer() else value


def _date(source: FieldSource, text: str) -> str | int:
    is_count = source.date in ("iso", "epoch-ms") and text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    if is_count and "integer" in source.types:
        return int(text)  # the rules look at its unit, as they do in a manifest
    if is_count and 0 < int(text) < LIKELY_SECONDS:
        raise CellError(f'{source.path}: "{text}" would be a day in January 1970: digits are milliseconds')
    try:
        milliseconds = epoch_milliseconds(text) if source.date == "iso" else _moment(str(source.date), text)
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise CellError(f'{source.path}: "{_short(text)}" is no date of the form {source.date}') from None
    return moment.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds").replace("+00:00", "Z")


def _moment(form: str, text: str) -> int:
    if form in ("epoch", "epoch-ms"):
        return int(float(text) * (1000 if form == "epoch" else 1))
    moment = datetime.strptime(text, form)  # noqa: DTZ007 - the pattern may have an offset
    return epoch_milliseconds(moment.isoformat())


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
