"""Plans of an inventory as a user runs them: a hundredth of the rows has changed, everything else was settled before.

The gateway is the sandbox with as many generated assets on loopback; its processor time and memory are not counted. What
earlier plans would have left (state, snapshot, settled rows) is made here in one go, by the functions that the tool itself
uses; a plan that looks at every row has to come to the same, which `--sizes` up to 20 000 check.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.gateway import sandbox
from benchmarks.measure import Usage, best, tool
from benchmarks.results import Finding, Remark, Row

SIZES = (10_000, 100_000)
CHECKED = 20_000
COLUMNS = ("sys_id", "hostname", "fqdn", "serial", "uuid", "mac", "address", "department", "owner", "city", "model", "status")
PROJECT = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: bench}
spec: {platform: EU1, pageSize: 300, batchSize: 500}
"""
MANIFESTS = """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: servicenow}
spec: {connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ab, source: SNOW}
---
apiVersion: declarative/v1
kind: AssetInventory
metadata: {name: cmdb}
spec:
  connector: servicenow
  from: SOURCE
  key: sys_id
  map:
    identityAttributes.hostName: hostname
    identityAttributes.fqdn: fqdn
    identityAttributes.serialNumber: serial
    identityAttributes.hardwareUuid: uuid
    identityAttributes.macAddress: {column: mac, split: " "}
    identityAttributes.ipAddress: {column: address, split: " "}
    coreAttributes.hostName: hostname
    coreAttributes.businessMetaData.department: department
    coreAttributes.businessMetaData.ownedBy: owner
    coreAttributes.assignedLocation.city: city
  where: [{column: status, notIn: [retired]}]
"""
Rows = list[dict[str, str]]


def findings(size: int) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as folder, sandbox("--delay", "0", "--seed", "0", "--assets", str(size)) as environ:
        root = Path(folder) / "project"
        environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        (root / "manifests").mkdir(parents=True)
        (root / "declarative.yaml").write_text(PROJECT)
        declare(root, "parquet")
        from benchmarks.warm import live_rows, settle

        write(root, live_rows(size))
        settle(root, environ)

        def planned(*arguments: str) -> Usage:
            return tool("plan", "--max-creates", str(size), "--json", *arguments, root=root, environ=environ, keep=True)

        yield Row.of("parquet, nothing changed", size, planned(), "rows")
        write(root, changed(live_rows(size)))
        for kind in ("parquet", "csv", "jsonl"):
            declare(root, kind)
            usage = best(2, planned) if size <= CHECKED else planned()
            yield Row.of(f"{kind}, 1 % changed", size, usage, "rows")
            told = json.loads(usage.output)["summary"]
            yield Remark(f"{kind}: " + ", ".join(f"{count} {action}" for action, count in told.items() if count))
            if size <= CHECKED:
                whole = json.loads(planned("--all").output)
                assert whole["digest"] == json.loads(usage.output)["digest"], "rows that pass change no plan"


def declare(root: Path, kind: str) -> None:
    (root / "manifests" / "all.yaml").write_text(MANIFESTS.replace("SOURCE", f"{{{kind}: cmdb.{kind}}}"))


def changed(rows: Iterator[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    """Every hundredth row says something else; a thousandth are new."""
    for number, row in enumerate(rows):
        yield {**row, "department": "Moved"} if number % 100 == 0 else row
        if number % 1_000 == 999:
            yield {
                **row,
                **dict.fromkeys(("sys_id", "hostname", "serial"), f"new-{number}"),
                "fqdn": "",
                "uuid": "",
                "mac": "",
                "address": "",
            }


def write(root: Path, rows: Iterator[Mapping[str, str]]) -> None:
    """The same rows as Parquet, CSV and JSON Lines."""
    import orjson
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with (
        parquet.ParquetWriter(root / "cmdb.parquet", schema) as columns,
        (root / "cmdb.csv").open("w") as table,
        (root / "cmdb.jsonl").open("wb") as lines,
    ):
        table.write(",".join(COLUMNS) + "\n")
        while chunk := list(islice(rows, 20_000)):
            columns.write_table(pa.Table.from_pylist(chunk, schema=schema))
            table.writelines(",".join(one[name] for name in COLUMNS) + "\n" for one in chunk)
            lines.writelines(orjson.dumps(one) + b"\n" for one in chunk)


__all__: list[Any] = ["SIZES", "findings"]
