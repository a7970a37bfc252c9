"""Every way an apply can end, by its exit code, as a pipeline sees it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from declarative.cli.console import Console, redactor_for
from declarative.cli.main import run as run_cli
from declarative.core.clock import SystemClock
from declarative.state import open_store

REPORT = """\
apiVersion: declarative/v1
kind: Report
metadata: {name: weekly}
spec:
  request: {name: Weekly, format: PDF, templateName: ITAM_EASM_REPORT_TEMPLATE, reportType: EASM_LEAD}
"""
SEARCH, SYNC, REPORTS = "/rest/2.0/search/am/asset", "*/data/sync", "/rest/2.0/am/report"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Here:
    """The command line in this process: the same entry as the command, without the cost of starting one."""

    def __init__(self, folder: Path, environ: Mapping[str, str], patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._patch = patch
        for name in [name for name in os.environ if name.startswith(("QUALYS_", "DECLARATIVE_"))]:
            patch.delenv(name)
        for name in ("QUALYS_BASE_URL", "QUALYS_USERNAME", "QUALYS_PASSWORD"):
            patch.setenv(name, environ[name])
        patch.setattr("sys.stdin", io.StringIO())

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        with self._patch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            code = run_cli(["-C", str(self.folder), *arguments], Console(out, err, redactor_for(os.environ)))
        return Ended(int(code), out.getvalue(), err.getvalue())

    def ok(self, *arguments: str) -> Ended:
        ended = self.run(*arguments)
        assert ended.code == 0, f"{arguments} ended with {ended.code}\n{ended.text}"
        return ended


@pytest.fixture
def here(workplace: Any, monkeypatch: pytest.MonkeyPatch) -> Here:
    return Here(workplace.folder, workplace.environ, monkeypatch)


def posted(gateway: Any, ending: str) -> int:
    return sum(call["method"] == "POST" and call["path"].endswith(ending) for call in gateway.gateway.call_log())


def fault(gateway: Any, **given: Any) -> None:
    gateway.call("/_sandbox/faults", given)


def runs(workplace: Any) -> list[dict[str, Any]]:
    return workplace.ok("state", "history", "--json").json["runs"]


@pytest.fixture
def two(here: Any, asset: Any) -> Any:
    here.write("manifests/web.yaml", asset("web-01") + "---\n" + asset("web-02"))
    return here


def test_0_when_everything_was_applied_and_the_audit_says_who_and_what(two: Any, gateway: Any) -> None:
    applied = two.ok("apply", "--auto-approve", "--wait", "--json").json
    (run,) = runs(two)
    assert run["exitCode"] == 0
    assert run["summary"]["applied"] == 2
    assert run["planDigest"].startswith("sha256:")
    assert run["endedAt"] >= run["startedAt"]
    assert "@" in run["user"]
    one = two.ok("state", "history", run["run"][:8], "--json").json
    assert {entry["address"]: entry["status"] for entry in one["outcomes"]} == {
        "Asset/web-01": "applied",
        "Asset/web-02": "applied",
    }
    (sync,) = [call for call in one["calls"] if call["path"].endswith("/data/sync")]
    assert (sync["method"], sync["status"]) == ("POST", 200)
    assert sync["requestId"] == applied["changes"][0]["requestId"]
    assert run["run"][:8] in two.ok("state", "history").out
    assert "data/sync" in two.ok("state", "history", run["run"]).out
    assert two.run("state", "history", "nope").code == 64


def test_1_when_the_gateway_fails_before_any_write_and_the_plan_is_still_good(two: Any, gateway: Any) -> None:
    two.ok("plan", "--out", "plan.json")
    fault(gateway, kind="status", path=SEARCH, status=400, body="no", times=50)
    failed = two.run("apply", "plan.json")
    assert failed.code == 1, failed.text
    assert runs(two)[0]["exitCode"] == 1
    gateway.call("/_sandbox/faults", {"clear": True})
    two.ok("apply", "plan.json")
    assert posted(gateway, "/data/sync") == 1


def test_5_when_a_limit_is_exceeded(two: Any, gateway: Any) -> None:
    blocked = two.run("apply", "--auto-approve", "--max-creates", "1")
    assert blocked.code == 5, blocked.text
    assert "--max-creates" in blocked.err
    assert posted(gateway, "/data/sync") == 0


def test_6_when_another_apply_moved_the_state_on(two: Any, gateway: Any, asset: Any) -> None:
    two.ok("plan", "--out", "plan.json")
    two.ok("apply", "--auto-approve", "-t", "Asset/web-01")
    stale = two.run("apply", "plan.json")
    assert stale.code == 6, stale.text
    assert "moved on" in stale.err
    assert posted(gateway, "/data/sync") == 1


def test_7_when_some_assets_failed_and_the_message_names_file_and_line(two: Any, gateway: Any) -> None:
    fault(gateway, kind="assetsError", keys=["NK-web-02"], shape="keyed")
    partial = two.run("apply", "--auto-approve")
    assert partial.code == 7, partial.text
    assert "manifests/web.yaml:11" in partial.text
    assert runs(two)[0]["exitCode"] == 7


def test_7_when_what_was_sent_does_not_arrive_in_time_with_the_likely_cause(two: Any, gateway: Any) -> None:
    gateway.gateway.set_delay(3600)
    late = two.run("apply", "--auto-approve", "--wait=1s")
    assert late.code == 7, late.text
    assert "identification rule" in late.text
    assert two.ok("plan", "--json").json["summary"]["pending"] == 2


def test_8_while_another_apply_holds_the_lease_and_unlock_checks_the_id(two: Any, gateway: Any) -> None:
    two.ok("plan", "--out", "plan.json")
    with closing(open_store(str(two.folder / ".declarative" / "state.db"), clock=SystemClock())) as store:
        held = store.acquire("somebody@elsewhere").info
        locked = two.run("apply", "plan.json", "--lock-timeout", "1s")
        assert locked.code == 8, locked.text
        assert "somebody@elsewhere" in locked.err
        assert held.lease_id in locked.err
        assert two.run("state", "unlock", "00000000-0000-4000-8000-000000000000").code == 8
        two.ok("state", "unlock", held.lease_id)
        two.ok("apply", "plan.json", "--lock-timeout", "1s")
    assert posted(gateway, "/data/sync") == 1


def test_9_when_the_login_is_refused(two: Any, gateway: Any) -> None:
    two.ok("plan", "--out", "plan.json")
    refused = two.run("apply", "plan.json", env={"QUALYS_PASSWORD": "something-else"})
    assert refused.code == 9, refused.text
    two.ok("apply", "plan.json")


def test_64_without_approval_and_4_with_a_foreign_file(two: Any, gateway: Any) -> None:
    assert two.run("apply").code == 64
    two.write("plan.json", "{}")
    assert two.run("apply", "plan.json").code == 4
    assert posted(gateway, "/data/sync") == 0


# reports


@pytest.fixture
def lost(here: Any, gateway: Any) -> Any:
    """A report that was created, while the answer never came."""
    here.write("manifests/report.yaml", REPORT)
    fault(gateway, kind="reset", path=REPORTS, processed=True, times=1)
    uncertain = here.run("apply", "--auto-approve", "--json")
    assert uncertain.code == 7, uncertain.text
    assert uncertain.json["changes"][0]["outcome"] == "uncertain"
    return here


def test_an_uncertain_report_blocks_only_itself(lost: Any, gateway: Any, asset: Any) -> None:
    lost.write("manifests/web.yaml", asset("web-01"))
    applied = lost.run("apply", "--auto-approve", "--json")
    assert applied.code == 5, applied.text
    assert {entry["address"]: entry["outcome"] for entry in applied.json["changes"]} == {"Asset/web-01": "applied"}
    assert posted(gateway, "/am/report") == 1
    assert lost.ok("report", "list", "--json").json["reports"][0]["status"] == "uncertain"


def test_an_uncertain_report_is_settled_by_its_uuid(lost: Any, gateway: Any) -> None:
    lost.ok("report", "resolve", "weekly", "--created", "3fa85f64-5717-4562-b3fc-2c963f66afa6")
    (row,) = lost.ok("report", "list", "--json").json["reports"]
    assert (row["status"], row["fileUuid"]) == ("created", "3fa85f64-5717-4562-b3fc-2c963f66afa6")
    assert lost.run("plan", "--detailed-exitcode").code == 0
    assert posted(gateway, "/am/report") == 1


def test_an_uncertain_report_that_was_not_created_may_run_again(lost: Any, gateway: Any) -> None:
    lost.ok("report", "resolve", "weekly", "--not-created")
    lost.ok("apply", "--auto-approve")
    assert posted(gateway, "/am/report") == 2


def test_a_probe_asks_the_download_endpoint(lost: Any, gateway: Any) -> None:
    gateway.gateway.process()
    probed = lost.ok("report", "resolve", "Report/weekly", "--probe")
    assert "created" in probed.out
    assert lost.run("plan", "--detailed-exitcode").code == 0
    assert posted(gateway, "/am/report") == 1


def test_a_probe_that_finds_nothing_leaves_it_uncertain(lost: Any, gateway: Any) -> None:
    fault(gateway, kind="status", path="*/report/download", status=404, body="no such report", times=5)
    assert lost.run("report", "resolve", "weekly", "--probe").code == 5
    assert lost.ok("report", "list", "--json").json["reports"][0]["status"] == "uncertain"
    assert lost.run("report", "resolve", "weekly").code == 64


# state and log


def test_a_backup_is_put_back_and_what_was_there_is_kept(two: Any, gateway: Any) -> None:
    two.ok("apply", "--auto-approve", "--wait")
    two.ok("state", "backup", "backup.db")
    two.ok("state", "rm", "Asset/web-02")
    assert two.run("state", "restore", "backup.db").code == 64
    restored = two.ok("state", "restore", "backup.db", "--yes")
    assert "kept as" in restored.out
    assert len(two.ok("state", "list", "--json").json["resources"]) == 2
    assert two.run("plan", "--detailed-exitcode").code == 0


def test_a_plan_of_a_project_without_a_state_yet_fits_the_first_state(two: Any, gateway: Any) -> None:
    two.ok("plan", "--out", "plan.json")
    (two.folder / ".declarative" / "state.db").unlink()
    two.ok("apply", "plan.json")
    assert posted(gateway, "/data/sync") == 1


def test_the_json_log_is_one_object_a_line_with_calls_waits_progress_and_errors(two: Any, gateway: Any) -> None:
    fault(gateway, kind="status", path=SYNC, status=429, headers={"X-RateLimit-ToWait-Sec": "1"}, times=1)
    done = two.run("--log-format", "json", "apply", "--auto-approve", "--json")
    assert done.code == 0, done.text
    assert done.json["summary"]["applied"] == 2
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert all({"at", "level", "event"} <= line.keys() for line in lines)
    assert {"call", "wait", "progress", "message"} <= {line["event"] for line in lines}
    (wait,) = [line for line in lines if line["event"] == "wait"]
    assert "rate limit" in wait["reason"]
    assert wait["seconds"] >= 1
    assert {line.get("status") for line in lines if line.get("path", "").endswith("/data/sync")} == {429, 200}

    failed = two.run("--log-format", "json", "apply", "nope.json")
    last = json.loads(failed.err.splitlines()[-1])
    assert (last["event"], last["exitCode"]) == ("error", 4)


def test_the_waits_of_planning_and_applying_come_out_of_one_patience(two: Any, gateway: Any) -> None:
    for path in (SEARCH, SYNC):
        fault(gateway, kind="status", status=429, path=path, times=1, headers={"X-RateLimit-ToWait-Sec": "1"})
    ended = two.run("apply", "--auto-approve", "--max-wait", "2")
    assert ended.code == 1, ended.text
    assert "would exceed the limit of 2 s for all waits of a run" in ended.text
    assert posted(gateway, "/data/sync") == 1


def test_a_saved_plan_that_followed_a_move_and_then_failed_is_resumed(two: Any, gateway: Any, asset: Any) -> None:
    """The move is the first thing that is written: from then on the plan counts as used, and another apply goes on with it."""
    two.ok("apply", "--auto-approve", "--wait")
    two.write(
        "manifests/web.yaml",
        asset("web-01").replace("name: web-01,", "name: front,") + "---\n" + asset("web-02", department="IT"),
    )
    project = (two.folder / "declarative.yaml").read_text()
    two.write("declarative.yaml", project.replace("spec: {}", "spec: {moved: [{from: Asset/web-01, to: Asset/front}]}"))
    two.ok("plan", "--out", "plan.json")
    fault(gateway, kind="status", status=403, path=SYNC, times=1)
    assert two.run("apply", "plan.json").code == 9
    used = two.run("apply", "plan.json")
    assert used.code == 6
    assert "--resume" in used.err
    two.ok("apply", "plan.json", "--resume", "--wait")
    listed = two.ok("state", "list", "--json").json["resources"]
    assert [row["address"] for row in listed] == ["Asset/front", "Asset/web-02"]
    assert two.ok("plan", "--json").json["summary"]["update"] == 0


def test_a_move_alone_asks_nobody_sends_nothing_and_is_in_the_audit(two: Any, gateway: Any, asset: Any) -> None:
    two.ok("apply", "--auto-approve", "--wait")
    before, syncs = runs(two), posted(gateway, "/data/sync")
    two.write("manifests/web.yaml", asset("web-01").replace("name: web-01,", "name: front,") + "---\n" + asset("web-02"))
    project = (two.folder / "declarative.yaml").read_text()
    two.write("declarative.yaml", project.replace("spec: {}", "spec: {moved: [{from: Asset/web-01, to: Asset/front}]}"))
    two.ok("apply", "--auto-approve")
    two.ok("apply", "--auto-approve")
    listed = two.ok("state", "list", "--json").json["resources"]
    assert [row["address"] for row in listed] == ["Asset/front", "Asset/web-02"]
    assert posted(gateway, "/data/sync") == syncs
    assert len(runs(two)) == len(before) + 1
