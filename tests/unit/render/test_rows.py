"""Query results in five formats."""

import csv
import io
import json
import tracemalloc

import pytest
import yaml
from ruamel.yaml import YAML

from declarative.core.errors import UsageError
from declarative.render.asset_view import asset_text
from declarative.render.table import FORMATS, write_rows

RECORDS = (
    {"assetId": 1, "assetName": "web-01", "openPortListData": {"openPort": [{"port": p} for p in (22, 80, 443, 8080, 9090)]}},
    {"assetId": 20, "assetName": None, "openPortListData": None},
)
COLUMNS = ("assetId", "assetName", "openPort.port")


def rows(format_, records=RECORDS, columns=COLUMNS, **options):
    pieces = []
    assert write_rows(format_, records, columns, pieces.append, **options) == len(list(records))
    return "".join(pieces)


def test_a_table_aligns_folds_long_lists_and_shows_absence():
    assert rows("table").splitlines() == [
        "assetId  assetName  port",
        "      1  web-01     22; 80; 443; 8080 (+1 more)",
        "     20  -          -",
    ]


def test_table_headings_are_as_short_as_they_can_be_told_apart():
    heading = rows("table", ({"a": {"x": 1}, "b": {"x": 2}, "c": {"y": 3}},), ("a.x", "b.x", "c.y")).splitlines()[0]
    assert heading.split() == ["a.x", "b.x", "y"]


def test_a_table_of_nothing_says_so():
    assert rows("table", ()) == "Nothing found.\n"


def test_json_and_json_lines_hold_the_chosen_columns():
    expected = [
        {"assetId": 1, "assetName": "web-01", "openPort.port": [22, 80, 443, 8080, 9090]},
        {"assetId": 20, "assetName": None, "openPort.port": None},
    ]
    assert json.loads(rows("json")) == expected
    assert [json.loads(line) for line in rows("jsonl").splitlines()] == expected
    assert json.loads(rows("json", (), None)) == []
    assert json.loads(rows("json", columns=None)) == list(RECORDS)


def test_csv_has_a_header_and_survives_quotes_commas_and_newlines():
    hostile = ({"a": 'say "hi", then\nleave', "b": True, "c": None},)
    assert list(csv.reader(io.StringIO(rows("csv", hostile, ("a", "b", "c"))))) == [
        ["a", "b", "c"],
        ['say "hi", then\nleave', "true", ""],
    ]
    assert rows("csv", (), ("a", "b")) == "a,b\n"


def test_csv_of_whole_records_takes_the_columns_of_the_first():
    assert rows("csv", ({"a": {"b": 1}, "c": [1, 2]}, {"c": "x"}), None) == "a.b,c\n1,1; 2\n,x\n"


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\t=1"])
def test_a_spreadsheet_never_runs_a_value(text):
    ((cell,),) = list(csv.reader(io.StringIO(rows("csv", ({"a": text},), ("a",)))))[1:]
    assert cell[0] in "'\\"


@pytest.mark.parametrize("text", ["+05:30", "-5", "web-01", "2026-01-01"])
def test_harmless_values_stay_as_they_are_in_csv(text):
    assert list(csv.reader(io.StringIO(rows("csv", ({"a": text},), ("a",)))))[1] == [text]


TRAPS = [
    "NO", "no", "Off", "null", "~", "012", "0o17", "1e5", "08", "1_000", "0x1F", "10:20:30:40:50:60", "2026-01-15",
    "1.10", ".5", "1.",
    "=", "", " x ", "a: b", "- a", "#x", "@x", "`x", "multi\nline", "\u202eabc", "\x1b[31m", "tab\there", "'", '"',
    ".inf", "+.inf", ".NaN",
    "2026-01-15T10:32:55Z", "<<", "!tag", "&a", "*a", "%x", "---", "...", "é漢\U0001f600",
]  # fmt: skip


@pytest.mark.parametrize("text", TRAPS)
def test_yaml_text_stays_text_for_readers_of_both_versions(text):
    written = rows("yaml", ({"v": text, text: 1},), None)
    assert yaml.safe_load(written) == [{"v": text, text: 1}]
    assert YAML(typ="safe", pure=True).load(written) == [{"v": text, text: 1}]
    assert not any(char in written for char in "\x1b\u202e")


def test_yaml_keeps_types_and_order():
    record = {"b": 1, "a": [True, None, 1.5, {"x": []}], "big": 2**60}
    assert yaml.safe_load(rows("yaml", (record, record), None)) == [record, record]
    assert rows("yaml", (record,), None).startswith("- b: 1\n  a:\n")
    assert yaml.safe_load(rows("yaml", (), None)) == []


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "yaml"])
def test_records_are_written_as_they_come(format_):
    log = []

    def source():
        for number in range(3):
            log.append("read")
            yield {"assetId": number}

    write_rows(format_, source(), ("assetId",), lambda text: log.append("write") if text.strip() else None)
    assert log[:2] == ["read", "write"]
    assert log.count("read") == 3


@pytest.mark.parametrize("format_", ["jsonl", "csv"])
def test_memory_does_not_grow_with_the_number_of_records(format_):
    source = ({"assetId": number, "assetName": f"host-{number}"} for number in range(4_000))
    tracemalloc.start()
    try:
        assert write_rows(format_, source, ("assetId", "assetName"), lambda text: None) == 4_000
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(UsageError) as caught:
        write_rows("xml", (), None, print)
    assert all(name in caught.value.hint for name in FORMATS)


HOST = {
    "assetId": 5000001,
    "assetName": "web-01",
    "address": "10.0.0.7",
    "biosSerialNumber": "",
    "criticality": {"score": 4, "default": False, "hasAiCriticalityScore": True, "aiCriticalityScoreConfidence": "HIGH"},
    "operatingSystem": {"fullName": "Debian GNU/Linux 12", "lifecycle": {"stage": "GA"}, "productUrl": ",,"},
    "createdDate": "2025-07-16T05:35:00.000Z",
    "inventory": {"source": "IP", "created": 1752644100000, "lastUpdated": 0},
    "openPortListData": {"openPort": [{"port": port, "protocol": "TCP", "detectedService": "x"} for port in range(1, 13)]},
    "tagList": {"tag": [{"tagName": "web", "tagId": 7}]},
    "volumeListData": {"volume": [{"name": "C:", "size": 63814234112, "free": 512}]},
    "softwareListData": None,
}


def test_one_asset_is_shown_in_sections_without_what_is_not_there(golden):
    text = asset_text(HOST)
    golden("asset.txt", text)
    assert "serial number" not in text
    assert "Software" not in text
    assert "and 2 more (--all)" in text
    assert "(--all)" not in asset_text(HOST, list_all=True)
