"""What every view of a plan shows, in the same words: order, groups, summary, calls, obstacles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from declarative.core.diagnostics import Severity
from declarative.plan.model import Action, Basis, Change, FieldChange, Plan
from declarative.render.style import count
from declarative.render.values import leaves

SYMBOLS: Mapping[Action, str] = MappingProxyType(
    {
        Action.CREATE: "+",
        Action.UPDATE: "~",
        Action.ADOPT: "=",
        Action.RUN: ">",
        Action.RETIRE: "-",
        Action.FORGET: "-",
        Action.BLOCKED: "!",
        Action.OVERRIDDEN: "?",
        Action.PENDING: "?",
        Action.UNCHANGED: " ",
    }
)

# The order a reviewer needs: what stops the plan, what it writes, what it only notes.
READING_ORDER = (
    Action.BLOCKED,
    Action.CREATE,
    Action.UPDATE,
    Action.RETIRE,
    Action.RUN,
    Action.ADOPT,
    Action.FORGET,
    Action.OVERRIDDEN,
    Action.PENDING,
    Action.UNCHANGED,
)

MEANINGS: Mapping[Action, str] = MappingProxyType(
    {
        Action.CREATE: "to create",
        Action.UPDATE: "to update",
        Action.ADOPT: "to adopt (bound to a live asset, nothing sent)",
        Action.RUN: "to run",
        Action.RETIRE: "to retire (one sync sets the retired status; the asset stays)",
        Action.FORGET: "to forget (out of state; the asset stays in the inventory)",
        Action.BLOCKED: "blocked",
        Action.OVERRIDDEN: "overridden by another source (not sent)",
        Action.PENDING: "pending (sent, not yet in the inventory; not sent again)",
        Action.UNCHANGED: "unchanged",
    }
)

BASIS_NOTES: Mapping[Basis, str] = MappingProxyType(
    {
        Basis.APPLIED: "applied: compared with what was last sent, because the API does not return this field",
        Basis.MARKER: "marker: compared through the digest that was sent with the asset",
    }
)


class Group(Struct, frozen=True):
    """Changes that say the same thing; at least one."""

    changes: tuple[Change, ...]

    @property
    def first(self) -> Change:
        return self.changes[0]


def groups(plan: Plan, *, list_all: bool = False) -> tuple[Group, ...]:
    """The changes to show, in reading order, identical ones together."""
    found: dict[str, list[Change]] = {}
    for action in READING_ORDER:
        if action is Action.UNCHANGED and not list_all:
            continue
        for change in plan.changes:
            if change.action is action:
                found.setdefault(_likeness(change), []).append(change)
    return tuple(Group(tuple(changes)) for changes in found.values())


def _likeness(change: Change) -> str:
    told = [(field.path, field.before, field.after, field.basis) for field in details(change)]
    # A blocked object names its own candidates, a report its own scope: never alike.
    own = change.address if change.candidates or change.action is Action.RUN else ""
    parts = [change.action, change.kind, change.reason, change.warnings, told, own]
    return json.dumps(parts, sort_keys=True, default=str)


def details(change: Change) -> tuple[FieldChange, ...]:
    """The field changes; for something new without any, what it will be made of."""
    if change.fields or change.payload is None or change.action not in (Action.CREATE, Action.RUN, Action.RETIRE):
        return change.fields
    return tuple(FieldChange(path, None, value, Basis.LIVE) for path, value in leaves(change.payload) if value is not None)


def summary(plan: Plan, title: str = "Plan") -> str:
    """`Plan: 1 to create, 2 to update; 8 unchanged.`"""
    doing = [f"{number} {_word(action)}" for action in READING_ORDER[:7] if (number := plan.count(action))]
    noted = [f"{number} {action.value}" for action in READING_ORDER[7:] if (number := plan.count(action))]
    if not doing and not noted:
        return f"{title}: nothing declared, nothing to do." if title == "Plan" else f"{title}: nothing to compare."
    if not doing:
        return f"{title}: no changes; " + ", ".join(noted) + "."
    return f"{title}: " + ", ".join(doing) + ("; " + ", ".join(noted) if noted else "") + "."


def _word(action: Action) -> str:
    return "blocked" if action is Action.BLOCKED else f"to {action.value}"


def obstacles(plan: Plan) -> tuple[str, ...]:
    """Why apply would refuse the whole plan; empty when it would not."""
    failed = sum(1 for check in plan.checks if check.status == "fail")
    errors = sum(1 for diagnostic in plan.diagnostics if diagnostic.severity is Severity.ERROR)
    found = []
    if plan.breaches:
        found.append(count(len(plan.breaches), "safety limit") + " exceeded")
    if failed:
        found.append(count(failed, "check") + " failed")
    if errors:
        found.append(count(errors, "error"))
    if plan.refresh == "none":
        found.append("made without reading the live state (--refresh none)")
    return tuple(found)


def headline_notes(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Label and text of what a reader must know before reading on."""
    notes = []
    if blocked := plan.count(Action.BLOCKED):
        notes.append(
            ("blocked", count(blocked, "object") + " left out until mended; apply carries out the rest, and ends with 5")
        )
    if plan.refresh == "none":
        notes.append(("not refreshed", "the live state was not read; this plan cannot be applied"))
    if plan.narrowed:
        notes.append(("partial", "only what " + ", ".join(plan.narrowed) + " selects; the rest was not looked at"))
    return tuple(notes)


def calls_lines(plan: Plan) -> tuple[str, ...]:
    """The API calls made and to be made, against the quota the last answer told; what relative dates were taken for."""
    calls, quota = plan.calls, plan.quota
    strategy = f" ({plan.read_strategy})" if plan.read_strategy else ""
    lines = [f"read: {count(calls.read, 'call')}{strategy}"]
    writes = calls.sync + calls.report
    apply = f"apply: {count(writes, 'call')}"
    if writes:
        parts = ((calls.sync, "sync"), (calls.report, "report"))
        apply += " (" + ", ".join(f"{number} {word}" for number, word in parts if number) + ")"
    lines.append(apply)
    if quota.limit is not None or quota.remaining is not None:
        lines.append("quota: " + _quota(quota.limit, quota.remaining, quota.window_seconds, writes))
    lines += [f"date: {told}" for told in plan.dates]
    return tuple(lines)


def _quota(limit: int | None, remaining: int | None, window: int | None, writes: int) -> str:
    left = (
        f"{remaining} of {limit} calls left"
        if remaining is not None and limit is not None
        else (f"{remaining} calls left" if remaining is not None else f"{limit} calls")
    )
    text = left + (f" in a window of {window} s" if window is not None else "")
    if remaining is not None and writes > remaining:
        text += f"; apply needs {writes - remaining} more and will have to wait"
    return text


def basis_notes(plan: Plan) -> tuple[str, ...]:
    used = {field.basis for change in plan.changes for field in change.fields}
    return tuple(note for basis, note in BASIS_NOTES.items() if basis in used)


def where(change: Change) -> str:
    return f"{change.source.file}:{change.source.line}" if change.source is not None else ""


def identity(change: Change) -> str:
    """`asset 5000001, matched by serialNumber`; empty when there is no live object."""
    parts = []
    if change.asset_id is not None:
        parts.append(f"asset {change.asset_id}")
    if change.matched_by:
        parts.append(f"matched by {change.matched_by}")
    return ", ".join(parts)


def is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
