"""Host records: search, count, get (facts 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from declarative.assets.sight import Sight
from declarative.qualys.model import Page
from declarative.qualys.paging import Shape, envelope, one_ahead, pages, whole
from declarative.qualys.sights import decode_sights
from declarative.qualys.transport import JSON, Transport, json_body
from declarative.qualys.wire import Request
from declarative.queries.model import FilterDocument

MAX_PAGE = 300  # facts 3.1
_LIST = "assetListData"


def _rows(members: Mapping[str, Any]) -> Any:
    return (members.get(_LIST) or {}).get("asset")


_SHAPE = Shape(rows=_rows, row_id=lambda row: row["assetId"], last="lastSeenAssetId")
_SIGHTS = Shape(rows=_rows, row_id=lambda row: row.asset_id, last="lastSeenAssetId", row=Sight)


def _body(filters: FilterDocument | None) -> bytes:
    return json_body(filters.as_json() if filters is not None and filters.filters else {})


def search(
    transport: Transport,
    filters: FilterDocument | None,
    *,
    page_size: int,
    after: int,
    updated_since: str | None,
    exclude: Sequence[str],
    max_pages: int | None,
) -> Iterator[Page]:
    """`POST /rest/2.0/search/am/asset`. Steering is in the query string: the API ignores it in the body (facts 3.1)."""
    body = _body(filters)

    def request(cursor: int | None, size: int) -> Request:
        return _search_request(cursor, size, body, updated_since, exclude)

    return pages(transport, request, _SHAPE, size=_within(page_size), after=after, most=max_pages)


def scan(
    transport: Transport,
    filters: FilterDocument | None,
    *,
    page_size: int,
    updated_since: str | None,
    exclude: Sequence[str],
    max_pages: int | None,
) -> Iterator[Sequence[Sight]]:
    """The pages of `search`, of each record only what decisions can see. Without filters there are many, and each is fetched
    while the one before it is looked at."""
    body = _body(filters)

    def request(cursor: int | None, size: int) -> Request:
        return replace(_search_request(cursor, size, body, updated_since, exclude), decoder=decode_sights)

    found = pages(transport, request, _SIGHTS, size=_within(page_size), after=0, most=max_pages)
    for page in one_ahead(found) if filters is None else found:
        yield cast("Sequence[Sight]", page.records)


def _search_request(cursor: int | None, size: int, body: bytes, updated_since: str | None, exclude: Sequence[str]) -> Request:
    query: dict[str, str | int] = {"pageSize": size, "lastSeenAssetId": cursor or 0}
    if updated_since:
        query["assetLastUpdated"] = updated_since
    if exclude:
        query["excludeFields"] = ",".join(exclude)
    return Request("POST", "/rest/2.0/search/am/asset", query, body, JSON)


def _within(page_size: int) -> int:
    return max(1, min(page_size, MAX_PAGE))


def count(transport: Transport, filters: FilterDocument | None) -> int:
    """`POST /rest/2.0/count/am/asset`; whether zero is a 200 or a 204 is not documented, both are read."""
    request = Request("POST", "/rest/2.0/count/am/asset", {}, _body(filters), JSON)
    answer = transport.read(request)
    if answer.data is None:
        return 0
    found = whole(envelope(transport, request, answer).get("count"))
    if found is None or found < 0:
        raise transport.malformed(request, answer, "the answer holds no count")
    return found


def get(transport: Transport, asset_id: int) -> Mapping[str, Any] | None:
    """`GET /rest/2.0/get/am/asset?assetId=` (release 3.7.2); None for 204."""
    request = Request("GET", "/rest/2.0/get/am/asset", {"assetId": asset_id})
    answer = transport.read(request)
    if answer.data is None:
        return None
    members = envelope(transport, request, answer)
    rows = _rows(members) if isinstance(members.get(_LIST) or {}, dict) else None
    if not rows:
        if members.get("count"):
            raise transport.malformed(request, answer, "the record is missing")
        return None
    record = rows[0] if isinstance(rows, list) else None
    if not isinstance(record, dict) or whole(record.get("assetId")) != asset_id:
        raise transport.malformed(request, answer, f"the answer is not about asset {asset_id}")
    return record
