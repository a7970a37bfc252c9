"""What happens to an object whose manifest, or row of an inventory, is gone: it leaves the state, and the live asset stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from declarative.assets.compare import Verdict, compare
from declarative.assets.fields import STATUS
from declarative.assets.identity import Match, match
from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, DesiredAsset, LiveAsset, OnRemove
from declarative.assets.payload import RETIRED, retire_entry
from declarative.core.chunks import chunks
from declarative.plan.fingerprint import fingerprint, record_digest
from declarative.plan.known import AT_ONCE
from declarative.plan.model import Action, AppliedReport, Basis, Change, FieldChange

Manager = Callable[[AppliedAsset, LiveAsset | None], str | None]
"""The address of the declared asset that manages one whose manifest is gone, seen live or not; None where nobody does."""


def decide_removed(
    removed: Iterable[AppliedAsset | AppliedReport],
    live: LiveIndex,
    *,
    live_complete: bool,
    manager: Manager,
    row_removal: Mapping[str, OnRemove],
) -> list[Change]:
    """FORGET or RETIRE for each. `manager`: the manifest that manages such an asset now; then it is never retired.
    `row_removal`: the onRemove of inventories that are still there; it holds for their rows, whatever was recorded."""
    changes = []
    for chunk in chunks((as_declared(item, row_removal) for item in removed), AT_ONCE):
        assets = [item for item in chunk if isinstance(item, AppliedAsset)]
        live.fetch(item.asset_id for item in assets if item.asset_id is not None)
        live.gather(retire_target(item) for item in assets if item.asset_id not in live)
        changes += [
            _forget(item, "Report", "the manifest is gone; reports already created stay")
            if isinstance(item, AppliedReport)
            else _decide(item, live, live_complete=live_complete, manager=manager)
            for item in chunk
        ]
    return changes


def as_declared(item: AppliedAsset | AppliedReport, row_removal: Mapping[str, OnRemove]) -> AppliedAsset | AppliedReport:
    """As the inventory of a row says now; see `decide_removed`."""
    declared = row_removal.get(item.address.partition("[")[0])
    return item if declared is None or isinstance(item, AppliedReport) else replace(item, on_remove=declared)


def _decide(applied: AppliedAsset, live: LiveIndex, *, live_complete: bool, manager: Manager) -> Change:
    target = retire_target(applied)
    found = match(target, applied, live)
    other = manager(applied, found.live)
    if other is not None:
        warning = f"{other} manages this asset now; `moved: {{{applied.address}: {other}}}` in the project keeps its record"
        return _forget(applied, "Asset", f"{_what(applied)} is gone; {other} manages the asset", found, (warning,))
    if applied.on_remove is OnRemove.FORGET:
        return _forget(applied, "Asset", f"{_what(applied)} is gone; the asset stays in the inventory", found)
    if found.live is None and live_complete:
        return _forget(applied, "Asset", f"{_what(applied)} is gone, and the asset is not in the inventory", found)
    status = compare(STATUS, RETIRED, found.live.record, applied.connector) if found.live is not None else None
    if status is not None and status.verdict is Verdict.EQUAL:
        return _forget(applied, "Asset", f"{_what(applied)} is gone, and the asset is already retired", found)
    return Change(
        address=applied.address,
        kind="Asset",
        action=Action.RETIRE,
        reason=f"{_what(applied)} is gone, and onRemove is retire",
        asset_id=found.live.asset_id if found.live is not None else applied.asset_id,
        matched_by=found.matched_by,
        fields=(FieldChange(STATUS, status.live_value if status is not None else None, RETIRED, Basis.LIVE),),
        warnings=found.warnings,
        payload=retire_entry(applied),
        connector=applied.connector,
        fingerprint=fingerprint(target, found.live) if found.live is not None else None,
        record=record_digest(found.live) if found.live is not None else None,
    )


def _what(applied: AppliedAsset) -> str:
    return "the row" if applied.address.endswith("]") else "the manifest"


def retire_target(applied: AppliedAsset) -> DesiredAsset:
    """The retire payload as a desired asset, for matching and fingerprints."""
    entry = retire_entry(applied)
    return DesiredAsset(
        address=applied.address,
        connector=applied.connector,
        identity=entry["identityAttributes"],
        core=entry["coreAttributes"],
    )


def _forget(
    item: AppliedAsset | AppliedReport, kind: str, reason: str, found: Match | None = None, warnings: tuple[str, ...] = ()
) -> Change:
    live = found.live if found is not None else None
    return Change(
        address=item.address,
        kind=kind,
        action=Action.FORGET,
        reason=reason,
        asset_id=live.asset_id if live is not None else getattr(item, "asset_id", None),
        matched_by=found.matched_by if found is not None and live is not None else None,
        warnings=warnings,
    )
