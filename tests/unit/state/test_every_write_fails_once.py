"""The disk fills up at the n-th write of an apply, for every n: what was acknowledged stays, what failed leaves no trace."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from declarative.assets.model import AppliedAsset
from declarative.core.clock import SystemClock
from declarative.core.errors import StateError
from declarative.plan.model import AppliedReport, ReportStatus
from declarative.qualys.model import CallRecord
from declarative.state import SqlStore, open_store
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run

AT = datetime(2026, 1, 15, 10, 33, tzinfo=UTC)
# Long enough that each write needs a page of its own.
LONG = "x" * 5_000
UNCERTAIN = AppliedReport("Report/weekly", LONG, "sha256:r", None, ReportStatus.UNCERTAIN)

Step = Callable[[SqlStore], object]


@pytest.fixture
def steps(asset: Callable[..., AppliedAsset], run: Callable[..., Run]) -> list[Step]:
    """An apply: each step is one call of the store."""
    call = CallRecord("POST", "/" + LONG, 200, 0.1)
    return [
        lambda store: store.begin_run(run(LONG)),
        lambda store: store.mark_plan_used("sha256:" + LONG, LONG),
        lambda store: store.acquire(LONG),
        lambda store: store.record_intent(LONG, IntentKind.SYNC, LONG, ["Asset/a"], at=AT),
        lambda store: store.record_outcomes(1, [Outcome("Asset/a", OutcomeStatus.APPLIED, asset("a", department=LONG))], at=AT),
        lambda store: store.record_intent(LONG, IntentKind.REPORT, LONG, ["Report/weekly"], at=AT, resources=[UNCERTAIN]),
        lambda store: store.record_outcomes(2, [Outcome("Report/weekly", OutcomeStatus.FAILED, error=LONG)], at=AT),
        lambda store: store.record_calls(LONG, [(AT, call)]),
        lambda store: store.put([asset("b", department=LONG)]),
        lambda store: store.observe([asset("b", department=LONG + "y", asset_id=3)]),
        lambda store: store.move("Asset/b", "Asset/" + LONG),
        lambda store: store.end_run(LONG, exit_code=0, summary={LONG: 1}, ended_at=AT),
    ]


def _seen(path: Path) -> dict[str, list[object]]:
    """Everything in the file but the lease, whose times differ from run to run."""
    tables = ("meta", "resources", "runs", "journal", "outcomes", "calls", "plans_used")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        found["lease"] = database.execute("SELECT holder FROM lease").fetchall()
    found["meta"] = [row[2:] for row in found["meta"]]
    return found


def _limit(store: SqlStore, more: int) -> None:
    with store._backend.read() as connection:
        connection.execute(f"PRAGMA max_page_count = {connection.scalar('PRAGMA page_count') + more}")


def _until_full(store: SqlStore, steps: list[Step]) -> tuple[int, str]:
    """How many steps were done, and what was said then."""
    for done, step in enumerate(steps):
        try:
            step(store)
        except StateError as error:
            return done, error.message
    return len(steps), ""


def test_the_disk_may_be_full_at_any_write_of_an_apply(tmp_path: Path, steps: list[Step]) -> None:
    after = []
    with open_store(str(tmp_path / "whole.db"), clock=SystemClock()) as whole:
        after.append(_seen(tmp_path / "whole.db"))
        for step in steps:
            step(whole)
            after.append(_seen(tmp_path / "whole.db"))

    failed_at = set()
    for pages in range(60):
        path = tmp_path / f"{pages}.db"
        store = open_store(str(path), clock=SystemClock())
        _limit(store, pages)
        done, said = _until_full(store, steps)
        if done < len(steps):
            assert f"{path} cannot be written: the disk is full" in said
            failed_at.add(done)
        assert _seen(path) == after[done], f"{pages} pages, step {done}"
        store._backend.close()
        if done == len(steps):
            break
        # Space was freed: the apply goes on where it stopped.
        for step in steps[done:]:
            step(store)
        assert _seen(path) == after[-1]
        store.close()
    assert done == len(steps)
    assert failed_at >= {0, 1, 3, 4, 5, 7, 8, 10}
