"""Running queries: pages in, records out, expectations judged, scopes resolved to ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from declarative.core.errors import BlockedError
from declarative.kinds.model import Desired, OnEmpty, ReportDeclaration
from declarative.plan.model import Check, DesiredReport
from declarative.qualys import components, hosts
from declarative.qualys.model import Page, Reader
from declarative.queries.dates import resolve
from declarative.queries.expect import evaluate
from declarative.queries.local import as_sent, record_matches
from declarative.queries.model import Query, Target

Record = Mapping[str, Any]


def pages_of(
    reader: Reader,
    query: Query,
    *,
    now: datetime,
    page_size: int | None = None,
    after: int | None = None,
    max_pages: int | None = None,
) -> Iterator[Page]:
    """The pages of a query whose dates are resolved. A specific asset is one page, or none.

    `get/am/asset` takes no filter document: the body that release note 3.7.2 prints beside a GET is ignored by the
    service (facts 3.1), so the filters of a query with `assetId` are judged here, on the record itself, or the search
    is asked for that asset where the record does not show them.
    """
    query = as_sent(query)
    size = page_size_of(query, page_size)
    if query.target is Target.COMPONENTS:
        return reader.components(
            query.filters, query.asset_filters, asset_id=query.asset_id, page_size=size, after=after, max_pages=max_pages
        )
    if query.asset_id is None:
        return reader.search(query.filters, page_size=size, after=after or 0, max_pages=max_pages)
    record = reader.get(query.asset_id)
    return iter([Page([record], None)] if record is not None and record_matches(record, query.filters, now) else [])


def page_size_of(query: Query, wanted: int | None) -> int:
    """Records a page as they will be asked for: the maximum is 300 hosts (facts 3.1) or 1000 components (facts 4)."""
    if query.target is Target.COMPONENTS:
        return min(wanted or 500, components.MAX_PAGE)
    return min(wanted or 100, hosts.MAX_PAGE)


def records_of(
    reader: Reader, query: Query, *, now: datetime, page_size: int | None = None, limit: int | None = None
) -> Iterator[Record]:
    """Records, one at a time; stops asking for pages once `limit` is reached."""
    given = 0
    for page in pages_of(reader, query, now=now, page_size=page_size):
        for record in page.records:
            if limit is not None and given >= limit:
                return
            yield record
            given += 1
        if limit is not None and given >= limit:
            return


def count_of(reader: Reader, query: Query, *, now: datetime) -> int:
    """By the count call where there is one (hosts), else by reading (components have none, facts 4)."""
    query = as_sent(query)
    if query.target is Target.HOSTS and query.asset_id is None:
        return reader.count(query.filters)
    return sum(len(page.records) for page in pages_of(reader, query, now=now))


def check_of(reader: Reader, query: Query, *, now: datetime) -> Check:
    """Judges the query's `expect` with as few calls as it needs. The query must have one."""
    assert query.expect is not None  # noqa: S101 - callers pick queries with expectations
    resolved = resolve(query, now)
    counted = _Counted(records_of(reader, resolved, now=now)) if query.expect.needs_records else None
    count = None if counted is not None else count_of(reader, resolved, now=now)
    result = evaluate(query.expect, count=count, records=counted or (), now=now)
    return Check(query.address, str(result.status), counted.seen if counted else count, result.message, query.position)


def dates_of(desired: Desired, in_scope: Callable[[str], bool]) -> tuple[str, ...]:
    """What each relative date of the queries a plan asks became: those with expectations, and the scopes of reports."""
    asked = {query.address for query in desired.queries if query.expect is not None and in_scope(query.address)}
    for report in desired.reports:
        if in_scope(report.address):
            asked.update(address for address in (report.asset_query, report.tag_query) if address is not None)
    return tuple(f"{query.address}: {told}" for query in desired.queries if query.address in asked for told in query.dates)


class _Counted:
    """Passes records on, and counts them: a check must not hold an estate in memory."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self.seen = 0

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            self.seen += 1
            yield record


def resolve_report(reader: Reader | None, declared: ReportDeclaration, desired: Desired, *, now: datetime) -> DesiredReport:
    """Turns scopes into `assetList` and `tagList`. Raises BlockedError when a scope is needed and there is no reader."""
    request = dict(declared.request)
    scope: list[str] = []
    empty: list[str] = []
    for query_address, key, ids_of in (
        (declared.asset_query, "assetList", _asset_ids),
        (declared.tag_query, "tagList", _tag_ids),
    ):
        if query_address is None:
            continue
        if reader is None:
            raise BlockedError(
                f"{declared.address}: its scope {query_address} cannot be resolved offline",
                hint="plan with access to the API, or leave the report out with --exclude",
            )
        query = resolve(next(query for query in desired.queries if query.address == query_address), now)
        ids = sorted({found for record in records_of(reader, query, now=now) for found in ids_of(record)})
        request[key] = ",".join(map(str, ids))
        scope += [f"{key}:{found}" for found in ids]
        if not ids:
            empty.append(query_address)
            del request[key]
    scoped = declared.asset_query is not None or declared.tag_query is not None
    report = DesiredReport(
        address=declared.address,
        request=request,
        scope=tuple(scope) if scoped else None,
        on_change=declared.on_change,
        every=declared.every,
        position=declared.position,
        labels=declared.labels,
    )
    return _judge_empty(report, declared.on_empty, empty)


def _judge_empty(report: DesiredReport, on_empty: OnEmpty, empty: list[str]) -> DesiredReport:
    if not empty or on_empty is OnEmpty.RUN:
        return report
    reason = f"its scope is empty: {' and '.join(empty)} found nothing"
    if on_empty is OnEmpty.SKIP:
        return replace(report, skip_reason=reason)
    return replace(report, blocked_reason=f"{reason} (scope.onEmpty decides: refuse, skip or run)")


def _asset_ids(record: Record) -> list[int]:
    found = record.get("assetId")
    return [int(found)] if found is not None else []


def _tag_ids(record: Record) -> list[int]:
    tags = (record.get("tagList") or {}).get("tag") or []
    return [int(tag["tagId"]) for tag in tags if tag.get("tagId") is not None]
