"""Every filter field we know of, with where the knowledge comes from (facts 3.3, 3.4 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

from declarative.queries.model import Target


class Group(StrEnum):
    """The type groups of the vendor's operator table (facts 3.3)."""

    NUMERIC = "number"
    NUMERIC_WITHOUT_NOT_EQUAL = "number without NOT_EQUALS"
    STRING = "text"
    STRING_WITHOUT_NOT_EQUAL = "text without NOT_EQUALS"
    DATE = "date"
    BOOLEAN = "boolean"
    ENUM = "enumeration"
    UUID = "UUID"
    IP = "IP address"


_ORDER = ("GREATER", "LESSER", "GREATER_THAN_EQUAL", "LESS_THAN_EQUAL")

OPERATORS: Mapping[Group, tuple[str, ...]] = MappingProxyType(
    {
        Group.NUMERIC: ("EQUALS", "NOT_EQUALS", "IN", *_ORDER),
        Group.NUMERIC_WITHOUT_NOT_EQUAL: ("EQUALS", "IN", *_ORDER),
        Group.STRING: ("CONTAINS", "IN", "EQUALS", "NOT_EQUALS"),
        Group.STRING_WITHOUT_NOT_EQUAL: ("CONTAINS", "IN", "EQUALS"),
        Group.DATE: ("EQUALS", "NOT_EQUALS", *_ORDER),
        Group.BOOLEAN: ("EQUALS",),
        Group.ENUM: ("EQUALS", "NOT_EQUALS", "IN"),
        Group.UUID: ("EQUALS", "IN"),
        Group.IP: ("EQUALS", "IN"),
    }
)

ALL_OPERATORS = ("EQUALS", "NOT_EQUALS", "CONTAINS", "IN", *_ORDER)


class Evidence(StrEnum):
    """How far a claim about a field can be trusted; decides the severity of what we say about its use."""

    DOCUMENTED = "documented"  # the vendor's operator table or a release note
    OBSERVED = "observed"  # in public code or live reports that work against the API
    UNVERIFIED = "unverified"  # claimed once, some of it surely wrong


class FilterField(Struct, frozen=True):
    """One filter field.

    `extra_operators`: beyond those of its group, where the vendor contradicts himself. `values`: the only legal
    values, empty when open. `source`: who says so.
    """

    name: str
    group: Group
    source: str
    evidence: Evidence = Evidence.DOCUMENTED
    values: tuple[str, ...] = ()
    extra_operators: tuple[str, ...] = ()
    note: str = ""

    @property
    def operators(self) -> tuple[str, ...]:
        return OPERATORS[self.group] + tuple(op for op in self.extra_operators if op not in OPERATORS[self.group])

    @property
    def is_documented(self) -> bool:
        return self.evidence is Evidence.DOCUMENTED


_TABLE = "operator table of the API guide (facts 3.4)"
_RN371 = "release note 3.7.1 (component date filters)"
_RN372 = "release note 3.7.2 (AI criticality filters)"
_COMPONENT_PAGE = "component page of the API guide (facts 4)"
_LICENCE = "token list of the API guide's error page (facts 3.4)"
_PUBLIC_CODE = "public clients (facts 3.4)"
_LIVE = "live report in a public issue (facts 3.4)"
_CLAIM = "one public document, unverified (facts 3.4)"


def _fields(group: Group, source: str, evidence: Evidence, *names: str, note: str = "") -> tuple[FilterField, ...]:
    return tuple(FilterField(name, group, source, evidence, note=note) for name in names)


_D, _O, _U = Evidence.DOCUMENTED, Evidence.OBSERVED, Evidence.UNVERIFIED
_NEEDS_LICENCE = "needs a CSAM licence; GAV-only accounts do not have it"

_HOST: tuple[FilterField, ...] = (
    *_fields(Group.NUMERIC, _TABLE, _D, "asset.assetID", "asset.hostID", "asset.totalMemory", "asset.criticalityScore"),
    *_fields(
        Group.STRING,
        _TABLE,
        _D,
        "asset.name",
        "asset.netbiosName",
        "asset.biosAssetTag",
        "asset.biosDescription",
        "asset.biosHardwareUUID",
        "asset.biosSerialNumber",
        "asset.lastLoggedOnUser",
        "asset.timezone",
        "accounts.username",
        "assetCategory",
        "inventory.source",
    ),
    *_fields(
        Group.DATE,
        _TABLE,
        _D,
        "asset.created",
        "asset.lastUpdated",
        "asset.lastBoot",
        "inventory.created",
        "inventory.lastUpdated",
    ),
    *_fields(Group.ENUM, _TABLE, _D, "asset.type", "asset.trackingMethod", "asset.domainRole", "provider"),
    *_fields(Group.BOOLEAN, _TABLE, _D, "asset.isContainerHost", "isDockerHost"),
    *_fields(Group.UUID, _TABLE, _D, "asset.agentID"),
    *_fields(Group.STRING_WITHOUT_NOT_EQUAL, _TABLE, _D, "processors"),
    *_fields(Group.NUMERIC_WITHOUT_NOT_EQUAL, _TABLE, _D, "processors.speed"),
    FilterField(
        "asset.riskScore",
        Group.ENUM,
        _TABLE,
        extra_operators=_ORDER,
        note="listed as an enumeration, yet working examples compare it as a number",
    ),
    FilterField("asset.hasAiCriticalityScore", Group.BOOLEAN, _RN372),
    FilterField("asset.aiCriticalityScoreConfidence", Group.ENUM, _RN372, values=("HIGH", "LOW")),
    *_fields(
        Group.STRING,
        _PUBLIC_CODE,
        _O,
        "tags.name",
        "operatingSystem.category1",
        "hardware.category1",
        "software.product",
        "software.name",
    ),
    *_fields(Group.NUMERIC, _PUBLIC_CODE, _O, "asset.openPorts.port"),
    *_fields(
        Group.DATE,
        _LIVE,
        _O,
        "asset.lastUpdatedDate",
        "asset.createdDate",
        "asset.lastInventoryDate",
        "sensor.lastVmScanDate",
        "qualys.agent.lastActivityDate",
    ),
    *_fields(
        Group.STRING,
        _LICENCE,
        _O,
        "operatingSystem.lifecycle.stage",
        "hardware.lifecycle.stage",
        "software.lifecycle.stage",
        "software.license.category",
        "software.license.subcategory",
        note=_NEEDS_LICENCE,
    ),
    *_fields(
        Group.DATE,
        _LICENCE,
        _O,
        "operatingSystem.lifecycle.eol",
        "operatingSystem.lifecycle.eos",
        "operatingSystem.lifecycle.ga",
        "hardware.lifecycle.eos",
        "hardware.lifecycle.ga",
        "hardware.lifecycle.intro",
        "hardware.lifecycle.obs",
        "software.lifecycle.eol",
        "software.lifecycle.eos",
        "software.lifecycle.ga",
        note=_NEEDS_LICENCE,
    ),
    *_fields(Group.BOOLEAN, _LICENCE, _O, "software.isPackage", "software.isPackageComponent", note=_NEEDS_LICENCE),
    *_fields(Group.NUMERIC, _CLAIM, _U, "asset.id", "asset.truRisk"),
    *_fields(Group.IP, _CLAIM, _U, "asset.address"),
    *_fields(Group.STRING, _CLAIM, _U, "asset.fqdn"),
    *_fields(Group.ENUM, _CLAIM, _U, "cloudProvider.type"),
    *_fields(
        Group.STRING,
        "search tokens of a sister product (facts 3.4)",
        _U,
        "customAttributes.key",
        "customAttributes.value",
        "customAttributes.connectorId",
    ),
)

_COMPONENT: tuple[FilterField, ...] = (
    *_fields(Group.STRING, _COMPONENT_PAGE, _D, "component.name", "component.version", "component.technology"),
    *_fields(Group.DATE, _RN371, _D, "component.firstFoundDate", "component.lastFoundDate"),
)

HOST_FIELDS: Mapping[str, FilterField] = MappingProxyType({spec.name: spec for spec in _HOST})
COMPONENT_FIELDS: Mapping[str, FilterField] = MappingProxyType({spec.name: spec for spec in _COMPONENT})
# The second block of a component request takes tokens that start with asset. or software. (facts 4).
COMPONENT_ASSET_FIELDS: Mapping[str, FilterField] = MappingProxyType(
    {name: spec for name, spec in HOST_FIELDS.items() if name.startswith(("asset.", "software."))}
)

# Fields people try that the API is known to refuse, and what they mean.
KNOWN_WRONG: Mapping[str, str] = MappingProxyType(
    {
        "asset.lastSeen": "asset.lastUpdated",
        "asset.lastSeenDate": "asset.lastUpdated",
        "asset.lastModifiedDate": "asset.lastUpdated",
        "asset.hostname": "asset.name",
        "asset.serialNumber": "asset.biosSerialNumber",
        "asset.hardwareUuid": "asset.biosHardwareUUID",
        "assetId": "asset.assetID",
        "component.firstFoundAt": "component.firstFoundDate",
        "component.lastFoundAt": "component.lastFoundDate",
    }
)


def known_fields(target: Target, *, asset_filter: bool = False) -> Mapping[str, FilterField]:
    """The fields a filter block takes. `asset_filter`: the second block of a component request (facts 4)."""
    if target is Target.HOSTS:
        return HOST_FIELDS
    return COMPONENT_ASSET_FIELDS if asset_filter else COMPONENT_FIELDS


def lookup(target: Target, field: str, *, asset_filter: bool = False) -> FilterField | None:
    return known_fields(target, asset_filter=asset_filter).get(field)
