"""One test a row of the decision table, then the rows between the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from msgspec.structs import replace as changed

from declarative.assets.marker import managed_fields
from declarative.plan.model import Action

DEPARTMENT = "coreAttributes.businessMetaData.department"
Fields = Callable[[Any], dict[str, tuple[Any, Any, str]]]

# desired vs applied, live vs desired


def test_a_value_that_differs_from_what_was_sent_is_an_update_shown_against_live(world: Any, fields_of: Fields) -> None:
    change = world.change(
        world.asset(core={"department": "Engineering"}), applied=[world.applied(world.asset())], live=[world.live()]
    )
    assert (change.action, change.reason) == (Action.UPDATE, f"{DEPARTMENT} differs")
    assert fields_of(change) == {"department": ("Sales", "Engineering", "live")}
    assert (change.asset_id, change.matched_by) == (5, "assetId")
    assert change.payload["coreAttributes"] == {"businessMetaData": {"department": "Engineering"}}
    assert change.fingerprint.startswith("sha256:")


def test_an_update_shows_the_last_sent_value_of_a_field_that_cannot_be_read(world: Any, fields_of: Fields) -> None:
    before = world.asset(identity={"serialNumber": "SN-1", "sourceNativeKey": "NK-1"})
    after = world.asset(identity={"serialNumber": "SN-1", "sourceNativeKey": "NK-2"})
    change = world.change(after, applied=[world.applied(before)], live=[world.live()])
    assert change.action is Action.UPDATE
    assert fields_of(change) == {"sourceNativeKey": ("NK-1", "NK-2", "applied")}


def test_a_value_that_is_as_sent_and_as_live_is_in_sync(world: Any) -> None:
    change = world.change(world.asset(), applied=[world.applied(world.asset())], live=[world.live()])
    assert (change.action, change.fields, change.payload) == (Action.UNCHANGED, (), None)


def test_a_value_sent_less_than_settle_ago_and_not_seen_yet_is_pending(world: Any, fields_of: Fields) -> None:
    state = world.applied(world.asset(), hours_ago=0.5, converged=False)
    change = world.change(world.asset(), applied=[state], live=[world.live(business={"department": "Old"})])
    assert change.action is Action.PENDING
    assert "sent at 2026-01-15T11:30:00Z" in change.reason
    assert fields_of(change) == {"department": ("Old", "Sales", "live")}
    assert change.payload is None


def test_a_value_sent_longer_ago_and_never_seen_is_overridden_and_not_sent(world: Any) -> None:
    state = world.applied(world.asset(), hours_ago=1, converged=False)
    change = world.change(world.asset(), applied=[state], live=[world.live(business={"department": "Old"})])
    assert change.action is Action.OVERRIDDEN
    assert "another source wins" in change.warnings[0]
    assert change.payload is None


def test_an_overridden_value_is_sent_when_the_user_asks_for_it(world: Any) -> None:
    state = world.applied(world.asset(), converged=False)
    live = [world.live(business={"department": "Old"})]
    change = world.change(world.asset(), applied=[state], live=live, resend_overridden=True)
    assert change.action is Action.UPDATE
    assert change.payload is not None


def test_a_value_that_was_seen_and_is_no_more_is_drift_and_is_sent(world: Any, fields_of: Fields) -> None:
    change = world.change(
        world.asset(), applied=[world.applied(world.asset())], live=[world.live(business={"department": "Old"})]
    )
    assert (change.action, change.reason) == (Action.UPDATE, f"drift: {DEPARTMENT} differs")
    assert fields_of(change) == {"department": ("Old", "Sales", "live")}


def test_drift_is_drift_even_right_after_something_else_was_sent(world: Any) -> None:
    state = world.applied(world.asset(), hours_ago=0.1)
    assert world.change(world.asset(), applied=[state], live=[world.live(business={})]).action is Action.UPDATE


@pytest.mark.parametrize("live_name", [None, "a-name-the-service-chose"])
def test_an_unreadable_field_that_is_as_sent_is_in_sync(world: Any, live_name: str | None) -> None:
    desired = world.asset(identity={"serialNumber": "SN-1", "sourceNativeKey": "NK", "hostName": "web-01"})
    state = world.applied(desired, converged=False)
    assert world.change(desired, applied=[state], live=[world.live(assetName=live_name)]).action is Action.UNCHANGED


def test_without_a_record_a_live_asset_that_is_as_declared_is_adopted_without_a_call(world: Any) -> None:
    plan = world.plan(world.asset(), live=[world.live()])
    (change,) = plan.changes
    assert (change.action, change.asset_id, change.matched_by) == (Action.ADOPT, 5, "serialNumber")
    assert change.payload is None
    assert plan.calls.sync == 0


def test_without_a_record_a_live_asset_that_differs_is_updated(world: Any, fields_of: Fields) -> None:
    change = world.change(world.asset(), live=[world.live(business={"department": "Old"})])
    assert (change.action, change.reason) == (Action.UPDATE, f"{DEPARTMENT} differs")
    assert fields_of(change) == {"department": ("Old", "Sales", "live")}


def test_without_a_record_declared_fields_that_cannot_be_read_are_sent_once(world: Any, fields_of: Fields) -> None:
    change = world.change(world.asset(identity={"serialNumber": "SN-1", "sourceNativeKey": "NK"}), live=[world.live()])
    assert change.action is Action.UPDATE
    assert "identityAttributes.sourceNativeKey cannot be read back" in change.reason
    assert fields_of(change) == {"sourceNativeKey": (None, "NK", "applied")}


def test_without_a_record_parts_of_a_list_that_cannot_be_read_are_sent_once(world: Any) -> None:
    desired = changed(world.asset(), core={"networkInterfaces": [{"interfaceName": "e0", "type": "PUBLIC"}]})
    record = world.live(networkInterfaceListData={"networkInterface": [{"interfaceName": "e0"}]})
    assert world.change(desired, live=[record]).action is Action.UPDATE


def test_without_a_record_and_without_a_live_match_it_is_created(world: Any, fields_of: Fields) -> None:
    change = world.change(world.asset(), live=[world.live(6, serial="OTHER")])
    assert (change.action, change.reason, change.asset_id) == (Action.CREATE, "not in the inventory", None)
    assert fields_of(change) == {"department": (None, "Sales", "live"), "serialNumber": (None, "SN-1", "live")}
    assert change.fingerprint is None


# Recorded, not live


def test_an_asset_that_was_just_sent_and_is_not_live_yet_is_pending(world: Any) -> None:
    state = world.applied(world.asset(), hours_ago=0.9, converged=False, asset_id=None)
    change = world.change(world.asset(), applied=[state], live=[world.live(6, serial="OTHER")])
    assert (change.action, change.payload) == (Action.PENDING, None)
    assert change.reason == "sent at 2026-01-15T11:06:00Z, not in the inventory yet"


def test_an_asset_that_changed_before_it_arrived_is_sent_again(world: Any, fields_of: Fields) -> None:
    state = world.applied(world.asset(), hours_ago=0.1, converged=False, asset_id=None)
    change = world.change(world.asset(core={"department": "New"}), applied=[state])
    assert change.action is Action.CREATE
    assert fields_of(change) == {"department": ("Sales", "New", "applied")}


def test_a_vanished_asset_is_created_again_and_the_plan_says_so(world: Any) -> None:
    change = world.change(world.asset(), applied=[world.applied(world.asset())], live=[world.live(6, serial="OTHER")])
    assert change.action is Action.CREATE
    assert "asset 5 vanished from the inventory" in change.reason
    assert "purged or merged" in change.warnings[-1]


def test_an_asset_that_never_arrived_is_created_again_with_the_likely_cause(world: Any) -> None:
    state = world.applied(world.asset(), converged=False, asset_id=None)
    change = world.change(world.asset(), applied=[state])
    assert change.action is Action.CREATE
    assert "accepted, but never arrived" in change.reason
    assert "Create unmanaged asset" in change.warnings[-1]


def test_a_vanished_asset_that_was_just_sent_again_is_not_sent_a_third_time(world: Any) -> None:
    state = world.applied(world.asset(), hours_ago=0.1, asset_id=5)
    assert world.change(world.asset(), applied=[state], live=[world.live(6, serial="X")]).action is Action.PENDING


def test_an_adopted_asset_that_vanished_was_never_sent_and_is_created(world: Any) -> None:
    state = replace(world.applied(world.asset()), sent_at=None)
    assert world.change(world.asset(), applied=[state], live=[world.live(6, serial="X")]).action is Action.CREATE


# Fields of one asset in different states


def test_one_changed_field_makes_it_an_update_of_that_field_and_the_overridden_one_is_a_warning(
    world: Any, fields_of: Fields
) -> None:
    before = world.asset(core={"department": "Sales", "company": "Acme"})
    after = world.asset(core={"department": "Sales", "company": "Other"})
    state = world.applied(before, converged=False)
    change = world.change(after, applied=[state], live=[world.live(business={"department": "Old", "company": "Acme"})])
    assert change.action is Action.UPDATE
    assert fields_of(change) == {"company": ("Acme", "Other", "live")}
    assert f"another source wins: {DEPARTMENT}" in change.warnings[0]


def test_a_guessed_mapping_counts_only_once_it_was_seen_to_hold(world: Any) -> None:
    desired = world.asset(core={"status": "Running"})
    live = [world.live(business={"operationalStatus": "Stopped"})]
    never_seen, seen = world.applied(desired, converged=False), world.applied(desired)
    assert world.change(desired, applied=[never_seen], live=live).action is Action.UNCHANGED
    assert world.change(desired, applied=[replace(never_seen, sent_at=world.now)], live=live).action is Action.PENDING
    assert world.change(desired, applied=[seen], live=live).reason == "drift: coreAttributes.businessMetaData.status differs"


def test_a_change_of_writing_is_no_change(world: Any) -> None:
    before = world.asset(identity={"serialNumber": "SN-1", "ipAddress": ["10.0.0.7", "10.0.0.8"]})
    after = world.asset(identity={"serialNumber": "SN-1", "ipAddress": ["10.0.0.8", "10.0.0.7"]})
    live = [
        world.live(address="10.0.0.7", networkInterfaceListData={"networkInterface": [{"addressIpV4": "10.0.0.7, 10.0.0.8"}]})
    ]
    assert world.change(after, applied=[world.applied(before)], live=live).action is Action.UNCHANGED


def test_a_changed_lossy_field_is_sent_although_live_shows_neither_value(world: Any, fields_of: Fields) -> None:
    before, after = (changed(world.asset(), core={"operatingSystem": name}) for name in ("CentOS 7", "CentOS 8"))
    live = [world.live(operatingSystem={"osName": "The CentOS Project CentOS 7 (1810)"})]
    change = world.change(after, applied=[world.applied(before)], live=live)
    assert change.action is Action.UPDATE
    assert fields_of(change) == {"operatingSystem": ("CentOS 7", "CentOS 8", "applied")}


def test_a_field_that_left_the_manifest_stays_and_is_mentioned(world: Any) -> None:
    state = world.applied(world.asset(core={"department": "Sales", "company": "Acme"}))
    change = world.change(world.asset(), applied=[state], live=[world.live()])
    assert change.action is Action.UNCHANGED
    assert change.warnings == ("no longer managed, the value stays: coreAttributes.businessMetaData.company",)


def test_an_ignored_field_is_neither_compared_nor_sent_nor_mentioned(world: Any) -> None:
    ignored = changed(world.asset(), ignore=frozenset((DEPARTMENT,)))
    change = world.change(ignored, applied=[world.applied(world.asset())], live=[world.live(business={"department": "Old"})])
    assert (change.action, change.warnings) == (Action.UNCHANGED, ())


# Identity


def test_two_live_candidates_block_and_are_listed(world: Any) -> None:
    change = world.change(world.asset(), live=[world.live(5), world.live(6)])
    assert (change.action, change.candidates, change.asset_id) == (Action.BLOCKED, (5, 6), None)
    assert "pin one with identityAttributes.qualysAssetId" in change.reason


def test_a_pinned_asset_that_is_not_there_blocks(world: Any) -> None:
    change = world.change(world.asset(identity={"qualysAssetId": 9}), live=[world.live(5)])
    assert change.action is Action.BLOCKED
    assert "pins asset 9" in change.reason


def test_pinning_settles_an_ambiguity_and_is_sent(world: Any) -> None:
    pinned = world.asset(identity={"serialNumber": "SN-1", "qualysAssetId": 6})
    change = world.change(pinned, live=[world.live(5), world.live(6, business={})])
    assert (change.action, change.asset_id) == (Action.UPDATE, 6)
    assert change.payload["identityAttributes"]["qualysAssetId"] == 6


def test_a_bound_id_is_not_put_into_the_payload(world: Any) -> None:
    change = world.change(world.asset(core={"department": "New"}), applied=[world.applied(world.asset())], live=[world.live()])
    assert "qualysAssetId" not in change.payload["identityAttributes"]


# What a plan learns


def test_convergence_and_ids_that_were_seen_are_handed_to_the_state(world: Any) -> None:
    state = world.applied(world.asset(), hours_ago=0.1, converged=False, asset_id=None)
    (seen,) = world.build(world.asset(), applied=[state], live=[world.live()]).observed
    assert seen.asset_id == 5
    assert all(field.converged for field in seen.fields.values())
    assert seen.sent_at == state.sent_at


def test_a_plan_of_changed_manifests_does_not_mark_what_was_not_sent(world: Any) -> None:
    state = world.applied(world.asset(), converged=False)
    branch = world.asset(core={"department": "Engineering"})
    (seen,) = world.build(branch, applied=[state], live=[world.live(business={"department": "Engineering"})]).observed
    assert not seen.fields[DEPARTMENT].converged
    assert seen.fields[DEPARTMENT].value == "Sales"


def test_a_plan_of_a_changed_identity_does_not_bind_another_asset(world: Any) -> None:
    state = world.applied(world.asset(serial="SN-1"), asset_id=5)
    branch = world.asset(serial="SN-2")
    outcome = world.build(branch, applied=[state], live=[world.live(6, serial="SN-2")])
    assert all(item.asset_id == 5 for item in outcome.observed)


def test_nothing_new_is_seen_when_all_is_known(world: Any) -> None:
    assert world.build(world.asset(), applied=[world.applied(world.asset())], live=[world.live()]).observed == ()


# Marker


def marked_record(world: Any, desired: Any, **more: Any) -> dict[str, Any]:
    fields = managed_fields(desired)
    attributes = [
        {"key": path.rpartition(".")[2], "value": fields[path], "connectorName": "servicenow"}
        for path in fields
        if "declarative_" in path
    ]
    record: dict[str, Any] = world.live(customAttributes=attributes, **more)
    return record


def test_with_a_marker_the_lost_state_of_an_unreadable_field_is_no_difference(world: Any) -> None:
    desired = world.asset(identity={"serialNumber": "SN-1", "sourceNativeKey": "NK"}, connector=world.marked)
    change = world.change(desired, live=[marked_record(world, desired, assetName="renamed")])
    assert (change.action, change.matched_by, change.payload) == (Action.UNCHANGED, "marker", None)


def test_with_a_marker_a_changed_unreadable_field_is_sent_though_the_state_is_lost(world: Any, fields_of: Fields) -> None:
    sent = world.asset(identity={"serialNumber": "SN-1", "sourceNativeKey": "NK", "instanceUuid": "i-1"}, connector=world.marked)
    now = world.asset(identity={"serialNumber": "SN-1", "sourceNativeKey": "NK", "instanceUuid": "i-2"}, connector=world.marked)
    change = world.change(now, live=[marked_record(world, sent)])
    assert change.action is Action.UPDATE
    assert fields_of(change)["instanceUuid"] == (None, "i-2", "marker")


def test_turning_the_marker_on_sends_it_once(world: Any) -> None:
    plain, marked = world.asset(), world.asset(connector=world.marked)
    change = world.change(marked, applied=[world.applied(plain)], live=[world.live()])
    assert change.action is Action.UPDATE
    assert [field.path.rpartition(".")[2] for field in change.fields] == ["declarative_digest", "declarative_key"]
    after = world.applied(marked, hours_ago=0.1)
    assert world.change(marked, applied=[after], live=[marked_record(world, marked)]).action is Action.UNCHANGED


def test_the_marker_is_not_listed_beside_the_change_that_moved_it(world: Any, fields_of: Fields) -> None:
    before, after = world.asset(connector=world.marked), world.asset(core={"department": "New"}, connector=world.marked)
    change = world.change(after, applied=[world.applied(before)], live=[marked_record(world, before)])
    assert set(fields_of(change)) == {"department"}
    assert change.reason == f"{DEPARTMENT} differs"


# Live not read


def test_without_a_live_read_the_state_alone_decides(world: Any) -> None:
    state = [world.applied(world.asset())]
    assert world.change(world.asset(), applied=state, live_complete=False).action is Action.UNCHANGED
    changed = world.change(world.asset(core={"department": "New"}), applied=state, live_complete=False)
    assert (changed.action, changed.fields[0].basis.value) == (Action.UPDATE, "applied")
    assert world.change(world.asset(), live_complete=False).action is Action.CREATE


def test_the_settle_time_is_the_projects(world: Any) -> None:
    state = world.applied(world.asset(), hours_ago=2, converged=False)
    live = [world.live(business={})]
    assert world.change(world.asset(), applied=[state], live=live, settle=timedelta(hours=3)).action is Action.PENDING


def test_a_newly_declared_value_that_live_shows_already_is_sent_and_shown_against_what_was_sent(
    world: Any, fields_of: Fields
) -> None:
    change = world.change(
        world.asset(core={"department": "Sales", "company": "Acme"}),
        applied=[world.applied(world.asset())],
        live=[world.live(business={"department": "Sales", "company": "Acme"})],
    )
    assert change.action is Action.UPDATE
    assert fields_of(change) == {"company": (None, "Acme", "applied")}


@pytest.mark.parametrize("seen", [True, False])
def test_an_asset_that_goes_to_another_connector_is_sent_there(world: Any, seen: bool) -> None:
    other = replace(world.connector, name="cmdb", uuid="another")
    change = world.change(
        world.asset(connector=other), applied=[world.applied(world.asset())], live=[world.live()] if seen else []
    )
    assert change.action is (Action.UPDATE if seen else Action.CREATE)
    assert (change.fields[0].path, change.connector) == ("connector", other)
    assert "connector" in change.reason


def test_another_name_for_the_same_connector_is_no_change(world: Any) -> None:
    renamed = replace(world.connector, name="cmdb")
    assert world.change(world.asset(connector=renamed), applied=[world.applied(world.asset())], live=[world.live()]).fields == ()


def test_why_a_similar_asset_was_not_taken_is_said_while_waiting_too(world: Any) -> None:
    desired = world.asset(identity={"serialNumber": "SN-1", "hostName": "web-01"})
    state = world.applied(desired, hours_ago=0.1, converged=False, asset_id=None)
    change = world.change(desired, applied=[state], live=[world.live(6, serial="OTHER", assetName="web-01")])
    assert change.action is Action.PENDING
    assert "asset 6 has the same hostName, but its serialNumber is other" in change.warnings[0]


def test_a_value_that_the_service_writes_in_another_form_has_arrived(world: Any) -> None:
    sent = world.applied(world.asset(), converged=False)
    (seen,) = world.build(world.asset(), applied=[sent], live=[world.live(serial="sn-1")]).observed
    assert seen.fields["identityAttributes.serialNumber"].converged


def test_an_asset_that_is_found_under_another_id_is_bound_to_that_one(world: Any) -> None:
    (seen,) = world.build(world.asset(), applied=[world.applied(world.asset())], live=[world.live(6)]).observed
    assert seen.asset_id == 6
