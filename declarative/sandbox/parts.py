"""Each part of a generated asset, as a function of its sketch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

import orjson

from .catalogue import HARDWARE_CATALOGUE, OS_CATALOGUE, hardware_record, os_record, software
from .clock import epoch_millis, iso_millis
from .sketch import Sketch, as_uuid

_DEPARTMENTS = ("Engineering", "Sales", "Finance", "Operations", "Support")
_PORTS = ((22, "TCP", "ssh"), (80, "TCP", "http"), (443, "TCP", "https"), (3389, "TCP", "rdp"), (5432, "TCP", "postgresql"),
          (161, "UDP", "snmp"), (8080, "TCP", ""))  # fmt: skip
_SOFTWARE = (("OpenSSH Server", "9.6p1"), ("Python", "3.11.7"), ("nginx", "1.25.3"), ("PostgreSQL Server", "16.1"),
             ("OpenJDK", "17.0.9"), ("Google Chrome", "120.0.6099"), ("Microsoft Office", "16.0"))  # fmt: skip
_TAGS = ("Cloud Agent", "Internet Facing Assets", "PCI Scope", "Production", "Retail", "EU")

Part = Callable[[Sketch], Any]


def _uuid(sketch: Sketch, salt: bytes) -> str:
    return as_uuid(hashlib.blake2b(salt + sketch.bits, digest_size=16).digest())


def _operating_system(sketch: Sketch) -> dict[str, Any]:
    return _os_block(sketch.bits[9] % len(OS_CATALOGUE), sketch.bits[10] % 10)


# Blocks that many assets have in common are built once and shared; whoever changes a record copies it first.
@lru_cache(maxsize=1024)
def _os_block(index: int, patch: int) -> dict[str, Any]:
    entry = OS_CATALOGUE[index]
    return os_record(entry.full_name, entry, f"{entry.market_version}.{patch}", "64-Bit")


def _hardware(sketch: Sketch) -> dict[str, Any]:
    return _hardware_block(0 if sketch.virtual else 1 + sketch.bits[10] % 6)


@lru_cache(maxsize=64)
def _hardware_block(index: int) -> dict[str, Any]:
    _, maker, product, category1, category2 = HARDWARE_CATALOGUE[index]
    label = product if product.startswith(maker) else f"{maker} {product}"
    return hardware_record(label, maker, product, category1, category2, product)


def _ports(sketch: Sketch) -> dict[str, Any]:
    first = sketch.bits[11]
    chosen = {(first + step * 3) % len(_PORTS) for step in range(first % 4)}
    return {"openPort": [_port(sketch, *_PORTS[index]) for index in sorted(chosen)]}


def _port(sketch: Sketch, port: int, protocol: str, service: str) -> dict[str, Any]:
    return {
        "port": port,
        "description": None,
        "protocol": protocol,
        "detectedService": service,
        "firstFound": iso_millis(sketch.made),
        "lastUpdated": sketch.touched_text,
        "authorization": None,
        "detectionScore": None,
        "discoverySources": "IP Scanner",
    }


def _volumes(sketch: Sketch) -> dict[str, Any]:
    size = (1 + sketch.bits[12] % 8) * 64 * 2**30
    return {"volume": [{"name": "/", "free": size // (2 + sketch.bits[13] % 5), "size": size}]}


def _interfaces(sketch: Sketch) -> dict[str, Any]:
    addresses = [sketch.address]
    if sketch.bits[4] % 5 == 0:  # several addresses come joined in one string (facts 3.8)
        addresses.append(f"172.{16 + sketch.bits[4] % 16}.{sketch.label >> 8 & 255}.{sketch.label & 255}")
    return {
        "networkInterface": [
            {
                "hostname": sketch.fqdn,
                "addressIpV4": ", ".join(addresses),
                "addressIpV6": sketch.v6,
                "macAddress": sketch.mac,
                "interfaceName": "ens192",
                "dnsAddress": None,
                "gatewayAddress": "",
                "manufacturer": None,
                "macVendorIntroDate": 0,
                "netmask": None,
                "addresses": None,
            }
        ]
    }


def _software(sketch: Sketch) -> dict[str, Any]:
    seen = sketch.touched_text
    count = 1 + sketch.bits[14] % 3
    chosen = [(sketch.bits[15] + step) % len(_SOFTWARE) for step in range(count)]
    base = 2**53 + sketch.number * 16  # ids exceed what a double can hold (facts 3.8)
    return {"software": [{**_software_block(index), "id": base + index, "lastUpdated": seen} for index in chosen]}


@lru_cache(maxsize=64)
def _software_block(index: int) -> dict[str, Any]:
    return software(*_SOFTWARE[index], 0, "", normalise=True)


def _tags(sketch: Sketch) -> dict[str, Any]:
    chosen = {sketch.bits[16] % len(_TAGS), sketch.bits[17] % len(_TAGS)}
    return {"tag": [_tag(index) for index in sorted(chosen)]}


@lru_cache(maxsize=64)
def _tag(index: int) -> dict[str, Any]:
    return {
        "tagId": 14_151_022 + index,
        "tagName": _TAGS[index],
        "foregroundColor": 0,
        "backgroundColor": 0,
        "businessImpact": None,
        "criticalityScore": 1 + index % 5,
    }


def _criticality(sketch: Sketch) -> dict[str, Any]:
    """A third has an AI score, of which a third is of low confidence; a quarter of the rest runs on the default."""
    by_ai = sketch.bits[18] % 3 == 0
    default = not by_ai and sketch.bits[19] % 4 == 0
    return {
        "aiCriticalityScoreConfidence": ("LOW" if sketch.bits[19] % 3 == 0 else "HIGH") if by_ai else None,
        "hasAiCriticalityScore": by_ai,
        "default": default,
        "score": 2 if default else 1 + sketch.bits[20] % 5,
        "isDefault": default,
        "lastUpdated": sketch.touched_text,
    }


def _business(sketch: Sketch) -> dict[str, Any] | None:
    if sketch.bits[21] % 3 == 0:
        return None
    return {
        "company": "Example Corp",
        "department": _DEPARTMENTS[sketch.bits[21] % len(_DEPARTMENTS)],
        "ownedBy": f"user{sketch.bits[22] % 50}",
        "managedBy": f"user{sketch.bits[23] % 50}",
        "supportedBy": None,
        "supportGroup": "Service Desk",
        "environment": ("Production", "Development", "QA")[sketch.bits[20] % 3],
        "operationalStatus": "Operational",
    }


def _location(sketch: Sketch) -> dict[str, Any]:
    code, city, state, country, _, _ = sketch.site
    return {"name": f"{code.upper()} data centre", "city": city, "state": state, "country": country}


def _last_location(sketch: Sketch) -> dict[str, Any]:
    _, city, state, country, continent, postal = sketch.site
    return {
        "city": city,
        "state": state,
        "country": country,
        "name": f"{city}, {state} - {country}",
        "continent": continent,
        "postal": postal,
    }


def _agent(sketch: Sketch) -> dict[str, Any]:
    agentless = sketch.bits[5] % 3 == 0
    seen = 0 if agentless else sketch.touched_millis
    return {
        "version": None if agentless else "5.6.0.26",
        "configurationProfile": None if agentless else "Initial Profile",
        "activations": None if agentless else [{"key": _uuid(sketch, b"key"), "status": "ACTIVE"}],
        "connectedFrom": None,
        "lastActivity": seen,
        "lastCheckedIn": seen,
        "lastInventory": seen,
        "udcManifestAssigned": None,
        "errorStatus": None,
    }


def _processor(sketch: Sketch) -> dict[str, Any]:
    return {
        "description": "Intel(R) Xeon(R) Gold 6338",
        "speed": 2000 + 100 * (sketch.bits[12] % 10),
        "numCPUs": 1 + sketch.bits[13] % 8,
        "noOfSocket": None,
        "threadsPerCore": None,
        "coresPerSocket": None,
        "multithreadingStatus": None,
    }


def _sensor(sketch: Sketch) -> dict[str, Any]:
    return {
        "activatedForModules": ["VM"],
        "pendingActivationForModules": [],
        "lastVMScan": sketch.touched_millis,
        "lastComplianceScan": 0,
        "lastFullScan": sketch.touched_millis,
    }


PARTS: dict[str, Part] = {
    "assetId": lambda s: s.asset_id,
    "assetUUID": lambda s: _uuid(s, b"asset"),
    "hostId": lambda s: 1_400_000 + s.number if s.bits[7] % 2 else str(1_400_000 + s.number),  # both types occur (facts 3.8)
    "lastModifiedDate": lambda s: s.touched_text,
    "agentId": lambda s: None if s.bits[5] % 3 == 0 else _uuid(s, b"agent"),
    "createdDate": lambda s: iso_millis(s.made),
    "sensorLastUpdatedDate": lambda s: s.touched_text,
    "assetType": lambda _: "HOST",
    "address": lambda s: s.address,
    "dnsName": lambda s: s.fqdn,
    "assetName": lambda s: s.host,
    "netbiosName": lambda s: s.netbios,
    "timeZone": lambda s: ("+05:30", "-05:00", "+01:00", "+10:00")[s.bits[1] % 4],
    "biosDescription": lambda s: "Phoenix Technologies LTD 6.00" if s.virtual else None,
    "lastBoot": lambda s: iso_millis(s.touched - timedelta(days=s.bits[9] % 60)),
    "totalMemory": lambda s: 4096 * (1 + s.bits[13] % 16),
    "cpuCount": lambda s: 1 + s.bits[13] % 8,
    "lastLoggedOnUser": lambda s: f"user{s.bits[22] % 50}",
    "domainRole": lambda s: "Member Server" if s.bits[9] % 2 else None,
    "hwUUID": lambda s: s.hardware_uuid,
    "biosSerialNumber": lambda s: s.serial,
    "biosAssetTag": lambda _: "NoAssetTag",
    "isContainerHost": lambda s: s.bits[14] % 16 == 0,
    "operatingSystem": _operating_system,
    "hardware": _hardware,
    "userAccountListData": lambda s: {"userAccount": [{"name": "root"}, {"name": f"user{s.bits[22] % 50}"}]},
    "openPortListData": _ports,
    "volumeListData": _volumes,
    "networkInterfaceListData": _interfaces,
    "softwareListData": _software,
    "serviceList": lambda _: {"service": [{"name": "sshd", "description": "OpenSSH server daemon", "status": "RUNNING"}]},
    "provider": lambda _: None,
    "cloudProvider": lambda _: None,
    "agent": _agent,
    "sensor": _sensor,
    "container": lambda _: {"product": None, "version": None, "noOfContainers": 0, "noOfImages": 0, "hasSensor": False},
    "inventory": lambda s: {"source": "IP", "created": epoch_millis(s.made), "lastUpdated": s.touched_millis},
    "inventoryListData": lambda _: None,
    "activity": lambda s: {"source": "IP", "lastScannedDate": s.touched_millis},
    "tagList": _tags,
    "lastLocation": _last_location,
    "criticality": _criticality,
    "businessInformation": _business,
    "assignedLocation": _location,
    "businessAppListData": lambda _: {"businessApp": []},
    "customAttributes": lambda _: [],
    "riskScore": lambda s: int.from_bytes(s.bits[18:20], "big") % 1001,
    "processor": _processor,
    "passiveSensor": lambda _: None,
    "asn": lambda _: None,
    "isp": lambda _: None,
    "domain": lambda _: None,
    "subdomain": lambda _: None,
    "organizationName": lambda _: None,
    "whois": lambda _: None,
    "easmTags": lambda _: None,
    "hostingCategory1": lambda _: None,
    "missingSoftware": lambda _: None,
    "softwareComponent": lambda _: None,
    "lparId": lambda _: None,
}


@lru_cache(maxsize=1024)
def _encoded_os(index: int, patch: int) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(_os_block(index, patch)))


@lru_cache(maxsize=64)
def _encoded_hardware(index: int) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(_hardware_block(index)))


def _encoded_software(sketch: Sketch) -> dict[str, Any]:
    """As `_software`: only the id and the date differ between two assets."""
    count, first = 1 + sketch.bits[14] % 3, sketch.bits[15]
    base = 2**53 + sketch.number * 16
    rows = []
    for step in range(count):
        index = (first + step) % len(_SOFTWARE)
        rest = _software_rest(index)
        head = b'{"id":%d,"lastUpdated":"%b",' % (base + index, sketch.touched_text.encode())
        rows.append(orjson.Fragment(head + rest))
    return {"software": rows}


@lru_cache(maxsize=64)
def _software_rest(index: int) -> bytes:
    return orjson.dumps({name: value for name, value in _software_block(index).items() if name not in ("id", "lastUpdated")})[1:]


_SAME_FOR_ALL = """
    provider cloudProvider inventoryListData passiveSensor asn isp domain subdomain organizationName whois easmTags
    hostingCategory1 missingSoftware softwareComponent lparId businessAppListData customAttributes container serviceList
    biosAssetTag assetType
"""
CONSTANT_PARTS: dict[str, Any] = {name: PARTS[name](Sketch(0, 0)) for name in _SAME_FOR_ALL.split()}
# Encoding the long blocks once makes a page of generated assets much quicker.
ENCODED_PARTS: dict[str, Part] = {
    **{name: part for name, part in PARTS.items() if name not in CONSTANT_PARTS},
    "softwareListData": _encoded_software,
    "operatingSystem": lambda s: _encoded_os(s.bits[9] % len(OS_CATALOGUE), s.bits[10] % 10),
    "hardware": lambda s: _encoded_hardware(0 if s.virtual else 1 + s.bits[10] % 6),
}
