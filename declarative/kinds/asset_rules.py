"""What is checked in one Asset manifest beyond its schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from declarative.core.quoting import shown
from declarative.core.suggest import did_you_mean
from declarative.kinds import values
from declarative.kinds.asset_checks import (
    CORE,
    DATES,
    FAR,
    IDENTITY,
    INTERFACE,
    LENGTHS,
    LIKELY_SECONDS,
    QUALIFIERS,
    TOP,
    Check,
    contradictions,
    is_whole,
    wrong_numbers,
)
from declarative.kinds.asset_glance import surely_right
from declarative.kinds.rules import Finding
from declarative.schema.paths import field_paths


def check(spec: Mapping[str, Any], now: datetime) -> Iterable[Finding]:
    """Everything wrong with the asset by itself; what it shares with others is looked at elsewhere. Whatever may be missing
    from the well-typed part of a wrong manifest may be missing here."""
    return () if surely_right(spec, now) else findings(spec, now)


def findings(spec: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    """`check`, without a glance beforehand."""
    identity: Mapping[str, Any] = spec.get("identityAttributes") or {}
    core: Mapping[str, Any] = spec.get("coreAttributes") or {}
    if "identityAttributes" in spec:
        yield from _identity(identity)
    yield from _placeholders(identity)
    yield from _lengths(core)
    yield from _formats(identity, IDENTITY, TOP)
    yield from _formats(core, CORE, TOP)
    yield from _formats(core.get("biosInfo") or {}, f"{CORE}/biosInfo", TOP)
    for index, interface in enumerate(core.get("networkInterfaces") or ()):
        yield from _formats(interface or {}, f"{CORE}/networkInterfaces/{index}", INTERFACE)
    yield from _numbers(core)
    yield from _dates(core, now)
    yield from _repeated(identity, core)
    yield from _lists(identity, core)
    yield from ignored((spec.get("lifecycle") or {}).get("ignore") or ())


def _identity(identity: Mapping[str, Any]) -> Iterator[Finding]:
    usable = [name for name, value in identity.items() if name not in QUALIFIERS and _says_something(value)]
    if not usable:
        hint = "write sourceNativeKey, and with it a serial number, a host name or an address"
        yield Finding("asset/no-identity", IDENTITY, "nothing here identifies the asset", hint)
    elif "sourceNativeKey" not in usable:
        hint = "write the record's key in the source as sourceNativeKey"
        yield Finding(
            "asset/no-native-key", IDENTITY, "the asset has no sourceNativeKey: a repeated import can make duplicates", hint
        )
    for name, value in identity.items():
        if isinstance(value, str):
            yield from _plain(name, value)


def _says_something(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    items = value if isinstance(value, list) else [value]
    return any(item is not None and str(item).strip() for item in items)


def _plain(name: str, text: str) -> Iterator[Finding]:
    hidden = values.hidden_character(text)
    if hidden is not None:
        yield Finding("asset/hidden-character", f"{IDENTITY}/{name}", f"{name} holds a character that cannot be seen: {hidden}")
    elif text != text.strip():
        yield Finding("asset/blank-value", f"{IDENTITY}/{name}", f"{name} begins or ends with a space", "leave the space out")


def _placeholders(identity: Mapping[str, Any]) -> Iterator[Finding]:
    for name, value in identity.items():
        at = f"{IDENTITY}/{name}"
        for text, place in ((value, at),) if type(value) is str else _texts(value, at):
            if values.is_placeholder(name, text):
                message = f'"{shown(text)}" is a placeholder that many machines share, and identifies none'
                yield Finding("asset/placeholder-identity", place, message, "leave it out")


def _lengths(core: Mapping[str, Any]) -> Iterator[Finding]:
    for group, limits in LENGTHS.items():
        for name, value in (core.get(group) or {}).items():
            limit = limits.get(name)
            if limit is not None and isinstance(value, str) and len(value) > limit:
                message = f"{name} has {len(value)} characters; more than {limit} are likely to be refused or cut"
                yield Finding("asset/long-value", f"{CORE}/{group}/{name}", message)


def _formats(found: Mapping[str, Any], pointer: str, checks: Mapping[str, tuple[str, Check]]) -> Iterator[Finding]:
    for name, value in found.items():
        if value is None or name not in checks:
            continue
        rule, complain = checks[name]
        place = f"{pointer}/{name}"
        for text, at in ((value, place),) if type(value) is str else _texts(value, place):
            complaint = complain(text) if text.strip() else None  # blank is how the samples say "nothing"
            if complaint is not None:
                yield Finding(rule, at, complaint)


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield value, pointer
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if type(item) is str:  # the rule: lists of lists are not in the schema
                yield item, f"{pointer}/{index}"
            else:
                yield from _texts(item, f"{pointer}/{index}")


def _numbers(core: Mapping[str, Any]) -> Iterator[Finding]:
    for place, value in wrong_numbers(core):
        if place.startswith("ports/"):
            hint = "a port is a number from 0 to 65535"
            yield Finding("asset/port", f"{CORE}/{place}", f'"{shown(value)}" is not a port number', hint)
        else:
            yield Finding(
                "asset/not-a-number", f"{CORE}/{place}", f'"{shown(value)}" is not a whole number', "leave the unit out"
            )


def _dates(core: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    latest = values.epoch_of(now) + FAR
    known: dict[str, int] = {}
    for name in DATES:
        value = core.get(name)
        if value is None:
            continue
        try:
            known[name] = moment = values.epoch_milliseconds(value)
        except ValueError:
            yield Finding(
                "asset/date",
                f"{CORE}/{name}",
                f'"{shown(value)}" is no day or time of the calendar',
                "write it as 2026-01-15T10:32:55Z",
            )
            continue
        if 0 < moment < LIKELY_SECONDS and is_whole(value):
            hint = f"epoch dates are in milliseconds: {moment}000?"
            yield Finding("asset/date-unit", f"{CORE}/{name}", f"{value} would be a day in January 1970", hint)
        elif moment > latest:
            yield Finding("asset/date-future", f"{CORE}/{name}", f"{name} is more than a day in the future")
    created, updated = known.get("sourceCreatedDate"), known.get("sourceLastUpdatedDate")
    if created is not None and updated is not None and created > updated:
        yield Finding("asset/date-order", f"{CORE}/sourceCreatedDate", "the asset was created after it was last updated")


def _repeated(identity: Mapping[str, Any], core: Mapping[str, Any]) -> Iterator[Finding]:
    for found in contradictions(identity, core):
        path = ".".join(("coreAttributes", *found.path))
        message = f'{path} is "{shown(found.other)}", but identityAttributes.{found.name} is "{shown(identity[found.name])}"'
        hint = "keep one value, or write it in one place only"
        yield Finding("asset/contradiction", f"{CORE}/{'/'.join(found.path)}", message, hint)


def _lists(identity: Mapping[str, Any], core: Mapping[str, Any]) -> Iterator[Finding]:
    for half, pointer in ((identity, IDENTITY), (core, CORE)):
        for name, value in half.items():
            if value == []:
                message = f"{name} is an empty list: it is not sent, and nothing is erased"
                yield Finding("asset/empty-list", f"{pointer}/{name}", message, "remove the key")


def ignored(paths: Sequence[str | None]) -> Iterator[Finding]:
    known = field_paths("Asset") if paths else ()
    for index, path in enumerate(paths):
        if path is None:
            continue
        plain = path.removeprefix("spec.")
        if plain in known or (plain.startswith("coreAttributes.customConnectorAttributes.") and not plain.endswith(".")):
            continue
        hint = partial(_path_hint, plain)
        yield Finding("asset/ignore-path", f"/spec/lifecycle/ignore/{index}", f'there is no field "{shown(path)}"', hint)


def _path_hint(path: str) -> str:
    return did_you_mean(path, field_paths("Asset")) or "`declarative explain Asset.spec` lists the fields"
