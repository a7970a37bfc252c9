"""Checks over query results."""

from datetime import UTC, datetime, timedelta

import pytest

from declarative.core.diagnostics import Severity
from declarative.queries.expect import ExpectStatus, evaluate, matches
from declarative.queries.model import Expect, FieldExpectation, Freshness

NOW = datetime(2026, 6, 30, tzinfo=UTC)


def host(asset_id, **fields):
    return {"assetId": asset_id, "assetName": f"host-{asset_id}", **fields}


def run(expect, records=(), count=None):
    return evaluate(expect, count=len(records) if count is None else count, records=records, now=NOW)


@pytest.mark.parametrize(
    ("expect", "count", "status"),
    [
        (Expect(equals=0), 0, "pass"),
        (Expect(equals=0), 1, "fail"),
        (Expect(minimum=2), 1, "fail"),
        (Expect(minimum=2), 2, "pass"),
        (Expect(maximum=2), 3, "fail"),
        (Expect(minimum=1, maximum=2), 2, "pass"),
        (Expect(maximum=2, severity=Severity.WARNING), 3, "warn"),
    ],
)
def test_counts_are_held_against_their_bounds(expect, count, status):
    result = run(expect, count=count)
    assert result.status == status
    assert str(count) in result.message


def test_a_failed_check_says_what_was_expected_in_the_users_words_and_ours():
    result = run(Expect(maximum=0, message="no end-of-life system"), count=3)
    assert result.message == "no end-of-life system: 3 found, at most 0 expected"


def test_every_names_the_first_offenders_and_counts_the_rest():
    records = [host(n, criticality={"score": 2 if n <= 5 else 4}) for n in range(1, 9)]
    result = run(Expect(every=(FieldExpectation("criticality.score", "GREATER_THAN_EQUAL", "3"),)), records)
    assert result.status is ExpectStatus.FAIL
    assert "5 of 8" in result.message
    assert "asset 1 host-1 (is '2')" in result.message
    assert "and 2 more" in result.message


def test_every_item_of_a_list_must_hold_and_an_empty_list_holds():
    rule = Expect(every=(FieldExpectation("openPort.port", "LESSER", "1024"),))
    low = host(1, openPortListData={"openPort": [{"port": 22}, {"port": 80}]})
    mixed = host(2, openPortListData={"openPort": [{"port": 22}, {"port": 8080}]})
    none = host(3, openPortListData=None)
    assert run(rule, [low, none]).status is ExpectStatus.PASS
    assert run(rule, [low, mixed]).status is ExpectStatus.FAIL


def test_none_fails_when_any_item_of_any_record_matches():
    rule = Expect(none=(FieldExpectation("openPort.port", "EQUALS", "23"),))
    telnet = host(1, openPortListData={"openPort": [{"port": 22}, {"port": 23}]})
    assert run(rule, [telnet]).status is ExpectStatus.FAIL
    assert run(rule, [host(2, openPortListData={"openPort": [{"port": 22}]})]).status is ExpectStatus.PASS


def test_an_absent_value_does_not_pass_every():
    assert (
        run(Expect(every=(FieldExpectation("agent.version", "EQUALS", "5"),)), [host(1, agent=None)]).status is ExpectStatus.FAIL
    )


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        ("2026-06-29T00:00:00.000Z", "pass"),
        (1782691200000, "pass"),
        ("2026-06-29 00:00:00", "pass"),
        ("2026-05-01T00:00:00.000Z", "fail"),
        (0, "fail"),
        (None, "fail"),
        ("2027-01-01T00:00:00.000Z", "fail"),
    ],
)
def test_freshness_reads_every_date_style_and_takes_never_as_stale(seen, status):
    rule = Expect(fresh=Freshness("lastModifiedDate", timedelta(days=30)))
    assert run(rule, [host(1, lastModifiedDate=seen)]).status == status


def test_all_broken_expectations_are_told_at_once():
    rule = Expect(minimum=3, none=(FieldExpectation("assetName", "CONTAINS", "HOST"),))
    message = run(rule, [host(1)]).message
    assert "at least 3" in message
    assert "assetName CONTAINS HOST" in message


def test_the_records_are_read_once_as_a_stream_and_not_at_all_for_a_count():
    def broken():
        raise AssertionError("read")
        yield

    assert run(Expect(equals=5), broken(), count=5).status is ExpectStatus.PASS
    stream = (host(n) for n in range(1000))
    result = evaluate(Expect(every=(FieldExpectation("assetId", "LESSER", "1000"),)), count=None, records=stream, now=NOW)
    assert result.status is ExpectStatus.PASS
    assert "1000 found" in result.message


@pytest.mark.parametrize(
    ("value", "operator", "wanted", "outcome"),
    [
        (True, "EQUALS", "true", True),
        (False, "EQUALS", "true", False),
        ("HIGH", "IN", "HIGH,LOW", True),
        ("high", "EQUALS", "HIGH", True),
        (9, "LESSER", "10", True),
        ("9", "LESSER", "10", True),
        (2**60 + 1, "EQUALS", str(2**60), False),
        (None, "EQUALS", "", False),
        (None, "NOT_EQUALS", "x", True),
        ("2026-06-01 00:00:00", "GREATER", "now-60d", True),
        (1752644100000, "LESSER", "2026-01-01", True),
        ("web-01", "CONTAINS", "WEB", True),
        ("0123", "EQUALS", "123", False),
        ("1.10", "EQUALS", "1.1", False),
        (1.5, "EQUALS", "1.50", True),
        ("nan", "EQUALS", "nan", True),
        (1000, "EQUALS", "1_000", False),
    ],
)
def test_operators_mean_what_they_mean_in_filters(value, operator, wanted, outcome):
    assert matches(value, operator, wanted, NOW) is outcome


def test_an_operator_the_filters_do_not_have_is_refused():
    with pytest.raises(ValueError, match="LIKE"):
        matches("a", "LIKE", "a", NOW)
