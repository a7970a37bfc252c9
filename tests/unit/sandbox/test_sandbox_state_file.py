"""What a restart keeps when there is a state file, and what it costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from declarative.sandbox import RunningSandbox, SandboxError, SandboxOptions, running

CONNECTOR = "489e8429-2e82-4599-a2a8-0123456789ab"
SYNC = "/rest/2.0/am/connector/asset/data/sync"


@contextmanager
def session(path: Path, **options: Any) -> Iterator[tuple[RunningSandbox, httpx.Client]]:
    with running(SandboxOptions(state=path, **options)) as sandbox, httpx.Client(base_url=sandbox.url) as http:
        token = http.post("/auth", data={"username": "sandbox", "password": "sandbox"}).text
        http.headers["Authorization"] = f"Bearer {token}"
        yield sandbox, http


def envelope(*names: str) -> dict[str, Any]:
    core = {"domainRole": "x", "softwares": [{"name": "nginx", "version": "1"}]}
    identities = ({"sourceNativeKey": name, "hostName": f"h-{name}", "instanceUuid": f"i-{name}"} for name in names)
    assets = [{"identityAttributes": identity, "coreAttributes": core} for identity in identities]
    return {"connectorMetaData": {"connectorUuid": CONNECTOR, "source": "SNOW"}, "assetData": assets}


def found(http: httpx.Client) -> list[dict[str, Any]]:
    answer = http.post("/rest/2.0/search/am/asset")
    return [] if answer.status_code == 204 else answer.json()["assetListData"]["asset"]


def test_assets_native_keys_connectors_reports_and_components_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    report = {"name": "R", "format": "PDF", "templateName": "T", "reportType": "EASM_LEAD"}
    with session(path, delay=0) as (sandbox, http):
        http.post(SYNC, json=envelope("NK-1"))
        before = found(http)
        made = http.post("/rest/2.0/am/report", json=report).json()["data"]["fileUuid"]
        sandbox.call("seed", {"components": [{"assetName": "h-NK-1", "name": "log4j-core", "lastFoundAt": "2026-01-02"}]})
        connectors = sandbox.call("connectors", {})
        components = http.post("/rest/2.0/am/asset/component").content
    with session(path, delay=0) as (sandbox, http):
        assert found(http) == before
        assert sandbox.call("connectors", {}) == connectors
        assert [row["fileUuid"] for row in sandbox.call("reports")["reports"]] == [made]
        assert http.get("/rest/2.0/am/report/download", params={"reportName": "R"}).content.startswith(b"%PDF")
        assert http.post("/rest/2.0/am/asset/component").content == components
        http.post(SYNC, json=envelope("NK-1", "NK-2"))
        assert [row["rule"] for row in sandbox.call("identification")["identification"]] == ["sourceNativeKey", "none"]
        assert [record["assetId"] for record in found(http)] == [before[0]["assetId"], before[0]["assetId"] + 1]


def test_an_import_that_waits_arrives_after_the_restart(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    with session(path, delay=3600) as (_, http):
        http.post(SYNC, json=envelope("NK-1", "NK-2"))
    with session(path) as (sandbox, http):
        assert found(http) == []
        sandbox.call("clock", {"advance": 3601})
        assert [record["assetName"] for record in found(http)] == ["h-NK-1", "h-NK-2"]
    with session(path) as (sandbox, http):
        assert len(found(http)) == 2
        assert sandbox.call("identification")["queued"] == 0


def test_drift_purges_and_the_time_that_passed_survive_over_a_generated_estate(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    with session(path, assets=3, seed=4, delay=0) as (sandbox, http):
        first, second, _ = found(http)
        sandbox.call("drift", {"assetId": first["assetId"], "delete": True})
        sandbox.call("drift", {"assetId": second["assetId"], "set": {"domainRole": "changed"}})
        http.post(SYNC, json=envelope("NK-1"))
        sandbox.call("drift", {"assetName": "h-NK-1", "delete": True})
        sandbox.call("clock", {"advance": 7200})
        now = sandbox.call("")["now"]
        left = found(http)
    with session(path, delay=0) as (sandbox, http):
        assert found(http) == left
        assert left[0]["domainRole"] == "changed"
        assert sandbox.call("")["now"] >= now
        http.post(SYNC, json=envelope("NK-2"))
        assert found(http)[-1]["assetId"] == first["assetId"] + 4, "an id is never given twice"


def test_a_reset_empties_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    with session(path, delay=0) as (sandbox, http):
        http.post(SYNC, json=envelope("NK-1"))
        sandbox.call("reset", {"assets": 2})
    with session(path) as (_, http):
        assert [record["assetId"] for record in found(http)] == [5_000_001, 5_000_002]


def test_a_killed_sandbox_loses_nothing_that_it_answered(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    script = f"""
from pathlib import Path
from declarative.sandbox import *
serve(SandboxOptions(delay=0, state=Path({str(path)!r})), announce=lambda line: print(line, flush=True))
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout
        url = process.stdout.readline().split(" on ")[1].split(". ")[0]
        token = httpx.post(f"{url}/auth", data={"username": "sandbox", "password": "sandbox"}).text
        answer = httpx.post(f"{url}{SYNC}", json=envelope("NK-1"), headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        process.send_signal(signal.SIGKILL)
    with session(path) as (_, http):
        assert [record["assetName"] for record in found(http)] == ["h-NK-1"]


def test_a_second_sandbox_on_the_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    with session(path), pytest.raises(SandboxError, match="another sandbox has it open"), session(path):
        pass


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look", b"SQLite format 3\x00" + b"\x07" * 200])
def test_a_file_that_is_no_state_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sandbox.db"
    path.write_bytes(content)
    with pytest.raises(SandboxError, match=r"sandbox\.db"), session(path):
        pass
    assert path.read_bytes() == content


def test_another_estate_than_the_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    with session(path, assets=3):
        pass
    with pytest.raises(SandboxError, match="made with 3 generated assets, not 4"), session(path, assets=4):
        pass


def test_a_scenario_sets_the_stage_once_and_its_faults_each_time(tmp_path: Path) -> None:
    path, scenario = tmp_path / "sandbox.db", tmp_path / "s.yaml"
    scenario.write_text(
        "estate: {assets: 1}\nrecords: [{assetName: extra}]\n"
        "faults: [{kind: status, path: /rest/2.0/count/am/asset, nth: 1, status: 503}]\n"
    )
    for _ in range(2):
        with session(path, scenario=scenario) as (_, http):
            assert http.post("/rest/2.0/count/am/asset").status_code == 503
            assert http.post("/rest/2.0/count/am/asset").json()["count"] == 2


def test_a_full_disk_is_a_500_and_what_was_not_written_is_written_later(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    with session(path, delay=0) as (sandbox, http):
        assert sandbox.gateway.state_file
        base = sandbox.gateway.state_file._base
        base.execute("PRAGMA max_page_count=1")  # SQLite's own "database or disk is full"
        answer = http.post(SYNC, json=envelope(*(f"NK-{number}" for number in range(50))))
        assert (answer.status_code, "full" in answer.json()["message"]) == (500, True)
        base.execute("PRAGMA max_page_count=1073741823")
        assert http.post("/rest/2.0/count/am/asset").json()["count"] == 50
    with session(path) as (_, http):
        assert http.post("/rest/2.0/count/am/asset").json()["count"] == 50


def test_a_call_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    with session(tmp_path / "sandbox.db", delay=0, assets=5) as (sandbox, http):
        http.post(SYNC, json=envelope("NK-1"))
        found(http)
        assert sandbox.gateway.state_file
        before = sandbox.gateway.state_file._base.total_changes
        found(http)
        http.get("/rest/2.0/get/am/asset", params={"assetId": 5_000_001})
        assert sandbox.gateway.state_file._base.total_changes == before
        sandbox.call("drift", {"assetId": 5_000_001, "set": {"domainRole": "y"}})
        assert sandbox.gateway.state_file._base.total_changes - before < 20, "one asset and the few small values, not everything"
