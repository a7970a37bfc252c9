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
    changes = {one["address"]: one for one in workplace.ok("plan", "--json").json["changes"]}
    assert changes["AssetInventory/cmdb[a3]"]["action"] == "forget"
    assert changes["AssetInventory/cmdb[a3]"]["reason"] == "the row is gone; the asset stays in the inventory"
    workplace.ok("apply", "--auto-approve")

    workplace.write("data/cmdb.csv", csv_of(RECORDS[:1]))
    declare(workplace, "{csv: data/cmdb.csv}")
    changes = {one["address"]: one for one in workplace.ok("plan", "--json").json["changes"]}
    assert changes["AssetInventory/cmdb[a2]"]["action"] == "retire"


def test_a_bad_row_removes_nothing(workplace: Any) -> None:
    declare(workplace, "{csv: data/cmdb.csv}\n  maxBadRows: 1")
    workplace.write("data/cmdb.csv", csv_of(RECORDS))
    workplace.ok("apply", "--auto-approve", "--wait")
    workplace.write("data/cmdb.csv", csv_of(RECORDS[:2]) + "a3,web-03\n")
    plan = workplace.run("plan", "--json", "--detailed-exitcode")
    assert plan.code == 0, plan.text
    assert [one["rule"] for one in plan.json["diagnostics"] if one["file"] == "data/cmdb.csv"] == ["inventory/bad-row"]


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
