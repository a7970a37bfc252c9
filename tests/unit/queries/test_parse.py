"""Filters typed at the prompt."""

import pytest

from declarative.core.errors import UsageError
from declarative.queries.model import Filter, Target
from declarative.queries.parse import adhoc_query, completions, parse_filter


@pytest.mark.parametrize(
    ("typed", "row"),
    [
        ("asset.name=web", Filter("asset.name", "EQUALS", "web")),
        ("asset.name=CONTAINS=web", Filter("asset.name", "CONTAINS", "web")),
        ("asset.name=contains=web", Filter("asset.name", "CONTAINS", "web")),
        ("asset.name=EQUALS=a=b=c", Filter("asset.name", "EQUALS", "a=b=c")),
        ("asset.name=a=b", Filter("asset.name", "EQUALS", "a=b")),
        ("asset.assetID=IN=1,2", Filter("asset.assetID", "IN", "1,2")),
        ("asset.name=EQUALS= padded ", Filter("asset.name", "EQUALS", " padded ")),
        ("asset.lastUpdated=GREATER=2025-10-14 06:04:15", Filter("asset.lastUpdated", "GREATER", "2025-10-14 06:04:15")),
    ],
)
def test_a_filter_is_read(typed, row):
    assert parse_filter(typed) == row


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("asset.name", "FIELD=VALUE"),
        ("=web", "FIELD=VALUE"),
        ("asset.name=", "FIELD=VALUE"),
        ("asset.name=CONTAINS", "FIELD=VALUE"),
        ("asset.name=CONTAINS=", "FIELD=VALUE"),
        ("asset.riskScore>90", "asset.riskScore=GREATER=90"),
        ("asset.riskScore>=90", "asset.riskScore=GREATER_THAN_EQUAL=90"),
        ("asset.name!=web", "asset.name=NOT_EQUALS=web"),
        ("asset.name:web", "asset.name=EQUALS=web"),
        ("asset.name=CONTAIN=web", "asset.name=CONTAINS=web"),
        ("asset.riskScore=LESS_THAN=9", "asset.riskScore=LESSER=9"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_way_to_write_it(typed, hint):
    with pytest.raises(UsageError) as caught:
        parse_filter(typed)
    assert repr(typed) in caught.value.message
    assert hint in caught.value.hint


def test_component_filters_are_sorted_into_the_block_that_takes_them():
    query = adhoc_query(
        Target.COMPONENTS, [parse_filter("component.name=log4j"), parse_filter("asset.name=CONTAINS=web")], asset_id=7
    )
    assert [row.field for row in query.filters.filters] == ["component.name"]
    assert [row.field for row in query.asset_filters.filters] == ["asset.name"]
    assert query.asset_id == 7


def test_or_over_both_blocks_is_refused_because_the_api_joins_them_with_and():
    with pytest.raises(UsageError, match="cannot be joined by OR"):
        adhoc_query(Target.COMPONENTS, [parse_filter("component.name=a"), parse_filter("asset.name=b")], operation="OR")


def test_a_shell_is_offered_fields_then_operators_then_values():
    assert "asset.aiCriticalityScoreConfidence=" in completions(Target.HOSTS, "asset.ai")
    assert completions(Target.HOSTS, "asset.hasAiCriticalityScore=E") == ("asset.hasAiCriticalityScore=EQUALS=",)
    assert completions(Target.HOSTS, "asset.aiCriticalityScoreConfidence=EQUALS=h") == (
        "asset.aiCriticalityScoreConfidence=EQUALS=HIGH",
    )
    assert completions(Target.HOSTS, "asset.hasAiCriticalityScore=EQUALS=") == (
        "asset.hasAiCriticalityScore=EQUALS=true",
        "asset.hasAiCriticalityScore=EQUALS=false",
    )
