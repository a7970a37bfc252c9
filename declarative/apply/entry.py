"""What must hold before an apply may begin: the lease, a plan that is meant to be applied, a state that stands where the
plan saw it."""

from __future__ import annotations

from declarative.apply.model import ApplyRequest, Phase, Progress
from declarative.apply.recover import first_run
from declarative.core.errors import InvalidError, LockedError, RunInterruptedError, StaleError, StateMovedError
from declarative.plan.model import StateMark
from declarative.state.model import Lease

_APPLICABLE = ("auto", "full")
_POLL_SECONDS = 0.5


def refuse_unusable(request: ApplyRequest) -> None:
    """Raises InvalidError for a plan that is only for looking."""
    if request.plan.refresh not in _APPLICABLE:
        raise InvalidError(
            f"this plan is for looking (refresh: {request.plan.refresh}): it was not made from manifests and the live "
            "inventory, so it cannot be applied",
            hint="Plan again with `declarative plan`.",
        )


def take_lease(request: ApplyRequest) -> Lease:
    """Waits `lock_timeout` seconds for it, and says for whom. Raises LockedError; RunInterruptedError when a stop is asked for
    meanwhile; StateError saying why where the state cannot be written."""
    began = request.clock.monotonic()
    told = False
    while True:
        try:
            return request.store.acquire(request.run.holder)
        except LockedError as error:
            if request.stop:
                raise RunInterruptedError("stopped while waiting for the lease; nothing was written") from error
            left = request.lock_timeout - (request.clock.monotonic() - began)
            if left <= 0:
                raise
            if not told and request.on_progress is not None:
                request.on_progress(Progress(Phase.LOCK, 0, 1, f"{error.message} Waiting up to {left:.0f} s."))
            told = True
            request.clock.sleep(min(_POLL_SECONDS, left))


def refuse_unfitting(request: ApplyRequest) -> None:
    """Asked under the lease, so that nobody moves the state between this look and the first write.

    Raises StaleError for a saved plan that was applied before, StateMovedError for a state that another apply moved on.
    """
    used_by = first_run(request)
    if used_by is not None and request.saved and not request.resume:
        raise StaleError(
            f"this saved plan was already applied by run {used_by}; a saved plan is good for one apply",
            hint="Plan again. After an interrupted apply, `--resume` continues it.",
        )
    if request.resume and used_by is not None:
        return  # the state moved because of us; `recover` looks whether it was only us
    if request.expected is not None and (moved := state_moved(request.expected, request.store.mark)):
        raise StateMovedError(f"{moved} since the plan was made; nothing was written", hint="Plan again.")


def state_moved(planned: StateMark, mark: StateMark) -> str:
    """In words, or "" where a plan made on `planned` fits a state at `mark`."""
    if planned.serial == mark.serial == 0:
        return ""  # both empty: a pipeline whose jobs each start with a new state
    if planned.lineage and planned.lineage != mark.lineage:
        return "the plan was made against another state"
    if planned.serial != mark.serial:
        # Without a lineage the plan was made where no state existed yet, and none could be made.
        return f"the state moved on from serial {planned.serial} to {mark.serial}"
    return ""
