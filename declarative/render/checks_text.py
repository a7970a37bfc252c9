"""The outcome of checks as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from declarative.plan.model import Check
from declarative.render.escape import plain
from declarative.render.style import count, style_for

_MARKS = {"pass": ("pass", "pass"), "warn": ("warn", "warn"), "fail": ("error", "FAIL")}


def checks_text(checks: Sequence[Check], *, color: bool = False) -> str:
    """One line a check, failed ones named again at the end by their number."""
    style = style_for(color)
    lines = []
    for check in checks:
        role, mark = _MARKS[check.status]
        place = f"  ({check.position})" if check.position and check.status != "pass" else ""
        lines.append(f"{style(role, mark)}  {plain(check.address)}: {plain(check.message)}{plain(place)}")
    failed = sum(check.status == "fail" for check in checks)
    warned = sum(check.status == "warn" for check in checks)
    lines.append(f"{count(len(checks), 'check')}: {len(checks) - failed - warned} passed, {warned} warned, {failed} failed")
    return "\n".join(lines)


def checks_json(checks: Sequence[Check]) -> dict[str, Any]:
    return {
        "summary": {status: sum(check.status == status for check in checks) for status in _MARKS},
        "checks": [
            {
                "address": check.address,
                "status": check.status,
                "count": check.count,
                "message": check.message,
                "source": _place(check),
            }
            for check in checks
        ],
    }


def _place(check: Check) -> dict[str, Any] | None:
    at = check.position
    return None if at is None else {"file": at.file, "line": at.line, "column": at.column}
