"""Which assets of an import the API complained about.

The shape of `assetsError` is not documented (facts 2.4), so every reading that makes sense is tried. One rule stands
above them: an asset wrongly reported as failed is sent again, which is harmless; an asset wrongly reported as accepted
is lost. An error that names no asset of the call therefore leaves the fate of all the others unclear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct, field

from declarative.qualys.answers import clean

RAW_LIMIT = 400
_WRAPPERS = frozenset(
    {
        *("failed", "failures", "errors", "rejected", "assets", "items", "data"),
        *("failedassets", "rejectedassets", "asseterrors", "assetserror", "assetdata"),
    }
)
_MESSAGES = ("errorMessage", "message", "error", "errorMsg", "reason", "errorDescription", "description", "detail", "details")
_IDENTIFIERS = (
    "qualysAssetId",
    "sourceNativeKey",
    "serialNumber",
    "hardwareUuid",
    "instanceUuid",
    "macAddress",
    "fqdn",
    "hostName",
    "netBiosName",
    "ipAddress",
    "address",
)
_SYNONYMS = {"assetId": "qualysAssetId", "nativeKey": "sourceNativeKey", "netbiosName": "netBiosName", "hostname": "hostName"}
_INDEXES = ("index", "assetIndex", "position")
_NESTS = ("identityAttributes", "coreAttributes", "asset", "assetData", "identity")
_PATH = re.compile(r"\bassetData(?:\[([0-9]{1,6})\]|[./]([0-9]{1,6})(?![0-9]))", re.IGNORECASE)
# A word of ordinary prose must not pass for an identifier.
_DISTINCT = re.compile(r"(?=.*[0-9._:-]).{4,}")
_MAX_ITEMS = 100_000


class Complaints(Struct):
    """`of` holds the message for each asset named, by its place in the call; `unplaced` what named none of them."""

    raw: str
    of: dict[int, str] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return bool(self.of or self.unplaced)


def complaints(assets_error: Any, assets: Sequence[Mapping[str, Any]]) -> Complaints:
    """Reads an `assetsError` of any shape against the assets that were sent."""
    found = Complaints(raw_text(assets_error))
    if assets_error in (None, False) or assets_error in ({}, [], ""):
        return found
    entries = list(_entries(assets_error, _Lookup(assets)))
    bases = _index_bases([entry.index for entry in entries if entry.index is not None], len(assets))
    for entry in (entry for entry in entries if entry.tally is None):
        places = set(entry.places)
        if not places and entry.index is not None:
            places = {entry.index - base for base in bases if 0 <= entry.index - base < len(assets)}
        if not places:
            found.unplaced.append(entry.message)
        for place in places:
            found.of.setdefault(place, entry.message)
    # A bare number beside the list of errors is their count: fine as long as that many assets were found.
    found.unplaced.extend(entry.message for entry in entries if entry.tally is not None and entry.tally > len(found.of))
    return found


def raw_text(value: Any) -> str:
    """The error as the API wrote it, cut to what a person reads."""
    try:
        return clean(orjson.dumps(value).decode(), RAW_LIMIT)
    except TypeError:
        return "a value that cannot be written as JSON"


class _Entry(Struct, frozen=True):
    message: str
    places: frozenset[int] = frozenset()
    index: int | None = None
    tally: int | None = None


def _index_bases(indexes: Sequence[int], count: int) -> tuple[int, ...]:
    """Whether indexes count from 0 or 1 is not known: a 0 or an n tells, otherwise both readings hold."""
    if 0 in indexes:
        return (0,)
    return (1,) if count in indexes else (0, 1)


class _Lookup:
    """The assets of the call by each of their identifiers."""

    def __init__(self, assets: Sequence[Mapping[str, Any]]) -> None:
        self.count = len(assets)
        self.by_field: dict[str, dict[str, set[int]]] = {}
        self.by_value: dict[str, set[int]] = {}
        for place, asset in enumerate(assets):
            for block in ("identityAttributes", "coreAttributes"):
                self._add(place, asset.get(block))

    def _add(self, place: int, block: Any) -> None:
        if not isinstance(block, Mapping):
            return
        for name in _IDENTIFIERS:
            for value in _values(block.get(name)):
                self.by_field.setdefault(name, {}).setdefault(value, set()).add(place)
                self.by_value.setdefault(value, set()).add(place)

    def named(self, text: str) -> frozenset[int]:
        """The assets with exactly this identifier."""
        return frozenset(self.by_value.get(_normal(text), ())) or self.pointed(text)

    def pointed(self, text: str) -> frozenset[int]:
        """The asset a path such as `assetData[3].hostName` points at: paths count from 0."""
        match = _PATH.search(text)
        place = -1 if match is None else int(match.group(1) or match.group(2))
        return frozenset({place}) if 0 <= place < self.count else frozenset()

    def mentioned(self, text: str) -> frozenset[int]:
        """The assets whose identifier stands as a word in a sentence."""
        words = {_normal(word) for word in re.split(r"[\s,;'\"(){}<>=|]+", text)}
        trimmed = {word.strip(".:![]?") for word in words} | words
        return frozenset(place for word in trimmed if _DISTINCT.fullmatch(word) for place in self.by_value.get(word, ()))

    def described(self, item: Mapping[str, Any]) -> frozenset[int]:
        """The assets an error object means: by the strongest identifier in it that any asset has."""
        blocks = [item, *(nested for name in _NESTS if isinstance(nested := item.get(name), Mapping))]
        given: dict[str, list[str]] = {}
        for block in blocks:
            for key, value in block.items():
                name = _SYNONYMS.get(key, key)
                if name in _IDENTIFIERS:
                    given.setdefault(name, []).extend(_values(value))
        for name in _IDENTIFIERS:
            table = self.by_field.get(name, {})
            places = {place for value in given.get(name, ()) for place in table.get(value, ())}
            if places:
                return frozenset(places)
        return frozenset(place for values in given.values() for value in values for place in self.by_value.get(value, ()))


def _values(value: Any) -> list[str]:
    items = value if isinstance(value, list | tuple) else [value]
    return [
        _normal(str(item)) for item in items if isinstance(item, str | int) and not isinstance(item, bool) and str(item).strip()
    ]


def _normal(text: str) -> str:
    return text.strip().lower()


def _entries(value: Any, lookup: _Lookup) -> Iterator[_Entry]:
    """Each complaint in the value. Nothing in it is passed over: what is not understood is an entry without a place."""
    budget = _MAX_ITEMS
    pending: list[tuple[Any, str | None]] = [(value, None)]
    while pending:
        item, heading = pending.pop()
        budget -= 1
        if budget < 0:
            yield _Entry("the list of errors does not end")
            return
        if isinstance(item, list):
            pending.extend((child, heading) for child in reversed(item))
        elif isinstance(item, Mapping) and item:
            yield from _of_object(item, heading, lookup, pending)
        else:
            yield _of_text(item, heading, lookup)


def _of_object(
    item: Mapping[str, Any], heading: str | None, lookup: _Lookup, pending: list[tuple[Any, str | None]]
) -> Iterator[_Entry]:
    wraps = any(key.lower() in _WRAPPERS and isinstance(value, list | Mapping) and value for key, value in item.items())
    if lookup.described(item) or (_is_error_object(item) and not wraps):
        yield _of_error_object(item, heading, lookup)
        return
    for key, value in item.items():
        if key.lower() in _WRAPPERS:
            if value not in (None, False, 0, "") and value not in ([], {}):
                pending.append((value, heading))
        elif not (wraps and key in _MESSAGES):
            yield from _of_member(key, value, lookup, pending)


def _of_member(key: str, value: Any, lookup: _Lookup, pending: list[tuple[Any, str | None]]) -> Iterator[_Entry]:
    places = lookup.named(key)
    index = None if places else _number_in(key)
    if places or index is not None:
        yield _Entry(_message(value) or raw_text(value), places, index)
    elif isinstance(value, list | Mapping) and value:
        pending.append((value, key))
    elif isinstance(value, int):
        yield _Entry(f"{key}: {value}", tally=int(value))
    else:
        yield _of_text(value, key, lookup)


def _is_error_object(item: Mapping[str, Any]) -> bool:
    speaks = any(isinstance(item.get(name), str) for name in _MESSAGES)
    names = any(name in _IDENTIFIERS or name in _SYNONYMS or name in _INDEXES for name in item)
    nests = any(isinstance(item.get(name), Mapping) and any(key in _IDENTIFIERS for key in item[name]) for name in _NESTS)
    return speaks or names or nests


def _of_error_object(item: Mapping[str, Any], heading: str | None, lookup: _Lookup) -> _Entry:
    message = _message(item) or heading or raw_text(item)
    places = lookup.described(item) or (lookup.named(heading) if heading else frozenset()) or lookup.mentioned(message)
    if places:
        return _Entry(message, places)
    index = next((number for name in _INDEXES if (number := _whole(item.get(name))) is not None), None)
    return _Entry(message, index=index)


def _of_text(item: Any, heading: str | None, lookup: _Lookup) -> _Entry:
    text = item if isinstance(item, str) else raw_text(item)
    message = clean(f"{heading}: {text}" if heading else text, RAW_LIMIT)
    return _Entry(
        message, lookup.named(text) or lookup.mentioned(text) or (lookup.mentioned(heading) if heading else frozenset())
    )


def _number_in(key: str) -> int | None:
    text = key.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6 else None


def _message(value: Any) -> str:
    """The words of an error, whatever it is wrapped in."""
    if isinstance(value, str):
        return clean(value, RAW_LIMIT)
    if isinstance(value, Mapping):
        name = next((name for name in (*_MESSAGES, "errors") if value.get(name)), None)
        return "" if name is None else _message(value[name])
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return clean("; ".join(value), RAW_LIMIT)
    return ""
