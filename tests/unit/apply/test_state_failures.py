"""A state store that fails in the middle: nothing is sent that could not be remembered, nothing done is denied."""

from __future__ import annotations

import pytest

from declarative.apply import outcome_code
from declarative.core.errors import StateError
from declarative.core.exits import ExitCode


class FailingStore:
    """The real store, whose named operation fails from its n-th call on, as on a full disk."""

    def __init__(self, store, operation, number=1):
        self._store = store
        self._operation = operation
        self._left = number

    def __getattr__(self, name):
        real = getattr(self._store, name)
        if name != self._operation:
            return real

        def failing(*args, **options):
            self._left -= 1
            if self._left <= 0:
                raise StateError("the disk is full")
            return real(*args, **options)

        return failing


@pytest.mark.parametrize("operation", ["acquire", "begin_run", "record_intent", "open_intents"])
def test_what_cannot_be_recorded_is_not_sent(world, operation):
    world.asset("web")
    world.report("weekly")
    plan = world.plan()
    with pytest.raises(StateError, match="disk is full"):
        world.apply(plan, store=FailingStore(world.store, operation))
    assert world.syncs == 0
    assert world.created_reports == []


def test_an_outcome_that_cannot_be_recorded_is_uncertain_and_ends_the_apply(world, outcomes_of):
    for name in ("a", "b"):
        world.asset(name)
    plan = world.plan()
    result = world.apply(plan, store=FailingStore(world.store, "record_outcomes"), batch_size=1, parallelism=1)
    assert outcomes_of(result) == {"Asset/a": "uncertain", "Asset/b": "skipped"}
    assert "could not be recorded" in result.results[0].error
    assert outcome_code(result) is ExitCode.PARTIAL
    assert world.syncs == 1
    world.apply()
    world.settle()
    assert set(world.actions().values()) == {"unchanged"}


def test_a_report_whose_creation_cannot_be_recorded_stays_uncertain(world, outcomes_of):
    world.report("weekly")
    plan = world.plan()
    result = world.apply(plan, store=FailingStore(world.store, "record_outcomes"))
    assert outcomes_of(result) == {"Report/weekly": "uncertain"}
    assert result.results[0].file_uuid in result.results[0].error
    assert world.actions() == {"Report/weekly": "blocked"}
    assert world.created_reports == ["weekly"]


@pytest.mark.parametrize("operation", ["record_calls", "end_run", "observe"])
def test_an_audit_that_cannot_be_written_takes_nothing_back(world, outcomes_of, operation):
    world.asset("web")
    plan = world.plan()
    result = world.apply(plan, store=FailingStore(world.store, operation), wait=60)
    assert outcomes_of(result)["Asset/web"] == "applied"
    assert any("disk is full" in warning for warning in result.warnings)


def test_the_second_batch_is_not_sent_when_its_intent_cannot_be_recorded(world, outcomes_of):
    for name in ("a", "b"):
        world.asset(name)
    plan = world.plan()
    result = world.apply(plan, store=FailingStore(world.store, "record_intent", 2), batch_size=1, parallelism=1)
    assert outcomes_of(result) == {"Asset/a": "applied", "Asset/b": "skipped"}
    assert "disk is full" in result.results[1].error
    assert world.syncs == 1
