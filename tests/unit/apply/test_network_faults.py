"""Every way a call can go wrong, at every endpoint: what is said is true, and the next apply makes it good."""

from __future__ import annotations

import itertools

import pytest

from declarative.apply import outcome_code
from declarative.core.errors import DeclarativeError
from declarative.core.exits import ExitCode
from declarative.plan.model import OutcomeKind

SYNC, REPORT, SEARCH = "*/data/sync", "/rest/2.0/am/report", "*/search/am/asset"
FAULTS = {
    "reset before processing": {"kind": "reset"},
    "reset after processing": {"kind": "reset", "processed": True},
    "500 before processing": {"kind": "status", "status": 500},
    "500 after processing": {"kind": "status", "status": 500, "processed": True},
    "503 page": {"kind": "html", "status": 503},
    "200 page": {"kind": "html", "status": 200, "processed": True},
    "truncated answer": {"kind": "truncated", "processed": True},
    "limit": {"kind": "status", "status": 429},
    "limit with a silly header": {"kind": "status", "status": 429, "headers": {"Retry-After": "-1"}},
    "revoked token": {"kind": "revoke"},
    "forbidden": {"kind": "status", "status": 403},
    "bad request": {"kind": "status", "status": 400, "body": '{"responseMessage": "no", "responseCode": "FAILED"}'},
    "redirect": {"kind": "redirect", "location": "http://127.0.0.1:9/elsewhere"},
}
CASES = [
    (name, path, times)
    for name, (path, times) in itertools.product(FAULTS, ((SYNC, 1), (SYNC, 1000), (REPORT, 1), (REPORT, 1000), (SEARCH, 1000)))
]


@pytest.mark.parametrize(("name", "path", "times"), CASES)
def test_what_is_said_is_true_and_the_next_apply_makes_it_good(make_world, name, path, times):
    world = make_world(delay=0.0)
    for asset in ("a", "b", "c"):
        world.asset(asset)
    world.report("weekly")
    plan = world.plan()
    world.fault(**FAULTS[name], path=path, times=times, after=1 if path == SYNC else 0)
    code, outcomes = run(world, plan)
    world.settle()
    total = world.sandbox.call("assets")["total"]
    said = outcomes.count(OutcomeKind.APPLIED)
    existing = total + len(world.created_reports)
    assert existing >= said, "something was said to be applied that is not there"
    assert existing <= said + outcomes.count(OutcomeKind.UNCERTAIN), "something is there that was said not to be"
    assert (code is ExitCode.OK) == (said == 4)
    assert len(world.created_reports) <= 1
    world.sandbox.call("faults", {"clear": True})
    run(world, world.plan())
    world.settle()
    assert world.sandbox.call("assets")["total"] == 3
    assert len(world.created_reports) <= 1
    left = world.actions()
    assert {left[f"Asset/{asset}"] for asset in ("a", "b", "c")} == {"unchanged"}
    assert left["Report/weekly"] == ("unchanged" if world.created_reports and code_known(world) else "blocked")


def run(world, plan):
    try:
        result = world.apply(plan, batch_size=1, parallelism=1)
    except DeclarativeError as error:
        return error.exit_code, []
    return outcome_code(result), [entry.outcome for entry in result.results]


def code_known(world):
    return world.store.get("Report/weekly").status == "created"
