"""Rows that nobody settled, proved some at a time: each alone may be as it should be, and all together not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from declarative.assets.model import DesiredAsset
from declarative.engine.expanding import rows_in
from declarative.engine.workspace import Workspace, open_workspace
from declarative.inventory import Memory

SPEC = """\
connector: servicenow
from: {csv: cmdb.csv}
key: sys_id
map:
  identityAttributes.hostName: hostname
  identityAttributes.serialNumber: serial
  coreAttributes.businessMetaData.department: department
"""
OTHER = """\
apiVersion: declarative/v1
kind: AssetInventory
metadata: {name: leased}
spec:
  connector: servicenow
  from: {csv: leased.csv}
  key: sys_id
  map:
    identityAttributes.hostName: hostname
    identityAttributes.serialNumber: serial
"""
COUNT = 12
NOW = datetime(2026, 6, 1, tzinfo=UTC)
Seen = tuple[str, int, bytes]


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("declarative.inventory.rows.MANY", 5)
    monkeypatch.setattr("declarative.inventory.lowering.PART", 3)


def ids(assets: Sequence[DesiredAsset]) -> dict[str, Seen]:
    """Every asset is as it should be, and bound to a live one of its own."""
    numbers = {asset.address: int("".join(filter(str.isdigit, asset.address))) for asset in assets}
    return {address: (f"applied {number}", number, b"live") for address, number in numbers.items()}


def rows(serials: Mapping[int, str], prefix: str = "k", first: int = 0) -> str:
    lines = [
        f"{prefix}{number:03},host-{number},{serials.get(number, f'S{number}')},Sales" for number in range(first, first + COUNT)
    ]
    return "\n".join(("sys_id,hostname,serial,department", *lines)) + "\n"


@pytest.fixture
def objects(read: Any, tmp_path: Path) -> Callable[..., Any]:
    """Which rows became assets, and what is kept for the next plan."""

    def opening(
        files: Mapping[str, str],
        prove: Callable[[Sequence[DesiredAsset]], Mapping[str, Seen]] = ids,
        recall: Callable[[str], bytes | None] = lambda _name: None,
        **more: str,
    ) -> tuple[list[str], dict[str, bytes], Workspace]:
        read(SPEC, files, **more)
        workspace = open_workspace(tmp_path, environment=None, variables={}, environ={}, now=NOW)
        with rows_in(workspace, now=NOW, memory=lambda: Memory(recall, prove)) as opened:
            assert opened.rows is not None
            names = [asset.address.removeprefix("AssetInventory/") for asset in opened.rows.assets]
            return names, dict(opened.rows.settled({})), opened

    return opening


def test_what_is_proved_becomes_no_object_and_is_kept(objects: Any) -> None:
    names, kept, _ = objects({"cmdb.csv": rows({})})
    assert names == []
    asked: list[DesiredAsset] = []
    assert objects({"cmdb.csv": rows({})}, asked.extend, kept.get)[0] == []
    assert asked == [], "what is settled is not asked about"


def test_what_is_not_proved_is_an_object(objects: Any) -> None:
    def all_but_two(assets: Sequence[DesiredAsset]) -> dict[str, Seen]:
        return {address: seen for address, seen in ids(assets).items() if seen[1] not in (1, 10)}

    names, kept, _ = objects({"cmdb.csv": rows({})}, all_but_two)
    assert names == ["cmdb[k001]", "cmdb[k010]"]
    assert objects({"cmdb.csv": rows({})}, lambda _assets: {}, kept.get)[0] == names


def test_a_few_rows_are_looked_at_together(objects: Any) -> None:
    asked: list[DesiredAsset] = []
    few = "".join(rows({}).splitlines(keepends=True)[:6])
    assert len(objects({"cmdb.csv": few}, asked.extend)[0]) == 5
    assert asked == []


def test_rows_that_claim_the_same_in_different_parts_are_objects_both(objects: Any) -> None:
    names, kept, opened = objects({"cmdb.csv": rows({11: "S0"})})
    assert names == ["cmdb[k000]", "cmdb[k011]"]
    assert "asset/shared-identity" in [one.rule for one in opened.diagnostics]
    assert objects({"cmdb.csv": rows({11: "S0"})}, lambda _assets: {}, kept.get)[0] == names, "neither is settled"


def test_rows_that_are_bound_to_one_live_asset_are_objects_both(objects: Any) -> None:
    def twins(assets: Sequence[DesiredAsset]) -> dict[str, Seen]:
        return {
            address: (applied, 7 if number == 2 else number, live) for address, (applied, number, live) in ids(assets).items()
        }

    assert objects({"cmdb.csv": rows({})}, twins)[0] == ["cmdb[k002]", "cmdb[k007]"]


@pytest.mark.parametrize("is_known", [False, True])
def test_rows_of_two_inventories_that_claim_the_same_are_objects_both(objects: Any, is_known: bool) -> None:
    files = {"cmdb.csv": rows({}), "leased.csv": rows({105: "S3"}, "l", 100)}
    kept: dict[str, bytes] = {}
    if is_known:
        names, kept, _ = objects({**files, "cmdb.csv": rows({3: "X"})}, **{"manifests/more.yaml": OTHER})
        kept = {name: data for name, data in kept.items() if "leased" in name}
        assert (names, len(kept)) == ([], 2)
    names, _, _ = objects(files, ids, kept.get, **{"manifests/more.yaml": OTHER})
    assert names == ["cmdb[k003]", "leased[l105]"]


def test_rows_of_two_inventories_that_are_bound_to_one_live_asset_are_objects_both(objects: Any) -> None:
    def twins(assets: Sequence[DesiredAsset]) -> dict[str, Seen]:
        return {
            address: (applied, number % 100, live) for address, (applied, number, live) in ids(assets).items() if number != 104
        }

    files = {"cmdb.csv": rows({}), "leased.csv": rows({}, "l", 104)}
    names, _, _ = objects(files, twins, **{"manifests/more.yaml": OTHER})
    shared = [number for number in range(COUNT) if 105 <= 100 + number < 104 + COUNT]
    assert names == [f"cmdb[k{number:03}]" for number in shared] + [
        "leased[l104]",
        *(f"leased[l1{number:02}]" for number in shared),
    ]


def test_of_a_row_that_something_is_to_be_said_about_nothing_is_proved(objects: Any) -> None:
    names, _, opened = objects({"cmdb.csv": rows({}).replace("host-4", "host 4")})
    assert names == ["cmdb[k004]"]
    assert "AssetInventory/cmdb[k004]" in [one.address for one in opened.diagnostics]
