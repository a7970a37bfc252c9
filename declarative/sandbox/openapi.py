"""The OpenAPI 3.1 document of the emulated gateway, built from the tables that the code itself works by."""

from __future__ import annotations

from collections.abc import Mapping

from .business import APP_ID_LIMIT, APP_LIMITS, LIMITS, LOCATION_LIMITS
from .endpoints import ROUTES
from .fields import ASSET_FIELDS, COMPONENT_FIELDS, SELECTORS
from .importing import ENVELOPE
from .openapi_schemas import (
    ISO,
    Schema,
    asset,
    asset_page,
    component_page,
    filter_document,
    record,
    ref,
    refused_report,
    shape,
)
from .reports import BOOLEANS, INTEGERS, LIMITED, MANDATORY, STRINGS


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
                "Asset": asset(),
                "AssetPage": asset_page(),
                "ComponentPage": component_page(),
                "Failure": record({"responseMessage": {"type": "string"}, "responseCode": {"const": "FAILED"}}),
                "FrameworkFailure": record(
                    {
                        "timestamp": ISO,
                        "status": {"type": "integer"},
                        "error": {"type": "string"},
                        "message": {"type": "string"},
                        "path": {"type": "string"},
                    }
                ),
                "AssetFilter": filter_document(ASSET_FIELDS.values()),
                "ComponentFilter": filter_document(COMPONENT_FIELDS.values()),
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
    accepted = record(
        {
            "message": {"type": "string"},
            "responseCode": {"const": "SUCCESSFULLY_PUBLISHED"},
            "assetsError": {"type": ["object", "array"]},
        }
    )
    return _call({"200": accepted, "207": accepted, "413": ref("FrameworkFailure")}, body=shape(ENVELOPE), body_required=True)


def _search(_: str) -> Schema:
    parameters = [
        _parameter("pageSize", {"type": "integer", "minimum": 1, "maximum": 300}),
        _parameter("lastSeenAssetId", {"type": "integer", "minimum": 0, "maximum": 2**62}),
        _parameter("assetLastUpdated", {"enum": ["2026-01-15T10:32Z", "2026-01-15T10:32:55Z"]}),
        *_selectors(),
    ]
    return _call({"200": ref("AssetPage"), "204": None, "416": ref("Failure")}, parameters, ref("AssetFilter"))


def _count(_: str) -> Schema:
    counted = record(
        {"count": {"type": "integer", "minimum": 0}, "responseCode": {"const": "SUCCESS"}, "responseMessage": {"type": "string"}}
    )
    parameters = [
        _parameter("lastSeenAssetId", {"type": "integer", "minimum": 0, "maximum": 2**62}),
        _parameter("assetLastUpdated", {"enum": ["2026-01-15T10:32Z", "2026-01-15T10:32:55Z"]}),
    ]
    return _call({"200": counted, "204": None}, parameters, ref("AssetFilter"))


def _get(_: str) -> Schema:
    parameters = [_parameter("assetId", {"type": "integer", "minimum": 1, "maximum": 2**62}, required=True), *_selectors()]
    return _call({"200": ref("AssetPage"), "204": None}, parameters)


def _components(path: str) -> Schema:
    parameters = [
        _parameter("pageSize", {"type": "integer", "minimum": 1, "maximum": 1000}),
        _parameter("lastSeenAssetComponentId", {"type": "integer", "minimum": 0, "maximum": 2**62}),
    ]
    if "{assetId}" in path:
        parameters.append(_parameter("assetId", {"type": "integer", "minimum": 1, "maximum": 2**62}, where="path", required=True))
    software = filter_document(field for name, field in ASSET_FIELDS.items() if name.startswith(("asset.", "software.")))
    body = {"type": "object", "properties": {"componentFilter": ref("ComponentFilter"), "assetSoftwareFilter": software}}
    return _call({"200": ref("ComponentPage"), "204": None, "404": ref("FrameworkFailure")}, parameters, body)


def _report(_: str) -> Schema:
    fields: Schema = {
        **{name: {"type": "string"} for name in STRINGS},
        **{name: {"type": "boolean"} for name in BOOLEANS},
        **{name: {"type": "integer"} for name in INTEGERS},
        **{name: {"enum": list(values)} for name, values in LIMITED.items()},
    }
    for name in set(MANDATORY) - set(LIMITED):
        fields[name] = {"type": "string", "minLength": 1}
    data = record({"fileUuid": {"type": "string", "format": "uuid"}})
    made = record({"data": data, "message": {"type": "string"}, "error": {"type": "null"}})
    body = {"type": "object", "required": list(MANDATORY), "properties": fields}
    return _call({"200": made, "201": made, "400": refused_report()}, body=body, body_required=True)


def _download(_: str) -> Schema:
    operation = _call(
        {"202": refused_report(), "204": None, "400": refused_report(), "404": refused_report(), "409": refused_report()},
        [_parameter("reportName", {"type": "string", "minLength": 1}, required=True)],
    )
    file = {
        "description": "The file",
        "content": {"application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}}},
    }
    operation["responses"]["200"] = file
    return operation


def _counted() -> Schema:
    return record(
        {"count": {"type": "integer", "minimum": 0}, "responseCode": {"const": "SUCCESS"}, "responseMessage": {"type": "string"}}
    )


def _update_business(_: str) -> Schema:
    metadata = {
        **_texts(LIMITS),
        "assignedLocation": {"type": ["object", "null"], "properties": _texts(LOCATION_LIMITS)},
        "businessAppIds": {"type": ["array", "null"], "items": {"type": "string", "maxLength": APP_ID_LIMIT}},
    }
    fields = {
        "qualysAssetId": {"type": "string", "pattern": "^[0-9]{1,18}$"},
        "metadata": {"type": "object", "properties": metadata},
    }
    return _call({"200": _counted()}, body=_data(fields, ["qualysAssetId", "metadata"]), body_required=True)


def _upsert_apps(_: str) -> Schema:
    must = ["businessAppId", "name", "created", "lastUpdated"]
    fields: Schema = {**_texts(APP_LIMITS), **{name: {"type": "integer", "minimum": 0} for name in must[2:]}}
    for name in must[:2]:
        fields[name] = {"type": "string", "minLength": 1, "maxLength": APP_LIMITS[name]}
    return _call({"200": _counted()}, body=_data(fields, must), body_required=True)


def _texts(limits: Mapping[str, int]) -> Schema:
    return {name: {"type": ["string", "null"], "maxLength": limit} for name, limit in limits.items()}


def _data(fields: Schema, must: list[str]) -> Schema:
    rows = {"type": "array", "minItems": 1, "items": {"type": "object", "required": must, "properties": fields}}
    return {"type": "object", "required": ["data"], "properties": {"data": rows}}


_OPERATIONS = {
    "/asset/business/metadata": _update_business,
    "/businessapp/metadata": _upsert_apps,
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
        "400": ref("Failure"),
        "401": ref("FrameworkFailure"),
        "415": ref("FrameworkFailure"),
        "429": ref("Failure"),
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
