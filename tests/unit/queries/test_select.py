"""Reaching into the API's records."""

import pytest

from declarative.queries.model import Target
from declarative.queries.select import cell, columns_for, flatten, pick, select, sort_records, values_at

RECORD = {
    "assetId": 1,
    "assetName": "web-01",
    "operatingSystem": {"osName": "Debian", "lifecycle": {"stage": "GA"}},
    "openPortListData": {"openPort": [{"port": 80, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}]},
    "tagList": {"tag": [{"tagName": "a"}, {"tagName": "b"}]},
    "serviceList": {"service": []},
    "softwareListData": None,
    "criticality": {"score": 4, "hasAiCriticalityScore": False},
    "easmTags": ["x", "y"],
    "agent": None,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("assetId", [1]),
        ("operatingSystem.lifecycle.stage", ["GA"]),
        ("openPortListData.openPort.port", [80, 443]),
        ("openPort.port", [80, 443]),
        ("tag.tagName", ["a", "b"]),
        ("service.name", []),
        ("software.fullName", []),
        ("softwareListData.software.fullName", []),
        ("easmTags", ["x", "y"]),
        ("agent.version", [None]),
        ("nothing.here", [None]),
        ("assetName.below", [None]),
        ("criticality.hasAiCriticalityScore", [False]),
    ],
)
def test_a_path_finds_its_values_through_the_list_wrappers(path, found):
    assert values_at(RECORD, path) == found


def test_one_value_is_itself_and_many_are_a_list():
    assert pick(RECORD, "assetName") == "web-01"
    assert pick(RECORD, "openPort.port") == [80, 443]
    assert pick({"openPortListData": {"openPort": [{"port": 80}]}}, "openPort.port") == [80]
    assert pick(RECORD, "software.fullName") is None
    assert select(RECORD, ["criticality.score", "no.such"]) == {"criticality.score": 4, "no.such": None}


def test_default_columns_show_the_ai_confidence_for_hosts_and_the_found_dates_for_components():
    assert "criticality.aiCriticalityScoreConfidence" in columns_for(Target.HOSTS)
    assert {"component.firstFoundAt", "component.lastFoundAt"} <= set(columns_for(Target.COMPONENTS))
    assert columns_for(Target.HOSTS, ("assetId",)) == ("assetId",)


def test_records_sort_as_numbers_dates_and_text_with_the_absent_last():
    def order(values, by="v"):
        return [record["v"] for record in sort_records([{"v": value} for value in values], by)]

    assert order([10, 9, None, 100]) == [9, 10, 100, None]
    assert order([10, 9, None, 100], "-v") == [100, 10, 9, None]
    assert order(["b", "A", "c"]) == ["A", "b", "c"]
    assert order(["2026-01-02 00:00:00", "2025-12-31T00:00:00.000Z"]) == ["2025-12-31T00:00:00.000Z", "2026-01-02 00:00:00"]


def test_a_record_flattens_to_dotted_columns_in_its_order():
    flat = flatten(RECORD)
    assert list(flat)[:3] == ["assetId", "assetName", "operatingSystem.osName"]
    assert flat["operatingSystem.lifecycle.stage"] == "GA"
    assert flat["agent"] is None


def test_cells_are_text():
    assert [cell(value) for value in (None, True, 4, "x", ["a", "b"], {"a": 1})] == ["", "true", "4", "x", "a; b", '{"a":1}']
