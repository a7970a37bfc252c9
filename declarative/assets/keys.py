"""The identifiers of an asset, on both sides, in normal form, strongest kind first.

Values that vendors and hypervisors leave in place of an identifier ("To be filled by O.E.M.", all-zero UUIDs,
localhost, loopback addresses) identify nothing and are left out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from declarative.assets.model import DesiredAsset
from declarative.assets.normalise import compact, hostname, ip_set, ipv4, is_ip, mac_set, nocase, uuid
from declarative.assets.records import mappings

Keys = frozenset[str]
_NONE: Keys = frozenset()

_NO_SERIALS = frozenset(
    "none null na n/a nil unknown unspecified notspecified notavailable notapplicable notset empty invalid oem o.e.m. "  # noqa: SIM905
    "default defaultstring defaultvalue systemserialnumber chassisserialnumber baseboardserialnumber serialnumber "
    "noserialnumber noassettag tobefilledbyo.e.m. tobefilledbyo.e.m tobefilledbyoem 1 123456789 1234567890 0123456789".split()
)
_NO_UUIDS = frozenset(
    (
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "fefefefe-fefe-fefe-fefe-fefefefefefe",
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
        "12345678-1234-5678-90ab-cddeefaabbcc",
    )
)
_NO_MACS = frozenset(("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "02:00:00:00:00:00"))
_NO_NAMES = frozenset(
    "localhost localhost.localdomain localhost.local localhost6 localhost6.localdomain6 unknown none null n/a na (none)".split()  # noqa: SIM905
)
_FILLING = frozenset("0fx#*-_.")


def _is_filling(key: str) -> bool:
    """One character all along: 0000, xxxxxxxx, ...."""
    return len(set(key)) == 1 and key[0] in _FILLING


def _serials(values: Iterable[Any]) -> Keys:
    found = {key for value in values if (key := compact(value)) is not None}
    return frozenset([key for key in found - _NO_SERIALS if not _is_filling(key)])


def _uuids(values: Iterable[Any]) -> Keys:
    found = {key for value in values if (key := uuid(value)) is not None}
    return frozenset(found - _NO_UUIDS - _NO_SERIALS)


def _macs(values: Iterable[Any]) -> Keys:
    found = {key for value in values for key in mac_set(value) or ()}
    return frozenset(found - _NO_MACS)


def _names(values: Iterable[Any]) -> Keys:
    found = {key for value in values if (key := hostname(value)) is not None} - _NO_NAMES
    return frozenset([key for key in found if not is_ip(key)])


def _netbios(values: Iterable[Any]) -> Keys:
    return frozenset({key for value in values if (key := nocase(value)) is not None} - _NO_NAMES)


def _addresses(values: Iterable[Any]) -> Keys:
    found = {key for value in values for key in ip_set(value) or ()}
    return frozenset([key for key in found if _identifies(key)])


def _identifies(address: str) -> bool:
    quad = ipv4(address)
    if quad is not None:
        return not (address.startswith(("127.", "169.254.")) or address == "0.0.0.0" or 224 <= int(quad[1]) < 240)  # noqa: S104
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified or parsed.is_multicast)


def _nics(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    wrapper = record.get("networkInterfaceListData")
    return mappings(wrapper.get("networkInterface")) if isinstance(wrapper, dict) else []


class KeyKind(Struct, frozen=True):
    """`identity` and `core`: where a manifest says it; `live`: top-level names in the record, `nic` in its interfaces.

    `search_field`: the filter that finds it (facts 3.4); None where none is documented."""

    name: str
    clean: Callable[[Iterable[Any]], Keys]
    identity: tuple[str, ...]
    core: tuple[tuple[str, ...], ...] = ()
    live: tuple[str, ...] = ()
    nic: tuple[str, ...] = ()
    search_field: str | None = None

    def desired(self, asset: DesiredAsset) -> Keys:
        return self.clean(self.declared(asset))

    def declared(self, asset: DesiredAsset) -> list[Any]:
        """The values as the manifest wrote them."""
        found = [asset.identity.get(name) for name in self.identity]
        for path in self.core:
            node: Any = asset.core
            for step in path:
                node = node.get(step) if isinstance(node, Mapping) else None
            found.append(node)
        return [value for value in found if value is not None]

    def plainly_equal(self, asset: DesiredAsset, record: Mapping[str, Any]) -> bool:
        """Whether nothing is declared, or the first declared value stands in the record letter for letter."""
        shown = record.get(self.live[0])
        if shown is not None and shown == asset.identity.get(self.identity[0]):
            return True
        declared = self.declared(asset)
        return not declared or declared[0] == shown

    def of(self, record: Mapping[str, Any]) -> Keys:
        found = [value for name in self.live if (value := record.get(name)) is not None]
        if self.nic:
            found += [value for nic in _nics(record) for name in self.nic if (value := nic.get(name)) is not None]
        return self.clean(found) if found else _NONE


SERIAL = KeyKind("serialNumber", _serials, ("serialNumber",), (("biosInfo", "serialNumber"),), ("biosSerialNumber",),
                 search_field="asset.biosSerialNumber")  # fmt: skip
HARDWARE = KeyKind("hardwareUuid", _uuids, ("hardwareUuid",), (("biosInfo", "hardwareUuid"),), ("hwUUID",),
                   search_field="asset.biosHardwareUUID")  # fmt: skip
MAC = KeyKind("macAddress", _macs, ("macAddress",), nic=("macAddress",))
FQDN = KeyKind("fqdn", _names, ("fqdn",), (("fqdn",), ("dnsName",)), ("dnsName", "assetName"), ("hostname",), "asset.name")
HOST = KeyKind("hostName", _names, ("hostName",), (("hostName",),), ("assetName", "dnsName"), ("hostname",), "asset.name")
NETBIOS = KeyKind(
    "netBiosName", _netbios, ("netBiosName",), (("netBiosName",),), ("netbiosName",), search_field="asset.netbiosName"
)
ADDRESS = KeyKind(
    "ipAddress", _addresses, ("ipAddress",), (("address",),), ("address",), ("addressIpV4", "addressIpV6", "addresses")
)

KINDS = (SERIAL, HARDWARE, MAC, FQDN, HOST, NETBIOS, ADDRESS)
NAME_KINDS = (FQDN, HOST)
# What two different values of a kind disprove: hardware identity disproves every weaker match; a network card or a
# name may be replaced or be one of several, so they disprove only a match by address, which hosts share and inherit.
HARDWARE_KINDS = (SERIAL, HARDWARE)


class SearchKey(Struct, frozen=True):
    """How the search can find an asset: a filter field (facts 3.4) and the values to give it, as declared."""

    kind: str
    field: str
    values: tuple[str, ...]


def search_filters(desired: DesiredAsset) -> Iterator[SearchKey]:
    """Filters that would find the asset, strongest first. MAC and IP addresses have no documented filter field, and no
    filter finds a native key (facts 3.4, 9); an asset with none of these needs a full scan.
    """
    if desired.pinned_id is not None:
        yield SearchKey("qualysAssetId", "asset.assetID", (str(desired.pinned_id),))
    for kind in KINDS:
        if kind.search_field is None:
            continue
        values = dict.fromkeys(str(value).strip() for value in kind.declared(desired) if kind.clean((value,)))
        if values:
            yield SearchKey(kind.name, kind.search_field, tuple(values))
