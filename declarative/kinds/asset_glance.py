"""A glance at an asset that is enough for most: it proves that the rules of one asset find nothing, or it proves nothing.

The rules themselves are in `asset_rules.py`; a property test holds that they agree wherever the glance is satisfied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from declarative.assets.normalise import UUID_FORM
from declarative.kinds import values
from declarative.kinds.asset_checks import (
    DATES,
    FAR,
    INTERFACE,
    LENGTHS,
    LIKELY_SECONDS,
    TOP,
    contradictions,
    wrong_numbers,
)
from declarative.kinds.values import PLACEHOLDERS

Fits = Callable[[str], object]

_NOTHING: Mapping[str, Any] = MappingProxyType({})

_PRINTED = re.compile(r"[!-~]+(?: [!-~]+)*+").fullmatch
_HEX4 = "[0-9a-fA-F]{1,4}"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
# With at most seven colons there are never more groups than fit beside a `::`.
_IPV6 = rf"(?!(?:[^:]*:){{8}})(?:{_HEX4}(?::{_HEX4})*+)?::(?:{_HEX4}(?::{_HEX4})*+)?|{_HEX4}(?::{_HEX4}){{7}}"
_MAC = r"[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2}){4}"
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"

# What each check surely has no complaint about. The same text then is no blank, and has nothing in it that cannot be seen.
SURE: Mapping[Callable[[str], str | None], Fits] = MappingProxyType(
    {
        values.host_name_problem: re.compile(r"[A-Za-z0-9_.:@-]+").fullmatch,
        values.fqdn_problem: re.compile(rf"(?=.{{3,253}}\Z){_LABEL}(?:\.{_LABEL})++").fullmatch,
        values.ip_problem: re.compile(rf"{_IPV4}|{_IPV6}").fullmatch,
        values.ipv4_problem: re.compile(_IPV4).fullmatch,
        values.ipv6_problem: re.compile(_IPV6).fullmatch,
        values.mac_problem: re.compile(_MAC).fullmatch,
        values.uuid_problem: re.compile(UUID_FORM).fullmatch,
        values.offset_problem: re.compile(r"[+-](?:0[0-9]|1[0-4]|[0-9]):[0-5][0-9]|UTC").fullmatch,
    }
)


_TOP: Mapping[str, Fits] = MappingProxyType({name: SURE[check] for name, (_, check) in TOP.items()})
_INTERFACE: Mapping[str, Fits] = MappingProxyType({name: SURE[check] for name, (_, check) in INTERFACE.items()})
# An identity is besides no placeholder; the words among those are looked up.
_IDENTITY: Mapping[str, Fits] = MappingProxyType(
    {
        **_TOP,
        "macAddress": re.compile(rf"(?=.*[1-9a-eA-E]){_MAC}").fullmatch,
        "ipAddress": re.compile(rf"(?!0\.|127\.|169\.254\.|[fF][eE]80:|[0:]+1?\Z)(?:{_IPV4}|{_IPV6})").fullmatch,
    }
)
_SHORTEST_LIMIT = min(limit for limits in LENGTHS.values() for limit in limits.values())


def surely_right(spec: Mapping[str, Any], now: datetime) -> bool:
    """Whether the rules of one asset certainly find nothing in a spec that its schema accepts."""
    identity, core, lifecycle = spec.get("identityAttributes"), spec.get("coreAttributes"), spec.get("lifecycle")
    if not identity or (lifecycle and lifecycle.get("ignore")):
        return False
    return _identifies(identity) and (not core or _is_core_right(core, now)) and not contradictions(identity, core or {})


def _identifies(identity: Mapping[str, Any]) -> bool:
    if type(identity.get("sourceNativeKey")) is not str:
        return False
    for name, value in identity.items():
        fits = _IDENTITY.get(name, _PRINTED)
        if type(value) is str:
            if not fits(value) or value.lower().replace(" ", "-") in PLACEHOLDERS:
                return False
        elif type(value) is list:
            if not value or not all(type(text) is str and fits(text) and text.lower() not in PLACEHOLDERS for text in value):
                return False
        elif value is not None and type(value) is not int:
            return False
    return True


def _is_core_right(core: Mapping[str, Any], now: datetime) -> bool:
    for group in LENGTHS:
        if group in core:
            for value in (core[group] or _NOTHING).values():
                if type(value) is str and len(value) > _SHORTEST_LIMIT:
                    return False
    return (
        [] not in core.values()
        and _fit(core, _TOP)
        and _fit(core.get("biosInfo") or _NOTHING, _TOP)
        and all(_fit(interface or _NOTHING, _INTERFACE) for interface in core.get("networkInterfaces") or ())
        and not wrong_numbers(core)
        and _are_dates_right(core, now)
    )


def _fit(found: Mapping[str, Any], forms: Mapping[str, Fits]) -> bool:
    for name in forms.keys() & found.keys():
        fits, value = forms[name], found[name]
        if value is None:
            continue
        if type(value) is str:
            if not fits(value):
                return False
        elif type(value) is not list or not all(type(text) is str and fits(text) for text in value):
            return False
    return True


def _are_dates_right(core: Mapping[str, Any], now: datetime) -> bool:
    written = [core[name] for name in DATES if core.get(name) is not None]
    if not written:
        return True
    try:
        moments = [values.epoch_milliseconds(value) for value in written]
    except ValueError:
        return False
    return LIKELY_SECONDS <= moments[0] <= moments[-1] <= now.timestamp() * 1000 + FAR
