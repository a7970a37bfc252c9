"""After a cut-off apply: nothing lost, nothing twice."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from declarative.apply import outcome_code
from declarative.core.errors import DeclarativeError, StaleError, StateMovedError
from declarative.core.exits import ExitCode
from declarative.plan.model import ReportStatus
from declarative.state.model import OutcomeStatus


class Cut(BaseException):
    """Stands for a kill: nothing of ours catches it."""


def cut_at(step, number=1):
    seen = 0

    def probe(name):
        nonlocal seen
        seen += name == step
        if name == step and seen == number:
            raise Cut(step)

    return probe


def test_resuming_sends_only_what_is_missing_with_the_same_request_id(world, outcomes_of):
    for number in range(3):
        world.asset(f"h{number}")
    plan = world.plan()
    with pytest.raises(Cut):
        world.apply(plan, saved=True, batch_size=1, parallelism=1, probe=cut_at("sync:outcome:before", 2))
    assert world.syncs == 2
    (intent,) = world.store.open_intents()
    result = world.apply(plan, saved=True, resume=True, batch_size=1, parallelism=1)
    assert set(outcomes_of(result).values()) == {"applied"}
    assert world.syncs == 4
    again = next(entry for entry in result.results if entry.address == intent.addresses[0])
    assert again.request_id == intent.request_id
    assert world.store.open_intents() == ()
    world.settle()
    assert set(world.actions().values()) == {"unchanged"}
    assert world.sandbox.call("assets")["total"] == 3


def test_resuming_does_not_take_an_asset_that_arrived_meanwhile_for_a_stranger(world, outcomes_of):
    world.asset("web")
    plan = world.plan()
    with pytest.raises(Cut):
        world.apply(plan, saved=True, probe=cut_at("sync:outcome:before"))
    world.settle()
    assert outcomes_of(world.apply(plan, saved=True, resume=True)) == {"Asset/web": "applied"}
    assert world.sandbox.call("assets")["total"] == 1


def test_without_resume_the_next_apply_closes_the_journal_and_sends_again(world, outcomes_of):
    world.asset("web")
    with pytest.raises(Cut):
        world.apply(probe=cut_at("sync:intent:after"))
    result = world.apply()
    assert outcomes_of(result) == {"Asset/web": "applied"}
    assert any("cut off" in warning for warning in result.warnings)
    assert world.store.open_intents() == ()
    closed = world.store.outcomes_of(world.store.runs()[1].run_id)
    assert [outcome.status for outcome in closed] == [OutcomeStatus.UNCERTAIN]


def test_a_report_that_may_have_run_is_never_run_by_a_resume(world, outcomes_of):
    world.report("weekly")
    plan = world.plan()
    with pytest.raises(Cut):
        world.apply(plan, saved=True, probe=cut_at("report:request:after"))
    assert world.created_reports == ["weekly"]
    result = world.apply(plan, saved=True, resume=True)
    assert outcomes_of(result) == {"Report/weekly": "uncertain"}
    assert outcome_code(result) is ExitCode.PARTIAL
    assert world.created_reports == ["weekly"]
    assert world.store.get("Report/weekly").status is ReportStatus.UNCERTAIN
    assert any("declarative report resolve weekly" in warning for warning in result.warnings)
    assert world.store.open_intents() == ()
    (closed,) = world.store.outcomes_of(world.store.runs()[1].run_id)
    assert (closed.address, closed.status) == ("Report/weekly", OutcomeStatus.UNCERTAIN)


def test_a_report_that_was_recorded_as_created_is_not_run_again(world, outcomes_of):
    world.report("a")
    world.report("b")
    plan = world.plan()
    with pytest.raises(Cut):
        world.apply(plan, saved=True, probe=cut_at("report:outcome:after"))
    result = world.apply(plan, saved=True, resume=True)
    assert outcomes_of(result) == {"Report/a": "applied", "Report/b": "applied"}
    assert all(entry.file_uuid for entry in result.results)
    assert world.created_reports == ["a", "b"]


def test_resuming_a_finished_apply_changes_nothing(world, outcomes_of):
    world.asset("web")
    plan = world.plan()
    world.apply(plan, saved=True)
    result = world.apply(plan, saved=True, resume=True)
    assert outcomes_of(result) == {"Asset/web": "applied"}
    assert outcome_code(result) is ExitCode.OK
    assert world.syncs == 1


def test_the_same_change_done_in_an_older_run_is_not_taken_for_done(world, outcomes_of):
    world.asset("web")
    world.apply(wait=60)
    for _ in range(2):
        world.sandbox.call("drift", {"assetName": "web", "set": {"businessInformation.department": "Finance"}})
        planned_at = world.clock.now()
        plan = world.plan()
        before = world.syncs
        with pytest.raises(Cut):
            world.apply(plan, saved=True, plan_id=f"plan-{before}", planned_at=planned_at, probe=cut_at("sync:intent:before"))
        result = world.apply(plan, saved=True, plan_id=f"plan-{before}", planned_at=planned_at, resume=True, wait=60)
        assert outcomes_of(result) == {"Asset/web": "applied"}
        assert world.syncs == before + 1
        world.clock.advance(5)


def test_a_retirement_cut_off_before_the_state_forgot_it_is_finished(world, outcomes_of):
    world.asset("web", retire=True)
    world.apply(wait=60)
    world.assets.clear()
    plan = world.plan()
    with pytest.raises(Cut):
        world.apply(plan, saved=True, probe=cut_at("state:remove:before"))
    assert outcomes_of(world.apply(plan, saved=True, resume=True)) == {"Asset/web": "applied"}
    assert world.store.resources() == {}


def test_an_error_before_the_first_write_is_raised_and_the_plan_can_be_resumed(world, outcomes_of):
    world.asset("web")
    plan = world.plan()
    world.fault("status", path="*/search/am/asset", status=400, body="no")
    with pytest.raises(DeclarativeError):
        world.apply(plan, saved=True)
    world.sandbox.call("faults", {"clear": True})
    assert outcomes_of(world.apply(plan, saved=True, resume=True)) == {"Asset/web": "applied"}


def test_what_a_person_settled_stays_settled_when_the_journal_is_closed(world, outcomes_of):
    world.report("weekly")
    with pytest.raises(Cut):
        world.apply(probe=cut_at("report:request:after"))
    stored = world.store.get("Report/weekly")
    world.store.put([replace(stored, status=ReportStatus.CREATED, file_uuid="by-hand")])
    world.asset("web")
    assert outcomes_of(world.apply()) == {"Asset/web": "applied"}
    assert world.store.open_intents() == ()
    assert world.store.get("Report/weekly").status is ReportStatus.CREATED
    assert world.created_reports == ["weekly"]


def test_after_other_changes_were_applied_in_between_nothing_is_resumed(world):
    world.report("weekly")
    world.asset("a")
    plan = world.plan()
    with pytest.raises(Cut):
        world.apply(plan, saved=True, probe=cut_at("sync:outcome:after"))
    world.asset("b")
    world.apply()
    assert world.created_reports == ["weekly"]
    with pytest.raises(StateMovedError, match="came after"):
        world.apply(plan, saved=True, resume=True)
    assert world.created_reports == ["weekly"]


def test_a_plan_made_before_another_apply_finished_is_refused_under_the_lease(world):
    world.report("weekly")
    plan = world.plan()
    world.apply(plan, expected=plan.state)
    with pytest.raises(StateMovedError, match="moved on from serial 0"):
        world.apply(plan, expected=plan.state)
    assert world.created_reports == ["weekly"]


def test_a_saved_plan_that_failed_before_its_first_write_is_not_used_up(world, outcomes_of):
    world.asset("web")
    plan = world.plan()
    world.fault("status", path="*/search/am/asset", status=400, body="no")
    with pytest.raises(DeclarativeError):
        world.apply(plan, saved=True, expected=plan.state)
    world.sandbox.call("faults", {"clear": True})
    assert outcomes_of(world.apply(plan, saved=True, expected=plan.state)) == {"Asset/web": "applied"}
    with pytest.raises(StaleError, match="already applied"):
        world.apply(plan, saved=True, expected=plan.state)


def test_a_report_waits_for_what_an_earlier_apply_sent_and_has_not_arrived(world, outcomes_of):
    world.asset("web")
    world.sandbox.gateway.set_delay(3600)
    world.apply()
    world.report("weekly", depends_on=("Asset/web",))
    assert outcomes_of(world.apply(wait=5)) == {"Report/weekly": "skipped"}
    assert world.created_reports == []
