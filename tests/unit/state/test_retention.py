"""The audit is bounded, and never loses what is not settled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from declarative.core.clock import SystemClock
from declarative.qualys.model import CallRecord
from declarative.state import SqlStore, journal, open_store
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(str(tmp_path / "state.db"), clock=SystemClock()) as opened:
        yield opened


def one_run(store: SqlStore, name: str, *, settled: bool = True) -> None:
    store.begin_run(Run(name, "apply", NOW, None, "me", "here", None, "sha256:0", None, {}))
    store.mark_plan_used(f"plan-{name}", name)
    intent = store.record_intent(name, IntentKind.SYNC, "request", ["Asset/a"], at=NOW)
    store.record_calls(name, [(NOW, CallRecord("POST", "/x", 200, 0.1))])
    if settled:
        store.record_outcomes(intent, [Outcome("Asset/a", OutcomeStatus.APPLIED)], at=NOW)


def prune(store: SqlStore, *, kept_runs: int, kept_calls: int) -> None:
    with store.backend.write() as connection:
        journal.prune(connection, kept_runs=kept_runs, kept_calls=kept_calls)


def test_old_runs_go_with_all_their_parts_and_new_ones_stay(store: SqlStore) -> None:
    for number in range(6):
        one_run(store, f"run-{number}")
    prune(store, kept_runs=4, kept_calls=2)
    assert [run.run_id for run in store.runs()] == ["run-5", "run-4", "run-3", "run-2"]
    assert [bool(store.calls_of(f"run-{number}")) for number in range(6)] == [False] * 4 + [True] * 2
    assert [bool(store.outcomes_of(f"run-{number}")) for number in range(6)] == [False] * 2 + [True] * 4
    assert store.plan_used_by("plan-run-1") is None
    assert store.plan_used_by("plan-run-2") == "run-2"


def test_a_run_whose_journal_is_open_stays_however_old(store: SqlStore) -> None:
    one_run(store, "cut-off", settled=False)
    for number in range(3):
        one_run(store, f"run-{number}")
    prune(store, kept_runs=1, kept_calls=1)
    assert [run.run_id for run in store.runs()] == ["run-2", "cut-off"]
    assert [intent.run_id for intent in store.open_intents()] == ["cut-off"]


def test_every_new_run_prunes(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal.prune, "__kwdefaults__", {"kept_runs": 2, "kept_calls": 1})
    for number in range(5):
        one_run(store, f"run-{number}")
    assert [run.run_id for run in store.runs()] == ["run-4", "run-3", "run-2"]
