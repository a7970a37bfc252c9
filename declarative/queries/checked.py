"""Ad-hoc queries from the command line, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from declarative.core.errors import InvalidError
from declarative.queries.catalog import check_filter
from declarative.queries.dates import resolve
from declarative.queries.model import Query, Target
from declarative.queries.parse import adhoc_query, parse_filter


def checked_query(
    target: Target, filters: Sequence[str], *, any_of: bool = False, asset_id: int | None = None, fields: Sequence[str] = ()
) -> Query:
    """Raises UsageError for what is no filter, InvalidError for a filter the API would refuse; all of them at once."""
    rows = [parse_filter(text) for text in filters]
    query = adhoc_query(target, rows, operation="OR" if any_of else "AND", asset_id=asset_id, fields=fields)
    problems = [problem for row in query.filters.filters for problem in check_filter(target, row)]
    problems += [problem for row in query.asset_filters.filters for problem in check_filter(target, row, asset_filter=True)]
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise InvalidError("; ".join(problem.message for problem in errors), hint=errors[0].hint)
    return query


def adhoc_hosts(filters: Sequence[str], *, any_of: bool, now: datetime) -> Query:
    """Over hosts, with relative dates resolved."""
    return resolve(checked_query(Target.HOSTS, filters, any_of=any_of), now)
