"""An inventory from its file to the gateway, and back to an empty plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

INVENTORY = """\
apiVersion: declarative/v1
kind: AssetInventory
metadata: {name: cmdb}
spec:
  connector: servicenow
  from: SOURCE
  key: sys_id
  map:
    identityAttributes.hostName: hostname
    identityAttributes.serialNumber: serial
    coreAttributes.hostName: hostname
    coreAttributes.businessMetaData.department: department
  lifecycle: {onRemove: retire}
"""
RECORDS = [
    {"sys_id": "a1", "hostname": "web-01", "serial": "SN-1", "department": "Sales"},
    {"sys_id": "a2", "hostname": "web-02", "serial": "SN-2", "department": "Legal"},
    {"sys_id": "a3", "hostname": "web-03", "serial": "SN-3", "department": "Sales"},
]


def declare(workplace: Any, source: str) -> None:
    workplace.write("manifests/cmdb.yaml", INVENTORY.replace("SOURCE", source))


def csv_of(records: list[dict[str, str]]) -> str:
    return "sys_id,hostname,serial,department\n" + "".join(",".join(one.values()) + "\n" for one in records)


def changes(plan: Any) -> dict[str, Any]:
    return {one["address"]: one for one in plan["changes"]}


def test_rows_are_created_once_and_edited_alone_and_retired_when_gone(workplace: Any, gateway: Any) -> None:
    declare(workplace, "{csv: data/cmdb.csv}")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    workplace.ok("validate")
    workplace.ok("plan", "--out", "plan.json")
    applied = workplace.ok("apply", "plan.json", "--wait", "--json").json
    assert applied["summary"]["applied"] == 3
    assert workplace.run("plan", "--detailed-exitcode").code == 0

    edited = [RECORDS[0], {**RECORDS[1], "department": "Engineering"}, RECORDS[2]]
    workplace.write("data/cmdb.csv", csv_of(edited))
    (change,) = workplace.ok("plan", "--json").json["changes"]
    assert (change["address"], change["action"]) == ("AssetInventory/cmdb[a2]", "update")
    assert [field["path"] for field in change["fields"]] == ["coreAttributes.businessMetaData.department"]
    assert change["source"] == {"file": "data/cmdb.csv", "line": 3, "column": 1}

    stale = workplace.ok("plan", "--out", "plan.json")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    assert workplace.run("apply", "plan.json").code == 6, stale.text

    workplace.write("data/cmdb.csv", csv_of(RECORDS[:2]))
    plan = workplace.ok("plan", "--json").json
    assert {one["address"]: one["action"] for one in plan["changes"]} == {"AssetInventory/cmdb[a3]": "retire"}


def test_what_the_manifest_says_now_decides_over_a_row_that_goes(workplace: Any) -> None:
    declare(workplace, "{csv: data/cmdb.csv}")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    workplace.ok("apply", "--auto-approve", "--wait")
    assert workplace.run("plan", "--detailed-exitcode").code == 0
    workplace.write("data/cmdb.csv", csv_of(RECORDS[:2]))
    workplace.write("manifests/cmdb.yaml", INVENTORY.replace("SOURCE", "{csv: data/cmdb.csv}").replace("retire", "forget"))
    planned = changes(workplace.ok("plan", "--json").json)
    assert planned["AssetInventory/cmdb[a3]"]["action"] == "forget"
    assert planned["AssetInventory/cmdb[a3]"]["reason"] == "the row is gone; the asset stays in the inventory"
    workplace.ok("apply", "--auto-approve")

    workplace.write("data/cmdb.csv", csv_of(RECORDS[:1]))
    declare(workplace, "{csv: data/cmdb.csv}")
    planned = changes(workplace.ok("plan", "--json").json)
    assert planned["AssetInventory/cmdb[a2]"]["action"] == "retire"


def test_a_bad_row_removes_nothing(workplace: Any) -> None:
    declare(workplace, "{csv: data/cmdb.csv}\n  maxBadRows: 1")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    workplace.ok("apply", "--auto-approve", "--wait")
    workplace.write("data/cmdb.csv", csv_of(RECORDS[:2]) + "a3,web-03\n")
    plan = workplace.run("plan", "--json", "--detailed-exitcode")
    assert plan.code == 0, plan.text
    assert [one["rule"] for one in plan.json["diagnostics"] if one["file"] == "data/cmdb.csv"] == ["inventory/bad-row"]


def test_a_row_that_went_to_another_inventory_and_is_a_bad_one_there_is_not_removed(workplace: Any) -> None:
    def write(here: list[dict[str, str]], there: str) -> None:
        workplace.write("data/cmdb.csv", csv_of(here))
        workplace.write("data/hr.csv", csv_of(RECORDS[2:]) + there)

    declare(workplace, "{csv: data/cmdb.csv}")
    other = INVENTORY.replace("SOURCE", "{csv: data/hr.csv}\n  maxBadRows: 1").replace("{name: cmdb}", "{name: hr}")
    workplace.write("manifests/hr.yaml", other)
    write(RECORDS[:2], "")
    workplace.ok("apply", "--auto-approve", "--wait")
    write(RECORDS[:1], "a2,web-02\n")
    held = workplace.ok("plan", "--json").json
    assert changes(held) == {}
    assert any("no row of any inventory is removed" in one["message"] for one in held["diagnostics"])
    write(RECORDS[:1], "")
    planned = changes(workplace.ok("plan", "--json").json)
    assert {address: one["action"] for address, one in planned.items()} == {"AssetInventory/cmdb[a2]": "retire"}


def test_conditions_that_no_row_meets_remove_nothing(workplace: Any) -> None:
    declare(workplace, "{csv: data/cmdb.csv}")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    workplace.ok("apply", "--auto-approve", "--wait")
    declare(workplace, "{csv: data/cmdb.csv}\n  where: [{column: department, equals: sales}]")
    refused = workplace.run("plan")
    assert refused.code == 4, refused.text
    assert "none of its 3 rows meets the conditions in `where`" in refused.text


def test_an_inventory_as_a_target_or_an_exclude_means_all_its_rows(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/web.yaml", asset("web-09"))
    declare(workplace, "{csv: data/cmdb.csv}")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    workplace.ok("apply", "--auto-approve", "--wait", "-t", "AssetInventory/cmdb")
    workplace.write("data/cmdb.csv", csv_of([{**RECORDS[0], "department": "Legal"}, RECORDS[1]]))
    whole = changes(workplace.ok("plan", "--json").json)
    assert {address: one["action"] for address, one in whole.items()} == {
        "Asset/web-09": "create",
        "AssetInventory/cmdb[a1]": "update",
        "AssetInventory/cmdb[a3]": "retire",
    }
    rows = {address: one for address, one in whole.items() if address != "Asset/web-09"}
    for glob in ("AssetInventory/cmdb", "AssetInventory/c*", "AssetInventory/cmdb[*]"):
        assert changes(workplace.ok("plan", "--json", "-t", glob).json) == rows, glob
        assert list(changes(workplace.ok("plan", "--json", "-x", glob).json)) == ["Asset/web-09"], "those gone neither"


def test_an_inventory_whose_manifest_is_gone_is_known_by_its_rows(workplace: Any, gateway: Any) -> None:
    declare(workplace, "{csv: data/cmdb.csv}")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    workplace.ok("apply", "--auto-approve", "--wait")
    (workplace.folder / "manifests/cmdb.yaml").unlink()
    gone = changes(workplace.ok("plan", "--json", "-t", "AssetInventory/cmdb").json)
    assert {one["action"] for one in gone.values()} == {"retire"}
    assert len(gone) == 3
    assert changes(workplace.ok("plan", "--json", "-x", "AssetInventory/*").json) == {}

    asset_id = gone["AssetInventory/cmdb[a2]"]["assetId"]
    gateway.call("/_sandbox/drift", {"assetId": asset_id, "set": {"businessInformation.department": "Finance"}})
    drifted = workplace.ok("drift", "--json", "-t", "AssetInventory/cmdb").json
    assert list(changes(drifted)) == ["AssetInventory/cmdb[a2]"]
    assert changes(workplace.ok("drift", "--json", "-x", "AssetInventory/cmdb").json) == {}
    assert workplace.run("drift", "-t", "AssetInventory/cmbd").code == 64


def test_the_same_rows_make_the_same_plan_in_every_format(workplace: Any) -> None:
    workplace.write("data/cmdb.csv", csv_of(list(reversed(RECORDS))))
    workplace.write("data/cmdb.jsonl", "".join(json.dumps(one) + "\n" for one in RECORDS))
    folder: Path = workplace.folder / "data"
    parquet.write_table(
        pa.Table.from_pylist(RECORDS).select(["serial", "department", "sys_id", "hostname"]), folder / "cmdb.parquet"
    )
    digests = set()
    for kind in ("csv", "jsonl", "parquet"):
        declare(workplace, "{" + f"{kind}: data/cmdb.{kind}" + "}")
        plan = workplace.ok("plan", "--json").json
        assert plan["summary"]["create"] == 3
        digests.add(plan["digest"])
    assert len(digests) == 1


def test_a_damaged_state_is_refused_although_rows_are_read_meanwhile(workplace: Any) -> None:
    declare(workplace, "{csv: data/cmdb.csv}")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    workplace.ok("apply", "--auto-approve", "--wait")
    state = workplace.folder / ".declarative/state.db"
    content = state.read_bytes()
    state.write_bytes(content[: len(content) // 2])
    for command in (("plan",), ("apply", "--auto-approve")):
        run = workplace.run(*command)
        assert run.code == 1, run.text
        assert "state.db" in run.text
        assert "Traceback" not in run.text
    assert state.read_bytes() == content[: len(content) // 2], "what is left of it is as it was"


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_without_the_extra_the_message_names_it(workplace: Any, command: str, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "ibis.py").write_text("raise ModuleNotFoundError(\"No module named 'ibis'\", name='ibis')\n")
    declare(workplace, "{csv: data/cmdb.csv}")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    finished = workplace.run(command, env={"PYTHONPATH": str(blocked)})
    assert finished.code == 64, finished.text
    assert "qualys-declarative[inventory]" in finished.err


@pytest.mark.spark
def test_spark_and_duckdb_make_the_same_plan(workplace: Any, spark: str) -> None:
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    declare(workplace, "{csv: data/cmdb.csv}")
    workplace.ok("apply", "--auto-approve", "--wait")
    workplace.write("data/cmdb.csv", csv_of([RECORDS[0], {**RECORDS[1], "department": "Engineering"}]))
    plans = []
    for lines in ("", spark):
        declare(workplace, "{csv: data/cmdb.csv}" + "".join(f"\n  {line}" for line in lines.splitlines()))
        plans.append(workplace.ok("plan", "--json", timeout=600).json)
    assert plans[0]["digest"] == plans[1]["digest"]
    assert plans[0]["changes"] == plans[1]["changes"]
    assert {one["action"] for one in plans[1]["changes"]} == {"update", "retire"}
