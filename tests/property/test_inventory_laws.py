"""Whatever the rows hold: their format, their order and the order of columns change nothing."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ibis", reason="the extra `inventory` is not installed")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from declarative.assets.model import ConnectorRef
from declarative.core.diagnostics import Position
from declarative.inventory import Expansion, expand
from declarative.kinds.model import Desired, FieldSource, InventoryDeclaration, InventorySource

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Co", "Cn")), max_size=12)
COLUMNS = ("key", "owner", "tags")


def declaration(kind: str) -> InventoryDeclaration:
    def field(path: str, types: str, column: str, split: str | None = None) -> FieldSource:
        return FieldSource(path, frozenset({types}), f"/spec/map/{path}", column=column, split=split)

    return InventoryDeclaration(
        address="AssetInventory/cmdb",
        connector="servicenow",
        source=InventorySource(kind, f"rows.{kind}"),
        key="key",
        fields=(
            field("identityAttributes.sourceNativeKey", "string", "key"),
            field("coreAttributes.businessMetaData.ownedBy", "string", "owner"),
            field("coreAttributes.businessMetaData.managedBy", "string", "tags"),
        ),
        defaults=(),
        where=(),
        max_bad_rows=1_000,
        engine="duckdb",
        lifecycle={},
        columns=dict.fromkeys(COLUMNS, "/spec/map"),
        locate=lambda _pointer: Position("cmdb.yaml"),
    )


def read(kind: str, folder: Path) -> Expansion:
    desired = Desired(connectors=(ConnectorRef("servicenow", "u", "SNOW"),), inventories=(declaration(kind),))
    return expand(desired, {}, folder, now=datetime(2026, 6, 1, tzinfo=UTC))


def meaning(expansion: Expansion) -> list[Any]:
    return [(asset.address, asset.identity, asset.core) for asset in expansion.assets]


@given(
    rows=st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=8, unique_by=lambda row: row[0].strip()),
    order=st.permutations(COLUMNS),
    shuffled=st.randoms(use_true_random=False),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_format_and_order_change_nothing(
    tmp_path: Path, rows: list[tuple[str, str, str]], order: list[str], shuffled: Any
) -> None:
    records = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    shuffled.shuffle(records)
    text = io.StringIO()
    writer = csv.DictWriter(text, order, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(records)
    (tmp_path / "rows.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    lines, table = read("jsonl", tmp_path), read("csv", tmp_path)
    assert meaning(lines) == meaning(table)
    assert lines.digest == table.digest
    bad = [
        sum(one.rule == "inventory/bad-row" and one.address is not None for one in both.diagnostics) for both in (lines, table)
    ]
    assert bad[0] == bad[1], "no row is lost without a word"
    told = {one.message for one in lines.diagnostics if one.rule == "inventory/bad-row"}
    assert len(lines.assets) == len(rows) or told
