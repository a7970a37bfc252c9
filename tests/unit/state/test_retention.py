"""The audit and the snapshot are bounded, and never lose what is not settled. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from declarative.qualys.model import CallRecord
from declarative.state import SqlStore, journal
from declarative.state.backend import Backend
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run

NOW = datetime(2026, 1, 1, tzinfo=UTC)


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


# -- the snapshot


@pytest.fixture
def cache(store: SqlStore) -> Backend:
    """Where the snapshot is kept: beside the file, or among the tables of the server."""
    with store.snapshot() as opened:
        return opened._backend


def rows(cache: Backend, table: str) -> int:
    with cache.read() as connection:
        return int(connection.scalar(f"SELECT count(*) FROM {table}"))


def killed_rebuild(store: SqlStore, url: str) -> None:
    """What a process leaves that dies in the middle: rows of a generation that never became the current one."""

    def pages() -> object:
        yield from ((number, {"n": number}) for number in range(2_500))
        raise KeyboardInterrupt

    with store.snapshot() as kept, pytest.raises(KeyboardInterrupt):
        kept.replace(url, pages(), "never")


def test_only_the_newest_generation_of_a_snapshot_is_kept(store: SqlStore, cache: Backend) -> None:
    with store.snapshot() as kept:
        for number in range(3):
            kept.replace("https://a", [(1, {"n": number}), (2, {"n": number})], f"w{number}")
            kept.upsert("https://a", [(2, {"n": "newer"}), (3, {"n": number})], f"w{number}+")
        kept.replace("https://b", [(1, {})], "w")
        assert dict(kept.records("https://a")) == {1: {"n": 2}, 2: {"n": "newer"}, 3: {"n": 2}}
    assert (rows(cache, "snapshot_meta"), rows(cache, "snapshot")) == (2, 4)


def test_a_rebuild_that_was_killed_is_swept_away_days_later_and_not_before(store: SqlStore, cache: Backend) -> None:
    with store.snapshot() as kept:
        kept.replace("https://a", [(1, {"old": True})], "w1")
        killed_rebuild(store, "https://a")
        for hours, left in ((40, 2), (9, 1)):
            with cache.write() as connection:
                connection.execute("UPDATE snapshot_meta SET started_at = started_at - ?", (hours * 3600,))
            kept.upsert("https://a", [(2, {})], "w2")
            assert rows(cache, "snapshot_meta") == left, "it may still be running for as long as a million records take"
        kept.upsert("https://a", [(3, {})], "w3")
        assert [asset_id for asset_id, _ in kept.records("https://a")] == [1, 2, 3]
    assert (rows(cache, "snapshot_meta"), rows(cache, "snapshot")) == (1, 3)
