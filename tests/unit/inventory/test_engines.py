"""Every engine comes to the same: conditions, digests, repeated keys, and which rows pass."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from declarative.core.errors import UsageError
from declarative.engine.expanding import rows_in
from declarative.engine.workspace import open_workspace
from declarative.inventory import Memory, Rows

SPEC = """\
connector: servicenow
from: {csv: data/cmdb.csv}
key: sys_id
map:
  identityAttributes.hostName: hostname
  identityAttributes.serialNumber: serial
  coreAttributes.fqdn: "{hostname}.corp.example"
  coreAttributes.businessMetaData.department: department
where: [{column: department, notIn: [Gone]}]
maxBadRows: 1
"""
HEADER = "sys_id,hostname,serial,department\n"
ROWS = """\
b2,web-02,S2,
a1,w\u00e9b-01,S1,\u5317\u4eac \U0001f600
c3,web-03,S3,Gone
\u00e44,web-04,S4,Sales
,web-05,S5,Sales
D5,web-06,S6,1.0
"""


@pytest.fixture
def outcome(read: Any, tmp_path: Path) -> Any:
    """What a project comes to with an engine, twice: with nothing known, and with what the first reading would settle."""

    def coming(engine: str) -> list[Any]:
        read(SPEC + engine, {"data/cmdb.csv": HEADER + ROWS})
        first, kept = opened(tmp_path, {}, settle=True)
        (tmp_path / "data/cmdb.csv").write_text(HEADER + ROWS.replace("S4", "S44") + "e6,web-07,S2,Sales\n")
        again, _ = opened(tmp_path, kept, settle=False)
        return [first, again]

    return coming


def opened(root: Path, kept: dict[str, bytes], *, settle: bool) -> tuple[list[Any], dict[str, bytes]]:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    workspace = open_workspace(root, environment=None, variables={}, environ={}, now=now)
    with rows_in(workspace, now=now, memory=lambda: Memory(kept.get)) as found:
        rows = found.rows
        assert rows is not None
        assets = [(asset.address, asset.identity, asset.core, str(asset.position)) for asset in found.assets]
        told = [
            (one.rule, str(one.position), one.message)
            for one in found.diagnostics
            if one.rule.startswith(("inventory/", "asset/s"))
        ]
        seen = [assets, told, rows.digest, rows.passing]
        if settle:
            kept = dict(rows.settled({address: ("d", number, b"l") for number, (address, *_) in enumerate(assets)}))
        else:
            seen.append(against(rows))
        return seen, kept


def against(rows: Rows) -> list[Any]:
    """What speaks against rows that pass: another record, none, another live record, a claim on the live asset."""
    steps: list[Any] = [rows.compare_applied(lambda prefix: [(f"{prefix}{key}]", "d") for key in ("a1", "b2", "D5", "gone")])]
    for take in (
        lambda: rows.compare_live(lambda: [(number, b"l") for number in range(3)]),
        lambda: rows.take_holding([0]),
        lambda: rows.take(["AssetInventory/cmdb[a1]", "Asset/x"]),
    ):
        take()
        steps.append((rows.passing, [asset.address for asset in rows.assets]))
    return steps


def test_duckdb_lets_pass_what_nothing_speaks_against(outcome: Any) -> None:
    (assets, told, _, passing), (_, _, _, still, steps) = outcome("")
    assert [address for address, *_ in assets] == [f"AssetInventory/cmdb[{key}]" for key in ("D5", "a1", "b2", "\u00e44")]
    assert ("inventory/bad-row", "data/cmdb.csv:6:1") in [(rule, place) for rule, place, _ in told]
    assert (passing, still) == (0, 2), "one row is another now, and one claims what a new one claims too"
    assert steps[0] == ["AssetInventory/cmdb[gone]"]
    assert steps[-1][0] == 0


@pytest.mark.spark
def test_spark_comes_to_the_same(outcome: Any, spark: str) -> None:
    assert outcome(spark) == outcome("")


def test_without_spark_the_message_names_the_extra(read: Any) -> None:
    if importlib.util.find_spec("pyspark") is not None:
        pytest.skip("pyspark is installed")
    with pytest.raises(UsageError, match="AssetInventory/cmdb needs the extra `spark`") as refused:
        read(SPEC + "engine: pyspark\n", {"data/cmdb.csv": HEADER + ROWS})
    assert "qualys-declarative[spark]" in str(refused.value.hint)
