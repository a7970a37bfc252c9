"""Manifests that moved: their records follow them, at no call."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from declarative.plan.given import PlanInput
from declarative.plan.model import Change


def pending_moves(given: PlanInput, declared: AbstractSet[str]) -> tuple[tuple[str, str], ...]:
    """(Old, new) of moves that still have to be made: the old address is in the state and not declared, the new one is
    declared, new to the state, and in scope."""
    pending = [
        (old, new)
        for old, new in sorted(given.moved.items())
        if old in given.applied and old not in declared and new in declared and new not in given.applied and given.in_scope(new)
    ]
    return tuple({new: (old, new) for old, new in reversed(pending)}.values())


def say_moved(change: Change, old: str | None) -> Change:
    """The change, telling where its record was; `old` None: it was there all along."""
    if old is None:
        return change
    note = f"moved from {old}" + ("" if change.action.calls_api else ", no call")
    return replace(change, reason=f"{change.reason}; {note}" if change.reason else note)
