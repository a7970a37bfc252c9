"""Putting one asset's change together, and saying why in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from declarative.assets import marker
from declarative.assets.compare import Verdict, compare
from declarative.assets.fields import CUSTOM, STATUS
from declarative.assets.identity import Match
from declarative.assets.model import AppliedAsset, DesiredAsset, LiveAsset
from declarative.assets.payload import RETIRED, import_entry
from declarative.core.canonical import packed
from declarative.core.clock import to_iso
from declarative.plan.fingerprint import record_digest
from declarative.plan.model import Action, Change, FieldChange

KIND = "Asset"


def unmanaged(applied: AppliedAsset, fields: Mapping[str, Any], desired: DesiredAsset) -> tuple[str, ...]:
    """The warning for fields that were sent once and left the manifest: the API has no way to clear them."""
    left = sorted(path for path in applied.fields if path not in fields and path not in desired.ignore)
    return (f"no longer managed, the value stays: {listed(left, most=5)}",) if left else ()


def differ(paths: Sequence[str]) -> str:
    """`a differs`, `a and 2 more differ`."""
    own = _without_marker(paths)
    return f"{listed(own)} {'differs' if len(own) == 1 else 'differ'}"


def listed(paths: Sequence[str], most: int = 1) -> str:
    """The first paths, and how many more."""
    own = _without_marker(paths)
    more = len(own) - most
    return ", ".join(own[:most]) + (f" and {more} more" if more > 0 else "")


def _without_marker(paths: Sequence[str]) -> list[str]:
    """The marker changes with everything else, so it is named only where nothing else is."""
    return [path for path in paths if path not in marker.PATHS] or [path.removeprefix(CUSTOM) for path in paths]


def when(applied: AppliedAsset) -> str:
    """When it was last sent, to the second."""
    return to_iso(applied.sent_at.replace(microsecond=0)) if applied.sent_at is not None else "an unknown time"


def _visible(changes: Sequence[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(change for change in changes if change.path not in marker.PATHS) or tuple(changes)


def create_of(
    desired: DesiredAsset, reason: str, changes: Sequence[FieldChange], found: Match, warnings: tuple[str, ...]
) -> Change:
    return change_of(
        desired,
        Action.CREATE,
        reason,
        found,
        fields=_visible(changes),
        warnings=warnings,
        payload=packed(import_entry(desired, on_update=False)),
    )


def update_of(
    desired: DesiredAsset,
    reason: str,
    changes: Sequence[FieldChange],
    found: Match,
    warnings: tuple[str, ...] | None = None,
    *,
    fingerprint: str,
) -> Change:
    return change_of(
        desired,
        Action.UPDATE,
        reason,
        found,
        fields=_visible(changes),
        warnings=found.warnings if warnings is None else warnings,
        payload=packed(import_entry(desired, on_update=True)),
        fingerprint=fingerprint,
    )


def change_of(
    desired: DesiredAsset,
    action: Action,
    reason: str,
    found: Match,
    *,
    fields: tuple[FieldChange, ...] = (),
    warnings: tuple[str, ...] | None = None,
    payload: Mapping[str, Any] | None = None,
    fingerprint: str | None = None,
    candidates: tuple[int, ...] = (),
) -> Change:
    live = found.live
    return Change(
        desired.address,
        KIND,
        action,
        reason,
        None if live is None else live.asset_id,
        found.matched_by,
        desired.position,
        fields,
        found.warnings if warnings is None else warnings,
        payload,
        desired.connector if action.is_change else None,
        fingerprint,
        candidates,
        record=None if live is None or fingerprint is None else record_digest(live),
    )


def still_retired(desired: DesiredAsset, fields: Mapping[str, Any], live: LiveAsset) -> tuple[str, ...]:
    """An asset that comes back after it was retired stays so until a manifest says what it is now."""
    if STATUS in fields or compare(STATUS, RETIRED, live.record, desired.connector).verdict is not Verdict.EQUAL:
        return ()
    return (f"the asset is marked {RETIRED}, and stays so: declare {STATUS} to say what it is now",)
