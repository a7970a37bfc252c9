"""The rows of the field table; `fields` explains them.

A table, so it is longer than code should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from declarative.assets.field_spec import CORE, IDENTITY, FieldSpec, Readability, SubField, Wire
from declarative.assets.normalise import Form

_R, _L, _W = Readability.READABLE, Readability.LOSSY, Readability.WRITE_ONLY
_NIC = "networkInterfaceListData.networkInterface[]"
_NAMES = ("assetName", "dnsName", f"{_NIC}.hostname")
_ADDRESSES = ("address", f"{_NIC}.addressIpV4", f"{_NIC}.addressIpV6", f"{_NIC}.addresses")
_NAMING = "The service decides which source names an asset, and may shorten the name."
_CATALOGUE = "The service replaces it by its own catalogue's wording."


def _row(
    path: str, form: Form, response: str | tuple[str, ...], readability: Readability, confidence: str, meaning: str, **more: Any
) -> FieldSpec:
    paths = (response,) if isinstance(response, str) else response
    return FieldSpec(path, form, paths, readability, confidence, meaning, **more)


def _blind(path: str, meaning: str, *, form: Form = Form.TEXT, source: str = "facts 9", note: str = "", **more: Any) -> FieldSpec:
    return FieldSpec(path, form, (), _W, "-", meaning, source=source, note=note or "The search never returns it.", **more)


_IDENTITY_ROWS = (
    _row("qualysAssetId", Form.INTEGER, "assetId", _R, "S", "Pins the asset by its id in the inventory.", wire=Wire.NUMBER),
    _blind("sourceNativeKey", "The key of the asset in its source; merges repeated imports of one connector."),
    _row("hostName", Form.HOSTNAME, _NAMES, _L, "G", "Host name.", note=_NAMING),
    _row("fqdn", Form.HOSTNAME, _NAMES, _L, "G", "Fully qualified domain name.", note=_NAMING),
    _row("netBiosName", Form.NOCASE, "netbiosName", _R, "S", "NetBIOS name."),
    _row("ipAddress", Form.IP_SET, _ADDRESSES, _R, "S", "IP addresses.", subset=True, wire=Wire.STRINGS),
    _row("macAddress", Form.MAC_SET, f"{_NIC}.macAddress", _R, "S", "MAC address, one or several.", subset=True),
    _row("serialNumber", Form.COMPACT, "biosSerialNumber", _R, "S", "Serial number of the hardware."),
    _row("hardwareUuid", Form.UUID, "hwUUID", _R, "S", "UUID of the hardware."),
    _blind("instanceUuid", "Id of a cloud instance.", source="facts 2.2"),
    _blind("instanceUuidSource", "What kind of id instanceUuid is.", source="facts 2.2"),
    _blind("networkUuid", "Network of the asset, for overlapping address ranges.", source="facts 2.2"),
)

_CORE_ROWS = (
    _row("hostName", Form.HOSTNAME, _NAMES, _L, "G", "Host name.", note=_NAMING),
    _row("fqdn", Form.HOSTNAME, _NAMES, _L, "G", "Fully qualified domain name.", note=_NAMING),
    _row("dnsName", Form.HOSTNAME, _NAMES, _L, "G", "DNS name.", note=_NAMING),
    _blind(
        "domain",
        "Domain the asset belongs to.",
        source="facts 2.3",
        note="The search's `domain` is that of attack surface discovery.",
    ),
    _row("netBiosName", Form.NOCASE, "netbiosName", _R, "S", "NetBIOS name."),
    _row("address", Form.IP_SET, _ADDRESSES, _R, "S", "Main IP address.", subset=True),
    _row(
        "operatingSystem",
        Form.WORDS,
        ("operatingSystem.osName", "operatingSystem.fullName"),
        _L,
        "G",
        "Operating system.",
        note=_CATALOGUE,
    ),
    _row(
        "osVersion",
        Form.WORDS,
        ("operatingSystem.version", "operatingSystem.marketVersion", "operatingSystem.release"),
        _L,
        "G",
        "Version of the operating system.",
        note=_CATALOGUE,
    ),
    _row(
        "osArchitecture",
        Form.WORDS,
        "operatingSystem.architecture",
        _L,
        "G",
        "Architecture of the operating system.",
        note=_CATALOGUE,
    ),
    _row("domainRole", Form.WORDS, "domainRole", _R, "S", "Role of the asset in its domain."),
    _row("lastLoggedOnUser", Form.NOCASE, "lastLoggedOnUser", _R, "S", "User who last logged on."),
    _blind(
        "isContainer",
        "Whether the asset is a container.",
        form=Form.NOCASE,
        note="The search's `isContainerHost` means something else.",
    ),
    _blind(
        "sourceCreatedDate", "When the source created the asset.", form=Form.INSTANT, wire=Wire.EPOCH, source="facts 9, RN 3.7.1"
    ),
    _blind(
        "sourceLastUpdatedDate",
        "When the source last updated the asset.",
        form=Form.INSTANT,
        wire=Wire.EPOCH,
        source="facts 9, RN 3.7.1",
    ),
    _row("biosInfo.biosDescription", Form.TEXT, "biosDescription", _R, "S", "Description of the BIOS."),
    _row("biosInfo.manufacturer", Form.WORDS, "hardware.manufacturer", _L, "G", "Manufacturer of the hardware.", note=_CATALOGUE),
    _row(
        "biosInfo.totalMemory",
        Form.MEASURE,
        "totalMemory",
        _R,
        "S",
        "Memory; megabytes in the vendor's samples.",
        wire=Wire.NUMBER,
    ),
    _row("biosInfo.timeZone", Form.TIMEZONE, "timeZone", _R, "S", "Time zone as an offset, such as +5:30."),
    _row(
        "biosInfo.model",
        Form.WORDS,
        ("hardware.model", "hardware.productName", "hardware.fullName"),
        _L,
        "G",
        "Model of the hardware.",
        note=_CATALOGUE,
    ),
    _row("biosInfo.serialNumber", Form.COMPACT, "biosSerialNumber", _R, "S", "Serial number of the hardware."),
    _row("biosInfo.biosAssetTag", Form.COMPACT, "biosAssetTag", _R, "S", "Asset tag of the hardware."),
    _row("biosInfo.hardwareUuid", Form.UUID, "hwUUID", _R, "S", "UUID of the hardware."),
    _row("processor.description", Form.TEXT, "processor.description", _R, "S", "Processor."),
    _row("processor.speed", Form.MEASURE, "processor.speed", _R, "S", "Processor speed.", wire=Wire.STRING),
    _row(
        "processor.numberOfCpu",
        Form.MEASURE,
        ("processor.numCPUs", "cpuCount"),
        _R,
        "S",
        "Number of processors.",
        wire=Wire.NUMBER,
    ),
    _row(
        "businessMetaData.status",
        Form.TEXT,
        "businessInformation.operationalStatus",
        _R,
        "G",
        "Operational status.",
        tentative=True,
        note="The name operationalStatus comes from a sister API; it counts once the search has shown the value.",
    ),
    *(
        _row(f"businessMetaData.{name}", Form.TEXT, f"businessInformation.{name}", _R, "D", meaning)
        for name, meaning in (
            ("environment", "Environment, such as Production."),
            ("company", "Company."),
            ("department", "Department."),
            ("ownedBy", "Owner."),
            ("managedBy", "Who manages it."),
            ("supportedBy", "Who supports it."),
            ("supportGroup", "Support group."),
        )
    ),
    *(
        _row(f"assignedLocation.{name}", Form.TEXT, f"assignedLocation.{name}", _R, "S", meaning)
        for name, meaning in (("name", "Name of the location."), ("city", "City."), ("state", "State."), ("country", "Country."))
    ),
    *(
        _blind(f"assignedLocation.{name}", meaning)
        for name, meaning in (
            ("street", "Street."),
            ("zip", "Postal code."),
            ("latitude", "Latitude."),
            ("longitude", "Longitude."),
        )
    ),
    _row(
        "businessApps",
        Form.ID_SET,
        "businessAppListData.businessApp[].id",
        _L,
        "G",
        "Ids of business applications.",
        subset=True,
        note="The vendor's sample sends one bare number; how it relates to the applications of the search is not documented.",
    ),
    _row(
        "customConnectorAttributes.*",
        Form.TEXT,
        "customAttributes[]",
        _R,
        "S",
        "An attribute of your own.",
        wire=Wire.STRING,
        tentative=True,
        note="Found by key; an entry with the connector's name is preferred. That import attributes come back here is inferred "
        "from samples; it counts once the search has shown the value.",
    ),
    _row(
        "softwares",
        Form.RECORDS,
        "softwareListData.software[]",
        _L,
        "G",
        "Installed software.",
        subset=True,
        note=_CATALOGUE,
        sub=(
            SubField("name", ("discoveredName", "fullName", "productName"), Form.WORDS, _L),
            SubField("version", ("discoveredVersion", "version", "marketVersion"), Form.WORDS, _L),
            SubField("isSystemApp", (), Form.NOCASE, _W),
            SubField("isEnterpriseApp", (), Form.NOCASE, _W),
        ),
    ),
    _row(
        "ports",
        Form.RECORDS,
        "openPortListData.openPort[]",
        _R,
        "S",
        "Open ports.",
        subset=True,
        sub=(
            SubField("port", ("port",), Form.INTEGER, wire=Wire.STRING),
            SubField("protocol", ("protocol",), Form.NOCASE),
            SubField("detectedService", ("detectedService",), Form.NOCASE),
            SubField("description", ("description",)),
        ),
    ),
    _row(
        "services",
        Form.RECORDS,
        "serviceList.service[]",
        _R,
        "S",
        "Services.",
        subset=True,
        sub=(
            SubField("name", ("name",)),
            SubField("description", ("description",)),
            SubField("status", ("status",), Form.NOCASE),
        ),
    ),
    _row(
        "volumes",
        Form.RECORDS,
        "volumeListData.volume[]",
        _R,
        "S",
        "Volumes.",
        subset=True,
        note="The search gives sizes in bytes; the unit of the import is not documented, so a size that differs proves nothing.",
        sub=(
            SubField("name", ("name",), Form.NOCASE),
            SubField("size", ("size",), Form.MEASURE, _L, Wire.STRING),
            SubField("free", ("free",), Form.MEASURE, _L, Wire.STRING),
        ),
    ),
    _row(
        "accounts",
        Form.RECORDS,
        "userAccountListData.userAccount[]",
        _R,
        "S",
        "User accounts.",
        subset=True,
        sub=(SubField("username", ("name",), Form.NOCASE),),
    ),
    _row(
        "networkInterfaces",
        Form.RECORDS,
        _NIC,
        _R,
        "S",
        "Network interfaces.",
        subset=True,
        sub=(
            SubField("interfaceName", ("interfaceName",)),
            SubField("macAddress", ("macAddress",), Form.MAC),
            SubField("address", ("addressIpV4", "addressIpV6", "addresses"), Form.IP_SET),
            SubField("hostName", ("hostname",), Form.HOSTNAME),
            SubField("ipv4Address", ("addressIpV4", "addresses"), Form.IP_SET, wire=Wire.STRINGS),
            SubField("ipv6Address", ("addressIpV6", "addresses"), Form.IP_SET, wire=Wire.STRINGS),
            SubField("gatewayAddress", ("gatewayAddress",), Form.IP_SET),
            SubField("dnsAddress", ("dnsAddress",), Form.IP_SET),
            SubField("type", (), Form.NOCASE, _W),
            SubField("networkUuid", (), Form.UUID, _W),
        ),
    ),
    _blind("containers", "Containers of the host.", form=Form.OPAQUE, source="facts 2.3"),
)


def _table() -> Mapping[str, FieldSpec]:
    rows: dict[str, FieldSpec] = {}
    for section, specs in ((IDENTITY, _IDENTITY_ROWS), (CORE, _CORE_ROWS)):
        for spec in specs:
            path = f"{section}.{spec.path}"
            rows[path] = FieldSpec(
                path, spec.form, spec.response, spec.readability, spec.confidence, spec.meaning, spec.source,
                spec.wire, spec.sub, spec.subset, spec.tentative, spec.note,
            )  # fmt: skip
    return rows


TABLE: Mapping[str, FieldSpec] = _table()
