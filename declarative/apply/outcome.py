"""What an apply's result means for the exit code."""

from __future__ import annotations

from declarative.core.exits import ExitCode, worst
from declarative.plan.model import ApplyResult, ChangeResult, OutcomeKind


def outcome_code(result: ApplyResult) -> ExitCode:
    """The code of an apply that ran to its end, or was stopped gracefully (DESIGN 3.2).

    OK only when every change was applied and, where asked to wait, has arrived. PARTIAL as soon as something was
    written, or may have been, and anything else was not. A stale change beside nothing worse is STALE.
    """
    return worst(_codes(result))


def _codes(result: ApplyResult) -> set[ExitCode]:
    codes: set[ExitCode] = set()
    if result.interrupted:
        codes.add(ExitCode.INTERRUPTED)
    missed = [entry for entry in result.results if not _is_done(entry)]
    if not missed:
        return codes
    if any(entry.outcome is OutcomeKind.STALE for entry in missed):
        codes.add(ExitCode.STALE)
    if any(entry.outcome is OutcomeKind.FAILED for entry in missed):
        codes.add(ExitCode.PARTIAL if _wrote(result) else ExitCode.ERROR)
    if any(entry.outcome is OutcomeKind.UNCERTAIN or entry.arrived is False for entry in missed):
        codes.add(ExitCode.PARTIAL)
    if not codes:
        codes.add(ExitCode.PARTIAL if _wrote(result) else ExitCode.ERROR)
    return codes


def _is_done(entry: ChangeResult) -> bool:
    return entry.outcome is OutcomeKind.APPLIED and entry.arrived is not False


def _wrote(result: ApplyResult) -> bool:
    return any(entry.taken or entry.outcome in (OutcomeKind.APPLIED, OutcomeKind.UNCERTAIN) for entry in result.results)
