"""What the state room promises: one store interface over SQLite and PostgreSQL.

The store also implements the journal: intent before, outcome after, each in its own transaction (promises R1, R2, R4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from declarative.assets.model import AppliedAsset
from declarative.plan.model import AppliedReport, StateMark
from declarative.qualys.model import CallRecord

Resource = AppliedAsset | AppliedReport

LEASE_SECONDS = 25.0
"""How long a lease outlives its last heartbeat (one comes every third of it). Below the default `--lock-timeout`, so that
the apply after a killed one waits it out by itself."""


class IntentKind(StrEnum):
    SYNC = "sync"
    REPORT = "report"


class OutcomeStatus(StrEnum):
    APPLIED = "applied"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    NOT_SENT = "not_sent"


class Intent(Struct, frozen=True):
    """Recorded before a write is sent. `addresses` in payload order; `request_id` is reused by a replay."""

    intent_id: int
    run_id: str
    kind: IntentKind
    request_id: str
    addresses: tuple[str, ...]
    recorded_at: datetime


class Outcome(Struct, frozen=True):
    """Per address, after the answer. `resource` replaces the stored one (None: leave as it is)."""

    address: str
    status: OutcomeStatus
    resource: Resource | None = None
    error: str | None = None
    request_id: str | None = None


class Run(Struct, frozen=True):
    """One row of the audit."""

    run_id: str
    command: str
    started_at: datetime
    ended_at: datetime | None
    user: str
    host: str
    commit: str | None
    plan_digest: str | None
    exit_code: int | None
    summary: Mapping[str, int]


class LeaseInfo(Struct, frozen=True):
    lease_id: str
    holder: str
    acquired_at: datetime
    expires_at: datetime


class Lease(Protocol):
    """Held by one apply. `check()` raises LockedError once it was lost (expired and taken, or unlocked by a person);
    a heartbeat thread renews it while it is held."""

    @property
    def info(self) -> LeaseInfo: ...

    def check(self) -> None: ...

    def release(self) -> None: ...


class Store(Protocol):
    """Raises StateError (with what to do) when the store cannot be read or written, is corrupt, or is newer than us."""

    @property
    def place(self) -> str:
        """How messages name the store: a path, or a URL without its password."""

    @property
    def mark(self) -> StateMark: ...

    @property
    def writable(self) -> bool:
        """False on a read-only file system: plan works, apply refuses."""

    # resources
    def resources(self) -> Mapping[str, Resource]: ...

    def resources_at(self, addresses: Iterable[str], *, note: bool = True) -> Mapping[str, Resource]:
        """The records of these addresses; an address without one is not in it. Unless they are noted as read, `observe` must not
        write them."""

    def digests(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Address and digest of every record whose address begins so, streamed. The digest covers the whole record."""

    def assets(self) -> Iterator[tuple[str, int | None, str]]:
        """Address, bound id and digest of every asset's record, streamed."""

    def bound_to(self, asset_ids: Iterable[int]) -> tuple[str, ...]:
        """Addresses of the records that are bound to these live assets, sorted."""

    def addresses(self, *, but: Sequence[str] = ()) -> tuple[str, ...]:
        """Of every record whose address begins with none of these, sorted."""

    def digest_read(self, address: str) -> str | None:
        """Of the record as this store read it last; None where it did not, or found none."""

    def get(self, address: str) -> Resource | None: ...

    def put(self, resources: Iterable[Resource]) -> None:
        """Upsert; one transaction. Bumps the serial only when something differs."""

    def observe(self, resources: Iterable[Resource]) -> None:
        """What a read-only run saw (bound ids, convergence), in one transaction. No-op where not writable. Does not
        bump the serial: a saved plan stays applicable after somebody else planned. A record that somebody else changed
        since this store read it is left alone."""

    def remove(self, addresses: Iterable[str]) -> None: ...

    def move(self, old: str, new: str) -> None: ...

    # journal
    def begin_run(self, run: Run) -> None: ...

    def end_run(self, run_id: str, *, exit_code: int, summary: Mapping[str, int], ended_at: datetime) -> None: ...

    def record_calls(self, run_id: str, calls: Sequence[tuple[datetime, CallRecord]]) -> None: ...

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
        """Commits the intent (and `resources`, e.g. a report marked uncertain until its answer) before anything is
        sent; returns its id."""

    def record_outcomes(self, intent_id: int, outcomes: Sequence[Outcome], *, at: datetime) -> None:
        """Closes the intent and stores the new resources in the same transaction."""

    def open_intents(self) -> tuple[Intent, ...]:
        """Intents without an outcome: what a crash left behind."""

    def runs(self, limit: int = 50) -> tuple[Run, ...]: ...

    def run(self, run_id: str) -> Run | None: ...

    def outcomes_of(self, run_id: str) -> tuple[Outcome, ...]:
        """In the order they were recorded; without their resources."""

    def calls_of(self, run_id: str) -> tuple[tuple[datetime, CallRecord], ...]:
        """What `record_calls` was given for that run, in that order."""

    @property
    def environment(self) -> str | None:
        """The environment that this state belongs to; None until one was applied."""

    def belong_to(self, environment: str) -> None:
        """From now on this state is that environment's, if it is nobody's yet."""

    # plans: single use
    def plan_used_by(self, plan_digest: str) -> str | None:
        """The run id that applied this saved plan, if any."""

    def mark_plan_used(self, plan_digest: str, run_id: str) -> None: ...

    # snapshot: cache of live records, may be lost without harm
    def snapshot(self) -> AbstractContextManager[Snapshot]: ...

    # lease
    def acquire(self, holder: str, *, timeout: float = 0.0, ttl: float = LEASE_SECONDS) -> Lease:
        """Raises LockedError naming holder, since when, and how to unlock."""

    def lease_info(self) -> LeaseInfo | None: ...

    def unlock(self, lease_id: str) -> None: ...

    def backup(self, path: str) -> None: ...

    def close(self) -> None: ...


Record = Mapping[str, Any]
Records = Iterable[tuple[int, Record]]
Indexer = Callable[[Record], tuple[bytes, Iterable[int]]]
"""What the cache keeps beside a record: a digest of what matters in it, and hashes of the keys that it can be found by."""


class Snapshot(Protocol):
    """A cache of live host records keyed by asset id, valid for one base URL."""

    def watermark(self, base_url: str) -> str | None: ...

    def rebuilt_at(self, base_url: str) -> datetime | None:
        """When the last `replace` began: what was changed since came by `upsert`. None without a snapshot."""

    def records(self, base_url: str) -> Records: ...

    @property
    def writable(self) -> bool:
        """False where every write is a no-op."""

    def replace(self, base_url: str, records: Records, watermark: str, *, indexer: Indexer | None = None) -> bool:
        """Tells whether that is what is kept now: not where nothing may be written, or another process swept it away."""

    def upsert(self, base_url: str, records: Records, watermark: str, *, indexer: Indexer | None = None) -> None: ...

    # for reading a few of very many
    def count(self, base_url: str) -> int: ...

    def digests(self, base_url: str) -> Iterator[tuple[int, bytes]]:
        """By asset id, streamed; only records that were written with an `indexer`."""

    def json_at(self, base_url: str, asset_ids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """The records of these ids, of those that are there, as JSON."""

    def ids_with(self, base_url: str, keys: Iterable[int]) -> frozenset[int]:
        """Asset ids of all records that have one of these keys, and perhaps of some that once had."""

    def forget(self, base_url: str) -> None:
        """For a snapshot that turned out to be damaged: from here on there is none."""

    # bytes of other rooms, kept as whole values
    def blob(self, name: str) -> bytes | None: ...

    def keep_blob(self, name: str, data: bytes) -> None: ...
