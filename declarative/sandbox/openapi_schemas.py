"""The schemas of the OpenAPI document: requests and replies as the gateway takes and gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .fields import OPERATORS, Field

Schema = dict[str, Any]


NULLABLE_TEXT: Schema = {"type": ["string", "null"]}


NULLABLE_INT: Schema = {"type": ["integer", "null"]}


ISO: Schema = {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def record(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": dict(properties), "additionalProperties": False}


def refused_report() -> Schema:
    return record({"data": {"type": "null"}, "message": {"type": "string"}, "error": {"type": "string"}})


def filter_document(fields: Iterable[Field]) -> Schema:
    """One branch an operator group; values are strings, whatever they mean."""
    groups: dict[frozenset[str], list[str]] = {}
    for field in fields:
        groups.setdefault(OPERATORS[field.group], []).append(field.name)
    rows = [
        {
            "type": "object",
            "required": ["field", "operator", "value"],
            "properties": {
                "field": {"enum": sorted(names)},
                "operator": {"enum": sorted(operators)},
                "value": {"type": "string"},
            },
        }
        for operators, names in groups.items()
    ]
    return {
        "type": "object",
        "properties": {"filters": {"type": "array", "items": {"anyOf": rows}}, "operation": {"enum": ["AND", "OR"]}},
    }


def shape(wanted: Any) -> Schema:
    """The import's shapes as a schema; null stands for "no value supplied" everywhere."""
    if isinstance(wanted, list):
        return {"type": ["array", "null"], "items": shape(wanted[0])}
    if isinstance(wanted, Mapping):
        return {"type": ["object", "null"], "properties": {name: shape(item) for name, item in wanted.items()}}
    listed: Schema = {"type": ["array", "null"], "items": SCALAR}
    return {
        "s": SCALAR,
        "l": listed,
        "sl": {"anyOf": [SCALAR, listed]},
        "map": {"type": ["object", "null"], "additionalProperties": SCALAR},
    }.get(wanted, {})


def asset() -> Schema:
    listed = {
        "softwareListData": ("software", {"id": {"type": "integer"}, "discoveredName": NULLABLE_TEXT}),
        "openPortListData": ("openPort", {"port": {"type": "integer"}, "protocol": NULLABLE_TEXT}),
        "volumeListData": ("volume", {"name": NULLABLE_TEXT, "free": NULLABLE_INT, "size": NULLABLE_INT}),
        "networkInterfaceListData": ("networkInterface", {"addressIpV4": NULLABLE_TEXT, "macAddress": NULLABLE_TEXT}),
        "userAccountListData": ("userAccount", {"name": NULLABLE_TEXT}),
        "tagList": ("tag", {"tagId": {"type": "integer"}, "tagName": {"type": "string"}}),
        "serviceList": ("service", {"name": NULLABLE_TEXT, "status": NULLABLE_TEXT}),
    }
    properties: Schema = {
        "assetId": {"type": "integer"},
        "assetUUID": {"type": "string", "format": "uuid"},
        "hostId": {"type": ["integer", "string", "null"]},
        "assetType": NULLABLE_TEXT,
        **dict.fromkeys(("createdDate", "lastModifiedDate", "sensorLastUpdatedDate", "lastBoot"), ISO),
        **dict.fromkeys(
            ("address", "assetName", "dnsName", "netbiosName", "timeZone", "biosSerialNumber", "hwUUID"), NULLABLE_TEXT
        ),
        **dict.fromkeys(("totalMemory", "cpuCount", "riskScore"), NULLABLE_INT),
        "isContainerHost": {"type": ["boolean", "null"]},
        "criticality": criticality(),
        "customAttributes": {
            "type": ["array", "null"],
            "items": record({"key": {"type": "string"}, "value": NULLABLE_TEXT, "connectorName": {"type": "string"}}),
        },
        **{name: wrapped(inner, items) for name, (inner, items) in listed.items()},
    }
    return {"type": "object", "required": ["assetId", "assetUUID", "lastModifiedDate"], "properties": properties}


def criticality() -> Schema:
    schema = record(
        {
            "score": {"type": "integer", "minimum": 1, "maximum": 5},
            "default": {"type": "boolean"},
            "isDefault": {"type": "boolean"},
            "lastUpdated": ISO,
            "hasAiCriticalityScore": {"type": "boolean"},
            "aiCriticalityScoreConfidence": {"enum": ["HIGH", "LOW", None]},
        }
    )
    return {**schema, "type": ["object", "null"]}


def wrapped(inner: str, items: Mapping[str, Schema]) -> Schema:
    rows = {"type": "array", "items": {"type": "object", "required": list(items), "properties": dict(items)}}
    return {"type": ["object", "null"], "required": [inner], "properties": {inner: rows}}


def asset_page() -> Schema:
    listed = record({"asset": {"type": "array", "minItems": 1, "items": ref("Asset")}})
    return record(
        {
            "responseMessage": {"type": "string"},
            "count": {"type": "integer", "minimum": 1},
            "responseCode": {"const": "SUCCESS"},
            "lastSeenAssetId": NULLABLE_INT,
            "hasMore": {"enum": [0, 1]},
            "assetListData": listed,
        }
    )


def component_page() -> Schema:
    spaced = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}
    component = record(
        {
            "assetComponentId": {"type": "integer"},
            **{name: {"type": "string"} for name in ("name", "version", "technology", "installPath")},
            "firstFoundAt": spaced,
            "lastFoundAt": spaced,
        }
    )
    rows = {"type": "array", "items": record({"assetId": {"type": "integer"}, "component": component})}
    return record(
        {
            "responseMessage": {"type": "string"},
            "count": {"type": "integer", "minimum": 0},
            "responseCode": {"const": "SUCCESS"},
            "hasMore": {"enum": [0, 1]},
            "lastAssetComponentId": NULLABLE_INT,
            "assetComponentsList": rows,
        }
    )
