"""Dates of filters and of answers (facts 3.6, 3.8 and 4).

Filters are written in any documented form, or relative to now, and sent as `yyyy-MM-ddTHH:mm:ssZ`. Answers mix ISO
with milliseconds, epoch milliseconds and a space-separated form that means UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from declarative.core.errors import InvalidError
from declarative.core.quoting import shown
from declarative.queries.fields import Group, lookup
from declarative.queries.model import Expect, FieldExpectation, Filter, FilterDocument, Query, Target

DATE_FORMS = (
    "yyyy-MM-ddTHH:mm:ssZ",
    "yyyy-MM-ddTHH:mmZ",
    "yyyy-MM-ddTHHZ",
    "yyyy-MM-dd",
    "yyyy-MM-dd HH:mm:ss",
    "now, now-30d, now-12h, now-15m",
)


class WrongDateError(InvalidError, ValueError):
    """A filter's value is no date. A ValueError to those who check; a message and exit code 4 when nobody did."""


_ABSOLUTE = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:T(?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d{1,9})?)?)?(?P<zone>Z|[+-]\d{2}:?\d{2})"
    r"| (?P<space>\d{2}:\d{2}:\d{2}))?",
    re.ASCII,
)
_RELATIVE = re.compile(r"now(?:-(?P<amount>\d{1,6})(?P<unit>[smhdw]))?", re.ASCII)
_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# Placeholders of the answers for "never" and "unknown" (facts 3.8).
_NEVER = frozenset({"", "0", "-1", ",,", "not announced", "not applicable", "unknown", "null"})


def is_relative(text: str) -> bool:
    """Whether the text is `now` or `now-<amount><unit>`."""
    return _RELATIVE.fullmatch(text) is not None


def parse_filter_date(text: str, now: datetime) -> datetime:
    """The moment a filter value names, aware, in UTC. A bare date is its midnight; the space form is UTC.

    Raises ValueError with the accepted forms.
    """
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        if relative["amount"] is None:
            return now.astimezone(UTC)
        try:
            return now.astimezone(UTC) - timedelta(**{_UNITS[relative["unit"]]: int(relative["amount"])})
        except OverflowError:
            raise ValueError(f"{shown(text)!r} reaches back before the calendar begins") from None
    match = _ABSOLUTE.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(text)!r} is not a date; write one of: " + "; ".join(DATE_FORMS))
    try:
        return _absolute(match)
    except (ValueError, OverflowError):
        raise ValueError(f"{shown(text)!r} has the form of a date, but the calendar has no such day or time") from None


def _absolute(match: re.Match[str]) -> datetime:
    if match["space"] is not None:
        clock, zone = match["space"], "+00:00"
    elif match["zone"] is None:
        clock, zone = "00:00:00", "+00:00"
    else:
        clock = f"{match['hour']}:{match['minute'] or '00'}:{match['second'] or '00'}"
        zone = "+00:00" if match["zone"] == "Z" else match["zone"]
    return datetime.fromisoformat(f"{match['day']}T{clock}{zone}").astimezone(UTC)


def form_problem(text: str) -> str | None:
    """What is wrong with a filter date, as the end of a sentence about it; None when it is well-formed."""
    try:
        parse_filter_date(text, _ANY_MOMENT)
    except ValueError:
        absolute = _ABSOLUTE.fullmatch(text) or _RELATIVE.fullmatch(text)
        return "is no day or time of the calendar" if absolute else "is not in a form the API documents"
    return None


def to_api(moment: datetime) -> str:
    """The form that is sent: `yyyy-MM-ddTHH:mm:ssZ`. Fractions of a second are dropped: the API documents none."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def resolve(query: Query, now: datetime) -> Query:
    """The query with every date value in the form that is sent, relative ones resolved against one `now`.

    Call once a run, so that all requests of a run mean the same moment; a second call changes nothing. `dates` of the
    result tells what each relative date became. Raises WrongDateError naming the field for a value that is no date;
    `check_filter` finds these earlier. Undocumented fields keep what is no date.
    """
    resolved = replace(
        query,
        filters=_resolve_document(query.target, query.filters, now, asset_filter=False),
        asset_filters=_resolve_document(query.target, query.asset_filters, now, asset_filter=True),
        expect=_resolve_expect(query.expect, now) if query.expect is not None else None,
    )
    return replace(resolved, dates=query.dates or tuple(_told(query, resolved)))


def _resolve_expect(expect: Expect, now: datetime) -> Expect:
    fresh = expect.fresh
    if fresh is not None and fresh.since is None:
        fresh = replace(fresh, since=_before(now, fresh.within))
    every, none = (tuple(_fixed(rule, now) for rule in rules) for rules in (expect.every, expect.none))
    return replace(expect, every=every, none=none, fresh=fresh)


def _fixed(rule: FieldExpectation, now: datetime) -> FieldExpectation:
    # `assetName EQUALS now` is about a name; only what is before or after can be about a moment.
    if rule.operator in ("EQUALS", "NOT_EQUALS", "IN", "CONTAINS") or not is_relative(rule.value):
        return rule
    try:
        return replace(rule, value=to_api(parse_filter_date(rule.value, now)))
    except ValueError as error:
        raise WrongDateError(f"{rule.field}: {error}") from None


def _before(now: datetime, span: timedelta) -> datetime:
    try:
        return now.astimezone(UTC) - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _told(written: Query, resolved: Query) -> Iterator[str]:
    pairs = [
        *zip(written.filters.filters, resolved.filters.filters, strict=True),
        *zip(written.asset_filters.filters, resolved.asset_filters.filters, strict=True),
    ]
    for before, after in pairs:
        if before.value != after.value and is_relative(before.value):
            yield f"{before.field} {before.operator} {before.value} is {after.value}"
    if written.expect is None or resolved.expect is None:
        return
    for name in ("every", "none"):
        for rule, fixed in zip(getattr(written.expect, name), getattr(resolved.expect, name), strict=True):
            if rule != fixed:
                yield f"expect {name} {rule.field} {rule.operator} {rule.value} is {fixed.value}"
    fresh = resolved.expect.fresh
    if fresh is not None and fresh.since is not None:
        yield f"expect {fresh.field} within {span_text(fresh.within)} is since {to_api(fresh.since)}"


def span_text(span: timedelta) -> str:
    """A span as manifests write it: `30d`, `12h`, `90m`, `5s`."""
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _resolve_document(target: Target, document: FilterDocument, now: datetime, *, asset_filter: bool) -> FilterDocument:
    rows = tuple(_resolve_row(target, row, now, asset_filter=asset_filter) for row in document.filters)
    return replace(document, filters=rows) if rows != document.filters else document


def _resolve_row(target: Target, row: Filter, now: datetime, *, asset_filter: bool) -> Filter:
    spec = lookup(target, row.field, asset_filter=asset_filter)
    # A field we do not know may still be a date: only the relative form, which no API understands, is touched there.
    is_date = spec.group is Group.DATE if spec is not None else is_relative(row.value)
    if not is_date:
        return row
    try:
        return replace(row, value=to_api(parse_filter_date(row.value, now)))
    except ValueError as error:
        if spec is not None and not spec.is_documented:
            return row  # that it is a date is a guess of ours: the API decides
        raise WrongDateError(f"{row.field}: {error}") from None


def parse_response_date(value: Any) -> datetime | None:
    """The moment an answer's field names, aware, in UTC; None for never, unknown and what is no date.

    Understands ISO with or without milliseconds, `yyyy-MM-dd HH:mm:ss` (UTC), bare dates, and epoch milliseconds as
    number or digits, where 0 and -1 mean never (facts 3.8).
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.lower() in _NEVER:
        return None
    if text.isascii() and text.isdigit():
        return _from_epoch(int(text))
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _from_epoch(milliseconds: float) -> datetime | None:
    if milliseconds in (0, -1):
        return None
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        return None
