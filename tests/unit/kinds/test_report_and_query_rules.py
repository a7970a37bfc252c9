"""What is checked in reports and queries beyond the schema."""

from __future__ import annotations

import pytest

from declarative.core.diagnostics import Severity
from declarative.kinds.rules import CATALOGUE, RULES

REQUEST = "/spec/request"


@pytest.mark.parametrize(
    ("request_", "rule", "pointer"),
    [
        ({"format": "CSV"}, "report/format", "/format"),
        ({"reportType": "OTHER"}, "report/type", "/reportType"),
        ({"assetList": "1,two"}, "report/id-list", "/assetList"),
        ({"assetList": "1,,2"}, "report/id-list", "/assetList"),
        ({"excludeTagIds": ["1", "x"]}, "report/id-list", "/excludeTagIds"),
        ({"timezone": "Asia/Calcuta"}, "report/time-zone", "/timezone"),
        ({"timezone": "+5:30"}, "report/time-zone", "/timezone"),
        ({"recipient": "[email protected]"}, "report/recipient", "/recipient"),
        ({"recipient": "a@example.com,b@example"}, "report/recipient", "/recipient"),
        ({"emailNotification": "yes"}, "report/flag", "/emailNotification"),
        ({"includeMatchType": "Any"}, "report/match-without-tags", "/includeMatchType"),
        ({"excludeMatchType": "All", "tagList": "1"}, "report/match-without-tags", "/excludeMatchType"),
    ],
)
def test_a_wrong_request_is_found_at_its_place(desired, report, found, request_, rule, pointer):
    assert found(desired(report(request=request_))) == [(rule, REQUEST + pointer)]


@pytest.mark.parametrize(
    "request_",
    [
        {"assetList": "78427696, 78140051"},
        {"timezone": "UTC", "recipient": "a.b+c@example.com, d@mail.example.org"},
        {"tagList": [1], "includeMatchType": "All", "excludeTagIds": 2, "excludeMatchType": "Any"},
        {"useReportNameAsFilename": 0},
    ],
)
def test_a_right_request_is_left_alone(desired, report, request_):
    assert desired(report(request=request_)).diagnostics == ()


def test_a_zone_is_suggested(desired, report):
    (found,) = desired(report(request={"timezone": "Europe/Berln"})).diagnostics
    assert found.hint == 'did you mean "Europe/Berlin"?'


def test_a_scope_must_name_a_query_that_exists(desired, report, manifest):
    state = desired(manifest("HostQuery", "critical", {}), report(scope={"assets": {"query": "critcal"}}))
    (found,) = state.diagnostics
    assert state.reports == ()
    assert (found.rule, found.pointer, found.hint) == (
        "reference/unknown-query",
        "/spec/scope/assets/query",
        'did you mean "critical"?',
    )


def test_a_scope_that_names_two_queries_must_say_which(desired, report, manifest):
    queries = manifest("HostQuery", "q", {}), manifest("ComponentQuery", "q", {})
    (found,) = desired(*queries, report(scope={"assets": {"query": "q"}})).diagnostics
    assert found.hint == "write HostQuery/q or ComponentQuery/q"
    assert desired(*queries, report(scope={"assets": {"query": "ComponentQuery/q"}})).diagnostics == ()


def test_a_list_is_either_written_or_taken_from_a_scope(desired, report, manifest, found):
    query = manifest("HostQuery", "q", {})
    state = desired(query, report(request={"assetList": "1"}, scope={"assets": {"query": "q"}}))
    assert found(state) == [("report/scope-and-list", f"{REQUEST}/assetList")]


def test_two_reports_of_one_name_are_refused(desired, report, found):
    pair = report("a", request={"name": "Same"}), report("b", request={"name": "Same"})
    assert found(desired(*pair)) == [("report/shared-name", f"{REQUEST}/name")]


@pytest.mark.parametrize(
    ("row", "rule", "part"),
    [
        (("asset.lastSeen", "EQUALS", "2025-01-01"), "filter/unknown-field", "field"),
        (("asset.hasAiCriticalityScore", "CONTAINS", "true"), "filter/operator", "operator"),
        (("asset.hasAiCriticalityScore", "EQUALS", "yes"), "filter/value", "value"),
        (("asset.aiCriticalityScoreConfidence", "EQUALS", "MEDIUM"), "filter/value", "value"),
        (("asset.created", "GREATER", "14.10.2025"), "filter/value", "value"),
        (("asset.name", "EQUALS", ["a", "b"]), "filter/value", "value"),
        (("asset.name", "IN", ["a,b", "c"]), "filter/comma-in-value", "value"),
    ],
)
def test_a_wrong_filter_is_found_at_its_part(desired, manifest, found, row, rule, part):
    spec = {"filters": [dict(zip(("field", "operator", "value"), row, strict=True))]}
    assert (rule, f"/spec/filters/0/{part}") in found(desired(manifest("HostQuery", "q", spec)))


def test_an_undocumented_filter_field_is_no_error(desired, manifest):
    spec = {"filters": [{"field": "asset.fqdn", "operator": "EQUALS", "value": "a.example.com"}]}
    (found,) = desired(manifest("HostQuery", "q", spec)).diagnostics
    assert (found.rule, found.severity) == ("filter/undocumented-field", Severity.WARNING)


def test_filters_are_checked_in_the_vendors_blocks_too(desired, manifest, found):
    block = {"filters": [{"field": "component.nam", "operator": "EQUALS", "value": "x"}]}
    assert found(desired(manifest("ComponentQuery", "q", {"componentFilter": block}))) == [
        ("filter/unknown-field", "/spec/componentFilter/filters/0/field")
    ]
    assert found(desired(manifest("ComponentQuery", "q", {"assetSoftwareFilter": block}))) == [
        ("filter/unknown-field", "/spec/assetSoftwareFilter/filters/0/field")
    ]


def test_filters_are_written_once(desired, manifest, found):
    row = {"field": "component.name", "operator": "EQUALS", "value": "x"}
    spec = {"filters": [row], "componentFilter": {"filters": [row]}}
    assert found(desired(manifest("ComponentQuery", "q", spec))) == [("query/two-forms", "/spec/componentFilter")]


def test_alternatives_for_one_asset_need_fields_that_its_record_shows(desired, manifest, found):
    rows = [{"field": "asset.name", "operator": "EQUALS", "value": name} for name in "ab"]
    assert found(desired(manifest("HostQuery", "q", {"assetId": 5, "filters": rows, "operation": "OR"}))) == []
    rows[0] = {"field": "processors", "operator": "CONTAINS", "value": "Xeon"}
    state = desired(manifest("HostQuery", "q", {"assetId": 5, "filters": rows, "operation": "OR"}))
    assert found(state) == [("query/or-with-asset-id", "/spec/operation")]


@pytest.mark.parametrize(
    ("count", "possible"),
    [
        ({"min": 2, "max": 1}, False),
        ({"min": 2, "equals": 1}, False),
        ({"equals": 3, "max": 2}, False),
        ({"min": 1, "max": 1}, True),
    ],
)
def test_expected_counts_must_be_possible(desired, manifest, found, count, possible):
    state = desired(manifest("HostQuery", "q", {"expect": {"count": count}}))
    assert found(state) == ([] if possible else [("query/expect-bounds", "/spec/expect/count")])


def test_every_rule_of_the_catalogue_is_told_once_with_a_title_and_a_description():
    assert len(CATALOGUE) == len(RULES)
    assert all(rule.title and rule.description.endswith(".") and "/" in rule.id for rule in RULES)
