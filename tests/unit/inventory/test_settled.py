"""What is kept of settled rows for the next plan: the few that are new beside all the others, and at times everything anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from declarative.engine.expanding import rows_in
from declarative.engine.workspace import open_workspace
from declarative.inventory import Memory

SPEC = """\
connector: servicenow
from: {csv: cmdb.csv}
key: sys_id
map:
  identityAttributes.hostName: hostname
  identityAttributes.serialNumber: serial
"""
COUNT = 40
WHOLE, SINCE = "AssetInventory/cmdb", "AssetInventory/cmdb#since"
Kept = dict[str, bytes]


@pytest.fixture
def plan(read: Any, tmp_path: Path) -> Callable[..., tuple[int, Kept]]:
    """How many rows pass by what is kept, and what is kept anew after everything else was found unchanged."""
    read(SPEC, {"cmdb.csv": "sys_id,hostname,serial\n"})

    def planning(kept: Mapping[str, bytes], serials: Mapping[int, str]) -> tuple[int, Kept]:
        lines = [f"k{number:02},host-{number},{serials.get(number, f'S{number}')}" for number in range(COUNT)]
        (tmp_path / "cmdb.csv").write_text("\n".join(("sys_id,hostname,serial", *lines)) + "\n")
        now = datetime(2026, 6, 1, tzinfo=UTC)
        workspace = open_workspace(tmp_path, environment=None, variables={}, environ={}, now=now)
        with rows_in(workspace, now=now, memory=lambda: Memory(kept.get)) as opened:
            assert opened.rows is not None
            passed = opened.rows.passing
            found = {asset.address: ("applied", int(asset.address[-3:-1]), b"live") for asset in opened.rows.assets}
            return passed, dict(opened.rows.settled(found))

    return planning


def test_a_few_new_ones_are_kept_beside_the_others(plan: Any) -> None:
    passed, kept = plan({}, {})
    assert (passed, kept.keys()) == (0, {WHOLE, SINCE})
    assert plan(kept, {}) == (COUNT, {}), "nothing is kept where nothing is new"
    passed, newer = plan(kept, {3: "X3"})
    assert (passed, newer.keys()) == (COUNT - 1, {SINCE})
    kept |= newer
    assert plan(kept, {3: "X3"}) == (COUNT, {})
    passed, newer = plan(kept, {3: "X3", 5: "X5"})
    assert (passed, newer.keys()) == (COUNT - 1, {SINCE})
    assert plan(kept | newer, {3: "X3", 5: "X5"}) == (COUNT, {}), "those from before are still among them"


def test_what_was_settled_last_counts(plan: Any) -> None:
    _, kept = plan({}, {})
    for serial in ("X3", "S3"):
        passed, newer = plan(kept, {3: serial})
        assert (passed, newer.keys()) == (COUNT - 1, {SINCE})
        kept |= newer
    assert plan(kept, {}) == (COUNT, {})


def test_once_they_are_many_all_are_kept_anew(plan: Any) -> None:
    _, kept = plan({}, {})
    many = {number: f"X{number}" for number in range(10)}
    passed, newer = plan(kept, many)
    assert (passed, newer.keys()) == (COUNT - 10, {WHOLE, SINCE})
    assert plan(newer, many) == (COUNT, {})


def test_what_is_damaged_is_not_known(plan: Any) -> None:
    _, kept = plan({}, {})
    _, newer = plan(kept, {3: "X3"})
    kept |= newer
    assert plan(kept | {SINCE: kept[SINCE][:-9]}, {3: "X3"})[0] == COUNT - 1
    assert plan(kept | {WHOLE: b"rubbish"}, {3: "X3"})[0] == 1


def test_a_row_that_holds_what_separates_cells_is_never_settled(plan: Any) -> None:
    """Two such rows may have one digest; a row without it has one of its own."""
    _, kept = plan({}, {3: "X\x1fY", 5: "Y"})
    assert plan(kept, {3: "X\x1fY", 5: "Y"})[0] == COUNT - 1
    assert plan(kept, {3: "X", 5: "Y\x1fk05"})[0] == COUNT - 2
