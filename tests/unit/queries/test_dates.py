"""Dates go out in one form and come in in many."""

from datetime import UTC, datetime

import pytest

from declarative.core.errors import DeclarativeError
from declarative.core.exits import ExitCode
from declarative.queries.dates import parse_filter_date, parse_response_date, resolve, to_api
from declarative.queries.model import Filter, FilterDocument, Query, Target

NOW = datetime(2026, 3, 31, 12, 30, 45, 678901, UTC)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2025-10-14T06:04:15Z", "2025-10-14T06:04:15Z"),
        ("2025-10-14T06:04Z", "2025-10-14T06:04:00Z"),
        ("2025-10-14T06Z", "2025-10-14T06:00:00Z"),
        ("2025-10-14", "2025-10-14T00:00:00Z"),
        ("2025-10-14 06:04:15", "2025-10-14T06:04:15Z"),
        ("2025-10-14T06:04:15.000Z", "2025-10-14T06:04:15Z"),
        ("2025-10-14T06:04:15+05:30", "2025-10-14T00:34:15Z"),
        ("now", "2026-03-31T12:30:45Z"),
        ("now-15m", "2026-03-31T12:15:45Z"),
        ("now-12h", "2026-03-31T00:30:45Z"),
        ("now-30d", "2026-03-01T12:30:45Z"),
        ("now-2w", "2026-03-17T12:30:45Z"),
    ],
)
def test_every_form_is_sent_as_the_full_one(written, sent):
    assert to_api(parse_filter_date(written, NOW)) == sent


@pytest.mark.parametrize(
    "written",
    ["", "yesterday", "14.10.2025", "2025-10-14T06:04:15", "2025-13-01", "2025-02-29", "now-", "now+1d", "now-1y", "now-999999w",
     "2025-10-14T25Z", "２０２５-10-14", "2025-10-14T06:04:15Z\n"],
)  # fmt: skip
def test_anything_else_is_refused_and_named(written):
    with pytest.raises(ValueError) as caught:
        parse_filter_date(written, NOW)
    assert repr(written) in str(caught.value)


def query(*rows, target=Target.COMPONENTS, asset=()):
    return Query("ComponentQuery/x", target, FilterDocument(tuple(rows)), FilterDocument(tuple(asset)))


def test_a_query_is_resolved_once_in_both_blocks_and_nothing_else_is_touched():
    resolved = resolve(
        query(
            Filter("component.lastFoundDate", "GREATER", "now-30d"),
            Filter("component.name", "EQUALS", "now-30d"),
            asset=[Filter("asset.lastUpdated", "LESSER", "2025-10-18 06:21:51")],
        ),
        NOW,
    )
    assert [row.value for row in resolved.filters.filters] == ["2026-03-01T12:30:45Z", "now-30d"]
    assert resolved.asset_filters.filters[0].value == "2025-10-18T06:21:51Z"
    assert resolve(resolved, datetime(2030, 1, 1, tzinfo=UTC)) == resolved


def test_a_relative_date_on_a_field_we_do_not_know_is_resolved_too():
    resolved = resolve(query(Filter("asset.someNewDate", "GREATER", "now-1d"), target=Target.HOSTS), NOW)
    assert resolved.filters.filters[0].value == "2026-03-30T12:30:45Z"


def test_a_wrong_date_in_a_query_names_its_field():
    with pytest.raises(ValueError, match=r"component\.firstFoundDate: 'soon'"):
        resolve(query(Filter("component.firstFoundDate", "EQUALS", "soon")), NOW)


@pytest.mark.parametrize(
    ("answered", "moment"),
    [
        ("2025-07-16T05:35:00.000Z", datetime(2025, 7, 16, 5, 35, tzinfo=UTC)),
        ("2025-10-14 06:04:15", datetime(2025, 10, 14, 6, 4, 15, tzinfo=UTC)),
        (1752644100000, datetime(2025, 7, 16, 5, 35, tzinfo=UTC)),
        ("1752644100000", datetime(2025, 7, 16, 5, 35, tzinfo=UTC)),
        ("2025-07-16", datetime(2025, 7, 16, tzinfo=UTC)),
        (0, None),
        (-1, None),
        ("", None),
        (" ", None),
        ("Not Announced", None),
        (None, None),
        (True, None),
        ({}, None),
        (10**30, None),
        ("certainly not", None),
    ],
)
def test_every_style_of_the_answers_is_read(answered, moment):
    assert parse_response_date(answered) == moment


def test_a_wrong_date_on_an_undocumented_field_is_left_to_the_api():
    row = Filter("asset.lastUpdatedDate", "GREATER", "soon")
    assert resolve(query(row, target=Target.HOSTS), NOW).filters.filters == (row,)


def test_a_wrong_date_that_nobody_checked_still_ends_with_the_code_for_invalid_input():
    with pytest.raises(DeclarativeError) as caught:
        resolve(query(Filter("component.firstFoundDate", "EQUALS", "soon")), NOW)
    assert caught.value.exit_code is ExitCode.INVALID
