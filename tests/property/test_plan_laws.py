"""The plan against a small model of the service: whatever was edited, sent, delayed, lost, drifted or overruled before,
nothing needed is left out, nothing unneeded is sent, and once things have settled the plan is empty.

The model is written from the facts alone and shares no code with the field table.
"""

from __future__ import annotations

import json
import random
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace
from msgspec.structs import replace as changed

from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, ConnectorRef, DesiredAsset, LiveAsset
from declarative.assets.payload import applied_adopted, applied_after_sync
from declarative.assets.sight import pack
from declarative.plan import codec
from declarative.plan.build import PlanInput, PlanOutcome, build
from declarative.plan.guard import Overrides
from declarative.plan.model import Action, StateMark
from declarative.qualys.transport import json_body
from declarative.state.codec import encode
from declarative.state.stored import StoredResources

PLAIN = ConnectorRef("servicenow", "489e8429-2e82-4599-a2a8-000000000000", "SNOW")
SETTLE = timedelta(hours=1)
ANY = Overrides(max_creates=999, max_updates=999, max_runs=999, max_total=999, allow_empty_live=True)

BUSINESS = {"department": "department", "company": "company", "status": "operationalStatus"}


@dataclass
class Service:
    """The inventory behind the import: queues, merges by serial number, converts types, rewrites names, joins addresses."""

    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    queue: list[dict[str, Any]] = field(default_factory=list)
    overruled: set[str] = field(default_factory=set)
    next_id: int = 100

    def sync(self, payload: Any) -> None:
        self.queue.append(json.loads(json_body(payload)))

    def process(self) -> None:
        for entry in self.queue:
            self._merge(entry["identityAttributes"], entry["coreAttributes"])
        self.queue.clear()

    def _merge(self, identity: dict[str, Any], core: dict[str, Any]) -> None:
        serial = identity["serialNumber"]
        record = next((one for one in self.records.values() if one["biosSerialNumber"] == serial), None)
        if record is None:
            record = {"assetId": self.next_id, "biosSerialNumber": serial, "businessInformation": {}}
            self.records[self.next_id] = record
            self.next_id += 1
        if "hostName" in identity:
            record["assetName"] = identity["hostName"].upper() + ".corp.example"
        if "ipAddress" in identity:
            record["networkInterfaceListData"] = {"networkInterface": [{"addressIpV4": ", ".join(identity["ipAddress"])}]}
        for name, value in core.get("businessMetaData", {}).items():
            if name not in self.overruled:
                record["businessInformation"][BUSINESS[name]] = value
        if "operatingSystem" in core:
            record["operatingSystem"] = {"osName": "The Catalogue's " + core["operatingSystem"]}
        if "ports" in core:
            record["openPortListData"] = {
                "openPort": [{**port, "port": int(port["port"])} for port in core["ports"]] + [{"port": 9}]
            }
        if "volumes" in core:
            record["volumeListData"] = {
                "volume": [{"name": volume["name"], "size": int(volume["size"]) << 30} for volume in core["volumes"]]
            }
        if "biosInfo" in core:
            record["timeZone"] = core["biosInfo"]["timeZone"].replace("+5", "+05")
        custom = core.get("customConnectorAttributes", {})
        record["customAttributes"] = [
            {"key": key, "value": value, "connectorName": "ServiceNow Prod"} for key, value in custom.items()
        ]


names = st.sampled_from(["a", "b", "c"])
word = st.sampled_from(["Sales", "Engineering", "", "Ops"])
cores = st.fixed_dictionaries(
    {},
    optional={
        "businessMetaData": st.fixed_dictionaries({}, optional=dict.fromkeys(BUSINESS, word.filter(bool))),
        "operatingSystem": st.sampled_from(["CentOS 7", "CentOS 8"]),
        "ports": st.lists(
            st.sampled_from([{"port": "22"}, {"port": 80, "protocol": "TCP"}, {"port": "443", "detectedService": ""}]), max_size=3
        ),
        "volumes": st.just([{"name": "c", "size": "100"}]),
        "biosInfo": st.just({"timeZone": "+5:30"}),
        "sourceCreatedDate": st.sampled_from([1768473175000, "2026-01-15T10:32:55Z", "2026-02-01"]),
        "customConnectorAttributes": st.fixed_dictionaries({}, optional={"rack": st.sampled_from(["1", "2"])}),
    },
)  # fmt: skip
identities = st.fixed_dictionaries(
    {},
    optional={
        "hostName": st.just("host"),
        "ipAddress": st.sampled_from([["10.0.0.7"], ["10.0.0.8", "10.0.0.7"], ["10.0.0.7", "10.0.0.8"]]),
        "sourceNativeKey": st.just("nk"),
    },
)


def desired_of(name: str, identity: Any, core: Any, connector: ConnectorRef) -> DesiredAsset:
    told_apart = {key: f"{value}-{name}" if isinstance(value, str) else value for key, value in identity.items()}
    return DesiredAsset(f"Asset/{name}", connector, {"serialNumber": f"SN-{name}", **told_apart}, core)


class Estate(RuleBasedStateMachine):
    """Edits, plans and applies in any order, with a service that is slow, forgetful and contradicted by others."""

    connector = PLAIN

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 1, 15, tzinfo=UTC)
        self.service = Service()
        self.desired: dict[str, DesiredAsset] = {}
        self.state: dict[str, AppliedAsset] = {}
        self.verified: AbstractSet[bytes] = frozenset()

    @initialize(core=cores)
    def start(self, core: Any) -> None:
        self.edit("a", {}, core)

    def outcome(self, *, shuffle: int = 0, **more: Any) -> PlanOutcome:
        assets, applied, live = list(self.desired.values()), list(self.state.values()), list(self.service.records.values())
        for items in (assets, applied, live):
            random.Random(shuffle).shuffle(items)  # type: ignore[arg-type]
        return build(
            PlanInput(
                "acme", None, "https://gateway.example", "0.1.0", "sha256:" + "ab" * 32, StateMark("l", 1), self.now,
                assets=tuple(assets), applied={item.address: item for item in applied},
                live=LiveIndex.of(json.loads(json.dumps(live))), settle=SETTLE, overrides=ANY, **more,
            )
        )  # fmt: skip

    @rule(name=names, identity=identities, core=cores)
    def edit(self, name: str, identity: Any, core: Any) -> None:
        self.desired[f"Asset/{name}"] = desired_of(name, identity, core, self.connector)

    @rule(name=names)
    def remove(self, name: str) -> None:
        self.desired.pop(f"Asset/{name}", None)

    @rule(hours=st.sampled_from([0.1, 0.5, 2]))
    def wait(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def process(self) -> None:
        self.service.process()

    @rule()
    def lose_the_queue(self) -> None:
        self.service.queue.clear()

    @rule(name=st.sampled_from(["department", "company"]), value=word)
    def drift(self, name: str, value: str) -> None:
        for record in self.service.records.values():
            record["businessInformation"][name] = value

    @rule(overruled=st.sets(st.sampled_from(["department", "company"])))
    def overrule(self, overruled: set[str]) -> None:
        self.service.overruled = overruled

    @rule()
    def vanish(self) -> None:
        if self.service.records:
            del self.service.records[min(self.service.records)]

    @rule()
    def lose_the_state(self) -> None:
        self.state.clear()

    @rule()
    def only_plan(self) -> None:
        self._observe(self.outcome())

    @rule()
    def apply(self) -> None:
        self._apply()

    def _observe(self, outcome: PlanOutcome) -> None:
        self.state.update({item.address: item for item in outcome.observed})

    def _apply(self) -> PlanOutcome:
        outcome = self.outcome()
        self._observe(outcome)
        for change in codec.load(codec.saved(outcome.plan, created_at=self.now, expires_at=self.now)).plan.changes:
            desired = self.desired.get(change.address)
            if change.action in (Action.CREATE, Action.UPDATE):
                assert desired is not None
                self.service.sync(change.payload)
                self.state[change.address] = applied_after_sync(
                    desired,
                    self.state.get(change.address),
                    sent_at=self.now,
                    resent=[item.path for item in change.fields],
                    asset_id=change.asset_id,
                )
            elif change.action is Action.ADOPT:
                assert desired is not None
                assert change.asset_id is not None
                self.state[change.address] = applied_adopted(
                    desired, LiveAsset(change.asset_id, self.service.records[change.asset_id])
                )
            elif change.action is Action.FORGET:
                del self.state[change.address]
        return outcome

    @invariant()
    def the_same_in_any_order_is_the_same_plan(self) -> None:
        one, other = self.outcome(), self.outcome(shuffle=7)
        assert one == other
        at = self.now
        assert codec.saved(one.plan, created_at=at, expires_at=at) == codec.saved(other.plan, created_at=at, expires_at=at)

    @invariant()
    def what_was_verified_before_never_changes_an_answer(self) -> None:
        plain = self.outcome()
        applied = self._stored()
        records = ((asset_id, pack(record)) for asset_id, record in self.service.records.items())
        live = LiveIndex.packed(records)
        assets = tuple(self.desired.values())
        given = PlanInput(
            "acme", None, "https://gateway.example", "0.1.0", "sha256:" + "ab" * 32, StateMark("l", 1), self.now,
            assets=assets, applied=applied, live=live, settle=SETTLE, overrides=ANY, verified=self.verified,
        )  # fmt: skip
        carried = build(given)
        assert carried.plan == plain.plan
        assert carried.observed == plain.observed
        self.verified = self.verified | set(carried.verified.values())
        assert build(replace(given, verified=self.verified)).plan == plain.plan

    def _stored(self) -> StoredResources:
        kept = {address: encode(item) for address, item in self.state.items()}
        return StoredResources.whole(
            "a test", [(to, row.kind, row.document, row.digest, row.asset_id) for to, row in kept.items()]
        )

    @invariant()
    def planning_again_after_noting_what_was_seen_changes_nothing(self) -> None:
        first = self.outcome()
        before = dict(self.state)
        self._observe(first)
        again = self.outcome()
        self.state = before
        assert codec.digest(again.plan) == codec.digest(first.plan)
        assert again.observed == ()

    @invariant()
    def what_was_just_applied_is_not_sent_again(self) -> None:
        saved = self.state.copy(), json.dumps([self.service.records, self.service.queue]), self.service.next_id
        self._apply()
        second = self.outcome().plan
        assert not second.has_changes, [(change.address, change.action, change.reason) for change in second.writes]
        self.service.process()
        arrived = self.outcome().plan
        assert all(change.action is not Action.CREATE for change in arrived.writes)
        self.state, self.service.next_id = saved[0], saved[2]
        records, self.service.queue = json.loads(saved[1])
        self.service.records = {int(key): record for key, record in records.items()}

    @invariant()
    def once_settled_and_uncontradicted_everything_arrives_and_the_plan_is_empty(self) -> None:
        """Nothing needed is ever left out: two applies, each with time to arrive, bring live to what is declared."""
        saved = self.state.copy(), json.dumps([self.service.records, self.service.queue]), self.service.next_id
        at, overruled = self.now, self.service.overruled
        self.service.overruled = set()
        self.service.process()
        for _ in range(2):
            self.now += 2 * SETTLE
            outcome = self.outcome(resend_overridden=True)
            for change in outcome.plan.changes:
                if change.payload is not None:
                    self.service.sync(change.payload)
            self._settle_state(outcome)
            self.service.process()
        self.now += 2 * SETTLE
        final = self.outcome().plan
        assert {change.action for change in final.changes} <= {Action.UNCHANGED}, final.changes
        for asset in self.desired.values():
            self._assert_live(asset)
        self.now, self.service.overruled, self.state, self.service.next_id = at, overruled, saved[0], saved[2]
        records, self.service.queue = json.loads(saved[1])
        self.service.records = {int(key): record for key, record in records.items()}

    def _settle_state(self, outcome: PlanOutcome) -> None:
        self._observe(outcome)
        for change in outcome.plan.changes:
            desired = self.desired.get(change.address)
            if change.action in (Action.CREATE, Action.UPDATE) and desired is not None:
                resent = [item.path for item in change.fields]
                self.state[change.address] = applied_after_sync(
                    desired, self.state.get(change.address), sent_at=self.now, resent=resent, asset_id=change.asset_id
                )
            elif change.action is Action.ADOPT and desired is not None and change.asset_id is not None:
                live = LiveAsset(change.asset_id, self.service.records[change.asset_id])
                self.state[change.address] = applied_adopted(desired, live)
            elif change.action is Action.FORGET:
                del self.state[change.address]

    def _assert_live(self, asset: DesiredAsset) -> None:
        serial = asset.identity["serialNumber"]
        (record,) = (one for one in self.service.records.values() if one["biosSerialNumber"] == serial)
        for name, value in asset.core.get("businessMetaData", {}).items():
            assert record["businessInformation"][BUSINESS[name]] == value
        live_ports = {port["port"] for port in record.get("openPortListData", {}).get("openPort", ())}
        assert {int(port["port"]) for port in asset.core.get("ports", ())} <= live_ports


class MarkedEstate(Estate):
    """The same with a marker: a lost state costs no call once everything has arrived."""

    connector = replace(PLAIN, marker=True)

    @invariant()
    def a_lost_state_is_no_reason_to_send_anything(self) -> None:
        saved = self.state.copy(), json.dumps([self.service.records, self.service.queue]), self.service.next_id
        at, overruled = self.now, self.service.overruled
        self.service.overruled = set()
        self.service.process()
        for _ in range(2):
            self.now += 2 * SETTLE
            outcome = self.outcome(resend_overridden=True)
            for change in outcome.plan.changes:
                if change.payload is not None:
                    self.service.sync(change.payload)
            self._settle_state(outcome)
            self.service.process()
        self.state.clear()
        lost = self.outcome().plan
        assert {change.action for change in lost.changes} <= {Action.UNCHANGED}, lost.changes
        self.now, self.service.overruled, self.state, self.service.next_id = at, overruled, saved[0], saved[2]
        records, self.service.queue = json.loads(saved[1])
        self.service.records = {int(key): record for key, record in records.items()}


Estate.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
MarkedEstate.TestCase.settings = settings(max_examples=20, stateful_step_count=10, deadline=None)
TestEstate = Estate.TestCase
TestMarkedEstate = MarkedEstate.TestCase


@given(core=cores, identity=identities)
@settings(max_examples=50, deadline=None)
def test_a_plan_and_its_file_are_the_same_whatever_the_order_of_keys(core: Any, identity: Any) -> None:
    def plan(asset: DesiredAsset) -> bytes:
        at = datetime(2026, 1, 15, tzinfo=UTC)
        given_input = PlanInput("acme", None, "https://x", "0.1.0", "sha256:" + "ab" * 32, StateMark("l", 1), at, assets=(asset,))
        return codec.saved(build(given_input).plan, created_at=at, expires_at=at)

    one = desired_of("a", identity, core, PLAIN)
    other = changed(one, identity=dict(reversed(one.identity.items())), core=dict(reversed(one.core.items())))
    assert plan(one) == plan(other)
