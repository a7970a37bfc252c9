"""From the import payload to the record that the search shows: the sandbox's own reading of facts section 9."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import catalogue
from .clock import epoch_millis, iso_millis, parse_loose_date
from .identifiers import normal
from .incoming import MISSING, Convert, Incoming, as_text, clears, first, given, integer, or_none, peek, put, time_zone
from .mapping_interfaces import map_interfaces
from .mapping_lists import map_lists
from .options import Switches
from .store import Asset


@dataclass(frozen=True, slots=True)
class Source:
    """Who sends: `label` is connectorMetaData.source, `name` the connector's name in the UI."""

    uuid: str
    name: str
    label: str


def apply_import(asset: Asset, entry: Mapping[str, Any], source: Source, switches: Switches, now: datetime) -> None:
    """Merge one entry of assetData into `asset`, in place."""
    before = {path: peek(asset.record, path) for path in switches.overruled}
    incoming = Incoming(entry)
    _scalars(asset.record, incoming, switches)
    _system(asset.record, incoming, switches)
    map_lists(asset.record, incoming, switches, now)
    map_interfaces(asset.record, incoming, switches)
    _custom_attributes(asset.record, incoming, source, switches)
    _provenance(asset, incoming, source, now)
    for path, value in before.items():
        put(asset.record, path, value)


# response path, import paths in order of precedence (i identity, c core), conversion
_SCALARS: tuple[tuple[str, tuple[str, ...], Convert], ...] = (
    ("assetName", ("c.hostName", "i.hostName"), as_text),
    ("dnsName", ("c.dnsName", "c.fqdn", "i.fqdn"), as_text),
    ("netbiosName", ("c.netBiosName", "i.netBiosName"), as_text),
    ("address", ("c.address", "i.ipAddress"), first),
    ("biosSerialNumber", ("c.biosInfo.serialNumber", "i.serialNumber"), as_text),
    ("hwUUID", ("c.biosInfo.hardwareUuid", "i.hardwareUuid"), as_text),
    ("biosAssetTag", ("c.biosInfo.biosAssetTag",), as_text),
    ("biosDescription", ("c.biosInfo.biosDescription",), as_text),
    ("totalMemory", ("c.biosInfo.totalMemory",), integer),
    ("timeZone", ("c.biosInfo.timeZone",), time_zone),
    ("lastLoggedOnUser", ("c.lastLoggedOnUser",), as_text),
    ("domainRole", ("c.domainRole",), as_text),
    ("processor.description", ("c.processor.description",), as_text),
    ("processor.speed", ("c.processor.speed",), integer),
    ("processor.numCPUs", ("c.processor.numberOfCpu",), integer),
    ("cpuCount", ("c.processor.numberOfCpu",), integer),
    ("businessInformation.operationalStatus", ("c.businessMetaData.status",), as_text),
    *(
        (f"businessInformation.{name}", (f"c.businessMetaData.{name}",), as_text)
        for name in ("environment", "company", "department", "ownedBy", "managedBy", "supportedBy", "supportGroup")
    ),
    *((f"assignedLocation.{name}", (f"c.assignedLocation.{name}",), as_text) for name in ("name", "city", "state", "country")),
)


def _scalars(record: dict[str, Any], incoming: Incoming, switches: Switches) -> None:
    for path, sources, convert in _SCALARS:
        value = incoming.pick(*sources)
        if value is MISSING or value is None:
            if clears(value, switches):
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


def _system(record: dict[str, Any], incoming: Incoming, switches: Switches) -> None:
    name, version, arch = (incoming.pick(f"c.{key}") for key in ("operatingSystem", "osVersion", "osArchitecture"))
    if given(name):
        record["operatingSystem"] = catalogue.operating_system(
            as_text(name), or_none(version), or_none(arch), normalise=switches.normalise
        )
    elif clears(name, switches):
        record["operatingSystem"] = None
    elif record.get("operatingSystem"):
        for key, value in (("version", version), ("architecture", arch)):
            if given(value):
                record["operatingSystem"][key] = (
                    catalogue.architecture(value) if key == "architecture" and switches.normalise else value
                )
    maker, model = incoming.pick("c.biosInfo.manufacturer"), incoming.pick("c.biosInfo.model")
    if given(maker) or given(model):
        record["hardware"] = catalogue.hardware(or_none(maker), or_none(model), normalise=switches.normalise)
    elif clears(maker, switches) and clears(model, switches):
        record["hardware"] = None


def _custom_attributes(record: dict[str, Any], incoming: Incoming, source: Source, switches: Switches) -> None:
    sent = incoming.pick("c.customConnectorAttributes")
    if not isinstance(sent, Mapping):
        if clears(sent, switches):
            record["customAttributes"] = [
                item for item in record["customAttributes"] or [] if item["connectorName"] != source.name
            ]
        return
    shown = {(item["connectorName"], item["key"]): item for item in record["customAttributes"] or []}
    for key, value in sent.items():
        if value is None and not switches.null_clears:
            continue
        shown[(source.name, key)] = {"key": key, "value": None if value is None else as_text(value), "connectorName": source.name}
    record["customAttributes"] = list(shown.values())


def _provenance(asset: Asset, incoming: Incoming, source: Source, now: datetime) -> None:
    record = asset.record
    record["lastModifiedDate"] = iso_millis(now)
    native = incoming.pick("i.sourceNativeKey")
    if given(native):
        asset.native_keys.add((source.uuid, as_text(native)))
    instance = incoming.pick("i.instanceUuid")
    if given(instance):
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
    return epoch_millis(parse_loose_date(value)) if given(value) else otherwise
