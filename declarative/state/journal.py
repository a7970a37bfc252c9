"""The journal and the audit: runs, intents, outcomes, calls, and the plans that were used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from declarative.core.clock import from_iso, to_iso
from declarative.core.errors import StateError
from declarative.qualys.model import CallRecord
from declarative.state.codec import dumps, loads, printable, printable_or_none
from declarative.state.connection import Connection, Row
from declarative.state.model import Intent, IntentKind, Outcome, OutcomeStatus, Run

KEPT_RUNS = 5_000
KEPT_CALLS = 500
"""The audit is bounded: so many runs are kept, and the single calls of so many. An hourly apply keeps seven months of runs
and three weeks of calls. A run whose journal is still open stays, however old."""


_ADD_RUN = """
    INSERT INTO runs (run_id, command, started_at, ended_at, "user", host, "commit", plan_digest, exit_code, summary)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_RUN = """
    SELECT run_id, command, started_at, ended_at, "user", host, "commit", plan_digest, exit_code, summary FROM runs
"""
_ADD_CALL = """
    INSERT INTO calls (run_id, at, method, path, status, seconds, request_id, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_INTENT = """
    INSERT INTO journal (run_id, kind, request_id, addresses, recorded_at) VALUES (?, ?, ?, ?, ?) RETURNING intent_id
"""
_OPEN = """
    SELECT intent_id, run_id, kind, request_id, addresses, recorded_at FROM journal
    WHERE closed_at IS NULL ORDER BY intent_id
"""
_ADD_OUTCOME = """
    INSERT INTO outcomes (intent_id, run_id, address, status, error, request_id, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_SETTLED_BEFORE = """
    SELECT run_id FROM runs
    WHERE seq <= ? AND run_id NOT IN (SELECT run_id FROM journal WHERE closed_at IS NULL)
"""
# Children first: they name their parents.
_FORGET = (
    "DELETE FROM outcomes WHERE run_id IN (...)",
    "DELETE FROM calls WHERE run_id IN (...)",
    "DELETE FROM journal WHERE run_id IN (...)",
    "DELETE FROM plans_used WHERE run_id IN (...)",
    "DELETE FROM runs WHERE run_id IN (...)",
)


def prune(connection: Connection, *, kept_runs: int = KEPT_RUNS, kept_calls: int = KEPT_CALLS) -> None:
    newest = connection.scalar("SELECT max(seq) FROM runs") or 0
    if newest > kept_calls:
        stale = (newest - kept_calls,)
        connection.execute("DELETE FROM calls WHERE run_id IN (SELECT run_id FROM runs WHERE seq <= ?)", stale)
    if newest <= kept_runs:
        return
    gone = connection.scalars(_SETTLED_BEFORE, (newest - kept_runs,))
    for statement in _FORGET:
        connection.delete_among(statement, gone)


def add_run(connection: Connection, run: Run) -> None:
    connection.execute(
        _ADD_RUN,
        (
            run.run_id,
            printable(run.command),
            to_iso(run.started_at),
            None if run.ended_at is None else to_iso(run.ended_at),
            printable(run.user),
            printable(run.host),
            printable_or_none(run.commit),
            run.plan_digest,
            run.exit_code,
            dumps(run.summary).decode(),
        ),
    )


def close_run(connection: Connection, run_id: str, *, exit_code: int, summary: Mapping[str, int], ended_at: datetime) -> None:
    closed = connection.execute(
        "UPDATE runs SET exit_code = ?, summary = ?, ended_at = ? WHERE run_id = ?",
        (int(exit_code), dumps(summary).decode(), to_iso(ended_at), run_id),
    )
    if closed.rowcount == 0:
        raise StateError(f"The run {run_id} was never begun.")


def list_runs(connection: Connection, limit: int) -> tuple[Run, ...]:
    return tuple(_run(row) for row in connection.execute(f"{_RUN} ORDER BY seq DESC LIMIT ?", (limit,)))


def find_run(connection: Connection, run_id: str) -> Run | None:
    row = connection.one(f"{_RUN} WHERE run_id = ?", (run_id,))
    return None if row is None else _run(row)


def _run(row: Row) -> Run:
    run_id, command, started_at, ended_at, user, host, commit, plan_digest, exit_code, summary = row
    return Run(
        run_id=run_id,
        command=command,
        started_at=from_iso(started_at),
        ended_at=None if ended_at is None else from_iso(ended_at),
        user=user,
        host=host,
        commit=commit,
        plan_digest=plan_digest,
        exit_code=exit_code,
        summary=loads(summary),
    )


def add_calls(connection: Connection, run_id: str, made: Sequence[tuple[datetime, CallRecord]]) -> None:
    connection.executemany(
        _ADD_CALL,
        [
            (
                run_id,
                to_iso(at),
                call.method,
                printable(call.path),
                call.status,
                call.seconds,
                printable_or_none(call.request_id),
                printable_or_none(call.error),
            )
            for at, call in made
        ],
    )


def list_calls(connection: Connection, run_id: str) -> tuple[tuple[datetime, CallRecord], ...]:
    rows = connection.execute(
        "SELECT at, method, path, status, seconds, request_id, error FROM calls WHERE run_id = ? ORDER BY seq", (run_id,)
    )
    return tuple((from_iso(at), CallRecord(*call)) for at, *call in rows)


def add_intent(
    connection: Connection, run_id: str, kind: IntentKind, request_id: str, addresses: Sequence[str], at: datetime
) -> int:
    row = (run_id, IntentKind(kind).value, request_id, dumps(list(addresses)).decode(), to_iso(at))
    return int(connection.scalar(_ADD_INTENT, row))


def list_open(connection: Connection) -> tuple[Intent, ...]:
    return tuple(
        Intent(
            intent_id=intent_id,
            run_id=run_id,
            kind=IntentKind(kind),
            request_id=request_id,
            addresses=tuple(loads(addresses)),
            recorded_at=from_iso(recorded_at),
        )
        for intent_id, run_id, kind, request_id, addresses, recorded_at in connection.execute(_OPEN)
    )


def is_closed(connection: Connection, intent_id: int) -> bool:
    return connection.scalar("SELECT closed_at FROM journal WHERE intent_id = ?", (intent_id,)) is not None


def close_intent(connection: Connection, intent_id: int, given: Iterable[Outcome], at: datetime) -> None:
    """Raises StateError for an intent that is unknown or closed: an outcome is recorded once."""
    when = to_iso(at)
    run_id = connection.scalar(
        "UPDATE journal SET closed_at = ? WHERE intent_id = ? AND closed_at IS NULL RETURNING run_id", (when, intent_id)
    )
    if run_id is None:
        raise StateError(f"Intent {intent_id} is not open: its outcome was recorded before, or it was never made.")
    rows = [
        (
            intent_id,
            run_id,
            outcome.address,
            OutcomeStatus(outcome.status).value,
            printable_or_none(outcome.error),
            printable_or_none(outcome.request_id),
            when,
        )
        for outcome in given
    ]
    if rows:
        connection.executemany(_ADD_OUTCOME, rows)


def list_outcomes(connection: Connection, run_id: str) -> tuple[Outcome, ...]:
    rows = connection.execute("SELECT address, status, error, request_id FROM outcomes WHERE run_id = ? ORDER BY seq", (run_id,))
    return tuple(
        Outcome(address, OutcomeStatus(status), error=error, request_id=request_id) for address, status, error, request_id in rows
    )


def user_of_plan(connection: Connection, plan_digest: str) -> str | None:
    user: str | None = connection.scalar("SELECT run_id FROM plans_used WHERE plan_digest = ?", (plan_digest,))
    return user


def add_used_plan(connection: Connection, plan_digest: str, run_id: str) -> None:
    """The first run stays the one that used it: a resumed apply does not take the plan over."""
    connection.execute("INSERT INTO plans_used (plan_digest, run_id) VALUES (?, ?) ON CONFLICT DO NOTHING", (plan_digest, run_id))
