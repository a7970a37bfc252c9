"""An apply may be killed at any step: resumed or planned anew, the inventory ends as if nothing had happened.

The process is real and dies by SIGKILL; the gateway is the sandbox, over HTTP. What must hold afterwards: every needed
import has arrived, no report was created twice, the journal is closed and the next plan is empty.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from declarative.apply import ApplyRequest, RunInfo, execute
from declarative.assets.model import ConnectorRef, DesiredAsset, OnRemove
from declarative.core.clock import SystemClock
from declarative.plan import codec
from declarative.plan.build import PlanInput, build
from declarative.plan.model import Action, DesiredReport, Plan, ReportStatus
from declarative.qualys.client import connect_writer
from declarative.qualys.credentials import credentials_from
from declarative.refresh import read_live
from declarative.sandbox import SandboxOptions, running
from declarative.state import open_store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork and signals")

CREDENTIALS = credentials_from({"QUALYS_USERNAME": "sandbox", "QUALYS_PASSWORD": "sandbox"})
CMDB = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK")
CLOUD = ConnectorRef("cloud", "8a1b9c7e-0000-4000-8000-000000000002", "WEBHOOK")
CLOCK = SystemClock()
REPORT = {"format": "PDF", "templateName": "ITAM_EASM_REPORT_TEMPLATE", "reportType": "EASM_LEAD"}


def asset(name: str, connector: ConnectorRef = CMDB, department: str = "Engineering", **options: Any) -> DesiredAsset:
    identity = {"hostName": name, "serialNumber": f"SN-{name}", "sourceNativeKey": f"NK-{name}"}
    return DesiredAsset(f"Asset/{name}", connector, identity, {"businessMetaData": {"department": department}}, **options)


def adoptable(name: str) -> DesiredAsset:
    core = {"businessMetaData": {"department": "Engineering"}}
    return DesiredAsset(f"Asset/{name}", CMDB, {"hostName": name, "serialNumber": f"SN-{name}"}, core)


def report(name: str, *depends_on: str) -> DesiredReport:
    return DesiredReport(f"Report/{name}", {"name": name, **REPORT}, depends_on=depends_on)


BEFORE = [asset("update"), asset("retire", on_remove=OnRemove.RETIRE), asset("forget"), asset("same")]
AFTER = [asset("update", department="Sales"), asset("same"), asset("new-1"), asset("new-2", CLOUD), adoptable("adopt")]
REPORTS = [report("after", "Asset/new-1"), report("alone")]


class Scene:
    """One apply of every kind of change, ready to be killed."""

    def __init__(self, sandbox: Any, client: Any, folder: Path, victim: subprocess.Popen[str]) -> None:
        self.sandbox = sandbox
        self.client = client
        self.victim = victim
        self.folder = folder
        sandbox.call("reset", {})
        sandbox.call("faults", {"clear": True})
        self.state = str(folder / "state.db")
        self._apply_here(BEFORE)
        sandbox.call("seed", {"records": [
            {"assetName": "adopt", "biosSerialNumber": "SN-adopt", "businessInformation.department": "Engineering"}
        ]})  # fmt: skip
        self.plan(BEFORE, [])  # sees what has arrived, so that the plan below does not wait for it
        self.saved = self.plan(AFTER, REPORTS)
        self.planned_at = CLOCK.now()

    def plan(self, assets: list[DesiredAsset], reports: list[DesiredReport]) -> Plan:
        with closing(open_store(self.state, clock=CLOCK)) as store:
            resources = store.resources()
            ordered = tuple(sorted(assets, key=lambda item: item.address))
            live = read_live(self.client, ordered, resources).index
            given = PlanInput(
                project="crash", environment=None, base_url=self.sandbox.url, tool_version="0", manifest_digest="sha256:0",
                state=store.mark, assets=ordered, reports=tuple(reports), applied=resources, live=live, now=CLOCK.now(),
                settle=timedelta(hours=1),
            )  # fmt: skip
            outcome = build(given)
            store.observe(outcome.observed)
            return outcome.plan

    def _apply_here(self, assets: list[DesiredAsset]) -> None:
        plan = self.plan(assets, [])
        with closing(open_store(self.state, clock=CLOCK)) as store:
            execute(
                ApplyRequest(
                    plan=plan,
                    plan_digest=codec.digest(plan),
                    desired={item.address: item for item in assets},
                    store=store,
                    writer=self.client,
                    clock=CLOCK,
                    new_id=lambda: os.urandom(8).hex(),
                    run=RunInfo("setup", "here"),
                )
            )
        self.sandbox.call("process", {})

    def apply(self, **options: Any) -> tuple[bool, int | None, list[str]]:
        """In a process of its own. Answers whether it was killed, its exit code, and the steps it took."""
        return self.finish(self.victim, self.start(self.victim, **options))

    def start(
        self,
        victim: subprocess.Popen[str],
        *,
        kill_at: int | None = None,
        resume: bool = False,
        plan: Plan | None = None,
        defect: str | None = None,
    ) -> Path:
        wanted = plan or self.saved
        given = {
            "state": self.state, "url": self.sandbox.url, "plan": wanted, "plan_digest": codec.digest(wanted),
            "desired": {item.address: item for item in AFTER}, "reports": {item.address: item for item in REPORTS},
            "saved": plan is None, "planned_at": self.planned_at if plan is None else None, "resume": resume,
            "batch_size": 1, "parallelism": 2,
        }  # fmt: skip
        name = os.urandom(4).hex()
        request = self.folder / f"request-{name}.pickle"
        request.write_bytes(pickle.dumps(given))
        log = self.folder / f"steps-{name}"
        victim.stdin.write(json.dumps({"request": str(request), "kill_at": kill_at, "log": str(log), "defect": defect}) + "\n")
        victim.stdin.flush()
        return log

    def finish(self, victim: subprocess.Popen[str], log: Path) -> tuple[bool, int | None, list[str]]:
        answer = json.loads(victim.stdout.readline())
        assert answer["code"] != 99, "the victim broke down by itself"
        return answer["killed"], answer["code"], log.read_text().splitlines()

    def unlock(self) -> None:
        """What a person does after a kill, instead of waiting a minute for the lease to run out."""
        with closing(open_store(self.state, clock=CLOCK)) as store:
            held = store.lease_info()
            if held is not None:
                store.unlock(held.lease_id)

    def check(self) -> None:
        """The promises, after everything queued has arrived."""
        self.sandbox.call("process", {})
        live = {row["record"]["assetName"]: row["record"]["businessInformation"] for row in self.sandbox.call("assets")["assets"]}
        assert sorted(live) == ["adopt", "forget", "new-1", "new-2", "retire", "same", "update"]
        assert live["update"]["department"] == "Sales"
        assert live["retire"]["operationalStatus"] == "Retired"
        created = [row["name"] for row in self.sandbox.call("reports")["reports"]]
        assert len(created) == len(set(created)), f"a report was created twice: {created}"
        with closing(open_store(self.state, clock=CLOCK)) as store:
            assert store.open_intents() == ()
            uncertain = set()
            for wanted in REPORTS:
                stored = store.get(wanted.address)
                if stored is None or stored.status is not ReportStatus.CREATED:
                    assert stored is not None, f"{wanted.address} was lost"
                    assert stored.status is ReportStatus.UNCERTAIN
                    uncertain.add(wanted.address)
                else:
                    assert wanted.name in created
        left = {
            change.address: change.action for change in self.plan(AFTER, REPORTS).changes if change.action is not Action.UNCHANGED
        }
        assert left == dict.fromkeys(uncertain, Action.BLOCKED)


@contextmanager
def new_victim() -> Iterator[subprocess.Popen[str]]:
    script = Path(__file__).with_name("apply_victim.py")
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


@pytest.fixture(scope="module")
def victim() -> Iterator[subprocess.Popen[str]]:
    with new_victim() as process:
        yield process


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Any]:
    with running(SandboxOptions()) as running_sandbox:
        yield running_sandbox


@pytest.fixture(scope="module")
def client(sandbox) -> Iterator[Any]:
    with closing(connect_writer(sandbox.url, CREDENTIALS, environ={})) as connected:
        yield connected


@pytest.fixture
def scene(sandbox, client, victim, tmp_path):
    return lambda name: Scene(sandbox, client, _folder(tmp_path / name), victim)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def steps(sandbox, client, victim, tmp_path_factory) -> list[str]:
    """The steps of an apply that nobody disturbs."""
    undisturbed = Scene(sandbox, client, tmp_path_factory.mktemp("undisturbed"), victim)
    killed, code, taken = undisturbed.apply()
    assert (killed, code) == (False, 0)
    undisturbed.check()
    return taken


def test_the_steps_cover_every_journal_write_and_every_request(steps):
    assert steps.count("sync:request:before") == steps.count("sync:outcome:after") == 4
    assert steps.count("report:request:before") == steps.count("report:outcome:after") == 2
    assert {"run:begin:before", "state:put:after", "state:remove:after", "run:end:after"} <= set(steps)


@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_step_and_resumed_it_ends_as_undisturbed(scene, steps, part):
    for number in range(1 + part, len(steps) + 1, 4):
        stage = scene(f"resume-{number}")
        killed, _, _ = stage.apply(kill_at=number)
        assert killed, f"step {number} was never reached"
        stage.unlock()
        stage.apply(resume=True)
        stage.check()


def test_killed_at_any_step_the_next_plan_finishes_the_work(scene, steps):
    for number in range(1, len(steps) + 1, 3):
        stage = scene(f"again-{number}")
        stage.apply(kill_at=number)
        stage.unlock()
        stage.apply(plan=stage.plan(AFTER, REPORTS))
        stage.check()


def test_killed_again_while_resuming_it_still_ends_as_undisturbed(scene, steps):
    draw = random.Random(20260321)
    for round_number in range(8):
        first, second = draw.randint(1, len(steps)), draw.randint(1, len(steps))
        stage = scene(f"twice-{round_number}")
        stage.apply(kill_at=first)
        stage.unlock()
        stage.apply(kill_at=second, resume=True)
        stage.unlock()
        stage.apply(resume=True)
        try:
            stage.check()
        except AssertionError as error:
            error.add_note(f"killed at step {first}, then at step {second} of the resumed apply")
            raise


@pytest.mark.parametrize(("defect", "step"), [("no-intent", "report:request:after"), ("no-outcome", "run:end:after")])
def test_the_matrix_finds_a_broken_journal(scene, steps, defect, step):
    """The proof that these tests can fail: an apply with a planted defect does not pass them."""
    stage = scene(defect)
    stage.apply(kill_at=steps.index(step) + 1, defect=defect)
    stage.unlock()
    stage.apply(resume=True, defect=defect)
    with pytest.raises(AssertionError):
        stage.check()


def test_a_report_is_not_sent_again_when_its_answer_is_lost_and_the_tests_would_see_it(scene):
    for defect, copies in ((None, 1), ("eager-reports", 2)):
        stage = scene(f"lost-{defect}")
        stage.sandbox.call(
            "faults", {"kind": "reset", "path": "/rest/2.0/am/report", "bodyContains": "alone", "processed": True, "times": 1}
        )
        stage.apply(defect=defect)
        created = [row["name"] for row in stage.sandbox.call("reports")["reports"]]
        assert created.count("alone") == copies


def test_two_applies_of_one_saved_plan_at_once_send_everything_once(scene, victim):
    stage = scene("two")
    before = stage.sandbox.call("calls")["counts"]["POST /rest/2.0/am/connector/asset/data/sync"]
    with new_victim() as other:
        logs = [(process, stage.start(process)) for process in (victim, other)]
        codes = [stage.finish(process, log)[1] for process, log in logs]
    assert sorted(codes) == [0, 6]
    stage.check()
    after = stage.sandbox.call("calls")["counts"]["POST /rest/2.0/am/connector/asset/data/sync"]
    assert after - before == 4
