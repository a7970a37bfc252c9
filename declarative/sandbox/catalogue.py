"""A small stand-in for the vendor's catalogue: free text in, normalised product records out (facts 3.6 and 9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OsEntry:
    pattern: str
    full_name: str
    publisher: str
    product: str
    market_version: str | None
    category1: str
    category2: str
    ga: str
    eol: str
    eos: str
    stage: str


OS_CATALOGUE: tuple[OsEntry, ...] = (
    OsEntry(r"windows.*server.*2022", "Microsoft Windows Server 2022 Standard", "Microsoft", "Windows Server 2022", "2022",
            "Windows", "Server", "2021-08-18", "2026-10-13", "2031-10-14", "GA"),
    OsEntry(r"windows.*server.*2019", "Microsoft Windows Server 2019 Standard", "Microsoft", "Windows Server 2019", "2019",
            "Windows", "Server", "2018-10-02", "2024-01-09", "2029-01-09", "EOL"),
    OsEntry(r"windows.*server.*2016", "Microsoft Windows Server 2016 Standard", "Microsoft", "Windows Server 2016", "2016",
            "Windows", "Server", "2016-10-15", "2022-01-11", "2027-01-12", "EOL"),
    OsEntry(r"windows.*11", "Microsoft Windows 11 Enterprise", "Microsoft", "Windows 11", "11", "Windows", "Client",
            "2021-10-05", "2027-10-12", "2027-10-12", "GA"),
    OsEntry(r"windows.*10", "Microsoft Windows 10 Enterprise", "Microsoft", "Windows 10", "10", "Windows", "Client",
            "2015-07-29", "2025-10-14", "2025-10-14", "EOL/EOS"),
    OsEntry(r"ubuntu.*24", "Canonical Ubuntu Server 24.04 LTS", "Canonical", "Ubuntu", "24.04", "Linux", "Server",
            "2024-04-25", "2029-05-31", "2036-04-30", "GA"),
    OsEntry(r"ubuntu.*22", "Canonical Ubuntu Server 22.04 LTS", "Canonical", "Ubuntu", "22.04", "Linux", "Server",
            "2022-04-21", "2027-06-01", "2032-04-30", "GA"),
    OsEntry(r"(red ?hat|rhel).*9", "Red Hat Enterprise Linux 9", "Red Hat", "Enterprise Linux", "9", "Linux", "Server",
            "2022-05-17", "2032-05-31", "2035-05-31", "GA"),
    OsEntry(r"(red ?hat|rhel).*8", "Red Hat Enterprise Linux 8", "Red Hat", "Enterprise Linux", "8", "Linux", "Server",
            "2019-05-07", "2029-05-31", "2032-05-31", "GA"),
    OsEntry(r"centos.*7", "The CentOS Project CentOS 7 (1810)", "The CentOS Project", "CentOS", "7", "Linux", "Server",
            "2018-12-03", "2020-12-31", "2024-06-30", "EOL/EOS"),
    OsEntry(r"debian.*12", "Debian GNU/Linux 12", "Debian", "GNU/Linux", "12", "Linux", "Server",
            "2023-06-10", "2026-06-10", "2028-06-30", "GA"),
    OsEntry(r"ios.?xe", "Cisco IOS XE 17", "Cisco", "IOS XE", "17", "Network Operating System", "Router Operating System",
            "2019-08-01", "Not Announced", "Not Announced", "GA"),
    OsEntry(r"esxi.*8", "VMware ESXi 8.0", "VMware", "ESXi", "8.0", "Virtualization", "Hypervisor",
            "2022-10-11", "2027-10-11", "2029-10-11", "GA"),
)  # fmt: skip

# pattern over "manufacturer model", manufacturer, product, category1, category2
HARDWARE_CATALOGUE: tuple[tuple[str, str, str, str, str], ...] = (
    (r"vmware", "VMware", "VMware Virtual Platform", "Virtualized", "Virtual Machine"),
    (r"poweredge", "Dell", "PowerEdge", "Computers", "Server"),
    (r"proliant", "HPE", "ProLiant", "Computers", "Server"),
    (r"thinkpad|t490", "Lenovo", "ThinkPad", "Computers", "Notebook"),
    (r"latitude", "Dell", "Latitude", "Computers", "Notebook"),
    (r"catalyst", "Cisco", "Catalyst", "Networking Device", "Switch"),
    (r"epson", "Epson", "Print Server", "Networking Device", "Print Server"),
)

# pattern over the name, publisher, product, category1, category2
SOFTWARE_CATALOGUE: tuple[tuple[str, str, str, str, str], ...] = (
    (r"openssh", "OpenBSD", "OpenSSH", "Networking", "Access Software"),
    (r"python", "Python", "Python", "Application Development", "Programming Languages"),
    (r"nginx", "F5", "Nginx", "Application Development", "Web Servers"),
    (r"postgres", "PostgreSQL", "PostgreSQL", "Databases", "RDBMS"),
    (r"openjdk|java", "Oracle", "Java Runtime Environment", "Application Development", "Runtime"),
    (r"chrome", "Google", "Chrome", "Internet", "Web Browser"),
    (r"office", "Microsoft", "Office", "Productivity", "Office Suites"),
)

_ARCHITECTURES = {"x86_64": "64-Bit", "amd64": "64-Bit", "x64": "64-Bit", "64-bit": "64-Bit", "aarch64": "64-Bit",
                  "arm64": "64-Bit", "x86": "32-Bit", "i386": "32-Bit", "i686": "32-Bit", "32-bit": "32-Bit"}  # fmt: skip


def architecture(text: str | None) -> str | None:
    return None if text is None else _ARCHITECTURES.get(text.strip().lower(), text)


def operating_system(text: str, version: str | None, arch: str | None, *, normalise: bool) -> dict[str, Any]:
    """The operatingSystem block of an asset for what a source called it."""
    if not normalise:
        return os_record(text, None, version, arch)
    entry = next((entry for entry in OS_CATALOGUE if re.search(entry.pattern, text, re.IGNORECASE)), None)
    return os_record(entry.full_name if entry else text, entry, version, architecture(arch))


def os_record(name: str, entry: OsEntry | None, version: str | None, arch: str | None) -> dict[str, Any]:
    category1 = entry.category1 if entry else "Unidentified"
    category2 = entry.category2 if entry else "Unidentified"
    return {
        "osName": name,
        "fullName": name,
        "category": f"{category1} / {category2}",
        "category1": category1,
        "category2": category2,
        "productName": entry.product if entry else "Unidentified",
        "publisher": entry.publisher if entry else "Unidentified",
        "edition": None,
        "marketVersion": entry.market_version if entry else None,
        "version": version,
        "update": None,
        "architecture": arch,
        "lifecycle": _os_lifecycle(entry),
        "taxonomy": {"id": None, "name": f"{category1} / {category2}", "category1": category1, "category2": category2},
        "productUrl": ",,",
        "productFamily": entry.product if entry else None,
        "installDate": None,
        "release": "",
        "cpeId": None,
        "cpe": None,
        "cpeType": None,
    }


def _os_lifecycle(entry: OsEntry | None) -> dict[str, Any]:
    return {
        "gaDate": _day(entry.ga) if entry else None,
        "eolDate": _day(entry.eol) if entry else None,
        "eosDate": _day(entry.eos) if entry else None,
        "stage": entry.stage if entry else "Not Applicable",
        "lifeCycleConfidence": "Exact",
        "eolSupportStage": " ",
        "eosSupportStage": " ",
        "detectionScore": 0,
    }


def _day(text: str) -> str:
    return f"{text}T00:00:00.000Z" if text[:1].isdigit() else text


def hardware(manufacturer: str | None, model: str | None, *, normalise: bool) -> dict[str, Any]:
    """The hardware block for what a source called maker and model."""
    text = " ".join(part for part in (manufacturer, model) if part)
    found = next((row for row in HARDWARE_CATALOGUE if re.search(row[0], text, re.IGNORECASE)), None) if normalise else None
    if found is None:
        return hardware_record(text or None, manufacturer or None, model or None, "Unidentified", "Unidentified", model or None)
    _, maker, product, category1, category2 = found
    return hardware_record(f"{maker} {product}", maker, product, category1, category2, model or None)


def hardware_record(
    full: str | None, maker: str | None, product: str | None, category1: str, category2: str, model: str | None
) -> dict[str, Any]:
    return {
        "fullName": full,
        "category": f"{category1} / {category2}",
        "category1": category1,
        "category2": category2,
        "manufacturer": maker,
        "productName": product,
        "model": model,
        "lifecycle": {
            "introDate": None,
            "gaDate": None,
            "eosDate": None,
            "obsoleteDate": None,
            "stage": "Unknown",
            "lifeCycleConfidence": " ",
        },
        "taxonomy": {"id": None, "name": f"{category1} / {category2}", "category1": category1, "category2": category2},
        "productUrl": ",,",
        "productFamily": None,
    }


def software(name: str, version: str | None, identifier: int, seen: str, *, normalise: bool) -> dict[str, Any]:
    """One software entry; the source's own words stay in discoveredName and discoveredVersion."""
    found = next((row for row in SOFTWARE_CATALOGUE if re.search(row[0], name, re.IGNORECASE)), None) if normalise else None
    publisher, product, category1, category2 = found[1:] if found else (None, name, "Unidentified", "Unidentified")
    label = f"{publisher} {product}" if publisher and publisher != product else product
    return {
        "id": identifier,
        "fullName": f"{label} {version}" if version else label,
        "softwareType": "Application" if found else "Unknown",
        "category": f"{category1} / {category2}",
        "category1": category1,
        "category2": category2,
        "productName": product,
        "publisher": publisher,
        "version": version,
        "architecture": None,
        "installDate": None,
        "installPath": None,
        "lastUpdated": seen,
        "isIgnored": False,
        "isPackage": False,
        "isPackageComponent": False,
        "productUrl": ",,",
        "supportStageDesc": " ",
        "authorization": None,
        "discoveredPublisher": None,
        "discoveredName": name,
        "discoveredVersion": version,
        "lifecycle": {"gaDate": None, "eolDate": "Not Announced", "eosDate": "Not Announced", "stage": "GA"},
        "license": {"category": None, "subcategory": None},
    }
