"""Network interfaces of an import, and the addresses of its identity, which must be visible on one of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .identifiers import normal
from .incoming import Incoming, clears, given, listed, peek, put
from .mapping_lists import joined
from .options import Switches


def map_interfaces(record: dict[str, Any], incoming: Incoming, switches: Switches) -> None:
    """Interfaces as sent; then every address and MAC of the identity must be visible on one of them."""
    path = "networkInterfaceListData.networkInterface"
    shown: list[dict[str, Any]] = peek(record, path) or []
    sent = incoming.pick("c.networkInterfaces")
    if given(sent):
        new = [_interface(item, switches) for item in sent if item]
        shown = joined(shown, new, ("interfaceName", "macAddress"), switches.lists)
    elif clears(sent, switches):
        shown = []
    addresses = [*listed(incoming.pick("i.ipAddress")), *listed(incoming.pick("c.address"))]
    macs = listed(incoming.pick("i.macAddress"))
    visible = {normal("ipAddress", one) for item in shown for one in _addresses_of(item)}
    visible_macs = {normal("macAddress", item.get("macAddress")) for item in shown}
    lost = list(dict.fromkeys(one for one in addresses if normal("ipAddress", one) not in visible))
    lost_macs = list(dict.fromkeys(one for one in macs if normal("macAddress", one) not in visible_macs))
    for at in range(max(len(lost_macs), 1 if lost else 0)):
        item = {
            "interfaceName": "",
            "hostName": record.get("assetName"),
            "macAddress": lost_macs[at] if at < len(lost_macs) else None,
            "ipv4Address": lost if at == 0 else [],
        }
        shown = [*shown, _interface(item, switches)]
    put(record, path, shown)


def _interface(item: Mapping[str, Any], switches: Switches) -> dict[str, Any]:
    addresses = [*listed(item.get("ipv4Address")), *listed(item.get("ipv6Address")), *listed(item.get("address"))]
    mac = item.get("macAddress")
    return {
        "hostname": item.get("hostName"),
        "addressIpV4": _joined_addresses(addresses, 4),
        "addressIpV6": _joined_addresses(addresses, 6),
        "macAddress": normal("macAddress", mac) if mac and switches.normalise else mac,
        "interfaceName": item.get("interfaceName"),
        "dnsAddress": ", ".join(listed(item.get("dnsAddress"))) or None,
        "gatewayAddress": item.get("gatewayAddress"),
        "manufacturer": None,
        "macVendorIntroDate": None,
        "netmask": None,
        "addresses": None,
    }


def _joined_addresses(addresses: list[str], version: int) -> str | None:
    kept = list(dict.fromkeys(one for one in addresses if _version(one) == version))
    return ", ".join(kept) or None


def _version(address: str) -> int:
    try:
        return ipaddress.ip_address(address.strip()).version
    except ValueError:
        return 6 if ":" in address else 4


def _addresses_of(item: Mapping[str, Any]) -> list[str]:
    return [one.strip() for name in ("addressIpV4", "addressIpV6") for one in (item.get(name) or "").split(",") if one.strip()]
