"""The envelope of the import call: what the vendor's deserialiser would refuse, and which assets it would name (facts 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .clock import parse_loose_date
from .options import Switches

UUID_SHAPE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# Shapes as a Jackson bean would have them: "s" scalar, "l" list of scalars, "sl" either, a mapping an object, a list of one
# mapping a list of objects, "any" what nobody knows.
_IDENTITY: dict[str, Any] = {
    "qualysAssetId": "s",
    "sourceNativeKey": "s",
    "hostName": "s",
    "fqdn": "s",
    "netBiosName": "s",
    "ipAddress": "l",
    "macAddress": "sl",
    "serialNumber": "s",
    "hardwareUuid": "s",
    "instanceUuid": "s",
    "instanceUuidSource": "s",
    "networkUuid": "s",
}
_SCALARS_OF_CORE = """
    hostName fqdn netBiosName address dnsName domain operatingSystem osVersion osArchitecture domainRole lastLoggedOnUser
    isContainer sourceCreatedDate sourceLastUpdatedDate
"""
_CORE: dict[str, Any] = {
    **dict.fromkeys(_SCALARS_OF_CORE.split(), "s"),
    "biosInfo": dict.fromkeys(
        ("biosDescription", "manufacturer", "totalMemory", "timeZone", "model", "serialNumber", "biosAssetTag", "hardwareUuid"),
        "s",
    ),
    "processor": dict.fromkeys(("description", "speed", "numberOfCpu"), "s"),
    "softwares": [dict.fromkeys(("name", "version", "isSystemApp", "isEnterpriseApp"), "s")],
    "ports": [dict.fromkeys(("port", "protocol", "detectedService", "description"), "s")],
    "services": [dict.fromkeys(("name", "description", "status"), "s")],
    "volumes": [dict.fromkeys(("name", "size", "free"), "s")],
    "accounts": [{"username": "s"}],
    "networkInterfaces": [
        {
            **dict.fromkeys(("interfaceName", "macAddress", "address", "hostName", "type", "gatewayAddress", "networkUuid"), "s"),
            "dnsAddress": "sl",
            "ipv4Address": "l",
            "ipv6Address": "l",
        }
    ],
    "businessMetaData": dict.fromkeys(
        ("status", "environment", "company", "department", "ownedBy", "managedBy", "supportedBy", "supportGroup"), "s"
    ),
    "assignedLocation": dict.fromkeys(("name", "street", "city", "state", "zip", "country", "latitude", "longitude"), "s"),
    "businessApps": "any",
    "customConnectorAttributes": "map",
    "containers": "any",
}
ENVELOPE: dict[str, Any] = {
    "connectorMetaData": dict.fromkeys(("requestId", "connectorUuid", "source", "assetCount"), "s"),
    "assetData": [{"identityAttributes": _IDENTITY, "coreAttributes": _CORE, "findings": "any"}],
}


class BadEnvelopeError(Exception):
    """The whole call is refused with a 400."""


@dataclass(frozen=True, slots=True)
class ImportCall:
    connector_uuid: str
    source: str
    request_id: str | None
    assets: tuple[Mapping[str, Any], ...]


def read_envelope(body: Any, switches: Switches) -> ImportCall:
    """Raises BadEnvelopeError."""
    if body is None:
        raise BadEnvelopeError("Required request body is missing")
    _shape(body, ENVELOPE, "", switches.strict_bodies)
    meta = body.get("connectorMetaData")
    if not meta:
        raise BadEnvelopeError("connectorMetaData is required")
    uuid, source = meta.get("connectorUuid"), meta.get("source")
    if not uuid or not UUID_SHAPE.fullmatch(str(uuid)):
        raise BadEnvelopeError("connectorMetaData.connectorUuid must be a UUID")
    if not source or not str(source).strip():
        raise BadEnvelopeError("connectorMetaData.source is required")
    assets = body.get("assetData")
    if not assets:
        raise BadEnvelopeError("assetData must hold at least one asset")
    request_id = meta.get("requestId")
    return ImportCall(str(uuid).lower(), str(source), None if request_id is None else str(request_id), tuple(assets))


def fault_of_asset(asset: Mapping[str, Any]) -> str | None:
    """Why this asset cannot be published, though the call can."""
    identity = asset.get("identityAttributes") or {}
    usable = {name for name, value in identity.items() if name in _IDENTITY and value not in (None, "", [], " ")}
    if not usable - {"instanceUuidSource", "networkUuid"}:
        return "At least one identity attribute is required"
    core = asset.get("coreAttributes") or {}
    for name in ("sourceCreatedDate", "sourceLastUpdatedDate"):
        if core.get(name) is not None:
            try:
                parse_loose_date(core[name])
            except ValueError:
                return f"Invalid value for {name}"
    return None


def name_of_asset(asset: Mapping[str, Any], index: int) -> str:
    identity = asset.get("identityAttributes") or {}
    return str(identity.get("sourceNativeKey") or identity.get("hostName") or f"assetData[{index}]")


def describe_faults(call: ImportCall, faults: Mapping[int, str], shape: str) -> Any:
    """`assetsError` in one of the shapes that clients must survive (facts 2.4)."""
    if shape == "keyed":
        return {name_of_asset(call.assets[index], index): text for index, text in faults.items()}
    rows = [_row(call.assets[index], text) for index, text in faults.items()]
    return rows if shape == "array" else {"failed": rows}


def _row(asset: Mapping[str, Any], text: str) -> dict[str, Any]:
    identity = asset.get("identityAttributes") or {}
    return {"sourceNativeKey": identity.get("sourceNativeKey"), "hostName": identity.get("hostName"), "errorMessage": text}


def _shape(value: Any, wanted: Any, where: str, strict: bool) -> None:
    if value is None or wanted == "any":
        return
    if isinstance(wanted, str):
        _simple_shape(value, wanted, where)
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            raise BadEnvelopeError(f"JSON parse error: {where} must be an array")
        for index, item in enumerate(value):
            _shape(item, wanted[0], f"{where}[{index}]", strict)
    else:
        _object_shape(value, wanted, where, strict)


def _object_shape(value: Any, wanted: Mapping[str, Any], where: str, strict: bool) -> None:
    if not isinstance(value, dict):
        raise BadEnvelopeError(f"JSON parse error: {where or 'the body'} must be an object")
    for name, item in value.items():
        path = f"{where}.{name}" if where else name
        if name in wanted:
            _shape(item, wanted[name], path, strict)
        elif strict:
            raise BadEnvelopeError(f"Unrecognized field {path}")


def _simple_shape(value: Any, wanted: str, where: str) -> None:
    if wanted == "map":
        if not isinstance(value, dict) or any(isinstance(item, dict | list) for item in value.values()):
            raise BadEnvelopeError(f"JSON parse error: {where} must be an object of strings")
    elif isinstance(value, dict) or (isinstance(value, list) and "l" not in wanted):
        raise BadEnvelopeError(f"JSON parse error: {where} must be a string")
    elif not isinstance(value, list) and "s" not in wanted:
        raise BadEnvelopeError(f"JSON parse error: {where} must be an array")
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        raise BadEnvelopeError(f"JSON parse error: {where} must be an array of strings")
