"""Software components (facts 4, release 3.7.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from declarative.qualys.model import Page
from declarative.qualys.paging import Shape, pages
from declarative.qualys.transport import JSON, Transport, json_body
from declarative.qualys.wire import Request
from declarative.queries.model import FilterDocument

MAX_PAGE = 1000
_PATH = "/rest/2.0/am/asset/component"
# The cursor goes out as lastSeenAssetComponentId and comes back as lastAssetComponentId.
_SHAPE = Shape(
    rows=lambda members: members.get("assetComponentsList"),
    row_id=lambda row: row["component"]["assetComponentId"],
    last="lastAssetComponentId",
)


def components(
    transport: Transport,
    component_filters: FilterDocument | None,
    asset_filters: FilterDocument | None,
    *,
    asset_id: int | None,
    page_size: int,
    after: int | None,
    max_pages: int | None,
) -> Iterator[Page]:
    """`POST /rest/2.0/am/asset/component`, or `.../{assetId}` for one asset. Both filter blocks are ANDed."""
    blocks: dict[str, Any] = {}
    for name, document in (("componentFilter", component_filters), ("assetSoftwareFilter", asset_filters)):
        if document is not None and document.filters:
            blocks[name] = document.as_json()
    body = json_body(blocks)
    path = _PATH if asset_id is None else f"{_PATH}/{asset_id:d}"

    def request(cursor: int | None, size: int) -> Request:
        query: dict[str, str | int] = {"pageSize": size}
        if cursor is not None:
            query["lastSeenAssetComponentId"] = cursor
        return Request("POST", path, query, body, JSON)

    return pages(transport, request, _SHAPE, size=max(1, min(page_size, MAX_PAGE)), after=after, most=max_pages)
