"""Plan, apply and drift of an inventory as a user runs them: a hundredth of the rows has changed, everything else was settled.

The gateway is the sandbox with as many generated assets on loopback; its processor time and memory are not counted. What
earlier plans would have left (state, snapshot, settled rows) is made here in one go, by the functions that the tool itself
uses; a plan that looks at every row has to come to the same, which `--sizes` up to 20 000 check. For a million assets that
takes a quarter of an hour: `--keep DIR` keeps it for the next run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import orjson

from benchmarks.gateway import sandbox
from benchmarks.keeping import kept
from benchmarks.measure import Usage, best, tool
from benchmarks.results import Finding, Remark, Row
from declarative.core.chunks import chunks

SIZES = (10_000, 100_000)
CHECKED = 20_000
RULED_ANEW = 100_000
"""Up to so many a plan under another rule is measured, which looks at every row."""
COLUMNS = ("sys_id", "hostname", "fqdn", "serial", "uuid", "mac", "address", "department", "owner", "city", "model", "status")
PROJECT = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: bench}
spec: {platform: EU1, pageSize: 300, batchSize: 500}
"""
RULED = PROJECT.replace("spec: {", "spec: {rules: {asset/host-name: {severity: error, reason: measured}}, ")
"""Under another rule every row has to be looked at again."""
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
STATE = ".declarative"
KINDS = ("parquet", "csv", "jsonl")
Rows = Sequence[Mapping[str, str]]


def findings(size: int) -> Iterator[Finding]:
    with (
        kept(f"inventory-{size}", lambda folder, port: make(folder, port, size)) as (folder, port),
        gateway(port, size) as environ,
    ):
        root = folder / "project"
        environ["XDG_CACHE_HOME"] = str(folder / "cache")

        def run(*arguments: str) -> Usage:
            return tool(*arguments, root=root, environ=environ, keep=True)

        def planned(*arguments: str) -> Usage:
            return run("plan", "--max-creates", str(size), "--json", *arguments)

        (root / "declarative.yaml").write_text(PROJECT)  # a run that was killed may have left the other one
        renew(folder)
        declare(root, "settled.parquet")
        yield Row.of("parquet, nothing changed", size, planned(), "rows")
        yield Row.of("drift, never looked at", size, run("drift", "--json"), "rows")
        yield Row.of("drift, nothing changed", size, run("drift", "--json"), "rows")
        if size <= RULED_ANEW:
            renew(folder)
            (root / "declarative.yaml").write_text(RULED)
            yield Row.of("parquet, nothing changed but a rule", size, planned(), "rows")
            (root / "declarative.yaml").write_text(PROJECT)

        def anew() -> Usage:
            renew(folder)
            return planned()

        for kind in KINDS:
            declare(root, f"changed.{kind}")
            usage = best(2, anew)
            yield Row.of(f"{kind}, 1 % changed", size, usage, "rows")
            yield Remark(f"{kind}: {_told(usage)}")
            if size <= CHECKED:
                whole = json.loads(planned("--all").output)
                assert whole["digest"] == json.loads(usage.output)["digest"], "rows that pass change no plan"
        declare(root, "changed.parquet")
        usage = run("apply", "--auto-approve", "--max-creates", str(size), "--max-updates", str(size), "--json")
        yield Row.of("plan and apply, parquet, 1 % changed", size, usage, "rows")
        yield Remark(f"apply: {_told(usage)}")


def make(folder: Path, port: int, size: int) -> None:
    """Rows in files, and the state as it was settled, beside the project."""
    from benchmarks.warm import live_rows, settle

    root = folder / "project"
    shutil.rmtree(root, ignore_errors=True)
    (root / "manifests").mkdir(parents=True)
    (root / "declarative.yaml").write_text(PROJECT)
    write(root, "settled", ("parquet",), live_rows(size))
    write(root, "changed", KINDS, changed(live_rows(size)))
    declare(root, "settled.parquet")
    with gateway(port, size) as environ:
        settle(root, environ, size)
    shutil.rmtree(folder / STATE, ignore_errors=True)
    (root / STATE).rename(folder / STATE)


def renew(folder: Path) -> None:
    """The state as it was settled: every figure begins with it, on the disk. Else the plan's own flush would have to wait for
    gigabytes that were copied."""
    shutil.rmtree(folder / "project" / STATE, ignore_errors=True)
    shutil.copytree(folder / STATE, folder / "project" / STATE)
    os.sync()


def gateway(port: int, size: int) -> AbstractContextManager[dict[str, str]]:
    return sandbox("--port", str(port), "--delay", "0", "--seed", "0", "--assets", str(size))


def declare(root: Path, source: str) -> None:
    kind = source.rpartition(".")[2]
    (root / "manifests" / "all.yaml").write_text(MANIFESTS.replace("SOURCE", f"{{{kind}: {source}}}"))


def _told(usage: Usage) -> str:
    return ", ".join(f"{count} {action}" for action, count in json.loads(usage.output)["summary"].items() if count)


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


def write(root: Path, name: str, kinds: Sequence[str], rows: Iterator[Mapping[str, str]]) -> None:
    """The same rows in files of every kind."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with ExitStack() as stack:
        sinks: list[Callable[[Rows], object]] = []
        if "parquet" in kinds:
            columns = stack.enter_context(parquet.ParquetWriter(root / f"{name}.parquet", schema))
            sinks.append(lambda chunk: columns.write_table(pa.Table.from_pylist(chunk, schema=schema)))
        if "csv" in kinds:
            table = stack.enter_context((root / f"{name}.csv").open("w"))
            table.write(",".join(COLUMNS) + "\n")
            sinks.append(lambda chunk: table.writelines(",".join(one[name] for name in COLUMNS) + "\n" for one in chunk))
        if "jsonl" in kinds:
            lines = stack.enter_context((root / f"{name}.jsonl").open("wb"))
            sinks.append(lambda chunk: lines.writelines(orjson.dumps(one) + b"\n" for one in chunk))
        for chunk in chunks(rows, 20_000):
            for sink in sinks:
                sink(chunk)
