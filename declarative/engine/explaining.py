"""The exact request behind a query, as a curl command with the token left out."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import urlencode

from declarative.queries.model import Query, Target


def curl_of(query: Query, base_url: str, *, page_size: int | None = None, after: int | None = None) -> str:
    """For the first page. Paths, parameters and bodies: facts 3.1, 4."""
    method, path, params, body = _request(query, page_size, after)
    url = f"{base_url.rstrip('/')}{path}" + (f"?{urlencode(params)}" if params else "")
    lines = [
        f"curl -X {method} {shlex.quote(url)}",
        "  --header 'Authorization: Bearer <token>'",
        "  --header 'Accept: application/json'",
    ]
    if body is not None:
        lines += ["  --header 'Content-Type: application/json'", f"  --data {shlex.quote(json.dumps(body, indent=2))}"]
    return " \\\n".join(lines)


def _request(query: Query, page_size: int | None, after: int | None) -> tuple[str, str, dict[str, Any], Any]:
    if query.target is Target.COMPONENTS:
        suffix = "" if query.asset_id is None else f"/{query.asset_id}"
        params: dict[str, Any] = {"pageSize": page_size or 500}
        if after:
            params["lastSeenAssetComponentId"] = after
        body = {}
        if query.filters.filters:
            body["componentFilter"] = query.filters.as_json()
        if query.asset_filters.filters:
            body["assetSoftwareFilter"] = query.asset_filters.as_json()
        return "POST", f"/rest/2.0/am/asset/component{suffix}", params, body
    if query.asset_id is not None:
        return "GET", "/rest/2.0/get/am/asset", {"assetId": query.asset_id}, None
    params = {"pageSize": page_size or 100, "lastSeenAssetId": after or 0}
    return "POST", "/rest/2.0/search/am/asset", params, query.filters.as_json()
