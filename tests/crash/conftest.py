"""One apply of every kind of change, made ready once and set up again for every kill and every fault."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from declarative.apply import ApplyRequest, RunInfo, execute
from declarative.assets.model import ConnectorRef, DesiredAsset, OnRemove
from declarative.core.clock import SystemClock
from declarative.plan import codec
from declarative.plan.build import PlanInput, build
from declarative.plan.model import Action, DesiredReport, Plan, ReportStatus
from declarative.qualys.client import Means, connect_writer
from declarative.qualys.credentials import credentials_from
from declarative.refresh import read_live
from declarative.sandbox import SandboxOptions, running
from declarative.state import open_store

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


BEFORE = [
    asset("update"), asset("retire", on_remove=OnRemove.RETIRE), asset("forget"), asset("same"), asset("moved"),
]  # fmt: skip
AFTER = [
    asset("update", department="Sales"), asset("same"), asset("new-1"), asset("new-2", CLOUD), adoptable("adopt"),
    replace(asset("moved"), address="Asset/here"),
]  # fmt: skip
MOVED = {"Asset/moved": "Asset/here"}
REPORTS = [report("after", "Asset/new-1"), report("alone")]


class HurriedClock(SystemClock):
    """Waits a hundredth of what it is asked to: a plan under faults costs no minutes."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 100)


class Stage:
    """What every scene begins with, worked out once: the state after an apply, and the plan of the next one."""

    def __init__(self, sandbox: Any, client: Any, folder: Path, victim: subprocess.Popen[str]) -> None:
        scene = Scene(sandbox, client, folder, victim)
        sandbox.call("reset", {})
        sandbox.call("faults", {"clear": True})
        self.imported = scene.apply_here(BEFORE)
        self.furnish(sandbox)
        scene.plan(BEFORE, [])  # sees what has arrived, so that the plan below does not wait for it
        self.saved = scene.plan(AFTER, REPORTS)
        self.state = Path(scene.state).read_bytes()

    def furnish(self, sandbox: Any) -> None:
        sandbox.call("process", {})
        sandbox.call("seed", {"records": [
            {"assetName": "adopt", "biosSerialNumber": "SN-adopt", "businessInformation.department": "Engineering"}
        ]})  # fmt: skip

    def set_up(self, sandbox: Any, client: Any, folder: Path, victim: subprocess.Popen[str]) -> Scene:
        """The gateway and a state file as they were when the plan was made."""
        sandbox.call("reset", {})
        sandbox.call("faults", {"clear": True})
        client.sync(CMDB, self.imported, request_id="before")
        self.furnish(sandbox)
        scene = Scene(sandbox, client, folder, victim, self.saved)
        Path(scene.state).write_bytes(self.state)
        Path(scene.state).chmod(0o600)
        return scene


class Scene:
    """A gateway and a state, ready for an apply that is disturbed."""

    def __init__(self, sandbox: Any, client: Any, folder: Path, victim: subprocess.Popen[str], saved: Plan | None = None) -> None:
        self.sandbox = sandbox
        self.client = client
        self.victim = victim
        self.folder = folder
        self.state = str(folder / "state.db")
        self.saved = saved

    def plan_again(self) -> Plan:
        return self.plan(AFTER, REPORTS)

    def plan(self, assets: list[DesiredAsset], reports: list[DesiredReport]) -> Plan:
        with closing(open_store(self.state, clock=CLOCK)) as store:
            resources = store.resources()
            ordered = tuple(sorted(assets, key=lambda item: item.address))
            live = read_live(self.client, ordered, resources).index
            given = PlanInput(
                project="crash", environment=None, base_url=self.sandbox.url, tool_version="0", manifest_digest="sha256:0",
                state=store.mark, assets=ordered, reports=tuple(reports), applied=resources, live=live, now=CLOCK.now(),
                settle=timedelta(hours=1), moved=MOVED,
            )  # fmt: skip
            outcome = build(given)
            store.observe(outcome.observed)
            return outcome.plan

    def apply_here(self, assets: list[DesiredAsset]) -> list[Any]:
        """Without any disturbance, in this process; gives the payloads that were sent."""
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
        return [change.payload for change in plan.changes]

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
        hurry: bool = False,
        lock_timeout: float = 10.0,
    ) -> Path:
        wanted = plan or self.saved
        assert wanted is not None
        given = {
            "state": self.state, "url": self.sandbox.url, "plan": wanted, "plan_digest": codec.digest(wanted),
            "desired": {item.address: item for item in AFTER}, "reports": {item.address: item for item in REPORTS},
            "saved": plan is None, "expected": wanted.state, "resume": resume, "batch_size": 1, "parallelism": 2,
            "moved": MOVED, "lock_timeout": lock_timeout,
        }  # fmt: skip
        name = os.urandom(4).hex()
        request = self.folder / f"request-{name}.pickle"
        request.write_bytes(pickle.dumps(given))
        log = self.folder / f"steps-{name}"
        job = {"request": str(request), "kill_at": kill_at, "log": str(log), "defect": defect, "hurry": hurry}
        victim.stdin.write(json.dumps(job) + "\n")
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

    def live(self) -> dict[str, Any]:
        """Business data by name of the asset, after everything queued has arrived."""
        self.sandbox.call("process", {})
        rows = [row["record"] for row in self.sandbox.call("assets")["assets"]]
        return {record["assetName"]: record["businessInformation"] for record in rows}

    def check(self) -> None:
        """The promises, after everything queued has arrived."""
        live = self.live()
        assert sorted(live) == ["adopt", "forget", "moved", "new-1", "new-2", "retire", "same", "update"]
        assert live["update"]["department"] == "Sales"
        assert live["retire"]["operationalStatus"] == "Retired"
        created = [row["name"] for row in self.sandbox.call("reports")["reports"]]
        assert len(created) == len(set(created)), f"a report was created twice: {created}"
        with closing(open_store(self.state, clock=CLOCK)) as store:
            assert {"Asset/here", "Asset/moved"} & store.resources().keys() == {"Asset/here"}
            uncertain = set()
            for wanted in REPORTS:
                stored = store.get(wanted.address)
                if stored is None or stored.status is not ReportStatus.CREATED:
                    assert stored is not None, f"{wanted.address} was lost"
                    assert stored.status is ReportStatus.UNCERTAIN
                    uncertain.add(wanted.address)
                else:
                    assert wanted.name in created
            # What somebody has to settle stays open until then, or until the next apply.
            assert {address for intent in store.open_intents() for address in intent.addresses} <= uncertain
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
    with closing(connect_writer(sandbox.url, CREDENTIALS, Means(clock=HurriedClock(), environ={}))) as connected:
        yield connected


@pytest.fixture(scope="module")
def stage(sandbox, client, victim, tmp_path_factory) -> Stage:
    return Stage(sandbox, client, tmp_path_factory.mktemp("stage"), victim)


@pytest.fixture
def scene(stage, sandbox, client, victim, tmp_path):
    return lambda name: stage.set_up(sandbox, client, _folder(tmp_path / name), victim)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.fixture
def second_victim() -> Iterator[subprocess.Popen[str]]:
    with new_victim() as process:
        yield process


@pytest.fixture(scope="module")
def steps(stage, sandbox, client, victim, tmp_path_factory) -> list[str]:
    """The steps of an apply that nobody disturbs."""
    undisturbed = stage.set_up(sandbox, client, tmp_path_factory.mktemp("undisturbed"), victim)
    killed, code, taken = undisturbed.apply()
    assert (killed, code) == (False, 0)
    undisturbed.check()
    return taken
