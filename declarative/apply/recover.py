"""What a killed apply left behind: intents without an outcome.

An import that may have been accepted is harmless to repeat, so it is closed as uncertain and the next plan sends it
again; resuming the same plan repeats it with the same request id. A report that may have been created is never
repeated: it stays uncertain until somebody looks.
"""

from __future__ import annotations

from declarative.apply.context import Context
from declarative.apply.model import ApplyRequest, Phase
from declarative.core.errors import StateMovedError
from declarative.plan.model import Action, AppliedReport, OutcomeKind, ReportStatus
from declarative.state.model import Intent, IntentKind, Outcome, OutcomeStatus, Run

_RUNS_LOOKED_AT = 1000


def recover(context: Context) -> None:
    """Closes every open intent, or keeps it for a replay (`context.replays`) when this apply resumes its run."""
    ours = earlier_runs(context) if context.request.resume else frozenset()
    intents = context.request.store.open_intents()
    if not intents:
        return
    context.progress(Phase.RECOVER, 0, len(intents))
    for number, intent in enumerate(intents, start=1):
        if intent.kind is IntentKind.REPORT:
            _close_report(context, intent)
        elif intent.run_id in ours:
            context.replays.append(intent)
        else:
            _close_sync(context, intent)
        context.progress(Phase.RECOVER, number, len(intents))


def first_run(request: ApplyRequest) -> str | None:
    """The run that wrote the first thing of this saved plan, if one did."""
    return request.store.plan_used_by(request.use_key) if request.saved else None


def earlier_runs(context: Context) -> frozenset[str]:
    """Ids of the runs that applied this very plan before: its first one, and later ones that did the same changes.

    The same changes may have been planned and applied before that too, as when a drift comes back; those are not of it. Raises
    StateMovedError when other changes were applied since: what this plan leaves to do was decided on an older state.
    """
    first = first_run(context.request)
    if first is None:
        return frozenset()
    ours = set()
    for run in context.request.store.runs(_RUNS_LOOKED_AT):
        if run.run_id == context.run_id:
            continue
        if run.plan_digest == context.request.plan_digest:
            ours.add(run.run_id)
        elif _may_have_written(context, run):
            raise StateMovedError(
                f"another apply (run {run.run_id} of {run.user}@{run.host}) came after the interrupted one, so it cannot be "
                "resumed; nothing was written",
                hint="Plan again: what is still to do is found out anew.",
            )
        if run.run_id == first:
            break
    return frozenset(ours)


def _may_have_written(context: Context, run: Run) -> bool:
    if run.exit_code is None or any(run.summary.get(kind) for kind in (OutcomeKind.APPLIED, OutcomeKind.UNCERTAIN)):
        return True
    return bool(context.request.store.outcomes_of(run.run_id))


def settle_done(context: Context) -> None:
    """On resume: what an earlier run of this plan has applied is applied, and not sent again."""
    if not context.request.resume:
        return
    _drop_foreign_replays(context)
    done: dict[str, Outcome] = {}
    for run_id in sorted(earlier_runs(context)):
        for outcome in context.request.store.outcomes_of(run_id):
            if outcome.status is OutcomeStatus.APPLIED:
                done[outcome.address] = outcome
    for change in context.request.plan.writes:
        outcome_before = done.get(change.address)
        if outcome_before is None:
            continue
        stored = context.request.store.get(change.address)
        uuid = stored.file_uuid if isinstance(stored, AppliedReport) else None
        if change.action is Action.RETIRE and stored is not None:
            context.remove([change.address])
        context.settle(change, OutcomeKind.APPLIED, request_id=outcome_before.request_id, file_uuid=uuid)


def _drop_foreign_replays(context: Context) -> None:
    """A replay of something that the plan does not write any more would never be sent, and stay open for ever."""
    planned = {change.address for change in context.request.plan.writes}
    kept = []
    for intent in context.replays:
        if planned.isdisjoint(intent.addresses):
            _close_sync(context, intent)
        else:
            kept.append(intent)
    context.replays = kept


def _close_sync(context: Context, intent: Intent) -> None:
    why = f"run {intent.run_id} ended before the answer was recorded"
    context.record_outcomes(
        IntentKind.SYNC,
        intent.intent_id,
        [Outcome(address, OutcomeStatus.UNCERTAIN, None, why, intent.request_id) for address in intent.addresses],
    )
    context.warnings.append(
        f"an earlier apply (run {intent.run_id}) was cut off while it sent {len(intent.addresses)} asset(s), "
        f"first {intent.addresses[0]}; what is still needed is sent again, which is harmless"
    )


def _close_report(context: Context, intent: Intent) -> None:
    outcomes = []
    for address in intent.addresses:
        stored = context.request.store.get(address)
        why = f"run {intent.run_id} ended before the answer was recorded"
        # The intent itself stored it as uncertain; if it is not so any more, somebody has settled it.
        outcomes.append(Outcome(address, OutcomeStatus.UNCERTAIN, None, why, intent.request_id))
        if not isinstance(stored, AppliedReport) or stored.status is not ReportStatus.UNCERTAIN:
            continue
        name = address.partition("/")[2]
        context.warnings.append(
            f"an earlier apply (run {intent.run_id}) was cut off while it created {address}; it may exist. "
            f"Settle it with `declarative report resolve {name}`"
        )
    context.record_outcomes(IntentKind.REPORT, intent.intent_id, outcomes)
