"""The OpenAPI 3.1 document of the emulated gateway, built from the tables that the code itself works by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .endpoints import ROUTES
from .fields import ASSET_FIELDS, COMPONENT_FIELDS, OPERATORS, SELECTORS, Field
from .importing import ENVELOPE
from .reports import BOOLEANS, INTEGERS, LIMITED, MANDATORY, STRINGS

Schema = dict[str, Any]

_NULLABLE_TEXT: Schema = {"type": ["string", "null"]}
_NULLABLE_INT: Schema = {"type": ["integer", "null"]}
_ISO: Schema = {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}


def document() -> Schema:
    """The whole document; the same on every call."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Emulated Qualys CSAM gateway (declarative sandbox)",
            "version": "3.7.2",
            "description": "What the sandbox answers: the vendor's API by its public documentation, and not the vendor's.",
        },
        "security": [{"bearer": []}],
        "paths": {
            path: {method.lower(): _operation(path) for method in methods} for path, methods in ROUTES.items() if not _old(path)
        },
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {
                "Asset": _asset(),
                "AssetPage": _asset_page(),
                "ComponentPage": _component_page(),
                "Failure": _object({"responseMessage": {"type": "string"}, "responseCode": {"const": "FAILED"}}),
                "FrameworkFailure": _object(
                    {
                        "timestamp": _ISO,
                        "status": {"type": "integer"},
                        "error": {"type": "string"},
                        "message": {"type": "string"},
                        "path": {"type": "string"},
                    }
                ),
                "AssetFilter": _filter(ASSET_FIELDS.values()),
                "ComponentFilter": _filter(COMPONENT_FIELDS.values()),
            },
        },
    }


def _old(path: str) -> bool:
    """The /am/v1 calls are served for old clients and promised to nobody."""
    return path.startswith("/am/v1/")


def _operation(path: str) -> Schema:
    if path.startswith("/auth"):
        return _auth(path)
    for ending, make in _OPERATIONS.items():
        if path.endswith(ending):
            return make(path)
    raise KeyError(path)


def _auth(path: str) -> Schema:
    token = {"description": "A bare token, labelled as JSON", "content": {"application/json": {"schema": {}}}}
    refused = {"description": "Wrong credentials", "content": {"text/plain;charset=UTF-8": {"schema": {"type": "string"}}}}
    operation: Schema = {"security": [], "responses": {"201": token, "401": refused}}
    if path == "/auth":
        names = ("username", "password", "token", "permissions")
        form = {
            "type": "object",
            "required": ["username", "password"],
            "properties": {name: {"type": "string"} for name in names},
        }
        operation["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}}
    else:
        operation["parameters"] = [
            _parameter(name, {"type": "string"}, where="header", required=True) for name in ("clientId", "clientSecret")
        ]
    return operation


def _sync(_: str) -> Schema:
    accepted = _object(
        {
            "message": {"type": "string"},
            "responseCode": {"const": "SUCCESSFULLY_PUBLISHED"},
            "assetsError": {"type": ["object", "array"]},
        }
    )
    return _call({"200": accepted, "207": accepted, "413": _ref("FrameworkFailure")}, body=_shape(ENVELOPE), body_required=True)


def _search(_: str) -> Schema:
    parameters = [
        _parameter("pageSize", {"type": "integer", "minimum": 1, "maximum": 300}),
        _parameter("lastSeenAssetId", {"type": "integer", "minimum": 0, "maximum": 2**62}),
        _parameter("assetLastUpdated", {"enum": ["2026-01-15T10:32Z", "2026-01-15T10:32:55Z"]}),
        *_selectors(),
    ]
    return _call({"200": _ref("AssetPage"), "204": None, "416": _ref("Failure")}, parameters, _ref("AssetFilter"))


def _count(_: str) -> Schema:
    counted = _object(
        {"count": {"type": "integer", "minimum": 0}, "responseCode": {"const": "SUCCESS"}, "responseMessage": {"type": "string"}}
    )
    parameters = [
        _parameter("lastSeenAssetId", {"type": "integer", "minimum": 0, "maximum": 2**62}),
        _parameter("assetLastUpdated", {"enum": ["2026-01-15T10:32Z", "2026-01-15T10:32:55Z"]}),
    ]
    return _call({"200": counted, "204": None}, parameters, _ref("AssetFilter"))


def _get(_: str) -> Schema:
    parameters = [_parameter("assetId", {"type": "integer", "minimum": 1, "maximum": 2**62}, required=True), *_selectors()]
    return _call({"200": _ref("AssetPage"), "204": None}, parameters)


def _components(path: str) -> Schema:
    parameters = [
        _parameter("pageSize", {"type": "integer", "minimum": 1, "maximum": 1000}),
        _parameter("lastSeenAssetComponentId", {"type": "integer", "minimum": 0, "maximum": 2**62}),
    ]
    if "{assetId}" in path:
        parameters.append(_parameter("assetId", {"type": "integer", "minimum": 1, "maximum": 2**62}, where="path", required=True))
    software = _filter(field for name, field in ASSET_FIELDS.items() if name.startswith(("asset.", "software.")))
    body = {"type": "object", "properties": {"componentFilter": _ref("ComponentFilter"), "assetSoftwareFilter": software}}
    return _call({"200": _ref("ComponentPage"), "204": None, "404": _ref("FrameworkFailure")}, parameters, body)


def _report(_: str) -> Schema:
    fields: Schema = {
        **{name: {"type": "string"} for name in STRINGS},
        **{name: {"type": "boolean"} for name in BOOLEANS},
        **{name: {"type": "integer"} for name in INTEGERS},
        **{name: {"enum": list(values)} for name, values in LIMITED.items()},
    }
    for name in set(MANDATORY) - set(LIMITED):
        fields[name] = {"type": "string", "minLength": 1}
    data = _object({"fileUuid": {"type": "string", "format": "uuid"}})
    made = _object({"data": data, "message": {"type": "string"}, "error": {"type": "null"}})
    body = {"type": "object", "required": list(MANDATORY), "properties": fields}
    return _call({"200": made, "201": made, "400": _refused_report()}, body=body, body_required=True)


def _download(_: str) -> Schema:
    operation = _call(
        {"202": _refused_report(), "204": None, "400": _refused_report(), "404": _refused_report(), "409": _refused_report()},
        [_parameter("reportName", {"type": "string", "minLength": 1}, required=True)],
    )
    file = {
        "description": "The file",
        "content": {"application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}}},
    }
    operation["responses"]["200"] = file
    return operation


_OPERATIONS = {
    "/data/sync": _sync,
    "/search/am/asset": _search,
    "/count/am/asset": _count,
    "/get/am/asset": _get,
    "/asset/component": _components,
    "/asset/component/{assetId}": _components,
    "/am/report": _report,
    "/report/download": _download,
}


def _call(
    responses: Mapping[str, Schema | None],
    parameters: list[Schema] | None = None,
    body: Schema | None = None,
    *,
    body_required: bool = False,
) -> Schema:
    shown: Mapping[str, Schema | None] = {
        "400": _ref("Failure"),
        "401": _ref("FrameworkFailure"),
        "415": _ref("FrameworkFailure"),
        "429": _ref("Failure"),
        **responses,
    }
    operation: Schema = {"responses": {status: _response(schema) for status, schema in shown.items()}}
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        operation["requestBody"] = {"required": body_required, "content": {"application/json": {"schema": body}}}
    return operation


def _response(schema: Schema | None) -> Schema:
    if schema is None:
        return {"description": "Nothing found"}
    return {"description": "See the schema", "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, schema: Schema, *, where: str = "query", required: bool = False) -> Schema:
    return {"name": name, "in": where, "required": required, "schema": schema}


def _selectors() -> list[Schema]:
    listed = {"type": "array", "items": {"enum": sorted(SELECTORS)}, "minItems": 1}
    return [{**_parameter(name, listed), "explode": False} for name in ("includeFields", "excludeFields")]


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": dict(properties), "additionalProperties": False}


def _refused_report() -> Schema:
    return _object({"data": {"type": "null"}, "message": {"type": "string"}, "error": {"type": "string"}})


def _filter(fields: Iterable[Field]) -> Schema:
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


def _shape(wanted: Any) -> Schema:
    """The import's shapes as a schema; null stands for "no value supplied" everywhere."""
    if isinstance(wanted, list):
        return {"type": ["array", "null"], "items": _shape(wanted[0])}
    if isinstance(wanted, Mapping):
        return {"type": ["object", "null"], "properties": {name: _shape(item) for name, item in wanted.items()}}
    listed: Schema = {"type": ["array", "null"], "items": _SCALAR}
    return {
        "s": _SCALAR,
        "l": listed,
        "sl": {"anyOf": [_SCALAR, listed]},
        "map": {"type": ["object", "null"], "additionalProperties": _SCALAR},
    }.get(wanted, {})


def _asset() -> Schema:
    listed = {
        "softwareListData": ("software", {"id": {"type": "integer"}, "discoveredName": _NULLABLE_TEXT}),
        "openPortListData": ("openPort", {"port": {"type": "integer"}, "protocol": _NULLABLE_TEXT}),
        "volumeListData": ("volume", {"name": _NULLABLE_TEXT, "free": _NULLABLE_INT, "size": _NULLABLE_INT}),
        "networkInterfaceListData": ("networkInterface", {"addressIpV4": _NULLABLE_TEXT, "macAddress": _NULLABLE_TEXT}),
        "userAccountListData": ("userAccount", {"name": _NULLABLE_TEXT}),
        "tagList": ("tag", {"tagId": {"type": "integer"}, "tagName": {"type": "string"}}),
        "serviceList": ("service", {"name": _NULLABLE_TEXT, "status": _NULLABLE_TEXT}),
    }
    properties: Schema = {
        "assetId": {"type": "integer"},
        "assetUUID": {"type": "string", "format": "uuid"},
        "hostId": {"type": ["integer", "string", "null"]},
        "assetType": _NULLABLE_TEXT,
        **dict.fromkeys(("createdDate", "lastModifiedDate", "sensorLastUpdatedDate", "lastBoot"), _ISO),
        **dict.fromkeys(
            ("address", "assetName", "dnsName", "netbiosName", "timeZone", "biosSerialNumber", "hwUUID"), _NULLABLE_TEXT
        ),
        **dict.fromkeys(("totalMemory", "cpuCount", "riskScore"), _NULLABLE_INT),
        "isContainerHost": {"type": ["boolean", "null"]},
        "criticality": _criticality(),
        "customAttributes": {
            "type": ["array", "null"],
            "items": _object({"key": {"type": "string"}, "value": _NULLABLE_TEXT, "connectorName": {"type": "string"}}),
        },
        **{name: _wrapped(inner, items) for name, (inner, items) in listed.items()},
    }
    return {"type": "object", "required": ["assetId", "assetUUID", "lastModifiedDate"], "properties": properties}


def _criticality() -> Schema:
    schema = _object(
        {
            "score": {"type": "integer", "minimum": 1, "maximum": 5},
            "default": {"type": "boolean"},
            "isDefault": {"type": "boolean"},
            "lastUpdated": _ISO,
            "hasAiCriticalityScore": {"type": "boolean"},
            "aiCriticalityScoreConfidence": {"enum": ["HIGH", "LOW", None]},
        }
    )
    return {**schema, "type": ["object", "null"]}


def _wrapped(inner: str, items: Mapping[str, Schema]) -> Schema:
    rows = {"type": "array", "items": {"type": "object", "required": list(items), "properties": dict(items)}}
    return {"type": ["object", "null"], "required": [inner], "properties": {inner: rows}}


def _asset_page() -> Schema:
    listed = _object({"asset": {"type": "array", "minItems": 1, "items": _ref("Asset")}})
    return _object(
        {
            "responseMessage": {"type": "string"},
            "count": {"type": "integer", "minimum": 1},
            "responseCode": {"const": "SUCCESS"},
            "lastSeenAssetId": _NULLABLE_INT,
            "hasMore": {"enum": [0, 1]},
            "assetListData": listed,
        }
    )


def _component_page() -> Schema:
    spaced = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}
    component = _object(
        {
            "assetComponentId": {"type": "integer"},
            **{name: {"type": "string"} for name in ("name", "version", "technology", "installPath")},
            "firstFoundAt": spaced,
            "lastFoundAt": spaced,
        }
    )
    rows = {"type": "array", "items": _object({"assetId": {"type": "integer"}, "component": component})}
    return _object(
        {
            "responseMessage": {"type": "string"},
            "count": {"type": "integer", "minimum": 0},
            "responseCode": {"const": "SUCCESS"},
            "hasMore": {"enum": [0, 1]},
            "lastAssetComponentId": _NULLABLE_INT,
            "assetComponentsList": rows,
        }
    )
