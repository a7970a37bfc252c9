"""How a query for one host goes out, and what its relative dates become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from declarative.core.errors import InvalidError
from declarative.queries.dates import resolve, span_text
from declarative.queries.local import as_sent, search_problem
from declarative.queries.model import Expect, FieldExpectation, Filter, FilterDocument, Freshness, Query, Target

NOW = datetime(2026, 6, 24, 12, tzinfo=UTC)
SHOWN = Filter("asset.aiCriticalityScoreConfidence", "EQUALS", "LOW")
HIDDEN = Filter("processors", "CONTAINS", "Xeon")


def query(*rows: Filter, operation: str = "AND", asset_id: int | None = 7) -> Query:
    return Query("HostQuery/q", Target.HOSTS, FilterDocument(rows, operation), asset_id=asset_id)


@pytest.mark.parametrize("asked", [query(), query(SHOWN), query(SHOWN, SHOWN, operation="OR"), query(HIDDEN, asset_id=None)])
def test_what_a_record_can_answer_goes_out_as_it_is(asked: Query) -> None:
    assert as_sent(asked) == asked
    assert search_problem(asked) is None


def test_a_field_that_no_record_shows_makes_it_a_search_for_that_asset() -> None:
    for operation, rows in (("AND", (SHOWN, HIDDEN)), ("OR", (HIDDEN,))):
        sent = as_sent(query(*rows, operation=operation))
        assert sent.asset_id is None
        assert sent.filters == FilterDocument((Filter("asset.assetID", "EQUALS", "7"), *rows), "AND")


def test_alternatives_of_which_one_is_hidden_cannot_be_asked() -> None:
    with pytest.raises(InvalidError, match="processors"):
        as_sent(query(SHOWN, HIDDEN, operation="OR"))


def test_relative_dates_are_told_with_what_they_became_and_resolving_again_changes_nothing() -> None:
    expect = Expect(
        every=(FieldExpectation("lastModifiedDate", "GREATER", "now-1d"), FieldExpectation("assetName", "EQUALS", "now")),
        fresh=Freshness("lastModifiedDate", timedelta(hours=36)),
    )
    rows = (Filter("asset.created", "GREATER", "now-30d"), Filter("asset.lastBoot", "GREATER", "2026-01-01"))
    resolved = resolve(replace(query(*rows, asset_id=None), expect=expect), NOW)
    assert resolved.dates[0] == "asset.created GREATER now-30d is 2026-05-25T12:00:00Z"
    assert "expect every lastModifiedDate GREATER now-1d is 2026-06-23T12:00:00Z" in resolved.dates
    assert resolved.dates[-1] == "expect lastModifiedDate within 36h is since 2026-06-23T00:00:00Z"
    assert not any("lastBoot" in told or "assetName" in told for told in resolved.dates)
    assert resolved.expect is not None
    assert resolved.expect.every[1].value == "now"
    assert resolve(resolved, NOW + timedelta(days=3)) == resolved


@pytest.mark.parametrize(("seconds", "text"), [(86400 * 30, "30d"), (3600 * 36, "36h"), (90 * 60, "90m"), (5, "5s"), (0, "0s")])
def test_a_span_is_told_as_manifests_write_it(seconds: int, text: str) -> None:
    assert span_text(timedelta(seconds=seconds)) == text
