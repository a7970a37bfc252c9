"""Report files: download, waiting until one is ready, asking whether one exists."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from declarative.core.errors import ApiError
from declarative.engine.applying import run_info
from declarative.engine.runtime import Runtime
from declarative.plan.model import AppliedReport, ReportStatus
from declarative.qualys.model import Reader, ReportFile
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Store

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0


def file_name_for(report: str, suffix: str) -> str:
    """A file name that is one path component on every system."""
    stem = re.sub(r"[^\w. -]+", "_", report).strip(". ") or "report"
    return f"{stem[:120]}.{suffix}"


def download_report(
    reader: Reader,
    name: str,
    target: Path,
    runtime: Runtime,
    *,
    timeout: timedelta | None,
    progress: Callable[[int, int | None], None] | None = None,
) -> ReportFile:
    """Writes the file whole or not at all. With `timeout`, asks again until the report is ready. `progress` is told the
    bytes so far, and how many there are if the gateway says. Raises ApiError."""
    deadline = runtime.clock.monotonic() + (timeout.total_seconds() if timeout else 0.0)
    pause = FIRST_PAUSE
    while True:
        try:
            return reader.download_report(name, target, progress=progress)
        except ApiError as error:
            if runtime.clock.monotonic() + pause > deadline or not _may_become_ready(error):
                raise
            runtime.say(f"not ready yet ({error.message}); asking again in {pause:.0f} s")
        runtime.clock.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def is_downloadable(reader: Reader, name: str) -> bool:
    """Whether the download endpoint offers a report of this name. Raises AuthError; ApiError for what is no answer."""
    with tempfile.TemporaryDirectory(prefix="declarative-") as folder:
        try:
            reader.download_report(name, Path(folder) / "probe")
        except ApiError as error:
            if _may_become_ready(error):
                return False
            raise
    return True


def settle_report(store: Store, report: AppliedReport, *, now: datetime) -> None:
    """Records what a person, or a probe, found out about an uncertain run. Under the lease: while an apply is still
    waiting for the answer, nobody else can know. Raises LockedError, StateError."""
    lease = store.acquire(run_info().holder)
    try:
        current = store.get(report.address)
        if isinstance(current, AppliedReport) and current.request_id == report.request_id:
            store.put([report])
        for intent in store.open_intents():
            if intent.kind is IntentKind.REPORT and report.address in intent.addresses:
                status = OutcomeStatus.APPLIED if report.status is ReportStatus.CREATED else OutcomeStatus.NOT_SENT
                settled = Outcome(report.address, status, None, "settled by hand", intent.request_id)
                store.record_outcomes(intent.intent_id, [settled], at=now)
    finally:
        lease.release()


def _may_become_ready(error: ApiError) -> bool:
    # What a report that is still running answers is not documented (facts 5): take any word of the API itself for it,
    # but not a gateway that did not answer at all.
    status = error.request.status if error.request else None
    return status is not None and status < 500
