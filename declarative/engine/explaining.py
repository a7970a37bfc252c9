"""The exact request behind a query, as a curl command with the token left out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from declarative.engine.querying import page_size_of
from declarative.queries.local import as_sent
from declarative.queries.model import Query, Target


def curl_of(query: Query, base_url: str, *, page_size: int | None = None, after: int | None = None, count: bool = False) -> str:
    """For the first page, or for the count call. Paths, parameters and bodies: facts 3.1, 4. What is decided on this
    side, and what relative dates became, stands before it as comments."""
    sent = as_sent(query)
    method, path, params, body = _request(sent, page_size_of(sent, page_size), after, count=count)
    url = f"{base_url.rstrip('/')}{path}" + (f"?{urlencode(params)}" if params else "")
    lines = [
        f"curl -X {method} {shlex.quote(url)}",
        "  --header 'Authorization: Bearer <token>'",
        "  --header 'Accept: application/json'",
    ]
    if body is not None:
        lines += ["  --header 'Content-Type: application/json'", f"  --data {shlex.quote(json.dumps(body, indent=2))}"]
    return "\n".join([*_comments(sent), " \\\n".join(lines)])


def _comments(sent: Query) -> Iterator[str]:
    for told in sent.dates:
        yield f"# {told}"
    if sent.target is Target.HOSTS and sent.asset_id is not None and sent.filters.filters:
        rows = f" {sent.filters.operation} ".join(f"{row.field} {row.operator} {row.value}" for row in sent.filters.filters)
        yield "# this call takes no filters; judged on the record that comes back: " + " ".join(rows.split())


def _request(query: Query, page_size: int, after: int | None, *, count: bool) -> tuple[str, str, dict[str, Any], Any]:
    if query.target is Target.COMPONENTS:
        suffix = "" if query.asset_id is None else f"/{query.asset_id}"
        params: dict[str, Any] = {"pageSize": page_size}
        if after is not None:
            params["lastSeenAssetComponentId"] = after
        blocks = (("componentFilter", query.filters), ("assetSoftwareFilter", query.asset_filters))
        body = {name: document.as_json() for name, document in blocks if document.filters}
        return "POST", f"/rest/2.0/am/asset/component{suffix}", params, body
    if query.asset_id is not None:
        return "GET", "/rest/2.0/get/am/asset", {"assetId": query.asset_id}, None
    body = query.filters.as_json() if query.filters.filters else {}
    if count:
        return "POST", "/rest/2.0/count/am/asset", {}, body
    return "POST", "/rest/2.0/search/am/asset", {"pageSize": page_size, "lastSeenAssetId": after or 0}, body
