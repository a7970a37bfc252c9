"""Filters of a query for one asset are judged on its record."""

from datetime import UTC, datetime

import pytest

from declarative.queries.fields import HOST_FIELDS
from declarative.queries.local import RESPONSE_PATHS, record_matches, unjudgeable
from declarative.queries.model import Filter, FilterDocument

NOW = datetime(2026, 6, 30, tzinfo=UTC)
HOST = {
    "assetId": 7,
    "assetName": "web-01",
    "criticality": {"score": 4, "hasAiCriticalityScore": True, "aiCriticalityScoreConfidence": "LOW"},
    "openPortListData": {"openPort": [{"port": 22}, {"port": 443}]},
}


def judge(*rows, operation="AND"):
    return record_matches(HOST, FilterDocument(tuple(Filter(*row) for row in rows), operation), NOW)


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (("asset.hasAiCriticalityScore", "EQUALS", "true"), True),
        (("asset.hasAiCriticalityScore", "EQUALS", "false"), False),
        (("asset.aiCriticalityScoreConfidence", "EQUALS", "LOW"), True),
        (("asset.aiCriticalityScoreConfidence", "IN", "HIGH,LOW"), True),
        (("asset.aiCriticalityScoreConfidence", "EQUALS", "HIGH"), False),
        (("asset.openPorts.port", "EQUALS", "443"), True),
        (("asset.openPorts.port", "NOT_EQUALS", "443"), False),
        (("asset.openPorts.port", "NOT_EQUALS", "80"), True),
        (("tags.name", "EQUALS", "x"), False),
    ],
)
def test_a_filter_is_judged_as_the_search_would(row, outcome):
    assert judge(row) is outcome


def test_rows_are_joined_by_the_operation_and_none_means_everything():
    hit, miss = ("asset.name", "CONTAINS", "web"), ("asset.name", "CONTAINS", "db")
    assert not judge(hit, miss)
    assert judge(hit, miss, operation="OR")
    assert judge()


def test_only_known_fields_are_judged_and_the_others_are_named():
    row = Filter("software.name", "EQUALS", "x")
    assert unjudgeable(FilterDocument((row, Filter("asset.name", "EQUALS", "x")))) == (row,)
    assert set(RESPONSE_PATHS) <= set(HOST_FIELDS)
