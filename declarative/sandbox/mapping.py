"""From the import payload to the record that the search shows: the sandbox's own reading of facts section 9."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from . import catalogue
from .clock import epoch_millis, iso_millis, parse_loose_date
from .identifiers import normal
from .options import Switches
from .store import Asset

_MISSING = object()
_BLANKS: dict[str, tuple[str, ...]] = {
    "processor": ("description", "speed", "numCPUs", "noOfSocket", "threadsPerCore", "coresPerSocket", "multithreadingStatus"),
    "businessInformation": (
        "company", "department", "ownedBy", "managedBy", "supportedBy", "supportGroup", "environment", "operationalStatus",
    ),
    "assignedLocation": ("name", "city", "state", "country"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Who sends: `label` is connectorMetaData.source, `name` the connector's name in the UI."""

    uuid: str
    name: str
    label: str


def apply_import(asset: Asset, entry: Mapping[str, Any], source: Source, switches: Switches, now: datetime) -> None:
    """Merge one entry of assetData into `asset`, in place."""
    before = {path: peek(asset.record, path) for path in switches.overruled}
    incoming = _Incoming(entry)
    _scalars(asset.record, incoming, switches)
    _system(asset.record, incoming, switches)
    _lists(asset.record, incoming, switches, now)
    _interfaces(asset.record, incoming, switches)
    _custom_attributes(asset.record, incoming, source, switches)
    _provenance(asset, incoming, source, now)
    for path, value in before.items():
        put(asset.record, path, value)


class _Incoming:
    """Both attribute blocks of an entry, telling a missing key from a null."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self._blocks = {"i": entry.get("identityAttributes") or {}, "c": entry.get("coreAttributes") or {}}

    def pick(self, *paths: str) -> Any:
        """The first value that is neither missing nor null; None when one was written as null; else _MISSING."""
        result: Any = _MISSING
        for path in paths:
            value: Any = self._blocks
            for step in _steps(path):
                value = value.get(step, _MISSING) if type(value) is dict else _MISSING
            if value is None:
                result = None
            elif value is not _MISSING:
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


Convert = Callable[[Any], Any]


def _text(value: Any) -> Any:
    """Jackson turns a scalar into the string that the bean declares."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _integer(value: Any) -> int | None:
    found = re.match(r"\s*(-?\d+)(\.\d+)?", str(value))
    return int(found[1]) if found and not isinstance(value, bool) else None


def _boolean(value: Any) -> bool:
    return str(value).lower() == "true"


def _first(value: Any) -> Any:
    return (_text(value[0]) if value else None) if isinstance(value, list) else _text(value)


def _time_zone(value: Any) -> str:
    """`+5:30` comes back as `+05:30`."""
    found = re.fullmatch(r"([+-])(\d):(\d\d)", str(value))
    return f"{found[1]}0{found[2]}:{found[3]}" if found else str(value)


# response path, import paths in order of precedence (i identity, c core), conversion
_SCALARS: tuple[tuple[str, tuple[str, ...], Convert], ...] = (
    ("assetName", ("c.hostName", "i.hostName"), _text),
    ("dnsName", ("c.dnsName", "c.fqdn", "i.fqdn"), _text),
    ("netbiosName", ("c.netBiosName", "i.netBiosName"), _text),
    ("address", ("c.address", "i.ipAddress"), _first),
    ("biosSerialNumber", ("c.biosInfo.serialNumber", "i.serialNumber"), _text),
    ("hwUUID", ("c.biosInfo.hardwareUuid", "i.hardwareUuid"), _text),
    ("biosAssetTag", ("c.biosInfo.biosAssetTag",), _text),
    ("biosDescription", ("c.biosInfo.biosDescription",), _text),
    ("totalMemory", ("c.biosInfo.totalMemory",), _integer),
    ("timeZone", ("c.biosInfo.timeZone",), _time_zone),
    ("lastLoggedOnUser", ("c.lastLoggedOnUser",), _text),
    ("domainRole", ("c.domainRole",), _text),
    ("processor.description", ("c.processor.description",), _text),
    ("processor.speed", ("c.processor.speed",), _integer),
    ("processor.numCPUs", ("c.processor.numberOfCpu",), _integer),
    ("cpuCount", ("c.processor.numberOfCpu",), _integer),
    ("businessInformation.operationalStatus", ("c.businessMetaData.status",), _text),
    *(
        (f"businessInformation.{name}", (f"c.businessMetaData.{name}",), _text)
        for name in ("environment", "company", "department", "ownedBy", "managedBy", "supportedBy", "supportGroup")
    ),
    *((f"assignedLocation.{name}", (f"c.assignedLocation.{name}",), _text) for name in ("name", "city", "state", "country")),
)


def _scalars(record: dict[str, Any], incoming: _Incoming, switches: Switches) -> None:
    for path, sources, convert in _SCALARS:
        value = incoming.pick(*sources)
        if value is _MISSING or value is None:
            if _clears(value, switches):
                put(record, path, None)
            continue
        put(record, path, convert(value))
    if switches.normalise and record.get("hwUUID"):
        record["hwUUID"] = record["hwUUID"].lower()
    if switches.shorten_names and record.get("assetName"):
        record["assetName"] = record["assetName"].partition(".")[0]
    if not record.get("assetName"):
        record["assetName"] = (
            record.get("dnsName") or record.get("netbiosName") or record.get("address") or record.get("biosSerialNumber")
        )


def _clears(value: Any, switches: Switches) -> bool:
    return switches.missing_clears if value is _MISSING else switches.null_clears


def _system(record: dict[str, Any], incoming: _Incoming, switches: Switches) -> None:
    name, version, arch = (incoming.pick(f"c.{key}") for key in ("operatingSystem", "osVersion", "osArchitecture"))
    if _given(name):
        record["operatingSystem"] = catalogue.operating_system(
            _text(name), _or_none(version), _or_none(arch), normalise=switches.normalise
        )
    elif _clears(name, switches):
        record["operatingSystem"] = None
    elif record.get("operatingSystem"):
        for key, value in (("version", version), ("architecture", arch)):
            if _given(value):
                record["operatingSystem"][key] = (
                    catalogue.architecture(value) if key == "architecture" and switches.normalise else value
                )
    maker, model = incoming.pick("c.biosInfo.manufacturer"), incoming.pick("c.biosInfo.model")
    if _given(maker) or _given(model):
        record["hardware"] = catalogue.hardware(_or_none(maker), _or_none(model), normalise=switches.normalise)
    elif _clears(maker, switches) and _clears(model, switches):
        record["hardware"] = None


def _given(value: Any) -> bool:
    return value is not None and value is not _MISSING and value != ""


def _or_none(value: Any) -> str | None:
    return _text(value) if _given(value) else None


@dataclass(frozen=True, slots=True)
class _ListRow:
    source: str
    path: str
    convert: Callable[[Mapping[str, Any], str], dict[str, Any] | None]
    same: tuple[str, ...]  # keys by which two entries are one, when lists are merged


def _port(item: Mapping[str, Any], seen: str) -> dict[str, Any] | None:
    number = _integer(item.get("port"))
    if number is None:
        return None
    return {
        "port": number,
        "description": item.get("description"),
        "protocol": item.get("protocol"),
        "detectedService": item.get("detectedService"),
        "firstFound": seen,
        "lastUpdated": seen,
        "authorization": None,
        "detectionScore": None,
        "discoverySources": "Connector",
    }


def _volume(item: Mapping[str, Any], _: str) -> dict[str, Any]:
    free, size = item.get("free"), item.get("size")
    return {
        "name": item.get("name"),
        "free": None if free is None else _integer(free),
        "size": None if size is None else _integer(size),
    }


def _service(item: Mapping[str, Any], _: str) -> dict[str, Any]:
    return {name: item.get(name) for name in ("name", "description", "status")}


def _account(item: Mapping[str, Any], _: str) -> dict[str, Any]:
    return {"name": item.get("username")}


_LISTS = (
    _ListRow("ports", "openPortListData.openPort", _port, ("port", "protocol")),
    _ListRow("volumes", "volumeListData.volume", _volume, ("name",)),
    _ListRow("services", "serviceList.service", _service, ("name",)),
    _ListRow("accounts", "userAccountListData.userAccount", _account, ("name",)),
)


def _lists(record: dict[str, Any], incoming: _Incoming, switches: Switches, now: datetime) -> None:
    def software(item: Mapping[str, Any], seen: str) -> dict[str, Any] | None:
        if not item.get("name"):
            return None
        version = item.get("version")
        identifier = 2**53 + abs(int(record["assetId"])) * 1000 + len(str(item["name"])) + sum(str(item["name"]).encode())
        return catalogue.software(
            str(item["name"]), None if version is None else str(version), identifier, seen, normalise=switches.normalise
        )

    rows = (*_LISTS, _ListRow("softwares", "softwareListData.software", software, ("discoveredName",)))
    for row in rows:
        value = incoming.pick(f"c.{row.source}")
        if value is _MISSING or value is None:
            if _clears(value, switches):
                put(record, row.path, [])
            continue
        items = [item for item in (row.convert(raw, iso_millis(now)) for raw in value if raw) if item]
        put(record, row.path, _joined(peek(record, row.path) or [], items, row.same, switches.lists))
    apps = incoming.pick("c.businessApps")
    if _given(apps):
        values = apps if isinstance(apps, list) else [apps]
        put(record, "businessAppListData.businessApp", [_business_app(value) for value in values])


def _joined(old: list[dict[str, Any]], new: list[dict[str, Any]], same: tuple[str, ...], mode: str) -> list[dict[str, Any]]:
    if mode == "replace":
        return new
    by_key = {tuple(item.get(name) for name in same): item for item in (*old, *new)}
    return list(by_key.values())


def _business_app(value: Any) -> dict[str, Any]:
    known = value if isinstance(value, dict) else {"id": value}
    names = ("id", "name", "environment", "businessCriticality", "managedBy", "ownedBy", "supportedBy", "supportGroup",
             "operationalStatus", "status", "usedFor")  # fmt: skip
    shown: dict[str, Any] = {name: known.get(name) for name in names}
    shown["id"] = None if shown["id"] is None else str(shown["id"])
    return shown


def _interfaces(record: dict[str, Any], incoming: _Incoming, switches: Switches) -> None:
    """Interfaces as sent; then every address and MAC of the identity must be visible on one of them."""
    path = "networkInterfaceListData.networkInterface"
    shown: list[dict[str, Any]] = peek(record, path) or []
    sent = incoming.pick("c.networkInterfaces")
    if _given(sent):
        new = [_interface(item, switches) for item in sent if item]
        shown = _joined(shown, new, ("interfaceName", "macAddress"), switches.lists)
    elif _clears(sent, switches):
        shown = []
    addresses = [*_listed(incoming.pick("i.ipAddress")), *_listed(incoming.pick("c.address"))]
    macs = _listed(incoming.pick("i.macAddress"))
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
    addresses = [*_listed(item.get("ipv4Address")), *_listed(item.get("ipv6Address")), *_listed(item.get("address"))]
    mac = item.get("macAddress")
    return {
        "hostname": item.get("hostName"),
        "addressIpV4": _joined_addresses(addresses, 4),
        "addressIpV6": _joined_addresses(addresses, 6),
        "macAddress": normal("macAddress", mac) if mac and switches.normalise else mac,
        "interfaceName": item.get("interfaceName"),
        "dnsAddress": ", ".join(_listed(item.get("dnsAddress"))) or None,
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


def _listed(value: Any) -> list[str]:
    if not _given(value):
        return []
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]


def _custom_attributes(record: dict[str, Any], incoming: _Incoming, source: Source, switches: Switches) -> None:
    sent = incoming.pick("c.customConnectorAttributes")
    if not isinstance(sent, Mapping):
        if _clears(sent, switches):
            record["customAttributes"] = [
                item for item in record["customAttributes"] or [] if item["connectorName"] != source.name
            ]
        return
    shown = {(item["connectorName"], item["key"]): item for item in record["customAttributes"] or []}
    for key, value in sent.items():
        if value is None and not switches.null_clears:
            continue
        shown[(source.name, key)] = {"key": key, "value": None if value is None else _text(value), "connectorName": source.name}
    record["customAttributes"] = list(shown.values())


def _provenance(asset: Asset, incoming: _Incoming, source: Source, now: datetime) -> None:
    record = asset.record
    record["lastModifiedDate"] = iso_millis(now)
    native = incoming.pick("i.sourceNativeKey")
    if _given(native):
        asset.native_keys.add((source.uuid, _text(native)))
    instance = incoming.pick("i.instanceUuid")
    if _given(instance):
        asset.hidden["instanceUuid"] = normal("instanceUuid", instance)
    record["inventory"] = {
        **(record.get("inventory") or {"source": source.label, "created": epoch_millis(now)}),
        "lastUpdated": epoch_millis(now),
    }
    rows = {row["source"]: row for row in (record.get("inventoryListData") or {}).get("inventory", [])}
    old = rows.get(source.label, {"source": source.label, "created": epoch_millis(now), "lastUpdated": epoch_millis(now)})
    rows[source.label] = {
        "source": source.label,
        "created": _millis_of(incoming.pick("c.sourceCreatedDate"), old["created"]),
        "lastUpdated": _millis_of(incoming.pick("c.sourceLastUpdatedDate"), old["lastUpdated"]),
    }
    record["inventoryListData"] = {"inventory": list(rows.values())}


def _millis_of(value: Any, otherwise: int) -> int:
    return epoch_millis(parse_loose_date(value)) if _given(value) else otherwise
