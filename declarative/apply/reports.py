"""Creating reports, each at most once.

The API has no list call and creates one more report for every POST. So the resource is recorded as uncertain before
the request leaves, and only an answer that can be read changes that.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from declarative.apply.context import Context
from declarative.apply.model import Phase
from declarative.apply.records import report_before_run
from declarative.core.errors import AuthError, DeclarativeError, StateError
from declarative.plan.model import AppliedReport, Change, OutcomeKind, ReportStatus
from declarative.qualys.model import ReportOutcome, ReportOutcomeStatus
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Resource


def uncertain_message(change: Change) -> str:
    name = change.address.partition("/")[2]
    return (
        "whether the report was created cannot be known; it is not run again until somebody looks. "
        f"Settle it with `declarative report resolve {name} --created UUID`, `--not-created` or `--probe`"
    )


def run_reports(context: Context, changes: Sequence[Change]) -> None:
    """Runs each report whose dependencies were applied, in the order of addresses, and settles it."""
    context.progress(Phase.REPORT, 0, len(changes))
    for number, change in enumerate(sorted(changes, key=lambda item: item.address), start=1):
        if not _held_back(context, change):
            if not context.may_send():
                return
            _run(context, change)
        context.progress(Phase.REPORT, number, len(changes))


def _held_back(context: Context, change: Change) -> bool:
    """Settles a report that must not run now. Says so where it runs on data that may not have arrived."""
    stored = context.request.store.get(change.address)
    if isinstance(stored, AppliedReport) and stored.status is ReportStatus.UNCERTAIN:
        context.settle(change, OutcomeKind.UNCERTAIN, error=uncertain_message(change), request_id=stored.request_id)
        return True
    failed = [address for address in change.depends_on if address in context.results and not context.applied(address)]
    if failed:
        context.settle(change, OutcomeKind.SKIPPED, error=f"not run: it waits for {_names(failed)}, not applied")
        return True
    late = [address for address in change.depends_on if address in context.late]
    if late:
        context.settle(change, OutcomeKind.SKIPPED, error=f"not run: it waits for {_names(late)}, not arrived yet")
        return True
    on_the_way = [address for address in change.depends_on if address in context.on_the_way]
    if on_the_way and context.request.wait is None:
        context.warn(
            f"{change.address} ran without waiting for {_names(on_the_way)} to arrive; it may show older data (`--wait` waits)"
        )
    return False


def _names(addresses: Sequence[str]) -> str:
    shown = ", ".join(addresses[:3])
    return shown if len(addresses) <= 3 else f"{shown} and {len(addresses) - 3} more"


def _run(context: Context, change: Change) -> None:
    request_id = context.request.new_id()
    previous = context.request.store.get(change.address)
    running = report_before_run(context, change, request_id)
    try:
        intent_id = context.record_intent(IntentKind.REPORT, request_id, [change.address], [running])
    except DeclarativeError as error:  # the store, or the lease it looks at
        context.cause = error
        return
    context.request.probe("report:request:before")
    outcome = _create(context, change)
    context.request.probe("report:request:after")
    _record(context, change, intent_id, outcome, running, previous)


def _create(context: Context, change: Change) -> ReportOutcome:
    try:
        return context.request.writer.create_report(change.payload or {})
    except AuthError as error:
        context.cause = error
        return ReportOutcome(ReportOutcomeStatus.NOT_SENT, error=error.message)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the request may have been processed
        context.cause = error if isinstance(error, DeclarativeError) else DeclarativeError(f"the report call failed: {error!r}")
        return ReportOutcome(ReportOutcomeStatus.UNKNOWN, error=str(error))


def _record(
    context: Context,
    change: Change,
    intent_id: int,
    outcome: ReportOutcome,
    running: AppliedReport,
    previous: Resource | None,
) -> None:
    resource: Resource = running
    error = outcome.error
    if outcome.status is ReportOutcomeStatus.CREATED:
        kind, status = OutcomeKind.APPLIED, OutcomeStatus.APPLIED
        resource = replace(running, status=ReportStatus.CREATED, file_uuid=outcome.file_uuid)
    elif outcome.status is ReportOutcomeStatus.REJECTED:
        kind, status = OutcomeKind.FAILED, OutcomeStatus.FAILED
        resource = replace(running, status=ReportStatus.NOT_CREATED)
    elif outcome.status is ReportOutcomeStatus.NOT_SENT:
        kind, status = OutcomeKind.FAILED, OutcomeStatus.NOT_SENT
        resource = previous if previous is not None else replace(running, status=ReportStatus.NOT_CREATED)
    else:
        kind, status = OutcomeKind.UNCERTAIN, OutcomeStatus.UNCERTAIN
        error = f"{error}; {uncertain_message(change)}" if error else uncertain_message(change)
    context.settle(change, kind, error=error, request_id=running.request_id, file_uuid=outcome.file_uuid)
    try:
        context.record_outcomes(
            IntentKind.REPORT, intent_id, [Outcome(change.address, status, resource, error, running.request_id)]
        )
        context.record_calls()
    except StateError as failure:
        context.cause = context.cause or failure
        if outcome.status is ReportOutcomeStatus.CREATED:
            created = f"the report was created as {outcome.file_uuid}, but that could not be recorded: {failure.message}"
            context.settle(
                change, OutcomeKind.UNCERTAIN, error=created, request_id=running.request_id, file_uuid=outcome.file_uuid
            )
