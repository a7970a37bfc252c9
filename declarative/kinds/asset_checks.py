"""Which values of an Asset manifest are checked, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from declarative.assets import normalise
from declarative.kinds import values

Check = Callable[[str], str | None]

IDENTITY, CORE = "/spec/identityAttributes", "/spec/coreAttributes"
QUALIFIERS = frozenset({"instanceUuidSource", "networkUuid"})

# The same attribute in both halves of the payload, and the form in which the two are compared.
REPEATED: tuple[tuple[str, tuple[str, ...], normalise.Normaliser], ...] = (
    ("hostName", ("hostName",), normalise.hostname),
    ("fqdn", ("fqdn",), normalise.hostname),
    ("netBiosName", ("netBiosName",), normalise.nocase),
    ("serialNumber", ("biosInfo", "serialNumber"), normalise.compact),
    ("hardwareUuid", ("biosInfo", "hardwareUuid"), normalise.uuid),
)

TOP: Mapping[str, tuple[str, Check]] = MappingProxyType(
    {
        "hostName": ("asset/host-name", values.host_name_problem),
        "fqdn": ("asset/fqdn", values.fqdn_problem),
        "dnsName": ("asset/fqdn", values.fqdn_problem),
        "address": ("asset/ip-address", values.ip_problem),
        "ipAddress": ("asset/ip-address", values.ip_problem),
        "macAddress": ("asset/mac-address", values.mac_problem),
        "hardwareUuid": ("asset/uuid", values.uuid_problem),
        "networkUuid": ("asset/uuid", values.uuid_problem),
        "timeZone": ("asset/time-zone", values.offset_problem),
    }
)
INTERFACE: Mapping[str, tuple[str, Check]] = MappingProxyType(
    {
        **{name: TOP[name] for name in ("address", "macAddress", "hostName", "networkUuid")},
        "ipv4Address": ("asset/ip-address", values.ipv4_problem),
        "ipv6Address": ("asset/ip-address", values.ipv6_problem),
        "gatewayAddress": ("asset/ip-address", values.ip_problem),
    }
)

# Limits of the sister API for business metadata (facts 2.9); the import's own are not documented.
LENGTHS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "businessMetaData": {
            **dict.fromkeys(("status", "environment", "company", "department"), 128),
            **dict.fromkeys(("ownedBy", "managedBy", "supportedBy", "supportGroup"), 255),
        },
        "assignedLocation": {"name": 255, **dict.fromkeys(("city", "state", "country"), 128)},
    }
)

DATES = ("sourceCreatedDate", "sourceLastUpdatedDate")

FAR = 86_400_000
"""How far ahead a source's date may be: a day, in milliseconds."""

LIKELY_SECONDS = 30 * 86_400_000
"""31 January 1970 in milliseconds: an epoch in seconds stays below it until the year 2052."""


class Contradiction(Struct, frozen=True):
    """An identity attribute, and the path below `coreAttributes` of another value for it."""

    name: str
    path: tuple[str, ...]
    other: Any


def contradictions(identity: Mapping[str, Any], core: Mapping[str, Any]) -> list[Contradiction]:
    """The attributes that both halves of the payload have, and not with one meaning."""
    found = []
    for name, path, normal in REPEATED:
        other: Any = core
        for part in path:
            other = (other or {}).get(part)
        if other is None or identity.get(name) == other:
            continue
        here, there = normal(identity.get(name)), normal(other)
        if here is not None and there is not None and here != there:
            found.append(Contradiction(name, path, other))
    return found


def wrong_numbers(core: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Paths below `coreAttributes` where a whole number belongs and something else stands, and what does."""
    found = []
    for index, port in enumerate(core.get("ports") or ()):
        number = (port or {}).get("port")
        if number is not None and not (is_whole(number) and 0 <= int(number) <= 65_535):
            found.append((f"ports/{index}/port", number))
    sized = [
        (f"volumes/{index}/{name}", volume.get(name))
        for index, volume in enumerate(core.get("volumes") or ())
        if volume
        for name in ("size", "free")
    ]
    sized.append(("processor/speed", (core.get("processor") or {}).get("speed")))
    found.extend((place, value) for place, value in sized if value not in (None, "") and not is_whole(value))
    return found


def is_whole(value: Any) -> bool:
    """A number without a fraction, also as text, of at most 19 digits."""
    if isinstance(value, float):
        return value.is_integer()
    text = str(value).strip()
    return text.isascii() and text.isdigit() and len(text) <= 19
