"""The two write calls for business data: by Qualys asset id, and the business applications themselves (facts 2.9).

What they answer is documented nowhere; here it is the envelope of the other calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .clock import iso_millis
from .gateway import Gateway
from .incoming import put

LIMITS: Mapping[str, int] = {
    **dict.fromkeys(("operationalStatus", "environment", "company", "department"), 128),
    **dict.fromkeys(("ownedBy", "managedBy", "supportedBy", "supportGroup"), 255),
}
LOCATION_LIMITS: Mapping[str, int] = {"name": 255, "city": 128, "state": 128, "country": 128}
APP_LIMITS: Mapping[str, int] = {
    "businessAppId": 40,
    "name": 255,
    **dict.fromkeys(("businessCriticality", "environment", "operationalStatus", "status", "usedFor"), 255),
    **dict.fromkeys(("ownedBy", "managedBy", "supportedBy", "supportGroup"), 255),
}
APP_ID_LIMIT = 40


class BadBusinessDataError(Exception):
    """The whole call is refused with a 400 and this text."""


def update_assets(gateway: Gateway, body: Any) -> int:
    """Write business metadata of assets; how many. All or nothing. Raises BadBusinessDataError."""
    wanted = [(_asset_id(gateway, row), _metadata(row)) for row in _rows(body)]
    for asset_id, metadata in wanted:
        asset = gateway.store.checkout(asset_id)
        for name in LIMITS:
            if name in metadata:
                put(asset.record, f"businessInformation.{name}", metadata[name])
        for name, value in (metadata.get("assignedLocation") or {}).items():
            if name in LOCATION_LIMITS:
                put(asset.record, f"assignedLocation.{name}", value)
        if "businessAppIds" in metadata:
            apps = [gateway.business_app(app_id) for app_id in metadata["businessAppIds"] or []]
            put(asset.record, "businessAppListData.businessApp", apps)
        asset.record["lastModifiedDate"] = iso_millis(gateway.clock.now())
        gateway.store.commit(asset)
    return len(wanted)


def upsert_apps(gateway: Gateway, body: Any) -> int:
    """Create or change business applications; how many. All or nothing. Raises BadBusinessDataError."""
    rows = _rows(body)
    for row in rows:
        for name in ("businessAppId", "name", "created", "lastUpdated"):
            if row.get(name) in (None, ""):
                raise BadBusinessDataError(f"{name} is mandatory")
        _limited(row, APP_LIMITS, "")
    for row in rows:
        gateway.business_apps[row["businessAppId"]] = {name: row.get(name) for name in APP_LIMITS if name != "businessAppId"}
    return len(rows)


def _rows(body: Any) -> list[dict[str, Any]]:
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise BadBusinessDataError("data must be an array of at least one object")
    return rows


def _asset_id(gateway: Gateway, row: Mapping[str, Any]) -> int:
    text = row.get("qualysAssetId")
    if isinstance(text, bool) or not str(text).isascii() or not str(text).isdigit() or len(str(text)) > 18:
        raise BadBusinessDataError("qualysAssetId is mandatory and must be the id of an asset")
    if int(str(text)) not in gateway.store:
        raise BadBusinessDataError(f"No asset found with qualysAssetId {text}")
    return int(str(text))


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    metadata = row.get("metadata")
    if not isinstance(metadata, dict):
        raise BadBusinessDataError("metadata is mandatory")
    _limited(metadata, LIMITS, "metadata.")
    location = metadata.get("assignedLocation")
    if location is not None and not isinstance(location, dict):
        raise BadBusinessDataError("metadata.assignedLocation must be an object")
    _limited(location or {}, LOCATION_LIMITS, "metadata.assignedLocation.")
    ids = metadata.get("businessAppIds")
    if ids is not None and not (isinstance(ids, list) and all(isinstance(one, str) and len(one) <= APP_ID_LIMIT for one in ids)):
        raise BadBusinessDataError(f"metadata.businessAppIds must be an array of ids of at most {APP_ID_LIMIT} characters")
    return metadata


def _limited(block: Mapping[str, Any], limits: Mapping[str, int], where: str) -> None:
    for name, limit in limits.items():
        value = block.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > limit):
            raise BadBusinessDataError(f"{where}{name} must be a string of at most {limit} characters")
