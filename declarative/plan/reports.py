"""When a report runs. The API cannot list or update reports (facts 5), so only our own record of the last run tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from declarative.core.canonical import digest_of
from declarative.core.clock import to_iso
from declarative.plan.model import Action, AppliedReport, Change, DesiredReport, ReportStatus

KIND = "Report"


def request_digest(request: Mapping[str, Any]) -> str:
    """Of the body of POST /rest/2.0/am/report, the resolved scope included."""
    return digest_of(dict(request))


def scope_digest(scope: tuple[str, ...] | None) -> str | None:
    """Of the ids that the scope resolved to, in any order; None without a scope."""
    return None if scope is None else digest_of(sorted(scope))


def decide_report(desired: DesiredReport, applied: AppliedReport | None, now: datetime) -> Change:
    """RUN, UNCHANGED or BLOCKED, with the reason."""
    if applied is not None and applied.status is ReportStatus.UNCERTAIN:
        name = desired.address.partition("/")[2]
        reason = (
            f"whether the run of {_when(applied)} created a report is not known; settle it with "
            f"`declarative report resolve {name} --created UUID`, `--not-created` or `--probe`"
        )
        return _change(desired, Action.BLOCKED, reason)
    if desired.blocked_reason is not None:
        return _change(desired, Action.BLOCKED, desired.blocked_reason)
    if desired.skip_reason is not None:
        return _change(desired, Action.UNCHANGED, desired.skip_reason)
    due = _why_run(desired, applied, now)
    if due is None:
        return _change(desired, Action.UNCHANGED, f"ran at {_when(applied)}")
    return _change(desired, Action.RUN, due, payload=dict(desired.request))


def _why_run(desired: DesiredReport, applied: AppliedReport | None, now: datetime) -> str | None:
    if applied is None:
        return "never run"
    if applied.status is ReportStatus.NOT_CREATED:
        return f"the run of {_when(applied)} created nothing"
    if desired.on_change and applied.scope_digest != scope_digest(desired.scope):
        return "the scope changed"
    if desired.on_change and applied.request_digest != request_digest(desired.request):
        return "the request changed"
    if desired.every is not None and (applied.ran_at is None or now - applied.ran_at >= desired.every):
        return f"last run at {_when(applied)}, due every {desired.every}"
    return None


def _when(applied: AppliedReport | None) -> str:
    if applied is None or applied.ran_at is None:
        return "an unknown time"
    return to_iso(applied.ran_at.replace(microsecond=0))


def _change(desired: DesiredReport, action: Action, reason: str, payload: Mapping[str, Any] | None = None) -> Change:
    return Change(
        address=desired.address,
        kind=KIND,
        action=action,
        reason=reason,
        source=desired.position,
        payload=payload,
        depends_on=desired.depends_on if action is Action.RUN else (),
        scope=desired.scope if action is Action.RUN else None,
    )
