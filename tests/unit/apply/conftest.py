"""A whole small world: the sandbox's gateway, the real client, a real store, real plans."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from declarative.apply import ApplyRequest, CallLog, RunInfo, StopFlag, execute
from declarative.assets.model import ConnectorRef, DesiredAsset, OnRemove
from declarative.plan import codec
from declarative.plan.build import PlanInput, build
from declarative.plan.model import ApplyResult, DesiredReport, Plan
from declarative.qualys.budget import WaitBudget
from declarative.qualys.client import Means, connect_writer
from declarative.qualys.credentials import credentials_from
from declarative.refresh import read_live
from declarative.sandbox import SandboxOptions, Switches, running
from declarative.state import open_store

CONNECTOR = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK")
OTHER = ConnectorRef("other", "8a1b9c7e-0000-4000-8000-000000000002", "WEBHOOK")
CREDENTIALS = credentials_from({"QUALYS_USERNAME": "sandbox", "QUALYS_PASSWORD": "sandbox"})


class SandboxClock:
    """The gateway's time: sleeping moves it ahead at once, and what is queued there becomes due."""

    def __init__(self, sandbox: Any) -> None:
        self._sandbox = sandbox
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._sandbox.gateway.clock.now().astimezone(UTC)

    def monotonic(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._sandbox.call("clock", {"advance": seconds})


class World:
    connector = CONNECTOR

    def __init__(self, sandbox: Any, folder: Path) -> None:
        self.sandbox = sandbox
        self.clock = SandboxClock(sandbox)
        self.folder = folder
        self.store = open_store(str(folder / "state.db"), clock=self.clock)
        self.ids = (f"id-{number}" for number in itertools.count(1))
        self.assets: list[DesiredAsset] = []
        self.reports: list[DesiredReport] = []

    # desired

    def asset(self, name: str, *, connector: ConnectorRef = CONNECTOR, retire: bool = False, **business: str) -> DesiredAsset:
        core = {"businessMetaData": {"department": "Engineering"} | business}
        identity = {"hostName": name, "serialNumber": f"SN-{name}", "sourceNativeKey": f"NK-{name}"}
        on_remove = OnRemove.RETIRE if retire else OnRemove.FORGET
        made = DesiredAsset(f"Asset/{name}", connector, identity, core, on_remove=on_remove)
        self.assets = sorted([*(item for item in self.assets if item.address != made.address), made], key=lambda a: a.address)
        return made

    def report(self, name: str, *, depends_on: tuple[str, ...] = ()) -> DesiredReport:
        request = {
            "name": name,
            "format": "PDF",
            "templateName": "ITAM_EASM_REPORT_TEMPLATE",
            "reportType": "EASM_LEAD",
        }
        made = DesiredReport(f"Report/{name}", request, depends_on=depends_on)
        self.reports.append(made)
        return made

    # acts

    def writer(self, **options: Any) -> Any:
        means = Means(clock=self.clock, rng=random.Random(1), environ={}, waits=WaitBudget(600.0), **options)
        return connect_writer(self.sandbox.url, CREDENTIALS, means)

    def plan(self, *, refresh: str = "auto") -> Plan:
        resources = self.store.resources()
        with closing(self.writer()) as reader:
            live = read_live(reader, self.assets, resources, clock=self.clock)
            outcome = build(
                PlanInput(
                    project="test",
                    environment=None,
                    base_url=self.sandbox.url,
                    tool_version="0.0.0",
                    manifest_digest="sha256:0",
                    state=self.store.mark,
                    assets=tuple(self.assets),
                    reports=tuple(self.reports),
                    applied=resources,
                    live=live.index,
                    now=self.clock.now(),
                    settle=timedelta(hours=1),
                    refresh=refresh,
                )
            )
        self.store.observe(outcome.observed)
        return outcome.plan

    def request(self, plan: Plan, **options: Any) -> tuple[ApplyRequest, Any]:
        calls = CallLog(self.clock)
        writer = self.writer(observer=calls)
        wait = options.pop("wait", None)
        return ApplyRequest(
            **{
                "plan": plan,
                "plan_digest": codec.digest(plan),
                "desired": {asset.address: asset for asset in self.assets},
                "reports": {report.address: report for report in self.reports},
                "store": self.store,
                "writer": writer,
                "clock": self.clock,
                "new_id": lambda: next(self.ids),
                "run": RunInfo("tester", "here"),
                "lock_timeout": 0.0,
                "calls": calls,
                "wait": None if wait is None else timedelta(seconds=wait),
                **options,
            }
        ), writer

    def apply(self, plan: Plan | None = None, **options: Any) -> ApplyResult:
        request, writer = self.request(plan or self.plan(), **options)
        with closing(writer):
            return execute(request)

    def apply_with(self, request: ApplyRequest, writer: Any) -> ApplyResult:
        """With a client of the test's own."""
        return execute(replace(request, writer=writer))

    def settle(self) -> None:
        """Everything queued arrives."""
        self.sandbox.call("process", {})

    def fault(self, kind: str, **options: Any) -> None:
        self.sandbox.call("faults", {"kind": kind, **options})

    # looks

    def actions(self, plan: Plan | None = None) -> dict[str, str]:
        return {change.address: change.action.value for change in (plan or self.plan()).changes}

    def calls(self, ending: str) -> list[Mapping[str, Any]]:
        return [row for row in self.sandbox.call("calls")["calls"] if row["path"].endswith(ending)]

    @property
    def syncs(self) -> int:
        return len(self.calls("/data/sync"))

    @property
    def created_reports(self) -> list[str]:
        return [row["name"] for row in self.sandbox.call("reports")["reports"]]

    def live(self, name: str) -> Mapping[str, Any]:
        for row in self.sandbox.call("assets")["assets"]:
            if row["record"]["assetName"] == name:
                return row["record"]
        raise LookupError(name)


def outcomes(result: ApplyResult) -> dict[str, str]:
    return {entry.address: entry.outcome.value for entry in result.results}


@pytest.fixture
def outcomes_of() -> Callable[[ApplyResult], dict[str, str]]:
    return outcomes


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    with ExitStack() as stack:

        def make(**switches: Any) -> World:
            folder = tmp_path / f"world-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            options = SandboxOptions(switches=Switches(**switches))
            world = World(stack.enter_context(running(options)), folder)
            stack.enter_context(closing(world.store))
            return world

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def stop() -> StopFlag:
    return StopFlag()


@pytest.fixture
def other_connector() -> ConnectorRef:
    return OTHER
