"""Judging a host filter on a record at hand.

`get/am/asset` takes only an id: the filter body that release note 3.7.2 prints beside the GET is not read by the service
(facts 3.1). The filters of a query for one asset are therefore judged on the record that came back, where it shows them;
else the search is asked for that asset.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from declarative.core.errors import InvalidError
from declarative.queries.expect import matches
from declarative.queries.model import Filter, FilterDocument, Query, Target
from declarative.queries.select import values_at

# Filter field -> where a record shows it (facts 3.4 against 3.6; RN372 for the AI criticality fields).
RESPONSE_PATHS: Mapping[str, str] = MappingProxyType(
    {
        "asset.hasAiCriticalityScore": "criticality.hasAiCriticalityScore",
        "asset.aiCriticalityScoreConfidence": "criticality.aiCriticalityScoreConfidence",
        "asset.criticalityScore": "criticality.score",
        "asset.riskScore": "riskScore",
        "asset.assetID": "assetId",
        "asset.hostID": "hostId",
        "asset.agentID": "agentId",
        "asset.name": "assetName",
        "asset.netbiosName": "netbiosName",
        "asset.created": "createdDate",
        "asset.createdDate": "createdDate",
        "asset.lastUpdated": "lastModifiedDate",
        "asset.lastUpdatedDate": "lastModifiedDate",
        "asset.type": "assetType",
        "asset.lastLoggedOnUser": "lastLoggedOnUser",
        "asset.totalMemory": "totalMemory",
        "asset.timezone": "timeZone",
        "asset.domainRole": "domainRole",
        "asset.lastBoot": "lastBoot",
        "asset.isContainerHost": "isContainerHost",
        "asset.biosAssetTag": "biosAssetTag",
        "asset.biosDescription": "biosDescription",
        "asset.biosHardwareUUID": "hwUUID",
        "asset.biosSerialNumber": "biosSerialNumber",
        "accounts.username": "userAccount.name",
        "asset.openPorts.port": "openPort.port",
        "tags.name": "tag.tagName",
        "inventory.source": "inventory.source",
        "inventory.created": "inventory.created",
        "inventory.lastUpdated": "inventory.lastUpdated",
        "provider": "provider",
    }
)


def unjudgeable(document: FilterDocument) -> tuple[Filter, ...]:
    """The filters whose field no record shows."""
    return tuple(row for row in document.filters if row.field not in RESPONSE_PATHS)


def as_sent(query: Query) -> Query:
    """The query as it goes out. One for a single host whose filters a record does not show becomes a search for that
    host; every other one is itself.

    Raises InvalidError where that search would need AND and OR at once, which a filter document cannot say (facts 3.2).
    """
    if query.target is not Target.HOSTS or query.asset_id is None or not unjudgeable(query.filters):
        return query
    problem = search_problem(query)
    if problem is not None:
        raise InvalidError(f"{query.address}: {problem}", hint=OR_HINT)
    rows = (Filter("asset.assetID", "EQUALS", str(query.asset_id)), *query.filters.filters)
    return replace(query, filters=FilterDocument(rows, "AND"), asset_id=None)


OR_HINT = "leave the asset id out, or join the filters by AND"


def search_problem(query: Query) -> str | None:
    """Why a query for a single host can be asked neither way; None where it can."""
    hidden = unjudgeable(query.filters) if query.target is Target.HOSTS and query.asset_id is not None else ()
    if not hidden or query.filters.operation != "OR" or len(query.filters.filters) < 2:
        return None
    return f"filters joined by OR cannot be narrowed to one asset, as no record shows {hidden[0].field}"


def record_matches(record: Mapping[str, Any], document: FilterDocument, now: datetime) -> bool:
    """Whether the record passes the document's filters. Raises KeyError for a field of `unjudgeable`."""
    verdicts = [_row_matches(record, row, now) for row in document.filters]
    if not verdicts:
        return True
    return any(verdicts) if document.operation == "OR" else all(verdicts)


def _row_matches(record: Mapping[str, Any], row: Filter, now: datetime) -> bool:
    found = values_at(record, RESPONSE_PATHS[row.field])
    judged = [matches(value, row.operator, row.value, now) for value in found]
    # "Not equal" to a list means equal to none of its items.
    return all(judged) if row.operator == "NOT_EQUALS" else any(judged)
