"""Reports: at most once, whatever is answered."""

from __future__ import annotations

from declarative.apply import outcome_code
from declarative.core.exits import ExitCode
from declarative.plan.model import ReportStatus

PATH = "/rest/2.0/am/report"


def test_a_report_runs_once_and_its_file_is_remembered(world, outcomes_of):
    world.report("weekly")
    result = world.apply()
    assert outcomes_of(result) == {"Report/weekly": "applied"}
    stored = world.store.get("Report/weekly")
    assert stored.status is ReportStatus.CREATED
    assert stored.file_uuid == result.results[0].file_uuid is not None
    assert world.actions() == {"Report/weekly": "unchanged"}
    assert world.created_reports == ["weekly"]


def test_an_answer_that_is_lost_makes_it_uncertain_and_blocks_only_it(world, outcomes_of):
    world.report("weekly")
    world.report("other")
    world.fault("reset", path=PATH, processed=True, times=1)
    result = world.apply()
    assert outcomes_of(result) == {"Report/other": "uncertain", "Report/weekly": "applied"}
    assert outcome_code(result) is ExitCode.PARTIAL
    assert "declarative report resolve other" in result.results[0].error
    assert sorted(world.created_reports) == ["other", "weekly"]
    assert world.actions() == {"Report/other": "blocked", "Report/weekly": "unchanged"}
    assert outcomes_of(world.apply()) == {}
    assert sorted(world.created_reports) == ["other", "weekly"]


def test_a_plan_made_before_the_report_became_uncertain_does_not_run_it(world, outcomes_of):
    world.report("weekly")
    plan = world.plan()
    world.fault("status", path=PATH, status=500, processed=True, times=1)
    world.apply(plan)
    result = world.apply(plan)
    assert outcomes_of(result) == {"Report/weekly": "uncertain"}
    assert world.created_reports == ["weekly"]


def test_a_refused_report_failed_and_may_run_again(world, outcomes_of):
    world.report("weekly")
    world.fault("status", path=PATH, status=400, body='{"data": null, "error": "no such template"}', times=1)
    result = world.apply()
    assert outcomes_of(result) == {"Report/weekly": "failed"}
    assert "no such template" in result.results[0].error
    assert outcome_code(result) is ExitCode.ERROR
    assert world.store.get("Report/weekly").status is ReportStatus.NOT_CREATED
    assert outcomes_of(world.apply()) == {"Report/weekly": "applied"}
    assert world.created_reports == ["weekly"]


def test_a_report_waits_for_its_assets_and_is_skipped_when_they_fail(world, outcomes_of):
    world.asset("web")
    world.report("weekly", depends_on=("Asset/web",))
    world.fault("assetsError", path="*/data/sync", keys=["NK-web"])
    result = world.apply()
    assert outcomes_of(result) == {"Asset/web": "failed", "Report/weekly": "skipped"}
    assert "Asset/web" in result.results[1].error
    assert world.created_reports == []


def test_without_waiting_the_result_says_that_the_data_may_be_older(world, outcomes_of):
    world.asset("web")
    world.report("weekly", depends_on=("Asset/web",))
    result = world.apply()
    assert outcomes_of(result) == {"Asset/web": "applied", "Report/weekly": "applied"}
    assert any("older data" in warning for warning in result.warnings)


def test_with_waiting_the_report_runs_on_what_has_arrived(world, outcomes_of):
    world.asset("web")
    world.report("weekly", depends_on=("Asset/web",))
    result = world.apply(wait=60)
    assert outcomes_of(result) == {"Asset/web": "applied", "Report/weekly": "applied"}
    assert result.warnings == ()
    assert world.live("web")


def test_with_waiting_a_report_also_waits_for_what_an_earlier_apply_sent(make_world, outcomes_of):
    world = make_world(delay=50.0)
    world.asset("web")
    world.apply()
    world.report("weekly", depends_on=("Asset/web",))
    plan = world.plan()
    assert world.actions(plan) == {"Asset/web": "pending", "Report/weekly": "run"}
    assert outcomes_of(world.apply(plan, wait=5)) == {"Report/weekly": "skipped"}
    assert outcomes_of(world.apply(wait=600)) == {"Report/weekly": "applied"}
    assert world.live("web")


def test_without_waiting_it_says_that_an_earlier_import_is_still_on_its_way(make_world):
    world = make_world(delay=50.0)
    world.asset("web")
    world.apply()
    world.report("weekly", depends_on=("Asset/web",))
    assert any("Asset/web" in warning for warning in world.apply().warnings)


def test_a_report_whose_assets_do_not_arrive_in_time_is_not_run(make_world, outcomes_of):
    world = make_world(allow_unmanaged=False)
    world.asset("web")
    world.report("weekly", depends_on=("Asset/web",))
    result = world.apply(wait=30)
    assert outcomes_of(result) == {"Asset/web": "applied", "Report/weekly": "skipped"}
    assert outcome_code(result) is ExitCode.PARTIAL
    assert world.created_reports == []
    (skipped,) = [entry for entry in result.results if entry.address == "Report/weekly"]
    assert skipped.error == "not run: it waits for Asset/web, not arrived yet"
