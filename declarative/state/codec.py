"""Applied values to JSON documents and back. The address is the key of the row, so a document does not repeat it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from msgspec import MsgspecError, Struct
from msgspec.json import Decoder
from msgspec.structs import astuple

from declarative.assets.model import AppliedAsset, AppliedField, OnRemove, shared_connector
from declarative.core.clock import from_iso, to_iso
from declarative.core.errors import StateError
from declarative.plan.model import AppliedReport, ReportStatus
from declarative.state.model import Resource

ASSET = "asset"
REPORT = "report"

# Sorted keys make equal values equal bytes; datetimes and dataclasses must not slip in as text, they would not come back.
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class Encoded(Struct, frozen=True):
    """One row of the resources table: its columns, in their order."""

    address: str
    kind: str
    asset_id: int | None
    native_key: str | None
    connector_uuid: str | None
    digest: str
    document: str


def dumps(value: Any, *, canonical: bool = True) -> bytes:
    """Compact JSON, with sorted keys if `canonical`. Raises TypeError for what JSON cannot hold exactly."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS if canonical else _OPTIONS ^ orjson.OPT_SORT_KEYS)


def loads(text: str | bytes | memoryview) -> Any:
    return orjson.loads(text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} cannot be kept in the state")


def printable(said: str) -> str:
    """Text of other people (error messages, host names) as any database can hold it: an answer full of rubbish must not
    keep its outcome from being recorded."""
    return said.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def printable_or_none(said: str | None) -> str | None:
    return None if said is None else printable(said)


def digest_of_document(kind: str, document: str | bytes) -> str:
    """Tells whether two documents are the same, and whether one was damaged at rest."""
    data = document.encode() if isinstance(document, str) else document
    return hashlib.blake2b(data, digest_size=16, person=kind.encode()).hexdigest()


def encode(resource: Resource) -> Encoded:
    """Raises StateError naming the address when a value cannot be kept (a number beyond 64 bits, a lone surrogate)."""
    kind, value = (ASSET, _asset_value(resource)) if isinstance(resource, AppliedAsset) else (REPORT, _report_value(resource))
    try:
        document = dumps(value)
    except TypeError as error:
        raise StateError(
            f"{resource.address} cannot be kept in the state: {error}",
            hint="Values are text, true/false, lists, objects and numbers of at most 64 bits.",
        ) from error
    asset = resource if isinstance(resource, AppliedAsset) else None
    native_key = asset.identity.get("sourceNativeKey") if asset else None
    return Encoded(
        address=resource.address,
        kind=kind,
        asset_id=asset.asset_id if asset else None,
        native_key=None if native_key is None else str(native_key),
        connector_uuid=asset.connector.uuid if asset else None,
        digest=digest_of_document(kind, document),
        document=document.decode(),
    )


class _Asset(Struct):
    """The document of an asset."""

    connector: tuple[str, str, str, bool]
    identity: dict[str, Any]
    fields: dict[str, AppliedField]
    assetId: int | None  # noqa: N815
    sentAt: str | None  # noqa: N815
    onRemove: str  # noqa: N815


_ASSETS = Decoder(_Asset)


def _asset_value(asset: AppliedAsset) -> dict[str, Any]:
    connector = asset.connector
    return {
        "connector": [connector.name, connector.uuid, connector.source, connector.marker],
        "identity": asset.identity,
        "fields": dict(zip(asset.fields, map(astuple, asset.fields.values()), strict=True)),
        "assetId": asset.asset_id,
        "sentAt": _time_text(asset.sent_at),
        "onRemove": asset.on_remove.value,
    }


def _report_value(report: AppliedReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "requestDigest": report.request_digest,
        "scopeDigest": report.scope_digest,
        "status": report.status.value,
        "fileUuid": report.file_uuid,
        "ranAt": _time_text(report.ran_at),
        "requestId": report.request_id,
    }


def describe(resource: Resource) -> dict[str, Any]:
    """The record for a person to read: JSON values, every part by its name."""
    if isinstance(resource, AppliedReport):
        return {"address": resource.address, **_report_value(resource)}
    connector = resource.connector
    return {
        "address": resource.address,
        **_asset_value(resource),
        "connector": {
            "name": connector.name,
            "connectorUuid": connector.uuid,
            "source": connector.source,
            "marker": connector.marker,
        },
        "fields": {path: {"value": kept.value, "converged": kept.converged} for path, kept in sorted(resource.fields.items())},
    }


def decode(address: str, kind: str, document: str) -> Resource:
    """Raises KeyError, ValueError or TypeError for a document that `encode` did not write."""
    if kind == ASSET:
        try:
            kept = _ASSETS.decode(document)
        except MsgspecError as error:
            raise ValueError(str(error)) from error
        return AppliedAsset(
            address=address,
            connector=shared_connector(*kept.connector),
            identity=kept.identity,
            fields=kept.fields,
            asset_id=kept.assetId,
            sent_at=_time(kept.sentAt),
            on_remove=OnRemove(kept.onRemove),
        )
    if kind == REPORT:
        value = orjson.loads(document)
        return AppliedReport(
            address=address,
            name=value["name"],
            request_digest=value["requestDigest"],
            scope_digest=value["scopeDigest"],
            status=ReportStatus(value["status"]),
            file_uuid=value["fileUuid"],
            ran_at=_time(value["ranAt"]),
            request_id=value["requestId"],
        )
    raise ValueError(f"unknown kind of record {kind!r}")


# What was sent in one batch was sent at one moment.
@lru_cache(maxsize=64)
def _time_text(moment: datetime | None) -> str | None:
    return None if moment is None else to_iso(moment)


@lru_cache(maxsize=64)
def _time(text: str | None) -> datetime | None:
    return None if text is None else from_iso(text)
