"""What moved since the plan is not written; the rest is."""

from __future__ import annotations

import json
from datetime import timedelta

from msgspec.structs import replace

from declarative.apply import outcome_code, precheck
from declarative.core.canonical import canonical_bytes
from declarative.core.exits import ExitCode
from declarative.plan import codec
from declarative.plan.fingerprint import fingerprint

DEPARTMENT = "businessInformation.department"


def prepared(world, *names):
    for name in names:
        world.asset(name)
    world.apply(wait=60)
    for name in names:
        world.asset(name, department="Sales")
    return world.plan()


def test_an_object_changed_since_the_plan_is_stale_and_the_rest_is_written(world, outcomes_of):
    plan = prepared(world, "a", "b")
    world.sandbox.call("drift", {"assetName": "a", "set": {DEPARTMENT: "Finance"}})
    before = world.syncs
    result = world.apply(plan)
    assert outcomes_of(result) == {"Asset/a": "stale", "Asset/b": "applied"}
    assert outcome_code(result) is ExitCode.STALE
    assert world.syncs == before + 1
    world.settle()
    assert world.live("a")["businessInformation"]["department"] == "Finance"


def test_a_change_of_what_is_not_managed_makes_nothing_stale(world, outcomes_of):
    plan = prepared(world, "a")
    world.sandbox.call("drift", {"assetName": "a", "set": {"lastLoggedOnUser": "eve", "riskScore": 900}})
    assert outcomes_of(world.apply(plan)) == {"Asset/a": "applied"}


def test_a_change_of_what_others_might_manage_makes_nothing_stale(world, outcomes_of):
    """The record is another one then, in what decisions can see; what was decided on still stands."""
    plan = prepared(world, "a")
    world.sandbox.call("drift", {"assetName": "a", "set": {"businessInformation.company": "Other"}})
    assert outcomes_of(world.apply(plan)) == {"Asset/a": "applied"}


def test_a_plan_that_does_not_know_whole_records_is_checked_field_by_field(world, outcomes_of):
    plan = prepared(world, "a", "b")
    bare = replace(plan, changes=tuple(replace(change, record=None) for change in plan.changes))
    world.sandbox.call("drift", {"assetName": "a", "set": {DEPARTMENT: "Finance"}})
    assert outcomes_of(world.apply(bare)) == {"Asset/a": "stale", "Asset/b": "applied"}


def test_an_object_as_the_plan_saw_it_is_not_looked_into(world, outcomes_of, monkeypatch):
    plan = prepared(world, "a", "b")
    world.sandbox.call("drift", {"assetName": "b", "set": {"businessInformation.company": "Other"}})
    looked = []
    monkeypatch.setattr(
        precheck, "fingerprint", lambda desired, live: looked.append(desired.address) or fingerprint(desired, live)
    )
    assert outcomes_of(world.apply(plan)) == {"Asset/a": "applied", "Asset/b": "applied"}
    assert looked == ["Asset/b"]


def test_who_approved_a_digest_is_not_fooled_by_what_it_does_not_cover(world, outcomes_of):
    """A later plan's digest of the record, put into the approved file: only that of the file is made to fit again."""
    plan, now = prepared(world, "a"), world.clock.now()
    document = json.loads(codec.saved(plan, created_at=now, expires_at=now + timedelta(hours=1)))
    world.sandbox.call("drift", {"assetName": "a", "set": {DEPARTMENT: "Finance"}})
    document["changes"][0]["recordDigest"] = world.plan().changes[0].record
    del document["checksum"]
    document["checksum"] = codec.digest_of(document)
    forged = codec.load(canonical_bytes(document) + b"\n")
    assert forged.digest == codec.digest(plan)
    assert outcomes_of(world.apply(codec.as_approved(forged.plan))) == {"Asset/a": "stale"}


def test_an_object_that_is_gone_is_stale(world, outcomes_of):
    plan = prepared(world, "a")
    world.sandbox.call("drift", {"assetName": "a", "delete": True})
    result = world.apply(plan)
    assert outcomes_of(result) == {"Asset/a": "stale"}
    assert "not found" in result.results[0].error


def test_a_create_is_stale_once_a_match_has_appeared(world, outcomes_of):
    world.asset("web")
    plan = world.plan()
    world.sandbox.call("seed", {"records": [{"assetName": "web", "biosSerialNumber": "SN-web"}]})
    before = world.syncs
    result = world.apply(plan)
    assert outcomes_of(result) == {"Asset/web": "stale"}
    assert "has appeared" in result.results[0].error
    assert world.syncs == before


def test_a_create_known_by_address_only_is_stale_once_a_match_has_appeared(world, outcomes_of):
    asset = world.asset("printer")
    asset.identity.clear()
    asset.identity.update({"ipAddress": ["10.0.0.9"], "sourceNativeKey": "NK-p"})
    plan = world.plan()
    world.sandbox.call("seed", {"records": [{"assetName": "x", "address": "10.0.0.9"}]})
    assert outcomes_of(world.apply(plan)) == {"Asset/printer": "stale"}


def test_our_own_first_import_that_arrives_late_makes_nothing_stale(world, outcomes_of):
    world.asset("web")
    world.apply()
    world.asset("web", department="Sales")
    plan = world.plan()
    world.settle()
    assert outcomes_of(world.apply(plan)) == {"Asset/web": "applied"}


def test_an_adoption_is_stale_when_the_asset_changed(world, outcomes_of):
    asset = world.asset("web")
    del asset.identity["sourceNativeKey"]
    record = {"assetName": "web", "biosSerialNumber": "SN-web", DEPARTMENT: "Engineering"}
    world.sandbox.call("seed", {"records": [record]})
    plan = world.plan()
    world.sandbox.call("drift", {"assetName": "web", "set": {DEPARTMENT: "Finance"}})
    assert outcomes_of(world.apply(plan)) == {"Asset/web": "stale"}
    assert world.store.resources() == {}


def test_looking_again_costs_one_call_for_a_hundred_objects(world):
    plan = prepared(world, *(f"h{number:02}" for number in range(40)))
    before = len(world.calls("/search/am/asset"))
    world.apply(plan)
    assert len(world.calls("/search/am/asset")) == before + 1
