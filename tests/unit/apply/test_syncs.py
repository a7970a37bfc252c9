"""Assets: sent once, in batches, recorded, and quiet the second time."""

from __future__ import annotations

import pytest

from declarative.apply import outcome_code
from declarative.core.errors import AuthError, InvalidError, LockedError, StaleError
from declarative.core.exits import ExitCode


def test_a_second_plan_is_pending_then_empty(world, outcomes_of):
    world.asset("web")
    assert world.actions() == {"Asset/web": "create"}
    result = world.apply()
    assert outcomes_of(result) == {"Asset/web": "applied"}
    assert outcome_code(result) is ExitCode.OK
    assert world.actions() == {"Asset/web": "pending"}
    world.settle()
    assert world.actions() == {"Asset/web": "unchanged"}
    assert world.syncs == 1


def test_only_what_changed_is_sent(world, outcomes_of):
    for name in ("a", "b", "c"):
        world.asset(name)
    world.apply()
    world.settle()
    world.plan()
    world.asset("b", department="Sales")
    result = world.apply()
    assert outcomes_of(result) == {"Asset/b": "applied"}
    world.settle()
    assert world.live("b")["businessInformation"]["department"] == "Sales"
    assert set(world.actions().values()) == {"unchanged"}


def test_batches_hold_one_connector_and_no_more_than_their_size(world, other_connector):
    for number in range(7):
        world.asset(f"h{number}", connector=other_connector if number % 2 else world.connector)
    result = world.apply(batch_size=2)
    assert world.syncs == 4  # 4 of one connector, 3 of the other
    assert result.calls.sync == 4
    assert {entry.request_id for entry in result.results if entry.address in ("Asset/h0", "Asset/h2")} == {
        result.results[0].request_id
    }


def test_results_do_not_depend_on_parallelism(make_world):
    seen = []
    for parallelism in (1, 4):
        world = make_world()
        for number in range(12):
            world.asset(f"h{number:02}")
        world.fault("assetsError", path="*/data/sync", keys=["NK-h05"])
        result = world.apply(batch_size=3, parallelism=parallelism)
        seen.append([(entry.address, entry.outcome, entry.request_id) for entry in result.results])
    assert seen[0] == seen[1]


@pytest.mark.parametrize("shape", ["keyed", "array", "failed"])
def test_an_asset_the_api_refuses_fails_alone(world, outcomes_of, shape):
    for name in ("a", "b", "c"):
        world.asset(name)
    world.fault("assetsError", path="*/data/sync", keys=["NK-b"], shape=shape, message="bad serial")
    result = world.apply()
    assert outcomes_of(result) == {"Asset/a": "applied", "Asset/b": "failed", "Asset/c": "applied"}
    assert "bad serial" in next(entry.error for entry in result.results if entry.address == "Asset/b")
    assert outcome_code(result) is ExitCode.PARTIAL
    world.sandbox.call("faults", {"clear": True})
    world.settle()
    assert world.actions() == {"Asset/a": "unchanged", "Asset/b": "create", "Asset/c": "unchanged"}


def test_an_import_whose_answer_never_comes_is_uncertain_and_planned_again(make_world, outcomes_of):
    world = make_world(delay=100_000.0)  # the retries take their time
    world.asset("web")
    world.fault("status", path="*/data/sync", status=500, processed=True)
    result = world.apply()
    assert outcomes_of(result) == {"Asset/web": "uncertain"}
    assert outcome_code(result) is ExitCode.PARTIAL
    world.sandbox.call("faults", {"clear": True})
    assert world.actions() == {"Asset/web": "create"}
    assert outcomes_of(world.apply()) == {"Asset/web": "applied"}
    world.settle()
    assert world.actions() == {"Asset/web": "unchanged"}
    assert world.sandbox.call("assets")["total"] == 1


def test_a_removed_manifest_is_forgotten_without_a_call(world, outcomes_of):
    world.asset("web")
    world.apply()
    world.settle()
    world.assets.clear()
    before = world.syncs
    result = world.apply()
    assert outcomes_of(result) == {"Asset/web": "applied"}
    assert world.syncs == before
    assert world.store.resources() == {}


def test_a_removed_manifest_can_retire_its_asset(world, outcomes_of):
    world.asset("web", retire=True)
    world.apply(wait=60)
    world.assets.clear()
    assert world.actions() == {"Asset/web": "retire"}
    assert outcomes_of(world.apply()) == {"Asset/web": "applied"}
    world.settle()
    assert world.live("web")["businessInformation"]["operationalStatus"] == "Retired"
    assert world.store.resources() == {}
    assert world.actions() == {}


def test_an_asset_that_is_already_as_declared_is_adopted_without_a_call(world, outcomes_of):
    asset = world.asset("web")
    del asset.identity["sourceNativeKey"]  # what cannot be read back has to be sent
    world.sandbox.call(
        "seed",
        {
            "records": [
                {
                    "assetName": "web",
                    "biosSerialNumber": "SN-web",
                    "businessInformation.department": "Engineering",
                }
            ]
        },
    )
    assert world.actions() == {"Asset/web": "adopt"}
    assert outcomes_of(world.apply()) == {"Asset/web": "applied"}
    assert world.syncs == 0
    assert world.actions() == {"Asset/web": "unchanged"}


def test_refused_credentials_before_anything_is_sent_end_the_run(world):
    world.asset("web")
    plan = world.plan()
    world.fault("status", path="/auth", status=401)
    with pytest.raises(AuthError):
        world.apply(plan)
    assert world.syncs == 0
    assert world.store.runs()[0].exit_code == ExitCode.AUTH


@pytest.mark.parametrize("refresh", ["none", "drift"])
def test_a_plan_that_is_only_for_looking_is_refused(world, refresh):
    world.asset("web")
    plan = world.plan(refresh=refresh)
    with pytest.raises(InvalidError, match="cannot be applied"):
        world.apply(plan)
    assert world.syncs == 0


def test_a_saved_plan_is_good_for_one_apply(world):
    world.asset("web")
    plan = world.plan()
    world.apply(plan, saved=True)
    with pytest.raises(StaleError, match="already applied"):
        world.apply(plan, saved=True)
    assert world.syncs == 1


def test_another_apply_on_the_same_state_is_refused(world):
    world.asset("web")
    plan = world.plan()
    lease = world.store.acquire("somebody@else")
    try:
        with pytest.raises(LockedError, match="somebody@else"):
            world.apply(plan)
    finally:
        lease.release()
    assert world.syncs == 0


def test_the_audit_says_who_what_and_how_it_ended(world):
    world.asset("web")
    result = world.apply()
    run = world.store.runs()[0]
    assert (run.run_id, run.user, run.host, run.exit_code) == (result.run_id, "tester", "here", 0)
    assert run.summary["applied"] == 1
    assert [outcome.address for outcome in world.store.outcomes_of(run.run_id)] == ["Asset/web"]
    paths = [call.path for _, call in world.store.calls_of(run.run_id)]
    assert any(path.endswith("/data/sync") for path in paths)


def test_a_stop_between_batches_leaves_the_rest_unsent(world, stop, outcomes_of):
    for number in range(4):
        world.asset(f"h{number}")

    def stop_after_the_first(name):
        if name == "sync:outcome:after":
            stop.set()

    result = world.apply(batch_size=1, parallelism=1, stop=stop, probe=stop_after_the_first)
    assert result.interrupted
    assert outcome_code(result) is ExitCode.INTERRUPTED
    assert outcomes_of(result) == {
        "Asset/h0": "applied",
        "Asset/h1": "skipped",
        "Asset/h2": "skipped",
        "Asset/h3": "skipped",
    }
    assert world.syncs == 1


def test_a_lease_that_is_lost_stops_the_apply_but_keeps_what_was_done(world, outcomes_of):
    world.asset("a")
    world.asset("b")

    def unlock(name):
        if name == "sync:outcome:after":
            info = world.store.lease_info()
            if info is not None:
                world.store.unlock(info.lease_id)

    result = world.apply(batch_size=1, parallelism=1, probe=unlock)
    assert outcomes_of(result) == {"Asset/a": "applied", "Asset/b": "skipped"}
    assert outcome_code(result) is ExitCode.PARTIAL
    assert any("lost" in warning for warning in result.warnings)
    assert world.syncs == 1
