"""The store: every operation is one transaction over the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from declarative.core.errors import StateError
from declarative.plan.known import briefs_of
from declarative.plan.model import StateMark
from declarative.qualys.model import CallRecord
from declarative.state import journal
from declarative.state import resources as rows_of
from declarative.state.backend import Backend
from declarative.state.backup import write_backup
from declarative.state.codec import Encoded
from declarative.state.connection import Connection
from declarative.state.failures import PassingError, damaged
from declarative.state.lease import HeldLease, acquire_lease, break_lease, read_lease
from declarative.state.model import LEASE_SECONDS, Intent, IntentKind, LeaseInfo, Outcome, Resource, Run, Snapshot
from declarative.state.snapshot import SqlSnapshot
from declarative.state.stored import StoredResources

# Seconds between attempts to record an outcome: what was sent cannot be taken back, and what is not recorded is uncertain.
_PAUSES = (0.5, 2.0, 5.0)


class SqlStore:
    """`model.Store` over SQLite or PostgreSQL. Safe to use from several threads.

    While it holds a lease, an intent is committed only if the lease is still ours at that moment: an apply that lost its
    lease cannot send one thing more.
    """

    def __init__(self, backend: Backend, open_cache: Callable[[], Backend]) -> None:
        self._backend = backend
        self._open_cache = open_cache
        self._cache: Backend | None = None
        self._lease: HeldLease | None = None
        # What this process last read or wrote of each record, as a digest: `observe` must not undo what an apply did since.
        self._seen: dict[str, str | None] = {}
        self._listed: StoredResources | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SqlStore({self._backend.place!r})"

    @property
    def backend(self) -> Backend:
        """For this room only: what restores and migrates."""
        return self._backend

    @property
    def place(self) -> str:
        """How messages name this store: a path, or a URL without its password."""
        return self._backend.place

    @property
    def mark(self) -> StateMark:
        with self._backend.read() as connection:
            found = connection.one("SELECT lineage, serial FROM meta")
        if found is None:
            raise damaged(self.place, "its table `meta` is empty")
        return StateMark(*found)

    @property
    def environment(self) -> str | None:
        """The environment that this state belongs to; None until one was applied."""
        with self._backend.read() as connection:
            found = connection.scalar("SELECT environment FROM meta")
        return None if found is None else str(found)

    def belong_to(self, environment: str) -> None:
        """From now on this state is that environment's, if it is nobody's yet."""
        with self._backend.write() as connection:
            connection.execute("UPDATE meta SET environment = ? WHERE environment IS NULL", (environment,))

    @property
    def writable(self) -> bool:
        return self._backend.frozen_because is None

    # resources

    def resources(self) -> Mapping[str, Resource]:
        with self._backend.read() as connection:
            self._listed = rows_of.load_all(connection, self.place, self._backend.read)
        self._seen = {}
        return self._listed

    def resources_at(self, addresses: Iterable[str], *, note: bool = True) -> Mapping[str, Resource]:
        with self._backend.read() as connection:
            found = rows_of.load_some(connection, self.place, addresses)
        if note:
            self._seen |= {address: brief.digest for address, brief in briefs_of(found)}
        return found

    def digests(self, prefix: str) -> Iterator[tuple[str, str]]:
        with self._backend.read() as connection:
            yield from rows_of.digests(connection, prefix)

    def assets(self) -> Iterator[tuple[str, int | None, str]]:
        with self._backend.read() as connection:
            yield from rows_of.assets(connection)

    def bound_to(self, asset_ids: Iterable[int]) -> tuple[str, ...]:
        with self._backend.read() as connection:
            return rows_of.bound_to(connection, asset_ids)

    def addresses(self, *, but: Sequence[str] = ()) -> tuple[str, ...]:
        with self._backend.read() as connection:
            return rows_of.addresses(connection, but)

    def digest_read(self, address: str) -> str | None:
        if address in self._seen or self._listed is None:
            return self._seen.get(address)
        brief = self._listed.brief(address)
        return None if brief is None else brief.digest

    def get(self, address: str) -> Resource | None:
        with self._backend.read() as connection:
            found = rows_of.load(connection, self.place, address)
        self._seen[address] = None if found is None else found[1]
        return None if found is None else found[0]

    def put(self, changed: Iterable[Resource]) -> None:
        rows = rows_of.encoded(changed)
        with self._backend.write() as connection:
            self._store(connection, rows)

    def _store(self, connection: Connection, rows: Mapping[str, Encoded]) -> None:
        if rows_of.store(self._backend, connection, rows):
            rows_of.bump_serial(connection)
        self._seen |= {address: row.digest for address, row in rows.items()}

    def observe(self, seen: Iterable[Resource]) -> None:
        if not self.writable:
            return
        rows = rows_of.encoded(seen)
        if rows:
            with self._backend.write() as connection:
                rows_of.store(self._backend, connection, rows, unless_moved=self.digest_read)

    def remove(self, addresses: Iterable[str]) -> None:
        gone = tuple(addresses)
        with self._backend.write() as connection:
            if rows_of.delete_all(connection, gone):
                rows_of.bump_serial(connection)
        self._seen |= dict.fromkeys(gone)

    def move(self, old: str, new: str) -> None:
        with self._backend.write() as connection:
            rows_of.rename(connection, self.place, old, new)
            rows_of.bump_serial(connection)
        self._seen |= {old: None, new: self.digest_read(old)}

    # journal

    def begin_run(self, run: Run) -> None:
        with self._backend.write() as connection:
            journal.prune(connection)
            journal.add_run(connection, run)

    def end_run(self, run_id: str, *, exit_code: int, summary: Mapping[str, int], ended_at: datetime) -> None:
        with self._backend.write() as connection:
            journal.close_run(connection, run_id, exit_code=exit_code, summary=summary, ended_at=ended_at)

    def record_calls(self, run_id: str, calls: Sequence[tuple[datetime, CallRecord]]) -> None:
        if calls:
            with self._backend.write() as connection:
                journal.add_calls(connection, run_id, calls)

    def record_intent(
        self,
        run_id: str,
        kind: IntentKind,
        request_id: str,
        addresses: Sequence[str],
        *,
        at: datetime,
        resources: Iterable[Resource] = (),
    ) -> int:
        with self._fenced_write(resources) as connection:
            return journal.add_intent(connection, run_id, kind, request_id, addresses, at)

    def record_outcomes(self, intent_id: int, outcomes: Sequence[Outcome], *, at: datetime) -> None:
        # No fence here: what was sent was sent, and must be recorded whoever holds the lease now.
        rows = rows_of.encoded(outcome.resource for outcome in outcomes if outcome.resource is not None)
        pauses = iter(_PAUSES)
        is_first = True
        while True:
            try:
                self._close_intent(intent_id, outcomes, at, rows)
            except StateError as error:
                # A commit whose answer never came may have counted: then the next attempt finds the intent closed.
                passing = isinstance(error, PassingError)
                if (passing or not is_first) and self._is_recorded(intent_id):
                    return
                pause = next(pauses, None) if passing else None
                if pause is None:
                    raise
                self._backend.clock.sleep(pause)
                is_first = False
            else:
                return

    def _close_intent(self, intent_id: int, outcomes: Sequence[Outcome], at: datetime, rows: Mapping[str, Encoded]) -> None:
        with self._backend.write() as connection:
            journal.close_intent(connection, intent_id, outcomes, at)
            self._store(connection, rows)

    def _is_recorded(self, intent_id: int) -> bool:
        """After a connection broke in the middle of a commit only the journal knows whether it counted."""
        try:
            with self._backend.read() as connection:
                return journal.is_closed(connection, intent_id)
        except PassingError:
            return False

    @contextmanager
    def _fenced_write(self, changed: Iterable[Resource]) -> Iterator[Connection]:
        rows = rows_of.encoded(changed)
        held = self._lease
        with self._backend.write() as connection:
            if held is not None and not held.released:
                held.confirm(connection)
            yield connection
            self._store(connection, rows)

    def open_intents(self) -> tuple[Intent, ...]:
        with self._backend.read() as connection:
            return journal.list_open(connection)

    def runs(self, limit: int = 50) -> tuple[Run, ...]:
        with self._backend.read() as connection:
            return journal.list_runs(connection, limit)

    def run(self, run_id: str) -> Run | None:
        with self._backend.read() as connection:
            return journal.find_run(connection, run_id)

    def outcomes_of(self, run_id: str) -> tuple[Outcome, ...]:
        with self._backend.read() as connection:
            return journal.list_outcomes(connection, run_id)

    def calls_of(self, run_id: str) -> tuple[tuple[datetime, CallRecord], ...]:
        with self._backend.read() as connection:
            return journal.list_calls(connection, run_id)

    # plans

    def plan_used_by(self, plan_digest: str) -> str | None:
        with self._backend.read() as connection:
            return journal.user_of_plan(connection, plan_digest)

    def mark_plan_used(self, plan_digest: str, run_id: str) -> None:
        with self._backend.write() as connection:
            journal.add_used_plan(connection, plan_digest, run_id)

    # snapshot

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        if self._cache is None:
            self._cache = self._open_cache()
        yield SqlSnapshot(self._cache)

    # lease

    def acquire(
        self, holder: str, *, timeout: float = 0.0, ttl: float = LEASE_SECONDS, heartbeat: float | None = None
    ) -> HeldLease:
        self._lease = acquire_lease(self._backend, holder, timeout=timeout, ttl=ttl, heartbeat=heartbeat)
        return self._lease

    def lease_info(self) -> LeaseInfo | None:
        return read_lease(self._backend)

    def unlock(self, lease_id: str) -> None:
        break_lease(self._backend, lease_id)

    def backup(self, path: str) -> None:
        write_backup(self._backend, Path(path))

    def close(self) -> None:
        """Lets go of the lease, if one is still held, and of every connection."""
        try:
            if self._lease is not None:
                self._lease.release()
        except StateError:
            pass  # it expires by itself; closing must not hide the error that brought us here
        finally:
            self._backend.close()
            if self._cache is not None and self._cache is not self._backend:
                self._cache.close()
