"""Sending asset changes: grouped by connector, in batches, each journaled before and after.

The store is touched by the calling thread alone; the workers only make requests. So the journal needs no locks, and
what is recorded does not depend on how many workers there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from msgspec import Struct

from declarative.apply.context import Context
from declarative.apply.model import Phase
from declarative.apply.records import resource_after_sync
from declarative.assets.model import ConnectorRef
from declarative.core.errors import AuthError, DeclarativeError, StateError
from declarative.plan.model import Action, Change, OutcomeKind
from declarative.qualys.model import SyncOutcome, SyncResult, SyncStatus
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Resource

_OUTCOMES = {
    SyncStatus.ACCEPTED: (OutcomeKind.APPLIED, OutcomeStatus.APPLIED),
    SyncStatus.REJECTED: (OutcomeKind.FAILED, OutcomeStatus.FAILED),
    SyncStatus.NOT_SENT: (OutcomeKind.FAILED, OutcomeStatus.NOT_SENT),
    SyncStatus.UNKNOWN: (OutcomeKind.UNCERTAIN, OutcomeStatus.UNCERTAIN),
}
UNCERTAIN_SYNC = "the answer never came; it may have been accepted. The next plan sends it again, which is harmless"


class Batch(Struct, frozen=True):
    """One import call. `intent_id` is set where an interrupted run has journaled it already."""

    connector: ConnectorRef
    changes: tuple[Change, ...]
    request_id: str
    intent_id: int | None = None

    @property
    def payloads(self) -> list[Mapping[str, Any]]:
        return [{} if change.payload is None else change.payload for change in self.changes]


class Travelling(Struct, frozen=True):
    """A batch on its way. `before`: what the state said of it, read while nothing was sent yet."""

    batch: Batch
    intent_id: int
    before: Mapping[str, Resource]


def send_syncs(context: Context, changes: Sequence[Change]) -> None:
    """Sends every CREATE, UPDATE and RETIRE and settles it. After an error that stops the run (`context.cause`) or a
    stop request, what is in flight is still recorded and the rest is left open."""
    waiting = deque(_batches(context, changes))
    total, done = len(changes), 0
    context.progress(Phase.SYNC, 0, total)
    with ThreadPoolExecutor(max_workers=max(1, context.request.parallelism), thread_name_prefix="sync") as pool:
        running: dict[Future[SyncOutcome], Travelling] = {}
        while waiting or running:
            while waiting and len(running) < context.request.parallelism and context.may_send():
                batch = waiting.popleft()
                try:
                    journaled = _intend(context, batch)
                except DeclarativeError as error:  # the store, or the lease it looks at
                    context.cause = error
                    break
                running[pool.submit(_send, context, batch)] = journaled
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=lambda item: running[item].intent_id):
                travelled = running.pop(future)
                _record(context, travelled, future)
                done += len(travelled.batch.changes)
                context.progress(Phase.SYNC, done, total)


def _batches(context: Context, changes: Iterable[Change]) -> list[Batch]:
    """Replays of an interrupted run first, as they were journaled; then the rest, by connector and address."""
    by_address = {change.address: change for change in changes}
    batches = []
    for intent in context.replays:
        again = [by_address.pop(address) for address in intent.addresses if address in by_address]
        if again and again[0].connector is not None:
            batches.append(Batch(again[0].connector, tuple(again), intent.request_id, intent.intent_id))
    grouped: dict[tuple[str, str, str], list[Change]] = {}
    for address in sorted(by_address):
        change = by_address[address]
        if change.connector is None:
            context.settle(change, OutcomeKind.FAILED, error="the plan names no connector for it")
            continue
        connector = change.connector
        grouped.setdefault((connector.name, connector.uuid, connector.source), []).append(change)
    size = max(1, context.request.batch_size)
    for key in sorted(grouped):
        members = grouped[key]
        for start in range(0, len(members), size):
            part = tuple(members[start : start + size])
            if part[0].connector is not None:
                batches.append(Batch(part[0].connector, part, context.request.new_id()))
    return batches


def _intend(context: Context, batch: Batch) -> Travelling:
    addresses = [change.address for change in batch.changes]
    before = context.request.store.resources_at(addresses)
    intent_id = batch.intent_id
    if intent_id is None:
        intent_id = context.record_intent(IntentKind.SYNC, batch.request_id, addresses)
    return Travelling(batch, intent_id, before)


def _send(context: Context, batch: Batch) -> SyncOutcome:
    context.request.probe("sync:request:before")
    outcome = context.request.writer.sync(batch.connector, batch.payloads, request_id=batch.request_id)
    context.request.probe("sync:request:after")
    return outcome


def _record(context: Context, travelled: Travelling, future: Future[SyncOutcome]) -> None:
    batch = travelled.batch
    results = _results(context, batch, future)
    now = context.request.clock.now()
    outcomes, removed = [], []
    for change, result in zip(batch.changes, results, strict=True):
        kind, status = _OUTCOMES[result.status]
        resource = None
        if result.status is SyncStatus.ACCEPTED:
            if change.action is Action.RETIRE:
                removed.append(change.address)
            else:
                resource = resource_after_sync(context, change, travelled.before.get(change.address), now)
        error = result.error or (UNCERTAIN_SYNC if kind is OutcomeKind.UNCERTAIN else None)
        outcomes.append(Outcome(change.address, status, resource, error, result.request_id))
        context.settle(change, kind, error=error, request_id=result.request_id, taken=result.taken)
    try:
        context.record_outcomes(IntentKind.SYNC, travelled.intent_id, outcomes)
        if removed:
            context.remove(removed)
        context.record_calls()
    except StateError as error:
        context.cause = context.cause or error
        for change in batch.changes:
            if context.applied(change.address):
                context.settle(
                    change,
                    OutcomeKind.UNCERTAIN,
                    error=f"it was accepted, but that could not be recorded: {error.message}",
                    request_id=batch.request_id,
                )


def _results(context: Context, batch: Batch, future: Future[SyncOutcome]) -> Sequence[SyncResult]:
    error = future.exception()
    if error is None:
        return future.result().results
    context.cause = context.cause or (
        error if isinstance(error, DeclarativeError) else DeclarativeError(f"the import call failed: {error!r}")
    )
    # A refused login is answered before the body is looked at; after anything else the asset may have been taken.
    status = SyncStatus.NOT_SENT if isinstance(error, AuthError) else SyncStatus.UNKNOWN
    return [SyncResult(status, batch.request_id, str(error))] * len(batch.changes)
