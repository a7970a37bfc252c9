"""Values of files and databases as text: each as its source tells it, and the same in every source."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

SPEC = """\
connector: servicenow
from: {SOURCE}
key: sys_id
map:
  identityAttributes.hostName: hostname
  identityAttributes.serialNumber: value
"""


@pytest.fixture
def serials(read: Any) -> Any:
    """The serial number that each row gets; in place of one that gets none, why."""

    def reading(source: str, **files: str | bytes) -> list[str]:
        names = {name.replace("_", "."): content for name, content in files.items()}
        workspace = read(SPEC.replace("SOURCE", source) + "maxBadRows: 9\n", names)
        workspace.require_valid()
        bad = {one.address: one.message for one in workspace.diagnostics if one.address and one.position.file == "database"}
        assets = {asset.address: asset.identity.get("serialNumber", "") for asset in workspace.desired.assets}
        return [text for _, text in sorted((bad | assets).items())]

    return reading


def sqlite_of(folder: Any, column: str, *values: Any) -> str:
    with closing(sqlite3.connect(folder / "x.db")) as connection, connection:
        connection.execute(f"create table ci (sys_id text, hostname text, value {column})")
        rows = [(f"a{number}", f"web-{number}", value) for number, value in enumerate(values)]
        connection.executemany("insert into ci values (?, ?, ?)", rows)
    return "database: sqlite:///x.db, table: ci"


def duckdb_of(folder: Any, column: str, *values: str) -> str:
    with closing(duckdb.connect(str(folder / "x.duckdb"))) as connection:
        connection.execute(f"create table ci (sys_id text, hostname text, value {column})")
        for number, value in enumerate(values):
            connection.execute(f"insert into ci values ('a{number}', 'web-{number}', {value})")
    return "database: duckdb:///x.duckdb, table: ci"


def parquet_of(folder: Any, kind: pa.DataType, *values: Any) -> str:
    count = range(len(values))
    columns = {
        "sys_id": pa.array([f"a{number}" for number in count]),
        "hostname": pa.array([f"web-{number}" for number in count]),
        "value": pa.array(values, kind),
    }
    parquet.write_table(pa.table(columns), folder / "x.parquet")
    return "parquet: x.parquet"


def test_a_large_number_beside_a_null_keeps_its_digits(serials, tmp_path):
    assert serials(sqlite_of(tmp_path, "integer", 9007199254740993, None)) == ["9007199254740993", ""]


@pytest.mark.parametrize("column", ["", "date", "numeric", "json", "uuid", "integer", "decimal(18,8)", "timestamp"])
def test_a_column_of_sqlite_may_hold_anything_whatever_its_type_is_called(serials, tmp_path, column):
    assert serials(sqlite_of(tmp_path, column, "next week", 2.5, 7, None)) == ["next week", "2.5", "7", ""]


@pytest.mark.parametrize(
    ("kind", "values", "texts"),
    [
        (pa.decimal128(18, 8), [Decimal("0E-8"), Decimal("0.00000012"), Decimal("12.50000000")], ["0", "0.00000012", "12.5"]),
        (pa.float32(), [1.1, 8.0, None], ["1.1", "8", ""]),
        (pa.float64(), [1.2e-7, 1e22, 8.0], ["0.00000012", "10000000000000000000000", "8"]),
        (pa.map_(pa.string(), pa.string()), [{"k": "v"}, None], ['{"k":"v"}', ""]),
        (pa.date32(), [date(2026, 1, 15)], ["2026-01-15"]),
        (pa.list_(pa.decimal128(9, 4)), [[Decimal("1.5000")]], ['["1.5"]']),
        (pa.list_(pa.binary()), [[b"abc"]], ['["abc"]']),
    ],
)
def test_numbers_and_dates_are_text_as_one_would_write_them(serials, tmp_path, kind, values, texts):
    assert serials(parquet_of(tmp_path, kind, *values)) == texts


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("8.00", "8"),
        ("8.00000000000000000", "8"),
        ("1.2e-7", "0.00000012"),
        ("1e-99999999999999999999", "1e-99999999999999999999"),
    ],
)
def test_numbers_of_json_are_too(serials, written, text):
    line = '{"sys_id": "a1", "hostname": "web-01", "value": ' + written + "}"
    assert serials("jsonl: x.jsonl", x_jsonl=line) == [text]


def test_types_that_only_duckdb_has_keep_their_values(serials, tmp_path):
    values = ("170141183460469231731687303715884105727",)
    assert serials(duckdb_of(tmp_path, "hugeint", *values)) == list(values)


def test_moments_of_duckdb_are_told_in_utc_wherever_the_plan_is_made(serials, tmp_path, monkeypatch):
    source = duckdb_of(tmp_path, "timestamptz", "'2026-01-01 23:30:00+00'")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert serials(source) == ["2026-01-01T23:30:00+00:00"]
    assert serials(source.replace("table: ci", 'sql: "select * replace (value::date as value) from ci"')) == ["2026-01-01"]


def test_a_uuid_of_duckdb_is_its_text(serials, tmp_path):
    value = "8a1b9c7e-0000-4000-8000-000000000001"
    assert serials(duckdb_of(tmp_path, "uuid", f"'{value}'")) == [value]


def bad_rows(read: Any, source: str, **files: str) -> list[str]:
    workspace = read(SPEC.replace("SOURCE", source), {name.replace("_", "."): content for name, content in files.items()})
    return [one.message for one in workspace.diagnostics if one.rule == "inventory/bad-row" and "maxBadRows" not in one.message]


def test_bytes_that_are_no_text_make_a_bad_row(read, tmp_path):
    source = parquet_of(tmp_path, pa.binary(), b"\x80\x41\x42", b"\x81\x41\x42", b"S3")
    first, second = bad_rows(read, source)
    assert first == 'the column "value" holds bytes that are no UTF-8 text (804142); let the source write them as text'
    assert "814142" in second


def test_keys_of_different_bytes_are_not_the_same_key(read, tmp_path):
    source = parquet_of(tmp_path, pa.binary(), b"\x80\x41\x42", b"\x81\x41\x42")
    workspace = read(SPEC.replace("SOURCE", source).replace("key: sys_id", "key: value"), {})
    assert "inventory/duplicate-key" not in [one.rule for one in workspace.diagnostics]


def test_a_day_beyond_the_calendar_makes_a_bad_row(read, tmp_path):
    (found,) = bad_rows(read, parquet_of(tmp_path, pa.date32(), 10**7))
    assert 'the column "value" holds a date32[day] that is beyond what can be written' in found
    (found,) = bad_rows(read, duckdb_of(tmp_path, "date", "'infinity'"))
    assert "beyond what can be written" in found


@pytest.mark.parametrize("depth", [300, 900, 990, 1000, 2000])
@pytest.mark.parametrize("long", ["1", "12345678901234567890"])
def test_a_value_nested_too_deep_makes_a_bad_row(read, depth, long):
    line = '{"sys_id": "a1", "hostname": "web-01", "value": ' + "[" * depth + "]" * depth + ', "long": "' + long + '"}'
    (found,) = bad_rows(read, "jsonl: x.jsonl", x_jsonl=line)
    assert found.startswith(
        ('the column "value" holds a value that cannot be written as JSON', "the line is not JSON", "it is nested")
    )


def test_what_arrow_cannot_say_makes_a_bad_row(read, tmp_path):
    (found,) = bad_rows(read, parquet_of(tmp_path, pa.timestamp("us", "Nowhere/X"), 0))
    assert "beyond what can be written" in found
    (found,) = bad_rows(read, duckdb_of(tmp_path, "map(integer[], varchar)", "map {[1]: 'x'}"))
    assert "beyond what can be written" in found
    (found,) = bad_rows(read, parquet_of(tmp_path, pa.list_(pa.binary()), [b"\x80"]))
    assert "bytes that are no UTF-8 text" in found


def test_a_key_that_stands_twice_is_seen_whatever_stands_before_its_colon(read):
    line = '{"sys_id": "a1", "hostname": "web-01", "hostname"\r: "web-02", "value": "S1"}'
    (found,) = bad_rows(read, "jsonl: x.jsonl", x_jsonl=line)
    assert "hostname" in found


def test_a_statement_of_duckdb_reads_no_other_file(read, tmp_path):
    (tmp_path / "secret").write_text("canary")
    sql = f"sql: \"select 'a' sys_id, 'h' hostname, content as value from read_text('{tmp_path}/secret')\""
    source = duckdb_of(tmp_path, "text", "'S1'").replace("table: ci", sql)
    (found,) = read(SPEC.replace("SOURCE", source), {}).diagnostics
    assert found.rule == "inventory/unreadable"
    assert "disabled" in found.message
    assert "canary" not in str(found)


def test_reading_a_database_changes_nothing(read, tmp_path):
    for source, name in ((sqlite_of(tmp_path, "text", "S1"), "x.db"), (duckdb_of(tmp_path, "text", "'S1'"), "x.duckdb")):
        before = (tmp_path / name).read_bytes()
        read(SPEC.replace("SOURCE", source), {}).require_valid()
        assert (tmp_path / name).read_bytes() == before


@pytest.fixture
def table(postgres_server: str) -> Any:
    """A table of PostgreSQL with a column of the given type, and the source that names it."""
    import psycopg

    def making(column: str, *values: str) -> str:
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute("create schema if not exists cmdb")
            connection.execute("drop table if exists cmdb.ci")
            connection.execute(f"create table cmdb.ci (sys_id text, hostname text, value {column})".encode())
            for number, value in enumerate(values):
                connection.execute(f"insert into cmdb.ci values ('a{number}', 'web-{number}', {value})".encode())
        return f"database: '{postgres_server}', table: cmdb.ci"

    return making


@pytest.mark.parametrize(
    ("column", "values", "texts"),
    [
        ("uuid", ["'8a1b9c7e-0000-4000-8000-000000000001'"], ["8a1b9c7e-0000-4000-8000-000000000001"]),
        ("inet", ["'192.0.2.1'", "null"], ["192.0.2.1", ""]),
        ("numeric", ["5", "0", "'NaN'", "12345678901234567890123.5"], ["5", "0", "", "12345678901234567890123.5"]),
        ("real", ["1.1"], ["1.1"]),
        ("jsonb", ['\'{"k": "v"}\'', "'12345678901234567890123.45'"], ['{"k":"v"}', "12345678901234567890123.45"]),
        ("bytea[]", ["array['abc'::bytea]"], ['["abc"]']),
        ("timestamptz", ["'2026-01-15 10:00:00+02'"], ["2026-01-15T08:00:00+00:00"]),
    ],
)
def test_values_of_postgresql_are_told_as_it_tells_them(serials, table, column, values, texts):
    assert serials(table(column, *values)) == texts


@pytest.mark.parametrize(
    ("column", "value", "statement", "word"),
    [
        ("timestamp", "'infinity'", None, "timestamp too large"),
        ("int", "0", "select sys_id, hostname, 1 / value as value from cmdb.ci", "division by zero"),
        ("int", "0", "delete from cmdb.ci returning *", "syntax"),
    ],
)
def test_what_a_server_cannot_tell_is_an_error_of_the_source(read, table, column, value, statement, word):
    source = table(column, value)
    source = source if statement is None else source.replace("table: cmdb.ci", f"sql: {json.dumps(statement)}")
    (found,) = read(SPEC.replace("SOURCE", source), {}).diagnostics
    assert found.rule == "inventory/unreadable"
    assert word in found.message


def test_no_statement_changes_a_database(read, table, postgres_server):
    import psycopg

    source = table("text", "'S1'")
    statements = (
        "select * from cmdb.ci) as r; commit; drop table cmdb.ci; select * from (select 1 as a",
        "delete from cmdb.ci returning *",
        "with gone as (delete from cmdb.ci returning *) select * from gone",
    )
    for statement in statements:
        workspace = read(SPEC.replace("SOURCE", source.replace("table: cmdb.ci", f"sql: {json.dumps(statement)}")), {})
        assert [one.rule for one in workspace.diagnostics] == ["inventory/unreadable"]
    with psycopg.connect(postgres_server) as connection:
        assert connection.execute("select value from cmdb.ci").fetchall() == [("S1",)]


@pytest.mark.parametrize(
    "statement", ["select * from ci; -- all of them", "select * from ci; /* all */ ;\n", "select * from ci -- all"]
)
def test_a_statement_may_end_with_a_comment(serials, tmp_path, statement):
    for source in (sqlite_of(tmp_path, "text", "S1"), duckdb_of(tmp_path, "text", "'S1'")):
        assert serials(source.replace("table: ci", f"sql: {json.dumps(statement)}")) == ["S1"]


def test_the_schema_of_a_url_is_where_tables_are_looked_for(serials, table, postgres_server):
    table("text", "'S1'")
    assert serials(f"database: '{postgres_server}&schema=cmdb', table: ci") == ["S1"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader@127.0.0.1:1/x?password=canary%zzcanary",
        "postgresql://reader:canary%40canary@127.0.0.1:1/x?sslpassword=canary",
        "postgresql://reader:some@canary@127.0.0.1:1/x",
        "mysql://reader:canary@127.0.0.1:1/x",
    ],
)
def test_no_spelling_of_a_url_tells_its_password(read, url):
    workspace = read(SPEC.replace("SOURCE", f"database: '{url}', table: ci"), {})
    assert [one.rule for one in workspace.diagnostics] == ["inventory/unreadable"]
    assert "canary" not in str([*workspace.diagnostics, *(one.hint for one in workspace.diagnostics)])


def test_a_user_who_may_only_read_may_name_a_statement(serials, table, postgres_server):
    import psycopg

    table("text", "'S1'")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("drop role if exists reader")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("create role reader login")
        connection.execute("alter role reader set default_transaction_read_only = on")
        connection.execute("grant usage on schema cmdb to reader")
        connection.execute("grant select on cmdb.ci to reader")
    user = psycopg.conninfo.conninfo_to_dict(postgres_server)["user"]
    try:
        url = postgres_server.replace(f"//{user}", "//reader", 1)
        assert serials(f"database: '{url}', sql: \"select * from cmdb.ci where value like 'S%';\"") == ["S1"]
    finally:
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute("drop owned by reader; drop role reader")
