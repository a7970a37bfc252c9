from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from declarative.assets.identity import BOUND
from declarative.assets.model import ConnectorRef, OnRemove
from declarative.core.diagnostics import Diagnostic, Severity
from declarative.plan.model import Action, Check


def actions(plan: Any) -> dict[str, str]:
    return {change.address: change.action.value for change in plan.changes}


# Two manifests


def test_two_manifests_that_claim_one_live_asset_are_both_blocked(world: Any) -> None:
    one = world.asset("a", serial="SN-1")
    two = world.asset("b", identity={"netBiosName": "WEB01"})
    plan = world.plan(one, two, live=[world.live(5, netbiosName="WEB01")])
    assert actions(plan) == {"Asset/a": "blocked", "Asset/b": "blocked"}
    assert plan.changes[0].reason == "2 manifests (Asset/a, Asset/b) claim asset 5"


def test_a_claim_on_the_asset_of_a_manifest_outside_the_narrowing_is_noticed(world: Any) -> None:
    mine, other = world.asset("a"), world.asset("b", serial="SN-2")
    plan = world.plan(
        mine,
        other,
        applied=[world.applied(other, asset_id=5)],
        live=[world.live(5)],
        in_scope=lambda address: address == "Asset/a",
    )
    assert actions(plan) == {"Asset/a": "blocked"}


def test_two_manifests_with_one_native_key_are_both_blocked(world: Any) -> None:
    assets = [world.asset(name, identity={"sourceNativeKey": "NK", "hostName": name}) for name in ("a", "b")]
    plan = world.plan(*assets)
    assert actions(plan) == {"Asset/a": "blocked", "Asset/b": "blocked"}
    assert "share the sourceNativeKey NK" in plan.changes[0].reason


def test_one_native_key_under_two_connectors_is_two_assets(world: Any) -> None:
    other = ConnectorRef("cmdb", "another", "WEBHOOK")
    identity = {"sourceNativeKey": "NK"}
    plan = world.plan(world.asset("a", identity=identity), world.asset("b", identity=identity, connector=other))
    assert actions(plan) == {"Asset/a": "create", "Asset/b": "create"}


# Removed manifests


def test_a_removed_manifest_is_forgotten_and_the_asset_stays(world: Any) -> None:
    change = world.change(applied=[world.applied(world.asset())], live=[world.live()])
    assert (change.action, change.asset_id, change.matched_by, change.payload) == (Action.FORGET, 5, BOUND, None)
    assert "the asset stays in the inventory" in change.reason


def retiring(world: Any) -> Any:
    return world.applied(world.asset(on_remove=OnRemove.RETIRE))


def test_a_removed_manifest_that_wants_it_is_retired_with_one_sync(world: Any) -> None:
    applied = replace(retiring(world), on_remove=OnRemove.RETIRE)
    plan = world.plan(applied=[applied], live=[world.live(business={"operationalStatus": "Running"})])
    (change,) = plan.changes
    assert change.action is Action.RETIRE
    assert change.payload == {
        "identityAttributes": {"serialNumber": "SN-1"},
        "coreAttributes": {"businessMetaData": {"status": "Retired"}},
    }
    assert [(field.before, field.after) for field in change.fields] == [("Running", "Retired")]
    assert change.fingerprint is not None
    assert change.record is not None
    assert plan.calls.sync == 1


def test_what_is_retired_already_or_gone_is_only_forgotten(world: Any) -> None:
    retired = world.change(applied=[retiring(world)], live=[world.live(business={"operationalStatus": "retired"}), world.live(6)])
    assert retired.action is Action.RETIRE, "case counts in business data"
    retired = world.change(applied=[retiring(world)], live=[world.live(business={"operationalStatus": "Retired"})])
    assert (retired.action, retired.reason) == (Action.FORGET, "the manifest is gone, and the asset is already retired")
    gone = world.change(applied=[retiring(world)], live=[world.live(6, serial="OTHER")])
    assert gone.action is Action.FORGET


def test_an_asset_that_another_manifest_manages_now_is_never_retired(world: Any) -> None:
    plan = world.plan(world.asset("renamed"), applied=[retiring(world)], live=[world.live()])
    assert actions(plan) == {"Asset/renamed": "adopt", "Asset/web-01": "forget"}
    assert "`moved: {Asset/web-01: Asset/renamed}`" in plan.changes[1].warnings[0]


def test_an_asset_that_a_manifest_out_of_scope_manages_now_is_never_retired(world: Any) -> None:
    renamed, old = world.asset("renamed"), retiring(world)
    for live, in_scope in (
        ([world.live()], lambda address: address == "Asset/web-01"),
        ([world.live()], lambda address: address != "Asset/renamed"),
        ([world.live(), world.live(6, serial="SN-6")], lambda address: address == "Asset/web-01"),
    ):
        plan = world.plan(renamed, applied=[old], live=live, in_scope=in_scope)
        assert actions(plan) == {"Asset/web-01": "forget"}
        assert plan.changes[0].reason == "the manifest is gone; Asset/renamed manages the asset"
    bound = world.applied(world.asset("renamed", serial="SN-OTHER"), asset_id=5)
    plan = world.plan(world.asset("renamed", serial="SN-OTHER"), applied=[old, bound], live=[world.live()], in_scope=live_only)
    assert actions(plan) == {"Asset/web-01": "forget"}
    plan = world.plan(world.asset("another", serial="SN-9"), applied=[old], live=[world.live()], in_scope=live_only)
    assert actions(plan) == {"Asset/web-01": "retire"}


def test_an_asset_that_comes_back_after_it_was_retired_is_told_to_stay_so(world: Any) -> None:
    back = world.change(world.asset(), live=[world.live(business={"operationalStatus": "Retired"})])
    assert back.action in (Action.ADOPT, Action.UPDATE)
    assert "marked Retired, and stays so" in back.warnings[-1]
    said = world.asset(core={"status": "In use"})
    assert not world.change(said, live=[world.live(business={"operationalStatus": "Retired"})]).warnings


def live_only(address: str) -> bool:
    return address == "Asset/web-01"


def test_a_plan_that_saw_nothing_live_does_not_retire_what_another_manifest_declares(world: Any) -> None:
    plan = world.plan(world.asset("renamed"), applied=[retiring(world)], live_complete=False)
    assert actions(plan) == {"Asset/renamed": "create", "Asset/web-01": "forget"}


def test_a_narrowed_plan_leaves_removed_manifests_outside_alone(world: Any) -> None:
    plan = world.plan(world.asset("a"), applied=[world.applied(world.asset("b"))], in_scope=lambda address: address == "Asset/a")
    assert actions(plan) == {"Asset/a": "create"}


def test_a_removed_report_is_forgotten(world: Any) -> None:
    change = world.change(applied=[world.ran(world.report())])
    assert (change.action, change.kind) == (Action.FORGET, "Report")


# Moved manifests


def test_a_moved_manifest_keeps_its_record_and_costs_no_call(world: Any) -> None:
    outcome = world.build(
        world.asset("new"), applied=[world.applied(world.asset("old"))], live=[world.live()], moved={"Asset/old": "Asset/new"}
    )
    (change,) = outcome.plan.changes
    assert (change.address, change.action, change.reason) == ("Asset/new", Action.UNCHANGED, "moved from Asset/old, no call")
    assert outcome.moves == (("Asset/old", "Asset/new"),)


def test_a_move_that_was_made_is_history(world: Any) -> None:
    outcome = world.build(
        world.asset("new"), applied=[world.applied(world.asset("new"))], live=[world.live()], moved={"Asset/old": "Asset/new"}
    )
    assert outcome.moves == ()
    assert outcome.plan.changes[0].reason == ""


def test_a_move_does_not_take_the_record_of_a_manifest_that_still_exists(world: Any) -> None:
    old, new = world.asset("old"), world.asset("new", serial="SN-2")
    outcome = world.build(old, new, applied=[world.applied(old)], live=[world.live()], moved={"Asset/old": "Asset/new"})
    assert actions(outcome.plan) == {"Asset/new": "create", "Asset/old": "unchanged"}
    assert outcome.moves == ()


def test_a_moved_and_changed_manifest_says_both(world: Any) -> None:
    change = world.change(
        world.asset("new", core={"department": "New"}),
        applied=[world.applied(world.asset("old"))],
        live=[world.live()],
        moved={"Asset/old": "Asset/new"},
    )
    assert change.reason == "coreAttributes.businessMetaData.department differs; moved from Asset/old"


# The whole


def test_sync_calls_are_counted_by_connector_and_batch(world: Any) -> None:
    other = ConnectorRef("cmdb", "another", "WEBHOOK")
    assets = [world.asset(f"a{n:03}", serial=f"A{n}") for n in range(101)]
    assets += [world.asset(f"b{n:03}", serial=f"B{n}", connector=other) for n in range(2)]
    assert world.plan(*assets).calls.sync == 4
    assert world.plan(*assets, batch_size=10).calls.sync == 12


def test_what_the_caller_knows_is_carried_and_sorted(world: Any) -> None:
    checks = (Check("HostQuery/b", "pass", 0, "x"), Check("HostQuery/a", "warn", 1, "y"))
    findings = (Diagnostic(Severity.WARNING, "b", "y"), Diagnostic(Severity.WARNING, "a", "x"))
    plan = world.plan(checks=checks, diagnostics=findings, read_calls=7, narrowed=("target Asset/*",), read_strategy="by id")
    assert [check.address for check in plan.checks] == ["HostQuery/a", "HostQuery/b"]
    assert [item.rule for item in plan.diagnostics] == ["a", "b"]
    assert (plan.calls.read, plan.narrowed, plan.read_strategy) == (7, ("target Asset/*",), "by id")


def test_the_order_of_manifests_state_and_pages_does_not_matter(world: Any) -> None:
    assets = [world.asset(f"a{n}", serial=f"S{n}") for n in range(8)]
    applied = [world.applied(asset, asset_id=n) for n, asset in enumerate(assets[:5])]
    live = [world.live(n, serial=f"S{n}", business={"department": "Old"}) for n in range(6)]
    one = world.build(*assets, applied=applied, live=live)
    other = world.build(*reversed(assets), applied=applied[::-1], live=live[::-1])
    assert one == other
