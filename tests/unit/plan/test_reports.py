from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from declarative.plan.model import Action, ReportStatus


def change_of(world: Any, desired: Any, *applied: Any) -> Any:
    return world.change(reports=(desired,), applied=applied)


def test_a_report_that_never_ran_is_run_with_its_request_scope_and_dependencies(world: Any) -> None:
    desired = world.report(scope=("5", "6"), depends_on=("Asset/web-01",))
    change = change_of(world, desired)
    assert (change.action, change.reason) == (Action.RUN, "never run")
    assert (change.payload, change.scope, change.depends_on) == (desired.request, ("5", "6"), ("Asset/web-01",))
    assert world.plan(reports=(desired,)).calls.report == 1


def test_a_report_that_ran_as_declared_is_unchanged(world: Any) -> None:
    desired = world.report(scope=("5",))
    assert change_of(world, desired, world.ran(desired)).action is Action.UNCHANGED


def test_a_changed_request_and_a_changed_scope_run_it_again(world: Any) -> None:
    desired = world.report(scope=("5",))
    ran = world.ran(desired)
    assert change_of(world, world.report(request={"format": "CSV"}, scope=("5",)), ran).reason == "the request changed"
    assert change_of(world, world.report(scope=("5", "6")), ran).reason == "the scope changed"


def test_the_order_of_the_scope_is_no_change(world: Any) -> None:
    ran = world.ran(world.report(scope=("5", "6")))
    assert change_of(world, world.report(scope=("6", "5")), ran).action is Action.UNCHANGED


def test_a_report_that_does_not_run_on_change_waits_for_its_time(world: Any) -> None:
    ran = world.ran(world.report(), hours_ago=24)
    changed = world.report(request={"format": "CSV"}, on_change=False)
    assert change_of(world, changed, ran).action is Action.UNCHANGED
    assert change_of(world, replace(changed, every=timedelta(hours=24)), ran).action is Action.RUN
    assert change_of(world, replace(changed, every=timedelta(hours=25)), ran).action is Action.UNCHANGED


@pytest.mark.parametrize("status", [ReportStatus.UNCERTAIN, ReportStatus.NOT_CREATED])
def test_an_uncertain_run_blocks_and_one_that_created_nothing_runs_again(world: Any, status: ReportStatus) -> None:
    change = change_of(world, world.report(), world.ran(world.report(), status=status))
    assert change.action is (Action.BLOCKED if status is ReportStatus.UNCERTAIN else Action.RUN)
    if status is ReportStatus.UNCERTAIN:
        assert "declarative report resolve monthly" in change.reason
        assert change.payload is None


def test_an_empty_scope_blocks_or_skips_as_declared(world: Any) -> None:
    assert change_of(world, world.report(blocked_reason="the scope is empty")).action is Action.BLOCKED
    skipped = change_of(world, world.report(skip_reason="the scope is empty"))
    assert (skipped.action, skipped.reason) == (Action.UNCHANGED, "the scope is empty")


def test_a_moved_report_does_not_run_again(world: Any) -> None:
    desired = world.report()
    ran = replace(world.ran(desired), address="Report/old")
    change = world.change(reports=(desired,), applied=[ran], moved={"Report/old": "Report/monthly"})
    assert change.action is Action.UNCHANGED
    assert "moved from Report/old, no call" in change.reason
