"""Rows become assets, and what is wrong with them is told at their lines."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from declarative.core.errors import InvalidError
from declarative.inventory import rows as rows_module
from declarative.kinds.unopened import UnopenedCore

SPEC = """\
connector: servicenow
from: {csv: data/cmdb.csv}
key: sys_id
map:
  identityAttributes.hostName: hostname
  identityAttributes.serialNumber: serial
  identityAttributes.ipAddress: {column: addresses, split: ";"}
  coreAttributes.fqdn: "{hostname}.corp.example"
  coreAttributes.businessMetaData.department: department
"""
HEADER = "sys_id,hostname,serial,addresses,department\n"


def test_a_row_becomes_an_asset_with_its_line(read):
    workspace = read(SPEC, {"data/cmdb.csv": HEADER + "a1,web-01,S1,10.0.0.1;10.0.0.2,Sales\n"})
    (asset,) = workspace.desired.assets
    assert asset.address == "AssetInventory/cmdb[a1]"
    assert asset.identity == {
        "hostName": "web-01",
        "serialNumber": "S1",
        "ipAddress": ["10.0.0.1", "10.0.0.2"],
        "sourceNativeKey": "a1",
    }
    assert asset.core == {"fqdn": "web-01.corp.example", "businessMetaData": {"department": "Sales"}}
    assert str(asset.position) == "data/cmdb.csv:2:1"
    assert workspace.labels[asset.address] == {"team": "cmdb"}


def test_an_empty_cell_is_not_managed_and_defaults_fill_it(read):
    spec = SPEC + "defaults: {coreAttributes.businessMetaData.department: Unknown dept}\n"
    workspace = read(spec, {"data/cmdb.csv": HEADER + "a1,web-01,  ,,\na2,,S2,,Sales\n"})
    first, second = workspace.desired.assets
    assert first.identity == {"hostName": "web-01", "sourceNativeKey": "a1"}
    assert first.core["businessMetaData"] == {"department": "Unknown dept"}
    assert second.core == {"businessMetaData": {"department": "Sales"}}, "a template with an empty column gives nothing"


def test_conditions_choose_rows(read):
    rows = HEADER + "a1,web-01,S1,,Sales\na2,web-02,S2,,Legal\na3,web-03,S3,,\n"

    def keys(where):
        workspace = read(SPEC + f"where: [{where}]\n", {"data/cmdb.csv": rows})
        return [asset.native_key for asset in workspace.desired.assets]

    assert keys("{column: department, equals: Sales}") == ["a1"]
    assert keys("{column: department, notEquals: Sales}") == ["a2", "a3"]
    assert keys("{column: department, in: [Sales, Legal]}") == ["a1", "a2"]
    assert keys("{column: department, notIn: [Sales]}, {column: department, empty: false}") == ["a2"]
    assert keys("{column: department, empty: true}") == ["a3"]


def test_a_quoted_line_break_does_not_shift_lines(read):
    workspace = read(SPEC, {"data/cmdb.csv": HEADER + 'a1,web-01,S1,,"Sales\nInside"\n\na2,web-02,S2,,Legal\n'})
    assert [asset.position.line for asset in workspace.desired.assets] == [2, 5]


def test_dates_lists_of_records_and_constants(read):
    spec = (
        SPEC
        + """\
  coreAttributes.sourceCreatedDate: {column: department, date: "%d/%m/%Y"}
  coreAttributes.networkInterfaces[].address: {column: addresses, split: ";"}
  coreAttributes.networkInterfaces[].interfaceName: {value: eth0}
""".replace("\n+", "\n")
    )
    spec = spec.replace("  coreAttributes.businessMetaData.department: department\n", "")
    workspace = read(spec, {"data/cmdb.csv": HEADER + "a1,web-01,S1,10.0.0.1;10.0.0.2,16/01/2026\na2,web-02,S2,,\n"})
    first, second = workspace.desired.assets
    assert first.core["sourceCreatedDate"] == 1768521600000
    assert first.core["networkInterfaces"] == [
        {"address": "10.0.0.1", "interfaceName": "eth0"},
        {"address": "10.0.0.2", "interfaceName": "eth0"},
    ]
    assert "networkInterfaces" not in second.core, "constants alone make no interface"


@pytest.mark.parametrize("lists", [("10.0.0.1;10.0.0.2;", "aa:bb:cc:dd:ee:01;;aa:bb:cc:dd:ee:03"), ("10.0.0.1", "")])
def test_members_of_lists_stay_at_their_places(read, lists):
    spec = (
        SPEC
        + """\
  coreAttributes.networkInterfaces[].address: {column: addresses, split: ";"}
  coreAttributes.networkInterfaces[].interfaceName: {value: eth0}
  coreAttributes.networkInterfaces[].macAddress: {column: macs, split: ";"}
"""
    )
    wanted = [
        {"address": "10.0.0.1", "interfaceName": "eth0", "macAddress": "aa:bb:cc:dd:ee:01"},
        {"address": "10.0.0.2", "interfaceName": "eth0"},
        {"interfaceName": "eth0", "macAddress": "aa:bb:cc:dd:ee:03"},
    ]
    if not lists[1]:
        wanted = [{"address": "10.0.0.1", "interfaceName": "eth0"}]
    addresses, macs = lists
    row = {"sys_id": "a1", "hostname": "web-01", "serial": "S1", "addresses": addresses, "department": "Sales", "macs": macs}
    nested = {**row, **{name: [member or None for member in row[name].split(";")] for name in ("addresses", "macs")}}
    csv = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    for source, content in {"csv": csv, "jsonl": json.dumps(nested) + "\n"}.items():
        workspace = read(spec.replace("csv: data/cmdb.csv", f"{source}: data/cmdb.{source}"), {f"data/cmdb.{source}": content})
        workspace.require_valid()
        assert workspace.desired.assets[0].core["networkInterfaces"] == wanted


def test_lists_that_do_not_belong_together_make_a_bad_row(read, told):
    spec = (
        SPEC
        + """\
  coreAttributes.networkInterfaces[].address: {column: addresses, split: ";"}
  coreAttributes.networkInterfaces[].macAddress: {column: department, split: ";"}
"""
    )
    rows = HEADER + "a1,web-01,S1,10.0.0.1;10.0.0.2,aa:bb:cc:dd:ee:01;aa:bb:cc:dd:ee:02;aa:bb:cc:dd:ee:03\n"
    assert told(read(spec, {"data/cmdb.csv": rows}))[0] == ("inventory/bad-row", "data/cmdb.csv:2")


@pytest.mark.parametrize("cell", ["1768471200", "20260115"])
@pytest.mark.parametrize("field", ["sourceCreatedDate", "customConnectorAttributes.built"])
def test_seconds_in_place_of_milliseconds_are_told_as_in_a_manifest(read, field, cell):
    spec = SPEC + f"  coreAttributes.{field}: {{column: department, date: iso}}\n"
    workspace = read(spec, {"data/cmdb.csv": HEADER + f"a1,web-01,S1,,{cell}\n"})
    assert any("January 1970" in one.message for one in workspace.diagnostics if one.rule == "inventory/bad-row")
    assert not workspace.desired.assets


@pytest.mark.parametrize("form", ["iso", "epoch", "epoch-ms"])
@pytest.mark.parametrize("cell", ["9" * 20, "9" * 5000])
def test_digits_that_no_date_has_make_a_bad_row(read, told, form, cell):
    spec = SPEC + f"  coreAttributes.sourceCreatedDate: {{column: department, date: {form}}}\n"
    assert told(read(spec, {"data/cmdb.csv": HEADER + f"a1,web-01,S1,,{cell}\n"}))[0] == ("inventory/bad-row", "data/cmdb.csv:2")


def test_blank_members_of_a_list_are_none(read):
    spec = SPEC.replace("csv: data/cmdb.csv", "jsonl: data/cmdb.jsonl").replace('split: ";"', 'split: ","')
    line = {"sys_id": "a1", "hostname": "web-01", "serial": "S1", "addresses": ["192.0.2.1", "", None, " "], "department": None}
    workspace = read(spec, {"data/cmdb.jsonl": json.dumps(line)})
    workspace.require_valid()
    assert workspace.desired.assets[0].identity["ipAddress"] == ["192.0.2.1"]


def test_every_line_that_an_open_quote_takes_in_is_a_bad_row(read):
    rows = "".join(f"a{number},web-{number:02},S{number},,Sales\n" for number in range(40))
    broken = HEADER + rows.replace("S9,,Sales", 'S9,,"Sales')
    workspace = read(SPEC + "maxBadRows: 1\n", {"data/cmdb.csv": broken})
    messages = [one.message for one in workspace.diagnostics if one.is_error]
    assert any(message.startswith("31 of 40 rows are bad") for message in messages)
    assert "a quote that opens in line 11 takes the line in" in messages
    workspace = read(SPEC + "maxBadRows: 40\n", {"data/cmdb.csv": broken})
    workspace.require_valid()
    assert len(workspace.desired.assets) == 9


@pytest.mark.parametrize("cell", ["Sales", '"Sales"x'])
def test_text_in_another_encoding_is_told_at_its_line_whatever_column_it_is_in(read, cell):
    content = (HEADER + f"a1,web-01,S1,,{cell}\n").encode() + b"a2,web-02,S2,,\xfcber\n"
    spec = SPEC.replace("  coreAttributes.businessMetaData.department: department\n", "")
    (found,) = read(spec, {"data/cmdb.csv": content}).diagnostics
    assert found.rule == "inventory/unreadable"
    assert found.message.startswith("data/cmdb.csv:3 is not utf-8")


def test_a_compressed_file_is_told(read):
    (found,) = read(SPEC, {"data/cmdb.csv": gzip.compress(HEADER.encode())}).diagnostics
    assert (found.message, found.hint) == ("data/cmdb.csv is compressed", "unpack it first")


def test_bad_rows_are_errors_at_their_lines(read, told):
    rows = HEADER + "a1,web-01,S1,,Sales\n,web-02,S2,,Sales\na3,web-03\na4,web-04,S4,10.0.0.300,Sales\n"
    workspace = read(SPEC, {"data/cmdb.csv": rows})
    assert told(workspace) == [
        ("inventory/bad-row", "data/cmdb.csv:3"),
        ("inventory/bad-row", "data/cmdb.csv:4"),
        ("inventory/bad-row", "data/cmdb.csv:5"),
        ("inventory/bad-row", "manifests/cmdb.yaml:4"),
    ]
    messages = [one.message for one in workspace.diagnostics]
    assert any("10.0.0.300" in message and "ipAddress" in message for message in messages)
    assert any(message == "3 of 4 rows are bad; maxBadRows is 0" for message in messages)
    with pytest.raises(InvalidError):
        workspace.require_valid()


def test_as_many_bad_rows_as_allowed_are_left_out_and_hold_removals_back(read, told):
    rows = HEADER + "a1,web-01,S1,,Sales\na3,web-03\n"
    workspace = read(SPEC + "maxBadRows: 1\n", {"data/cmdb.csv": rows})
    workspace.require_valid()
    assert [asset.native_key for asset in workspace.desired.assets] == ["a1"]
    assert ("inventory/bad-row", "data/cmdb.csv:3") in told(workspace)
    assert workspace.held == ("AssetInventory/cmdb",)


def test_a_repeated_key_is_an_error_with_both_lines(read, told):
    workspace = read(SPEC, {"data/cmdb.csv": HEADER + "a1,web-01,S1,,\na2,web-02,S2,,\na1,web-03,S3,,\n"})
    assert ("inventory/duplicate-key", "data/cmdb.csv:4") in told(workspace)
    assert any("data/cmdb.csv:2" in one.message for one in workspace.diagnostics if one.rule == "inventory/duplicate-key")


def test_a_serial_number_shared_with_a_manifest_is_told(read):
    asset = (
        "apiVersion: declarative/v1\nkind: Asset\nmetadata: {name: x}\nspec:\n  connector: servicenow\n"
        "  identityAttributes: {serialNumber: S1, sourceNativeKey: other}\n"
    )
    workspace = read(SPEC, {"data/cmdb.csv": HEADER + "a1,web-01,S1,,\n", "manifests/x.yaml": asset})
    (found,) = [one for one in workspace.diagnostics if one.rule == "asset/shared-identity"]
    assert str(found.position) == "data/cmdb.csv:2:1"
    assert "Asset/x" in found.message


def test_an_extract_without_rows_is_an_error(read, told):
    assert told(read(SPEC, {"data/cmdb.csv": HEADER})) == [("inventory/empty", "manifests/cmdb.yaml:6")]


NOBODY = SPEC + "where: [{column: department, equals: Nobody}]\n"


def test_conditions_that_no_row_meets_are_an_error_at_their_place(read, told):
    workspace = read(NOBODY, {"data/cmdb.csv": HEADER + "a1,web-01,S1,,Sales\na2,web-02,S2,,Legal\n"})
    assert told(workspace) == [("inventory/empty", "manifests/cmdb.yaml:14")]
    (found,) = workspace.diagnostics
    assert found.message == "none of its 2 rows meets the conditions in `where`"
    assert found.pointer == "/spec/where"
    assert found.hint.startswith('compare them with what the rows hold in "department"')
    with pytest.raises(InvalidError):
        workspace.require_valid()


def test_the_project_may_allow_conditions_that_no_row_meets(read, told):
    project = (
        "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\n"
        "spec: {rules: {inventory/empty: {severity: warning, reason: nobody is left}}}\n"
    )
    workspace = read(NOBODY, {"data/cmdb.csv": HEADER + "a1,web-01,S1,,Sales\n", "declarative.yaml": project})
    workspace.require_valid()
    (found,) = workspace.diagnostics
    assert (found.rule, found.message) == ("inventory/empty", "its only row does not meet the conditions in `where`")


def test_where_no_row_can_be_read_the_conditions_are_not_to_blame(read, told):
    workspace = read(NOBODY + "maxBadRows: 1\n", {"data/cmdb.csv": HEADER + "a1,web-01\n"})
    assert {rule for rule, _ in told(workspace)} == {"inventory/bad-row"}


def test_a_row_that_meets_the_conditions_and_has_no_key_is_a_bad_one_and_no_emptiness(read, told):
    workspace = read(NOBODY + "maxBadRows: 1\n", {"data/cmdb.csv": HEADER + ",web-01,S1,,Nobody\na2,web-02,S2,,Sales\n"})
    assert {rule for rule, _ in told(workspace)} == {"inventory/bad-row"}


def test_a_row_that_cannot_be_read_does_not_excuse_conditions_that_no_other_meets(read, told):
    workspace = read(NOBODY + "maxBadRows: 1\n", {"data/cmdb.csv": HEADER + "a1,web-01\na2,web-02,S2,,Sales\n"})
    assert ("inventory/empty", "manifests/cmdb.yaml:14") in told(workspace)


@pytest.mark.parametrize(
    ("spec", "rule", "line"),
    [
        (SPEC.replace("key: sys_id", "key: sysid"), "inventory/unknown-column", 7),
        (SPEC.replace("{hostname}", "{host}"), "inventory/unknown-column", 12),
        (SPEC.replace("data/cmdb.csv", "data/none-*.csv"), "inventory/unreadable", 6),
        (SPEC.replace("data/cmdb.csv", "../cmdb.csv"), "inventory/source", 6),
        (SPEC.replace("hostName:", "hostname:"), "inventory/mapping", 9),
        (SPEC.replace('split: ";"}', "value: x}"), "inventory/mapping", 11),
        (SPEC.replace("hostName: hostname", 'hostName: {column: hostname, split: ";"}'), "inventory/mapping", 9),
        (SPEC + "  spec.coreAttributes.fqdn: hostname\n", "inventory/mapping", 14),
        (SPEC + "  coreAttributes.ports: serial\n  coreAttributes.ports[].port: serial\n", "inventory/mapping", 15),
        (SPEC + "  coreAttributes.ports[].protocol: {value: tcp}\n", "inventory/mapping", 14),
        (SPEC + "defaults: {'coreAttributes.ports[].protocol': tcp}\n", "inventory/mapping", 14),
        (SPEC + "  coreAttributes.sourceCreatedDate: {column: department, date: '%d.%m.%Y %Z'}\n", "inventory/mapping", 14),
        (SPEC + "  coreAttributes.sourceCreatedDate: {column: department, date: '%d/%m'}\n", "inventory/mapping", 14),
        (SPEC + "  coreAttributes.sourceCreatedDate: {column: department, date: 'xx'}\n", "inventory/mapping", 14),
        (SPEC + "  coreAttributes.sourceCreatedDate: {column: department, date: '%Y-%m-%m-%d'}\n", "inventory/mapping", 14),
        (SPEC.replace("csv: data/cmdb.csv", 'csv: "data/**a.csv"'), "inventory/unreadable", 6),
        (SPEC.replace("csv: data/cmdb.csv", "database: /data/x.duckdb, table: ci"), "inventory/source", 6),
        (SPEC.replace("csv: data/cmdb.csv", "database: 'DuckDB:////data/x.duckdb', table: ci"), "inventory/source", 6),
        (SPEC.replace("csv: data/cmdb.csv", "database: 'sqlite:x.db', table: ci"), "inventory/source", 6),
        (SPEC.replace("csv: data/cmdb.csv", "database: 'parquet://x.parquet', table: ci"), "inventory/unreadable", 6),
        (SPEC.replace("csv: data/cmdb.csv", "database: 'polars://', table: ci"), "inventory/unreadable", 6),
        (SPEC + "where: [{column: serial}]\n", "inventory/condition", 14),
        (SPEC + "master: local[2]\n", "inventory/source", 14),
        (SPEC.replace("servicenow", "service-now"), "reference/unknown-connector", 5),
    ],
)
def test_a_wrong_declaration_is_told_at_its_place(read, spec, rule, line):
    workspace = read(spec, {"data/cmdb.csv": HEADER + "a1,web-01,S1,,\n"})
    assert (rule, line) in [(one.rule, one.position.line) for one in workspace.diagnostics if one.position]
    assert not workspace.desired.assets


def test_a_link_out_of_the_project_is_refused(read, told, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside.csv"
    outside.write_text(HEADER + "a1,web-01,S1,,\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cmdb.csv").symlink_to(outside)
    assert told(read(SPEC, {})) == [("inventory/source", "manifests/cmdb.yaml:6")]


def test_a_broken_line_of_json_is_told_and_the_others_are_read(read, told):
    spec = SPEC.replace("csv: data/cmdb.csv", "jsonl: data/*.jsonl") + "maxBadRows: 2\n"
    good = {"sys_id": "a1", "hostname": "web-01", "serial": "S1", "addresses": ["10.0.0.1"], "department": None}
    workspace = read(spec, {"data/cmdb.jsonl": json.dumps(good) + '\n{"sys_id": \n[1]\n'})
    assert [place for rule, place in told(workspace)][:2] == ["data/cmdb.jsonl:2", "data/cmdb.jsonl:3"]
    assert workspace.desired.assets[0].identity["ipAddress"] == ["10.0.0.1"]


def test_long_numbers_of_json_are_kept_to_the_last_digit(read):
    spec = SPEC.replace("csv: data/cmdb.csv", "jsonl: data/*.jsonl")
    lines = (
        '{"sys_id": 12345678901234567890123, "hostname": "web-01", "serial": 123456789012345678.5, "addresses": "10.0.0.1"}',
        '{"sys_id": 18446744073709551616, "hostname": "web-02", "serial": -9007199254740993,"department": [1234567890123456789]}',
    )
    first, second = read(spec, {"data/cmdb.jsonl": "\n".join(lines)}).desired.assets
    assert first.address == "AssetInventory/cmdb[12345678901234567890123]"
    assert first.identity["serialNumber"] == "123456789012345678.5"
    assert second.address == "AssetInventory/cmdb[18446744073709551616]"
    assert second.identity["serialNumber"] == "-9007199254740993"
    assert second.core["businessMetaData"]["department"] == '["1234567890123456789"]'


def test_a_key_that_stands_twice_in_a_record_is_a_bad_row(read, told):
    spec = SPEC.replace("csv: data/cmdb.csv", "jsonl: data/*.jsonl") + "maxBadRows: 1\n"
    good = {"sys_id": "a1", "hostname": "web-01", "serial": "S1", "addresses": None, "department": 'said ":1,'}
    twice = '{"sys_id": "a2", "hostname": "web-02", "serial" : "S2", "serial": "S3"}'
    workspace = read(spec, {"data/cmdb.jsonl": json.dumps(good) + "\n" + twice})
    assert ("inventory/bad-row", "data/cmdb.jsonl:2") in told(workspace)
    assert "serial" in next(one.message for one in workspace.diagnostics if one.rule == "inventory/bad-row")
    assert len(workspace.desired.assets) == 1


def test_a_cell_with_a_character_that_cannot_be_seen_is_a_bad_row(read, told):
    text = HEADER + "a1,web-01,S1,,Sa\x1bles\na2,web-02,S2,,Sa\u202eles\na3,web-03,S3,,Büro\na4,web-04,S4,,Sa\x1fles\n"
    workspace = read(SPEC + "maxBadRows: 3\n", {"data/cmdb.csv": text})
    assert [place for rule, place in told(workspace)][:3] == [f"data/cmdb.csv:{line}" for line in (2, 3, 5)]
    assert [asset.core["businessMetaData"]["department"] for asset in workspace.desired.assets] == ["Büro"]


@pytest.mark.parametrize("written", ["99999999999999999999", "1e300", "-1e18", "nan", "inf", "9" * 5_000, "many"])
def test_a_cell_that_no_integer_of_64_bits_can_say_is_a_bad_row(read, told, written):
    spec = SPEC.replace("coreAttributes.fqdn:", "coreAttributes.biosInfo.totalMemory: department\n  coreAttributes.fqdn:")
    rows = HEADER + f"a1,web-01,S1,,{written}\na2,web-02,S2,,16384.0\n"
    workspace = read(
        spec.replace("  coreAttributes.businessMetaData.department: department\n", "maxBadRows: 1\n"), {"data/cmdb.csv": rows}
    )
    assert ("inventory/bad-row", "data/cmdb.csv:2") in told(workspace)
    assert "totalMemory" in next(one.message for one in workspace.diagnostics if one.rule == "inventory/bad-row")
    assert [asset.core["biosInfo"] for asset in workspace.desired.assets] == [{"totalMemory": 16384}]


def test_zeros_before_a_number_cost_no_digit_of_it(read):
    spec = SPEC.replace("businessMetaData.department", "biosInfo.totalMemory")
    rows = f"a1,web-01,S1,,000123456789012345678\na2,web-02,S2,,+{'0' * 5_000}7\na3,web-03,S3,,000\n"
    workspace = read(spec, {"data/cmdb.csv": HEADER + rows})
    assert [asset.core["biosInfo"]["totalMemory"] for asset in workspace.desired.assets] == [123456789012345678, 7, 0]


def test_many_rows_are_kept_as_text_and_mean_the_same(read, monkeypatch):
    rows = {"data/cmdb.csv": HEADER + "".join(f"a{at},web-{at},S{at},10.0.0.{at},Sales\n" for at in range(5))}
    opened = read(SPEC, rows).desired.assets
    monkeypatch.setattr(rows_module, "MANY", 2)
    kept = read(SPEC, rows).desired.assets
    assert kept == opened
    assert [isinstance(asset.core, UnopenedCore) for asset in kept] == [False, False, True, True, True]


def test_a_file_that_is_no_parquet_is_told(read, told):
    spec = SPEC.replace("csv: data/cmdb.csv", "parquet: data/cmdb.parquet")
    assert told(read(spec, {"data/cmdb.parquet": b"not parquet"})) == [("inventory/unreadable", "manifests/cmdb.yaml:6")]


def test_the_same_rows_mean_the_same_in_every_format(read, tmp_path):
    records = [
        {"sys_id": 1001, "hostname": "web-01", "serial": "0123", "addresses": ["10.0.0.1", "10.0.0.2"], "department": "Sales"},
        {"sys_id": 1002, "hostname": "web-02", "serial": "S2", "addresses": None, "department": "R&D"},
    ]
    flat = [{**one, "addresses": ";".join(one["addresses"] or ())} for one in records]
    csv = "department,sys_id,addresses,hostname,serial\n" + "".join(
        f"{one['department']},{one['sys_id']},{one['addresses']},{one['hostname']},{one['serial']}\n" for one in flat
    )
    (tmp_path / "data").mkdir()
    parquet.write_table(pa.Table.from_pylist(records), tmp_path / "data" / "cmdb.parquet")
    with sqlite3.connect(tmp_path / "data" / "cmdb.db") as connection:
        connection.execute("create table ci (sys_id integer, hostname text, serial text, addresses text, department text)")
        connection.executemany("insert into ci values (:sys_id, :hostname, :serial, :addresses, :department)", flat)
    connection.close()
    with closing(duckdb.connect(str(tmp_path / "data" / "cmdb.duckdb"))) as connection:
        connection.execute("create table ci (sys_id bigint, hostname text, serial text, addresses text[], department text)")
        connection.executemany("insert into ci values ($sys_id, $hostname, $serial, $addresses, $department)", records)
    files = {"data/cmdb.csv": csv, "data/cmdb.jsonl": "".join(json.dumps(one) + "\n" for one in records)}
    sources = (
        "csv: data/cmdb.csv",
        "jsonl: data/cmdb.jsonl",
        "parquet: data/cmdb.parquet",
        "database: sqlite:///data/cmdb.db, table: ci",
        "database: sqlite:///data/cmdb.db, sql: select * from ci",
        "database: duckdb:///data/cmdb.duckdb, table: ci",
        "database: duckdb:///data/cmdb.duckdb, sql: select * from ci where sys_id > 0",
    )
    found = []
    for source in sources:
        workspace = read(SPEC.replace("csv: data/cmdb.csv", source), files)
        workspace.require_valid()
        found.append([(asset.address, asset.identity, asset.core) for asset in workspace.desired.assets])
    assert len(found[0]) == 2
    assert all(one == found[0] for one in found)


def test_validation_connects_to_no_database(read):
    from datetime import UTC, datetime
    from pathlib import Path

    from declarative.engine.expanding import with_rows
    from declarative.engine.workspace import open_workspace

    spec = SPEC.replace("csv: data/cmdb.csv", "database: sqlite:///data/none.db, table: ci")
    workspace = read(spec, {})
    assert [one.rule for one in workspace.diagnostics if one.is_error] == ["inventory/unreadable"]
    now = datetime(2026, 6, 1, tzinfo=UTC)
    root: Path = workspace.project.root
    offline = with_rows(open_workspace(root, environment=None, variables={}, environ={}, now=now), now=now, connect=False)
    assert not offline.diagnostics


def test_a_password_in_a_url_is_never_told(read):
    spec = SPEC.replace("csv: data/cmdb.csv", "database: 'postgresql://u:canary-s3cret@127.0.0.1:1/x', table: ci")
    workspace = read(spec, {})
    (found,) = workspace.diagnostics
    assert found.rule == "inventory/unreadable"
    assert "canary" not in f"{found} {workspace.desired}"


def test_a_table_of_a_server_is_read_by_its_url(read, postgres_server):
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(
            "create table if not exists ci (sys_id int, hostname text, serial text, addresses text[], department text)"
        )
        connection.execute("truncate ci")
        connection.execute("insert into ci values (7, 'web-07', '007', '{10.0.0.7,10.0.0.8}', null)")
    source = f"database: '{postgres_server}', table: ci"
    workspace = read(SPEC.replace("csv: data/cmdb.csv", source), {})
    workspace.require_valid()
    (asset,) = workspace.desired.assets
    assert asset.identity["ipAddress"] == ["10.0.0.7", "10.0.0.8"]
    assert asset.identity["serialNumber"] == "007"
    assert "businessMetaData" not in asset.core


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        (HEADER + "a1,web-01,S1,,Sales\n" + "ab," * 2_000_000 + "\n", "data/cmdb.csv:3"),
        ("ab," * 2_000_000 + "\n" + HEADER, "data/cmdb.csv:1"),
        (HEADER + "a1,web-01,S1,,Sales\n" * 500_000 + "ab," * 2_000_000 + "\n", "data/cmdb.csv:500002"),
    ],
)
def test_a_line_that_would_fill_the_memory_is_refused_before_it_is_taken_apart(read, rows, place):
    (found,) = read(SPEC, {"data/cmdb.csv": rows}).diagnostics
    assert found.rule == "inventory/unreadable"
    assert found.message.startswith(f"{place}: the line has more than 4,194,304 characters")


def test_a_record_that_would_fill_the_memory_is_refused_too(read):
    rows = '{"sys_id": "a1"}\n{"sys_id": "' + "a" * 5_000_000 + '"}\n'
    (found,) = read(SPEC.replace("csv: data/cmdb.csv", "jsonl: data/cmdb.jsonl"), {"data/cmdb.jsonl": rows}).diagnostics
    assert found.rule == "inventory/unreadable"
    assert found.message.startswith("data/cmdb.jsonl:2: the line has more than")
