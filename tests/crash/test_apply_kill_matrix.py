"""An apply may be killed at any step: resumed or planned anew, the inventory ends as if nothing had happened.

The process is real and dies by SIGKILL; the gateway is the sandbox, over HTTP. What must hold afterwards: every needed
import has arrived, no report was created twice, the journal is closed and the next plan is empty.
"""

from __future__ import annotations

import os
import random

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork and signals")


def test_the_steps_cover_every_journal_write_and_every_request(steps):
    assert steps.count("sync:request:before") == steps.count("sync:outcome:after") == 4
    assert steps.count("report:request:before") == steps.count("report:outcome:after") == 2
    assert {"run:begin:before", "state:move:after", "state:put:after", "state:remove:after", "run:end:after"} <= set(steps)


@pytest.mark.parametrize("part", range(2))
def test_killed_at_any_step_and_resumed_it_ends_as_undisturbed(scene, steps, part):
    for number in range(1 + part, len(steps) + 1, 2):
        stage = scene(f"resume-{number}")
        killed, _, _ = stage.apply(kill_at=number)
        assert killed, f"step {number} was never reached"
        stage.unlock()
        stage.apply(resume=True)
        stage.check()


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])])
def test_killed_at_any_step_the_next_plan_finishes_the_work(scene, steps, every):
    for number in range(1, len(steps) + 1, every):
        stage = scene(f"again-{number}")
        stage.apply(kill_at=number)
        stage.unlock()
        stage.apply(plan=stage.plan_again())
        stage.check()


@pytest.mark.parametrize("rounds", [3, pytest.param(300, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])])
def test_killed_again_while_resuming_it_still_ends_as_undisturbed(scene, steps, rounds):
    draw = random.Random(20260321)
    for round_number in range(rounds):
        first, second = draw.randint(1, len(steps)), draw.randint(1, len(steps))
        stage = scene(f"twice-{round_number}")
        stage.apply(kill_at=first)
        stage.unlock()
        stage.apply(kill_at=second, resume=True)
        stage.unlock()
        stage.apply(resume=True)
        try:
            stage.check()
        except AssertionError as error:
            error.add_note(f"killed at step {first}, then at step {second} of the resumed apply")
            raise


# The proof that these tests can fail. Each provokes what a promise is about, and ends with an AssertionError where the promise
# is broken: an apply as it is passes, one with the planted defect does not.


def killed_after_a_report_was_sent(stage, steps, defect):
    stage.apply(kill_at=steps.index("report:request:after") + 1, defect=defect)
    stage.unlock()
    stage.apply(resume=True, defect=defect)
    stage.check()


def killed_at_the_end(stage, steps, defect):
    stage.apply(kill_at=steps.index("run:end:after") + 1, defect=defect)
    stage.unlock()
    stage.apply(resume=True, defect=defect)
    stage.check()


def while_another_apply_holds_the_lease(stage, steps, defect):
    stage.apply(kill_at=steps.index("sync:request:before") + 1)
    assert stage.apply(plan=stage.plan_again(), defect=defect, lock_timeout=0.0)[1] == 8


def with_a_plan_that_was_applied_before(stage, steps, defect):
    stage.apply()
    stage.apply(defect=defect)
    stage.check()


def with_an_object_that_somebody_changed(stage, steps, defect):
    stage.sandbox.call("drift", {"assetName": "update", "set": {"businessInformation.department": "Finance"}})
    stage.apply(defect=defect)
    assert stage.live()["update"]["department"] == "Finance"


def with_an_answer_that_is_lost(stage, steps, defect):
    stage.sandbox.call(
        "faults", {"kind": "reset", "path": "/rest/2.0/am/report", "bodyContains": "alone", "processed": True, "times": 1}
    )
    stage.apply(defect=defect)
    stage.check()


@pytest.mark.parametrize(
    ("provoked", "defect"),
    [
        (killed_after_a_report_was_sent, "no-intent"),
        (killed_after_a_report_was_sent, "late-intent"),
        (killed_at_the_end, "no-outcome"),
        (while_another_apply_holds_the_lease, "no-lease"),
        (with_a_plan_that_was_applied_before, "no-plan-check"),
        (with_an_object_that_somebody_changed, "no-object-check"),
        (with_an_answer_that_is_lost, "eager-reports"),
    ],
)
def test_a_planted_defect_is_found(scene, steps, provoked, defect):
    provoked(scene("sound"), steps, None)
    with pytest.raises(AssertionError):
        provoked(scene("defective"), steps, defect)


def test_two_applies_of_one_saved_plan_at_once_send_everything_once(scene, victim, second_victim):
    stage = scene("two")
    before = stage.sandbox.call("calls")["counts"]["POST /rest/2.0/am/connector/asset/data/sync"]
    logs = [(process, stage.start(process)) for process in (victim, second_victim)]
    codes = [stage.finish(process, log)[1] for process, log in logs]
    assert sorted(codes) == [0, 6]
    stage.check()
    after = stage.sandbox.call("calls")["counts"]["POST /rest/2.0/am/connector/asset/data/sync"]
    assert after - before == 4


def test_two_pipelines_that_planned_the_same_run_no_report_twice(scene, victim, second_victim):
    stage = scene("pipelines")
    plan = stage.plan_again()
    logs = [(process, stage.start(process, plan=plan)) for process in (victim, second_victim)]
    codes = [stage.finish(process, log)[1] for process, log in logs]
    assert sorted(codes) == [0, 6]
    stage.check()


def test_an_apply_that_was_overtaken_is_not_resumed(scene, steps):
    stage = scene("overtaken")
    stage.apply(kill_at=steps.index("sync:outcome:after") + 1)
    stage.unlock()
    assert stage.apply(plan=stage.plan_again())[1] == 0
    _, code, _ = stage.apply(resume=True)
    assert code == 6
    stage.check()
