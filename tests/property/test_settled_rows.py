"""Rows that pass without becoming objects change nothing: the plan is the same, byte for byte, as when all are looked at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

pytest.importorskip("ibis", reason="the extra `inventory` is not installed")

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from declarative.assets.model import AppliedAsset, OnRemove
from declarative.core.errors import InvalidError
from declarative.engine.applying import ApplyOptions, apply_plan
from declarative.engine.drifting import find_drift
from declarative.engine.expanding import rows_in
from declarative.engine.narrow import Narrowing
from declarative.engine.planning import PlanRequest, make_plan
from declarative.engine.runtime import Runtime
from declarative.engine.settling import memory_of
from declarative.engine.workspace import open_workspace
from declarative.inventory import Memory
from declarative.plan import codec
from declarative.plan.guard import Overrides
from declarative.plan.model import Action, Plan
from declarative.sandbox import SandboxOptions, running
from declarative.state import SqlStore, open_store

# More than can be asked for by id in a few calls, so that plans read through the snapshot.
ROWS = 330
COLUMNS = ("sys_id", "hostname", "serial", "address", "department")
MANIFESTS = """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: servicenow}
spec: {connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ab, source: SNOW}
---
apiVersion: declarative/v1
kind: Asset
metadata: {name: alone}
spec:
  connector: servicenow
  identityAttributes: {hostName: alone, serialNumber: ALONE, sourceNativeKey: alone}
  coreAttributes: {hostName: alone, businessMetaData: {department: Sales}}
---
apiVersion: declarative/v1
kind: AssetInventory
metadata: {name: cmdb, labels: {team: cmdb}}
spec:
  connector: servicenow
  from: {csv: cmdb.csv}
  key: sys_id
  map:
    identityAttributes.hostName: hostname
    identityAttributes.serialNumber: serial
    coreAttributes.hostName: hostname
    coreAttributes.address: address
    coreAttributes.businessMetaData.department: department
  where: [{column: department, notEquals: Gone}]
  maxBadRows: 2
  lifecycle: {onRemove: retire}
"""
PROJECT = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: acme}
spec: {rules: {asset/shared-identity: {severity: warning, reason: clones}}}
"""


class AtNoon:
    """Noon of the day after, so that everything sent has had its time to settle."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


Row = dict[str, str]


def row(number: int) -> Row:
    address = f"10.7.{number // 250}.{number % 250 + 1}"
    return dict(zip(COLUMNS, (f"k{number:03}", f"host-{number:03}", f"SN-{number:03}", address, "Sales"), strict=True))


def write(folder: Path, rows: list[Row]) -> None:
    lines = [",".join(COLUMNS), *(",".join(one[column] for column in COLUMNS) for one in rows)]
    (folder / "cmdb.csv").write_text("\n".join(lines) + "\n")


@dataclass(frozen=True)
class Site:
    folder: Path
    runtime: Runtime

    def plan(
        self, *, remember: bool = True, forgetful: bool = False, narrowing: Narrowing | None = None, apply: bool = False
    ) -> tuple[Plan, int]:
        """The plan, and how many rows became objects. `forgetful`: what was settled is lost, the snapshot is not."""
        request = PlanRequest(narrowing=narrowing or Narrowing(), overrides=Overrides(10_000, 10_000, 10_000, 10_000))
        workspace = open_workspace(
            self.folder, environment=None, variables={}, environ=self.runtime.environ, now=self.runtime.clock.now()
        )
        with ExitStack() as stack:
            store = workspace.open_store(self.runtime.clock, self.runtime.environ)
            stack.callback(store.close)
            memory = stack.enter_context(memory_of(store, workspace, self.runtime))
            memory = Memory(prove=memory.prove) if forgetful else memory
            given = (lambda: memory) if remember else None
            opened = stack.enter_context(rows_in(workspace, now=self.runtime.clock.now(), memory=given))
            plan = make_plan(opened, request, self.runtime, store)
            assert opened.rows is not None
            objects = sum(1 for _ in opened.rows.assets)
            if apply:
                apply_plan(plan, opened, store, self.runtime, ApplyOptions())
            return plan, objects

    def bytes(self, **how: Any) -> str:
        """Everything that anybody can see of the plan, or what was wrong."""
        try:
            plan, _ = self.plan(**how)
        except InvalidError as error:
            return "\n".join(map(str, error.diagnostics))
        saved = codec.saved(plan, created_at=plan_time(), expires_at=plan_time())
        return json.dumps([codec.to_json(plan), json.loads(saved)], indent=1, sort_keys=True)

    def drift(self, *, list_all: bool, read_only: bool = False) -> Plan:
        workspace = open_workspace(
            self.folder, environment=None, variables={}, environ=self.runtime.environ, now=self.runtime.clock.now()
        )
        with workspace.open_store(self.runtime.clock, self.runtime.environ, read_only=read_only) as store:
            return find_drift(workspace, Narrowing(), self.runtime, store, list_all=list_all)

    def copied(self, to: Path) -> Site:
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to)
        return Site(to, self.runtime)


def plan_time() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Any]:
    with running(SandboxOptions(delay=0.0)) as server:
        yield server


@pytest.fixture(scope="module")
def settled(gateway: Any, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return settled_in(tmp_path_factory.mktemp("settled"), gateway)


def settled_in(folder: Path, gateway: Any) -> Site:
    """Everything was applied, has arrived, and was found unchanged."""
    (folder / "declarative.yaml").write_text(PROJECT)
    (folder / "manifests").mkdir()
    (folder / "manifests" / "all.yaml").write_text(MANIFESTS)
    write(folder, [row(number) for number in range(ROWS)])
    environ = {"QUALYS_BASE_URL": gateway.url, "QUALYS_USERNAME": "sandbox", "QUALYS_PASSWORD": "sandbox"}
    site = Site(folder, Runtime(environ=environ, clock=AtNoon()))
    plan, objects = site.plan(apply=True)
    assert (plan.count(Action.CREATE), objects) == (ROWS + 1, ROWS)
    for _ in range(3):
        plan, objects = site.plan()
    assert plan.count(Action.UNCHANGED) == ROWS + 1
    assert objects == 0, "no row is looked at"
    return site


NUMBERS = st.integers(0, ROWS - 1)
SPECS = (
    ("serialNumber: ALONE", "serialNumber: SN-007"),
    ("sourceNativeKey: alone", "sourceNativeKey: k009"),
    ("source: SNOW", "source: OTHER"),
    ("maxBadRows: 2", "maxBadRows: 0"),
    ("coreAttributes.address: address", "coreAttributes.fqdn: hostname"),
    ("onRemove: retire", "onRemove: forget"),
)
EDITS = st.one_of(
    st.tuples(st.just("set"), NUMBERS, st.sampled_from(COLUMNS), st.sampled_from(["", "Legal", "host-003", "SN-004", "k005"])),
    st.tuples(st.just("copy"), NUMBERS, st.sampled_from(COLUMNS), NUMBERS),
    st.tuples(st.just("drop"), NUMBERS),
    st.tuples(st.just("swap"), NUMBERS, NUMBERS),
    st.tuples(st.just("new"), st.integers(ROWS, ROWS + 5)),
    st.tuples(st.just("twin"), NUMBERS),
    st.tuples(st.just("forget"), NUMBERS),
    st.tuples(st.just("rebind"), NUMBERS, NUMBERS),
    st.tuples(
        st.just("live"),
        NUMBERS,
        st.sampled_from(
            [{"businessInformation.department": "Finance"}, {"assetName": "host-011"}, {"biosSerialNumber": "SN-012"}]
        ),
    ),
    st.tuples(st.just("spec"), st.sampled_from(SPECS)),
)


def edit(site: Site, edits: list[tuple[Any, ...]], gateway: Any) -> None:
    rows, manifest = [row(number) for number in range(ROWS)], MANIFESTS
    with open_store(str(site.folder / ".declarative" / "state.db"), clock=site.runtime.clock) as store:
        for kind, *how in edits:
            if kind == "spec":
                manifest = manifest.replace(*how[0])
            elif kind in ("forget", "rebind", "live"):
                edit_known(store, gateway, kind, *how)
            else:
                edit_rows(rows, kind, *how)
    (site.folder / "manifests" / "all.yaml").write_text(manifest)
    write(site.folder, rows)


def edit_rows(rows: list[Row], kind: str, number: int, *how: Any) -> None:
    at = number % len(rows)
    if kind == "set":
        rows[at][how[0]] = how[1]
    elif kind == "copy":
        rows[at][how[0]] = rows[how[1] % len(rows)][how[0]]
    elif kind == "drop":
        rows.pop(at)
    elif kind == "swap":
        other = how[0] % len(rows)
        rows[at], rows[other] = rows[other], rows[at]
    elif kind == "new":
        rows.append(row(number))
    elif kind == "twin":
        rows.append(dict(rows[at]))


def edit_known(store: SqlStore, gateway: Any, kind: str, number: int, *how: Any) -> None:
    """What the state knows of a row, or what is live of it."""
    known = store.get(address_of(number))
    if not isinstance(known, AppliedAsset) or known.asset_id is None:
        return
    if kind == "forget":
        store.remove([known.address])
    elif kind == "rebind":
        other = store.get(address_of(how[0]))
        if isinstance(other, AppliedAsset):
            store.put([replace(known, asset_id=other.asset_id)])
    else:
        gateway.call("/_sandbox/drift", {"assetId": known.asset_id, "set": how[0]})


def address_of(number: int) -> str:
    return f"AssetInventory/cmdb[{row(number)['sys_id']}]"


FINANCE = {"businessInformation.department": "Finance"}
EVERY_KIND = [
    ("live", 20, FINANCE),
    ("forget", 30),
    ("drop", 40),
    ("set", 50, "serial", "SN-004"),
    ("new", ROWS),
    ("rebind", 60, 61),
]


@example(edits=EVERY_KIND, narrowed=None)
@example(edits=EVERY_KIND, narrowed=("-t", "AssetInventory/cmdb"))
@example(edits=[("spec", SPECS[0]), ("spec", SPECS[1]), ("live", 21, FINANCE)], narrowed=("-l", "team=cmdb"))
@given(
    edits=st.lists(EDITS, max_size=4),
    narrowed=st.sampled_from([None, None, ("-t", "AssetInventory/cmdb[k00*]"), ("-t", "AssetInventory/*"), ("-l", "team=cmdb")]),
)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_plan_is_the_same_with_and_without_passing_rows(
    settled: Site, gateway: Any, tmp_path: Path, edits: list[tuple[Any, ...]], narrowed: tuple[str, str] | None
) -> None:
    edited = settled.copied(tmp_path / "edited")
    edit(edited, edits, gateway)
    narrowing = Narrowing()
    if narrowed is not None:
        narrowing = Narrowing.parse(
            [narrowed[1]] if narrowed[0] == "-t" else [], [], [narrowed[1]] if narrowed[0] == "-l" else []
        )
    whole = edited.copied(tmp_path / "whole")
    assert edited.bytes(narrowing=narrowing) == whole.bytes(narrowing=narrowing, remember=False)
    assert edited.bytes(narrowing=narrowing) == whole.bytes(narrowing=narrowing), "and what both remember says so too"


@example(edits=EVERY_KIND)
@example(edits=[("copy", 10, "serial", 300), ("rebind", 60, 250), ("spec", SPECS[0]), ("spec", SPECS[1])])
@example(edits=[("copy", 10, "sys_id", 300)])
@given(edits=st.lists(EDITS, max_size=4))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_plan_is_the_same_where_unsettled_rows_are_proved_some_at_a_time(
    settled: Site, gateway: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edits: list[tuple[Any, ...]]
) -> None:
    monkeypatch.setattr("declarative.inventory.rows.MANY", 100)
    monkeypatch.setattr("declarative.inventory.lowering.PART", 40)
    edited = settled.copied(tmp_path / "edited")
    edit(edited, edits, gateway)
    whole = edited.copied(tmp_path / "whole")
    told = whole.bytes(remember=False)
    assert edited.bytes(forgetful=True) == told
    assert edited.bytes() == told, "and by what that one kept"


def test_of_unsettled_rows_only_those_become_objects_that_are_not_as_they_should_be(
    settled: Site, tmp_path: Path, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("declarative.inventory.rows.MANY", 100)
    monkeypatch.setattr("declarative.inventory.lowering.PART", 40)
    edited = settled.copied(tmp_path / "edited")
    edit(edited, [("set", 50, "department", "Legal"), ("forget", 130)], gateway)
    _, before = edited.copied(tmp_path / "whole").plan(remember=False)
    _, objects = edited.plan(forgetful=True)
    assert (before, objects < 20) == (ROWS, True), "live edits of other tests are still there"
    assert edited.plan()[1] <= objects, "the others are settled"


def told(plan: Plan) -> str:
    return json.dumps(codec.to_json(plan), indent=1, sort_keys=True)


@example(edits=[("live", 20, FINANCE), ("rebind", 60, 61), ("rebind", 70, 20)])
@example(edits=[("forget", 30), ("live", 61, {"assetName": "host-011"}), ("live", 62, {"biosSerialNumber": "SN-012"})])
@given(edits=st.lists(EDITS, max_size=4))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_drift_is_the_same_with_and_without_what_was_looked_at_before(
    settled: Site, gateway: Any, tmp_path: Path, edits: list[tuple[Any, ...]]
) -> None:
    edited = settled.copied(tmp_path / "edited")
    edited.drift(list_all=False)
    quiet = edited.drift(list_all=False)
    # Live edits of the other examples are still there.
    assert not [change for change in quiet.changes if change.action is Action.UNCHANGED], "what is steady is not looked at again"
    assert quiet.passed + len(quiet.changes) == ROWS + 1
    edit(edited, edits, gateway)
    whole = edited.copied(tmp_path / "whole")
    first, again = edited.drift(list_all=False), edited.drift(list_all=False)
    assert told(first) == told(again) == told(whole.drift(list_all=True))


def test_the_first_drift_of_many_takes_some_at_a_time(
    settled: Site, gateway: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("declarative.engine.steadying._AT_ONCE", 50)
    edited = settled.copied(tmp_path / "edited")
    edit(edited, [("rebind", 60, 61), ("live", 22, FINANCE)], gateway)
    whole = edited.copied(tmp_path / "whole")
    assert told(edited.drift(list_all=False)) == told(whole.drift(list_all=True))
    again = edited.drift(list_all=False)
    assert not [change for change in again.changes if change.action is Action.UNCHANGED], "what is steady is not looked at again"


def test_who_may_only_read_the_state_sees_drift_as_well(settled: Site, gateway: Any, tmp_path: Path) -> None:
    """A snapshot that nobody may write stays as old as it is: it cannot answer for what is live now."""
    edited = settled.copied(tmp_path / "edited")
    edited.drift(list_all=False)
    edit(edited, [("live", 120, FINANCE)], gateway)
    whole = edited.drift(list_all=True, read_only=True)
    assert address_of(120) in [change.address for change in whole.changes if change.action is Action.UPDATE]
    seen = edited.drift(list_all=False, read_only=True)
    assert address_of(120) in [change.address for change in seen.changes if change.action is Action.UPDATE]


def test_a_narrowed_plan_retires_nothing_that_a_passing_row_is(tmp_path: Path) -> None:
    """The row is bound to an asset that is gone, and would find the one that is to be retired by its serial number."""
    with running(SandboxOptions(delay=0.0)) as gateway:
        (tmp_path / "site").mkdir()
        site = settled_in(tmp_path / "site", gateway)
        with open_store(str(site.folder / ".declarative" / "state.db"), clock=site.runtime.clock) as store:
            alone, bound = store.get("Asset/alone"), store.get(address_of(200))
            assert isinstance(alone, AppliedAsset)
            assert isinstance(bound, AppliedAsset)
            store.put([replace(alone, on_remove=OnRemove.RETIRE)])
        gateway.call("/_sandbox/drift", {"assetId": bound.asset_id, "delete": True})
        gateway.call(
            "/_sandbox/drift", {"assetId": alone.asset_id, "set": {"assetName": "host-200", "biosSerialNumber": "SN-200"}}
        )
        before, _, after = MANIFESTS.split("---\n")
        (site.folder / "manifests" / "all.yaml").write_text(f"{before}---\n{after}")
        plan, _ = site.plan(narrowing=Narrowing.parse(["Asset/alone"], [], []))
        (change,) = plan.changes
        assert (change.action, address_of(200) in change.reason) == (Action.FORGET, True)


def test_another_time_to_settle_has_every_row_looked_at_again(settled: Site, tmp_path: Path) -> None:
    edited = settled.copied(tmp_path / "edited")
    assert edited.plan()[1] < 50
    project = edited.folder / "declarative.yaml"
    project.write_text(project.read_text().replace("spec: {", "spec: {settle: 2h, "))
    assert edited.plan()[1] == ROWS
