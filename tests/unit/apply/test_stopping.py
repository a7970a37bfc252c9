"""A stop that is asked for while the client waits."""

from __future__ import annotations

import time

from declarative.apply import StopFlag, outcome_code
from declarative.core.clock import WakefulClock
from declarative.core.exits import ExitCode


def test_a_stop_ends_a_wait_at_once():
    stop = StopFlag()
    clock = WakefulClock(stop.wait)
    stop.set()
    before = time.monotonic()
    clock.sleep(30)
    assert time.monotonic() - before < 5


def test_a_report_whose_limit_is_waited_for_is_known_not_to_have_run(world, stop, outcomes_of):
    world.report("weekly")
    plan = world.plan()
    world.fault("status", path="*/am/report", status=429, headers={"X-RateLimit-ToWait-Sec": "60"})
    request, writer = world.request(plan, stop=stop)
    writer.close()
    asked = []

    def stopped() -> bool:
        asked.append(len(world.calls("/am/report")))
        if asked[-1]:
            stop.set()
        return bool(stop)

    writer = world.writer(stopped=stopped)
    try:
        result = world.apply_with(request, writer)
    finally:
        writer.close()
    assert outcomes_of(result) == {"Report/weekly": "failed"}
    assert "interrupted" in result.results[0].error
    assert outcome_code(result) is ExitCode.INTERRUPTED
    world.sandbox.call("faults", {"clear": True})
    assert world.actions() == {"Report/weekly": "run"}
    assert outcomes_of(world.apply()) == {"Report/weekly": "applied"}
    assert world.created_reports == ["weekly"]
