"""Applying a plan: nothing twice, nothing lost.

Order: lease, recovery of what a killed apply left, moves, a last look at the objects, state-only changes, imports, arrival,
reports. Every write to the API is journaled before it is sent and after it is answered.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import suppress

from declarative.apply.arrival import wait_for_arrival
from declarative.apply.context import Context
from declarative.apply.entry import refuse_unfitting, refuse_unusable, take_lease
from declarative.apply.model import ApplyRequest, Phase
from declarative.apply.outcome import outcome_code
from declarative.apply.precheck import check_objects
from declarative.apply.records import adopted_resource
from declarative.apply.recover import recover, settle_done
from declarative.apply.reports import run_reports
from declarative.apply.syncs import send_syncs
from declarative.core.errors import DeclarativeError, RunInterruptedError, StateError
from declarative.core.exits import ExitCode
from declarative.plan.model import Action, ApplyResult, Change, OutcomeKind
from declarative.state.model import Run

_SYNCED = (Action.CREATE, Action.UPDATE, Action.RETIRE)


def execute(request: ApplyRequest) -> ApplyResult:
    """Carries out every change of the plan and says what became of each.

    An error that stops the run after something was written ends up in the result (rest skipped, reason in the
    warnings); before anything was written it is raised.

    Raises LockedError when another apply holds the lease for longer than `lock_timeout`; StaleError for a saved plan
    that was applied before; StateMovedError when another apply came in between; InvalidError for a plan made without
    reading the live state; StateError when the store cannot be written; RunInterruptedError when a stop was asked for
    before the first write; AuthError and ApiError from the reads before it.
    """
    refuse_unusable(request)
    request.probe("lease:acquire:before")
    lease = take_lease(request)
    try:
        request.probe("lease:acquire:after")
        refuse_unfitting(request)
        context = Context(request=request, lease=lease, run_id=request.new_id())
        return _audited(context)
    finally:
        # A lease that cannot be given back expires by itself; that must not hide what the apply did.
        with suppress(StateError):
            lease.release()


def _audited(context: Context) -> ApplyResult:
    request = context.request
    request.probe("run:begin:before")
    if request.plan.environment is not None:
        request.store.belong_to(request.plan.environment)
    request.store.begin_run(
        Run(
            run_id=context.run_id,
            command=request.run.command,
            started_at=request.clock.now(),
            ended_at=None,
            user=request.run.user,
            host=request.run.host,
            commit=request.run.commit,
            plan_digest=request.plan_digest,
            exit_code=None,
            summary={},
        )
    )
    request.probe("run:begin:after")
    try:
        _carry_out(context)
    except DeclarativeError as error:
        stopped = RunInterruptedError("stopped before anything was written") if request.stop else error
        _end(context, stopped.exit_code)
        raise stopped from error
    except Exception:
        _end(context, ExitCode.INTERNAL)
        raise
    _note_interruption(context)
    result = context.result()
    if context.cause is not None:
        if not _wrote(context):
            _end(context, context.cause.exit_code)
            raise context.cause
        context.warnings.append(f"stopped early: {context.cause.message}")
        result = context.result()
    _end(context, outcome_code(result))
    return context.result()


def _carry_out(context: Context) -> None:
    recover(context)
    settle_done(context)
    _follow_moves(context)
    changes = [change for change in context.request.plan.writes if context.is_open(change)]
    syncs = [change for change in changes if change.action in _SYNCED]
    adopts = [change for change in changes if change.action is Action.ADOPT]
    check_objects(context, [*syncs, *adopts])
    _change_state(context, changes)
    send_syncs(context, [change for change in syncs if context.is_open(change)])
    runs = [change for change in changes if change.action is Action.RUN]
    travelling = [change for change in syncs if context.applied(change.address)] + _pending_for(context, runs)
    context.on_the_way.update(change.address for change in travelling)
    wait_for_arrival(context, travelling)
    run_reports(context, runs)
    context.skip_open(changes)


def _follow_moves(context: Context) -> None:
    """Lets the state follow the `moved` entries of the project: the first thing that an apply writes."""
    moved = context.request.moved
    moves = due_moves(moved, context.request.store.resources()) if moved else ()
    if moves and context.may_send():
        for old, new in moves:
            context.move(old, new)


def due_moves(moved: Mapping[str, str], known: Container[str]) -> tuple[tuple[str, str], ...]:
    """Old and new address of what the state knows under its old one alone."""
    return tuple((old, new) for old, new in sorted(moved.items()) if old in known and new not in known)


def _pending_for(context: Context, runs: list[Change]) -> list[Change]:
    """Assets that an earlier apply sent, that have not arrived yet, and that a report of this one depends on."""
    awaited = {address for change in runs for address in change.depends_on}
    return [
        change
        for change in context.request.plan.changes
        if change.action is Action.PENDING and change.address in awaited & context.request.desired.keys()
    ]


def _change_state(context: Context, changes: list[Change]) -> None:
    """ADOPT and FORGET: no call, one transaction each."""
    adopts = [change for change in changes if change.action is Action.ADOPT and context.is_open(change)]
    forgets = [change for change in changes if change.action is Action.FORGET]
    if not (adopts or forgets) or not context.may_send():
        return
    context.progress(Phase.CHECK, 0, len(adopts) + len(forgets), "recording")
    if adopts:
        before = context.request.store.resources_at(change.address for change in adopts)
        context.put([adopted_resource(context, change, before.get(change.address)) for change in adopts])
    if forgets:
        context.remove([change.address for change in forgets])
    for change in (*adopts, *forgets):
        context.settle(change, OutcomeKind.APPLIED)


def _note_interruption(context: Context) -> None:
    """A stop that came too late to leave anything undone is no interruption."""
    if context.request.stop and any(result.outcome is not OutcomeKind.APPLIED for result in context.results.values()):
        context.interrupted = True


def _wrote(context: Context) -> bool:
    return any(result.outcome in (OutcomeKind.APPLIED, OutcomeKind.UNCERTAIN) for result in context.results.values())


def _end(context: Context, code: ExitCode) -> None:
    """Closes the run in the audit. An audit that cannot be written never hides what the apply did."""
    result = context.result()
    summary = {outcome.value: result.count(outcome) for outcome in OutcomeKind}
    try:
        context.request.probe("run:end:before")
        context.record_calls()
        context.request.store.end_run(context.run_id, exit_code=int(code), summary=summary, ended_at=context.request.clock.now())
        context.request.probe("run:end:after")
    except StateError as error:
        context.warnings.append(f"the end of the run could not be recorded: {error.message}")
