"""The one function that decides how a run ends. Formats, verbosity and colour never reach it."""

from __future__ import annotations

from collections.abc import Iterable

from declarative.core.diagnostics import Diagnostic, has_errors
from declarative.core.exits import ExitCode, worst
from declarative.plan.model import Action, ApplyResult, Check, Plan


def exit_code(
    *,
    plan: Plan | None = None,
    result: ApplyResult | None = None,
    checks: Iterable[Check] = (),
    diagnostics: Iterable[Diagnostic] = (),
    detailed: bool = False,
) -> ExitCode:
    """The worst of what each part says (DESIGN 3.2)."""
    codes = [ExitCode.INVALID] if has_errors(diagnostics) else []
    codes += [ExitCode.BLOCKED for check in checks if check.status == "fail"]
    if plan is not None:
        codes += _plan_codes(plan, detailed=detailed and result is None)
    if result is not None:
        from declarative.apply.outcome import outcome_code  # only an apply needs that room

        codes.append(outcome_code(result))
    return worst(codes)


def blocks_apply(plan: Plan) -> bool:
    """Whether nothing of the plan may be applied: a limit, or a failed check. A blocked object blocks only itself."""
    return bool(plan.breaches) or any(check.status == "fail" for check in plan.checks)


def _plan_codes(plan: Plan, *, detailed: bool) -> list[ExitCode]:
    codes = [ExitCode.INVALID] if has_errors(plan.diagnostics) else []
    if blocks_apply(plan) or plan.count(Action.BLOCKED):
        codes.append(ExitCode.BLOCKED)
    if detailed and plan.has_changes:
        codes.append(ExitCode.CHANGES)
    return codes
