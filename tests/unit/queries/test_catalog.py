"""The filter catalogue says what the API will accept, before it is asked."""

import pytest

from declarative.core.diagnostics import Severity
from declarative.queries.catalog import check_filter, check_in_values, check_query, known_fields, lookup, suggest
from declarative.queries.fields import OPERATORS, Group
from declarative.queries.model import Filter, FilterDocument, Query, Target

HOSTS, COMPONENTS = Target.HOSTS, Target.COMPONENTS


def problems(field, operator, value, target=HOSTS, **options):
    return check_filter(target, Filter(field, operator, value), **options)


def rules(*args, **options):
    return [problem.rule for problem in problems(*args, **options)]


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("asset.hasAiCriticalityScore", "EQUALS", "true"),
        ("asset.aiCriticalityScoreConfidence", "EQUALS", "LOW"),
        ("asset.aiCriticalityScoreConfidence", "IN", "HIGH,LOW"),
        ("asset.name", "CONTAINS", "web"),
        ("asset.assetID", "IN", "1,2,3"),
        ("asset.riskScore", "GREATER", "90"),
        ("asset.agentID", "EQUALS", "01234567-89ab-cdef-0123-456789abcdef"),
        ("asset.lastUpdated", "GREATER", "now-30d"),
        ("processors.speed", "LESSER", "2000"),
        ("asset.biosSerialNumber", "IN", "SN-1,SN-2"),
    ],
)
def test_a_documented_host_filter_is_accepted(field, operator, value):
    assert problems(field, operator, value) == ()


@pytest.mark.parametrize("field", ["component.firstFoundDate", "component.lastFoundDate"])
@pytest.mark.parametrize(
    "value",
    ["2025-10-14T06:04:15Z", "2025-10-14T06Z", "2025-10-14T06:04Z", "2025-10-14", "2025-10-14 06:04:15", "now-12h"],
)
def test_a_component_date_is_accepted_in_every_documented_form(field, value):
    assert problems(field, "LESS_THAN_EQUAL", value, target=COMPONENTS) == ()


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("asset.hasAICriticalityScore", "asset.hasAiCriticalityScore"),
        ("asset.aiCriticalityConfidence", "asset.aiCriticalityScoreConfidence"),
        ("asset.nmae", "asset.name"),
        ("riskScore", "asset.riskScore"),
        ("asset.lastSeen", "asset.lastUpdated"),
    ],
)
def test_a_misspelt_field_gets_the_one_that_was_meant(wrong, meant):
    (problem,) = problems(wrong, "EQUALS", "x")
    assert problem.rule == "filter/unknown-field"
    assert problem.severity is Severity.ERROR
    assert problem.part == "field"
    assert meant in problem.hint


def test_a_field_like_nothing_known_gets_no_wrong_suggestion():
    assert suggest("zzzz.qqqq") is None
    (problem,) = problems("zzzz.qqqq", "EQUALS", "x")
    assert "did you mean" not in problem.hint


def test_an_asset_field_among_component_filters_is_sent_to_the_other_block():
    (problem,) = problems("asset.biosDescription", "EQUALS", "x", target=COMPONENTS)
    assert "assetFilters" in problem.hint
    assert problems("asset.biosDescription", "EQUALS", "x", target=COMPONENTS, asset_filter=True) == ()


def test_the_asset_block_of_components_takes_only_asset_and_software_fields():
    assert all(name.startswith(("asset.", "software.")) for name in known_fields(COMPONENTS, asset_filter=True))
    assert rules("inventory.source", "EQUALS", "IP", target=COMPONENTS, asset_filter=True) == ["filter/unknown-field"]


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("asset.lastUpdated", "IN", "2026-01-01"),
        ("asset.lastUpdated", "CONTAINS", "2026"),
        ("asset.hasAiCriticalityScore", "NOT_EQUALS", "true"),
        ("asset.aiCriticalityScoreConfidence", "CONTAINS", "HIGH"),
        ("processors", "NOT_EQUALS", "intel"),
        ("processors.speed", "NOT_EQUALS", "1"),
        ("asset.agentID", "CONTAINS", "01234567"),
        ("asset.name", "GREATER", "a"),
    ],
)
def test_an_operator_its_type_does_not_take_is_an_error_that_lists_the_legal_ones(field, operator, value):
    problem = next(p for p in problems(field, operator, value) if p.rule == "filter/operator")
    assert problem.severity is Severity.ERROR
    assert "EQUALS" in problem.hint


@pytest.mark.parametrize(
    ("typed", "meant"), [("LESS", "LESSER"), ("LESS_THAN", "LESSER"), (">=", "GREATER_THAN_EQUAL"), ("equals", "EQUALS")]
)
def test_an_operator_of_another_dialect_gets_ours(typed, meant):
    problem = problems("asset.assetID", typed, "1")[0]
    assert (problem.rule, problem.part) == ("filter/unknown-operator", "operator")
    assert meant in problem.hint


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("asset.hasAiCriticalityScore", "EQUALS", "yes"),
        ("asset.hasAiCriticalityScore", "EQUALS", "True"),
        ("asset.aiCriticalityScoreConfidence", "EQUALS", "MEDIUM"),
        ("asset.aiCriticalityScoreConfidence", "EQUALS", "high"),
        ("asset.aiCriticalityScoreConfidence", "IN", "HIGH,MEDIUM"),
        ("asset.assetID", "EQUALS", "twelve"),
        ("asset.assetID", "IN", "1,two"),
        ("asset.lastUpdated", "GREATER", "15/01/2026"),
        ("asset.lastUpdated", "GREATER", "2026-02-30"),
        ("asset.lastUpdated", "GREATER", "now-30"),
        ("asset.agentID", "EQUALS", "not-a-uuid"),
        ("asset.name", "CONTAINS", ""),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_with_a_way_out(field, operator, value):
    (problem,) = problems(field, operator, value)
    assert (problem.rule, problem.part, problem.severity) == ("filter/value", "value", Severity.ERROR)
    assert problem.hint


def test_a_lower_case_confidence_is_answered_with_the_upper_case_one():
    assert problems("asset.aiCriticalityScoreConfidence", "EQUALS", "low")[0].hint == "did you mean LOW?"


@pytest.mark.parametrize("value", ["Doe, John", "a,,b", "a,"])
def test_a_comma_that_seems_to_belong_to_a_value_under_in_is_pointed_out(value):
    assert "filter/comma-in-value" in rules("asset.lastLoggedOnUser", "IN", value)


def test_a_listed_value_with_a_comma_is_an_error():
    (problem,) = check_in_values("asset.name", ["web-01", "Doe, John"])
    assert problem.severity is Severity.ERROR
    assert "'Doe, John'" in problem.message


def test_equality_with_a_bare_date_warns_that_it_means_midnight():
    (problem,) = problems("component.firstFoundDate", "EQUALS", "2026-01-15", target=COMPONENTS)
    assert (problem.rule, problem.severity) == ("filter/date-equals-midnight", Severity.WARNING)


def test_an_undocumented_field_is_a_note_and_an_unverified_one_a_warning():
    (seen,) = problems("tags.name", "EQUALS", "web")
    (claimed,) = problems("asset.truRisk", "GREATER", "500")
    assert (seen.rule, seen.severity) == ("filter/undocumented-field", Severity.INFO)
    assert (claimed.rule, claimed.severity) == ("filter/undocumented-field", Severity.WARNING)


def test_every_field_has_a_source_and_operators_of_its_group():
    for target in Target:
        for name, spec in known_fields(target).items():
            assert spec.name == name
            assert spec.source
            assert set(OPERATORS[spec.group]) <= set(spec.operators)
    assert lookup(HOSTS, "asset.hasAiCriticalityScore").group is Group.BOOLEAN


def test_the_problems_of_a_whole_query_point_into_its_manifest():
    query = Query(
        "ComponentQuery/x",
        COMPONENTS,
        FilterDocument((Filter("component.name", "CONTAINS", "log4j"), Filter("component.nmae", "EQUALS", "x"))),
        FilterDocument((Filter("asset.assetID", "EQUALS", "x"),)),
    )
    assert [(pointer, problem.rule) for pointer, problem in check_query(query)] == [
        ("/filters/1", "filter/unknown-field"),
        ("/assetFilters/0", "filter/value"),
    ]
