"""`--wait`: what was sent is looked for until it shows."""

from __future__ import annotations

from declarative.apply import outcome_code
from declarative.core.exits import ExitCode


def test_waiting_ends_as_soon_as_everything_shows_and_the_next_plan_is_empty(make_world):
    world = make_world(delay=20.0)
    for name in ("a", "b"):
        world.asset(name)
    result = world.apply(wait=600)
    assert [entry.arrived for entry in result.results] == [True, True]
    assert all(entry.asset_id for entry in result.results)
    assert 20 <= sum(world.clock.slept) < 60
    assert set(world.actions().values()) == {"unchanged"}
    assert outcome_code(result) is ExitCode.OK


def test_what_arrived_is_bound_and_converged_in_the_state(world):
    world.asset("web")
    result = world.apply(wait=60)
    stored = world.store.get("Asset/web")
    assert stored.asset_id == result.results[0].asset_id
    assert stored.fields["coreAttributes.businessMetaData.department"].converged


def test_waiting_leaves_a_saved_plan_of_somebody_else_applicable(world):
    world.asset("web")
    world.apply()
    serial = world.store.mark.serial
    world.settle()
    world.apply(wait=60)
    assert world.store.mark.serial == serial


def test_an_asset_that_never_arrives_is_named_with_the_likely_cause(make_world):
    world = make_world(allow_unmanaged=False)
    world.asset("web")
    result = world.apply(wait=120)
    entry = result.results[0]
    assert entry.arrived is False
    assert "Create unmanaged asset" in entry.error
    assert outcome_code(result) is ExitCode.PARTIAL
    assert sum(world.clock.slept) <= 121


def test_a_value_that_another_source_overrules_is_named(world):
    world.asset("web")
    world.apply(wait=60)
    world.sandbox.call("overrule", {"set": {"businessInformation.department": "Finance"}})
    world.asset("web", department="Sales")
    result = world.apply(wait=60)
    entry = result.results[0]
    assert entry.arrived is False
    assert "businessMetaData.department" in entry.error
    assert "another source" in entry.error


def test_waiting_asks_less_and_less_often(make_world):
    world = make_world(allow_unmanaged=False)
    world.asset("web")
    world.apply(wait=300)
    pauses = world.clock.slept
    assert pauses[0] < 1
    assert max(pauses) <= 30
    assert len(pauses) < 25


def test_an_asset_known_by_its_address_only_is_seen_to_arrive(world):
    asset = world.asset("printer")
    asset.identity.clear()
    asset.identity.update({"ipAddress": ["10.0.0.9"], "sourceNativeKey": "NK-p"})
    assert world.apply(wait=60).results[0].arrived is True


def test_a_read_that_fails_while_waiting_takes_nothing_back(world, outcomes_of):
    world.asset("web")
    plan = world.plan()

    def break_reads(name):
        if name == "sync:outcome:after":
            world.fault("status", path="*/search/am/asset", status=400, body="no")

    result = world.apply(plan, wait=60, probe=break_reads)
    assert outcomes_of(result) == {"Asset/web": "applied"}
    assert any("waiting" in warning for warning in result.warnings)


def test_a_stop_while_waiting_ends_the_waiting(make_world, stop):
    world = make_world(allow_unmanaged=False)
    world.asset("web")

    def on_progress(progress):
        if progress.phase == "arrive":
            stop.set()

    result = world.apply(wait=3600, stop=stop, on_progress=on_progress)
    assert sum(world.clock.slept) < 60
    assert result.interrupted
    assert outcome_code(result) is ExitCode.INTERRUPTED
