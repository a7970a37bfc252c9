"""The journal and the audit: runs, intents, outcomes, calls, and the plans that were used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from declarative.core.chunks import chunks
from declarative.core.clock import from_iso, to_iso
from declarative.core.errors import StateError
from declarative.qualys.model import CallRecord
from declarative.state.backend import Backend
from declarative.state.codec import dumps, loads, printable, printable_or_none
from declarative.state.model import Intent, IntentKind, Outcome, OutcomeStatus, Run
from declarative.state.resources import CHUNK
from declarative.state.tables import calls, journal, outcomes, plans_used, runs

KEPT_RUNS = 5_000
KEPT_CALLS = 500
"""The audit is bounded: so many runs are kept, and the single calls of so many. An hourly apply keeps seven months of runs
and three weeks of calls. A run whose journal is still open stays, however old."""


def prune(connection: Connection, *, kept_runs: int = KEPT_RUNS, kept_calls: int = KEPT_CALLS) -> None:
    newest = connection.execute(select(func.max(runs.c.seq))).scalar_one_or_none() or 0
    if newest > kept_calls:
        stale = select(runs.c.run_id).where(runs.c.seq <= newest - kept_calls)
        connection.execute(delete(calls).where(calls.c.run_id.in_(stale)))
    if newest <= kept_runs:
        return
    unsettled = select(journal.c.run_id).where(journal.c.closed_at.is_(None))
    old = select(runs.c.run_id).where(runs.c.seq <= newest - kept_runs, runs.c.run_id.not_in(unsettled))
    gone = list(connection.execute(old).scalars())
    # Children first: they name their parents.
    for table in (outcomes, calls, journal, plans_used, runs):
        for chunk in chunks(gone, CHUNK):
            connection.execute(delete(table).where(table.c.run_id.in_(chunk)))


def add_run(connection: Connection, run: Run) -> None:
    connection.execute(
        insert(runs).values(
            run_id=run.run_id,
            command=printable(run.command),
            started_at=to_iso(run.started_at),
            ended_at=None if run.ended_at is None else to_iso(run.ended_at),
            user=printable(run.user),
            host=printable(run.host),
            commit=printable_or_none(run.commit),
            plan_digest=run.plan_digest,
            exit_code=run.exit_code,
            summary=dumps(run.summary).decode(),
        )
    )


def close_run(connection: Connection, run_id: str, *, exit_code: int, summary: Mapping[str, int], ended_at: datetime) -> None:
    closed = connection.execute(
        update(runs)
        .where(runs.c.run_id == run_id)
        .values(exit_code=int(exit_code), summary=dumps(summary).decode(), ended_at=to_iso(ended_at))
    )
    if closed.rowcount == 0:
        raise StateError(f"The run {run_id} was never begun.")


def list_runs(connection: Connection, limit: int) -> tuple[Run, ...]:
    rows = connection.execute(select(runs).order_by(runs.c.seq.desc()).limit(limit)).mappings()
    return tuple(_run(row) for row in rows)


def find_run(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(select(runs).where(runs.c.run_id == run_id)).mappings().one_or_none()
    return None if row is None else _run(row)


def _run(row: RowMapping) -> Run:
    return Run(
        run_id=row["run_id"],
        command=row["command"],
        started_at=from_iso(row["started_at"]),
        ended_at=None if row["ended_at"] is None else from_iso(row["ended_at"]),
        user=row["user"],
        host=row["host"],
        commit=row["commit"],
        plan_digest=row["plan_digest"],
        exit_code=row["exit_code"],
        summary=loads(row["summary"]),
    )


def add_calls(connection: Connection, run_id: str, made: Sequence[tuple[datetime, CallRecord]]) -> None:
    connection.execute(
        insert(calls),
        [
            {
                "run_id": run_id,
                "at": to_iso(at),
                "method": call.method,
                "path": printable(call.path),
                "status": call.status,
                "seconds": call.seconds,
                "request_id": printable_or_none(call.request_id),
                "error": printable_or_none(call.error),
            }
            for at, call in made
        ],
    )


def list_calls(connection: Connection, run_id: str) -> tuple[tuple[datetime, CallRecord], ...]:
    rows = connection.execute(select(calls).where(calls.c.run_id == run_id).order_by(calls.c.seq)).mappings()
    return tuple(
        (
            from_iso(row["at"]),
            CallRecord(row["method"], row["path"], row["status"], row["seconds"], row["request_id"], row["error"]),
        )
        for row in rows
    )


def add_intent(
    connection: Connection, run_id: str, kind: IntentKind, request_id: str, addresses: Sequence[str], at: datetime
) -> int:
    return int(
        connection.execute(
            insert(journal)
            .values(
                run_id=run_id,
                kind=IntentKind(kind).value,
                request_id=request_id,
                addresses=dumps(list(addresses)).decode(),
                recorded_at=to_iso(at),
            )
            .returning(journal.c.intent_id)
        ).scalar_one()
    )


def list_open(connection: Connection) -> tuple[Intent, ...]:
    rows = connection.execute(select(journal).where(journal.c.closed_at.is_(None)).order_by(journal.c.intent_id)).mappings()
    return tuple(
        Intent(
            intent_id=row["intent_id"],
            run_id=row["run_id"],
            kind=IntentKind(row["kind"]),
            request_id=row["request_id"],
            addresses=tuple(loads(row["addresses"])),
            recorded_at=from_iso(row["recorded_at"]),
        )
        for row in rows
    )


def is_closed(connection: Connection, intent_id: int) -> bool:
    query = select(journal.c.closed_at).where(journal.c.intent_id == intent_id)
    return connection.execute(query).scalar_one_or_none() is not None


def close_intent(connection: Connection, intent_id: int, given: Iterable[Outcome], at: datetime) -> None:
    """Raises StateError for an intent that is unknown or closed: an outcome is recorded once."""
    closed = connection.execute(
        update(journal)
        .where(journal.c.intent_id == intent_id, journal.c.closed_at.is_(None))
        .values(closed_at=to_iso(at))
        .returning(journal.c.run_id)
    ).scalar_one_or_none()
    if closed is None:
        raise StateError(f"Intent {intent_id} is not open: its outcome was recorded before, or it was never made.")
    rows = [
        {
            "intent_id": intent_id,
            "run_id": closed,
            "address": outcome.address,
            "status": OutcomeStatus(outcome.status).value,
            "error": printable_or_none(outcome.error),
            "request_id": printable_or_none(outcome.request_id),
            "recorded_at": to_iso(at),
        }
        for outcome in given
    ]
    if rows:
        connection.execute(insert(outcomes), rows)


def list_outcomes(connection: Connection, run_id: str) -> tuple[Outcome, ...]:
    rows = connection.execute(select(outcomes).where(outcomes.c.run_id == run_id).order_by(outcomes.c.seq)).mappings()
    return tuple(
        Outcome(row["address"], OutcomeStatus(row["status"]), error=row["error"], request_id=row["request_id"]) for row in rows
    )


def user_of_plan(connection: Connection, plan_digest: str) -> str | None:
    query = select(plans_used.c.run_id).where(plans_used.c.plan_digest == plan_digest)
    return connection.execute(query).scalar_one_or_none()


def add_used_plan(backend: Backend, connection: Connection, plan_digest: str, run_id: str) -> None:
    """The first run stays the one that used it: a resumed apply does not take the plan over."""
    connection.execute(backend.insert(plans_used).values(plan_digest=plan_digest, run_id=run_id).on_conflict_do_nothing())
