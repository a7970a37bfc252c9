"""One asset record, readably: the fields people look for first, lists folded, every date in one style."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from declarative.queries.dates import parse_response_date
from declarative.queries.select import pick, values_at
from declarative.render.escape import plain
from declarative.render.style import Style, style_for

Record = Mapping[str, Any]

# Section -> (label, path). Order is the order of reading.
_SECTIONS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "Identity": (
            ("name", "assetName"),
            ("DNS name", "dnsName"),
            ("NetBIOS name", "netbiosName"),
            ("address", "address"),
            ("serial number", "biosSerialNumber"),
            ("hardware UUID", "hwUUID"),
            ("asset UUID", "assetUUID"),
            ("host id", "hostId"),
            ("agent id", "agentId"),
        ),
        "Criticality": (
            ("score", "criticality.score"),
            ("default", "criticality.default"),
            ("AI score", "criticality.hasAiCriticalityScore"),
            ("AI confidence", "criticality.aiCriticalityScoreConfidence"),
            ("risk score", "riskScore"),
        ),
        "System": (
            ("operating system", "operatingSystem.fullName"),
            ("OS lifecycle", "operatingSystem.lifecycle.stage"),
            ("hardware", "hardware.fullName"),
            ("hardware lifecycle", "hardware.lifecycle.stage"),
            ("processor", "processor.description"),
            ("CPUs", "cpuCount"),
            ("memory", "totalMemory"),
            ("BIOS", "biosDescription"),
            ("asset tag", "biosAssetTag"),
            ("time zone", "timeZone"),
            ("last user", "lastLoggedOnUser"),
            ("domain role", "domainRole"),
        ),
        "Business": (
            ("company", "businessInformation.company"),
            ("department", "businessInformation.department"),
            ("environment", "businessInformation.environment"),
            ("status", "businessInformation.operationalStatus"),
            ("owned by", "businessInformation.ownedBy"),
            ("managed by", "businessInformation.managedBy"),
            ("supported by", "businessInformation.supportedBy"),
            ("support group", "businessInformation.supportGroup"),
            ("location", "assignedLocation.name"),
            ("city", "assignedLocation.city"),
            ("state", "assignedLocation.state"),
            ("country", "assignedLocation.country"),
        ),
        "Times": (
            ("created", "createdDate"),
            ("last modified", "lastModifiedDate"),
            ("last boot", "lastBoot"),
            ("source", "inventory.source"),
            ("inventory created", "inventory.created"),
            ("inventory updated", "inventory.lastUpdated"),
            ("last scanned", "activity.lastScannedDate"),
            ("agent last seen", "agent.lastCheckedIn"),
        ),
    }
)

# Title, path to the items, and the parts of an item that tell it apart.
_LISTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Network interfaces", "networkInterface", ("interfaceName", "macAddress", "addressIpV4", "addressIpV6", "hostname")),
    ("Open ports", "openPort", ("port", "protocol", "detectedService", "description")),
    ("Services", "service", ("name", "status", "description")),
    ("Volumes", "volume", ("name", "size", "free")),
    ("Accounts", "userAccount", ("name",)),
    ("Software", "software", ("fullName", "version", "lifecycle.stage")),
    ("Tags", "tag", ("tagName", "tagId")),
    ("Business applications", "businessApp", ("name", "id", "businessCriticality")),
    ("Custom attributes", "customAttributes", ("key", "value", "connectorName")),
)

_DATES = frozenset({"Times"})
_PLACEHOLDERS = frozenset({"", ",,", "null"})
_SHOWN = 10
_LABEL = 20


def asset_text(record: Record, *, color: bool = False, list_all: bool = False) -> str:
    """One host record as text. Fields without a value are left out; `list_all` shows every item of long lists."""
    style = style_for(color)
    title = f"asset {pick(record, 'assetId')}"
    name = pick(record, "assetName")
    lines = [style("bold", plain(f"{title}  {name}" if name else title))]
    for section, fields in _SECTIONS.items():
        body = list(_fields(record, section, fields))
        if body:
            lines += ["", style("bold", section), *body]
    for section, path, parts in _LISTS:
        items = [item for item in values_at(record, path) if isinstance(item, Mapping)]
        if items:
            lines += ["", style("bold", f"{section} ({len(items)})"), *_items(items, parts, style, list_all=list_all)]
    return "\n".join(lines) + "\n"


def _fields(record: Record, section: str, fields: Sequence[tuple[str, str]]) -> Iterator[str]:
    for label, path in fields:
        value = pick(record, path)
        if value is None or (isinstance(value, str) and value.strip() in _PLACEHOLDERS):
            continue
        if section in _DATES and path != "inventory.source":
            moment = parse_response_date(value)
            shown = moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment is not None else "never"
        else:
            shown = _text(value)
        yield f"  {label:<{_LABEL}}{plain(shown)}"


def _items(items: Sequence[Record], parts: Sequence[str], style: Style, *, list_all: bool) -> Iterator[str]:
    cells = [[_part(item, part) for part in parts] for item in items]
    shown = cells if list_all else cells[:_SHOWN]
    widths = [max(len(plain(row[column])) for row in shown) for column in range(len(parts))]
    for row in shown:
        texts = [f"{plain(text):<{widths[column]}}" for column, text in enumerate(row) if widths[column]]
        yield ("  " + "  ".join(texts)).rstrip()
    hidden = len(cells) - len(shown)
    if hidden:
        yield style("dim", f"  and {hidden} more (--all)")


def _part(item: Record, part: str) -> str:
    value = pick(item, part)
    if part in ("size", "free") and isinstance(value, int) and not isinstance(value, bool):
        return f"{part} {_bytes(value)}"
    return _text(value)


def _bytes(number: float) -> str:
    """Volumes are told in bytes (facts 3.6)."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)
