"""What is sent for an asset, and what the state keeps of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from datetime import datetime
from functools import partial
from typing import Any

from declarative.assets import marker
from declarative.assets.compare import same_value
from declarative.assets.fields import CORE, IDENTITY, STATUS, TABLE, Wire
from declarative.assets.model import AppliedAsset, AppliedField, DesiredAsset, LiveAsset
from declarative.assets.normalise import instant, integer, text
from declarative.assets.quick import shows

RETIRED = "Retired"
"""The status `onRemove: retire` sets. The import calls the field `businessMetaData.status`; the sister API for business
metadata calls it `operationalStatus` (facts 2.9, 9), and no list of legal values is documented."""


def import_entry(desired: DesiredAsset, *, on_update: bool) -> dict[str, Any]:
    """One entry of `assetData` (facts 2.1-2.3): always everything declared, because what a missing value does is not
    documented (facts 2.7). Ignored fields go out once, on create. The inventory id is sent only where the manifest pins it.
    """
    entry: dict[str, Any] = {IDENTITY: dict(desired.identity.items()), CORE: dict(desired.core.items())}
    if on_update and desired.ignore:
        entry = deepcopy(entry)
        for path in desired.ignore:
            _drop(entry, path.split("."))
    if desired.connector.marker:
        managed = marker.managed_fields(desired)
        custom = dict(entry[CORE].get("customConnectorAttributes") or {})
        custom.update({marker.KEY: managed[marker.KEY_PATH], marker.DIGEST: managed[marker.DIGEST_PATH]})
        entry[CORE]["customConnectorAttributes"] = custom
    return {section: _shape_section(section, attributes) for section, attributes in entry.items()}


def retire_entry(applied: AppliedAsset) -> dict[str, Any]:
    """One entry of `assetData` that sets the retired status of an asset whose manifest is gone."""
    identity = _shape_section(IDENTITY, dict(applied.identity))
    return {IDENTITY: identity, CORE: {"businessMetaData": {"status": RETIRED}}}


def applied_after_sync(
    desired: DesiredAsset,
    previous: AppliedAsset | None,
    *,
    sent_at: datetime,
    resent: Collection[str] = (),
    asset_id: int | None = None,
) -> AppliedAsset:
    """The state after an accepted import. A field that was sent before, unchanged, and has been seen in the inventory,
    stays converged; one that changed, or is in `resent` because it had drifted, has yet to arrive.

    `asset_id`: the live asset the plan matched; None for one that is to be created.
    """
    before = dict(previous.fields) if previous is not None and asset_id is not None else {}
    for path in resent:
        before.pop(path, None)
    fields = {}
    for path, value in marker.managed_fields(desired).items():
        sent = before.get(path)
        if sent is None or sent.value != value or sent.value.__class__ is not value.__class__:
            sent = AppliedField(value, sent is not None and sent.converged and same_value(path, sent.value, value))
        fields[path] = sent
    return AppliedAsset(
        address=desired.address,
        connector=desired.connector,
        identity=dict(desired.identity.items()),
        fields=fields,
        asset_id=asset_id,
        sent_at=sent_at,
        on_remove=desired.on_remove,
    )


def applied_adopted(desired: DesiredAsset, live: LiveAsset) -> AppliedAsset:
    """The state after binding a live asset that already is as declared; nothing was sent."""
    fields = {
        path: AppliedField(value, converged=shows(path, value, live.record, desired.connector))
        for path, value in marker.managed_fields(desired).items()
    }
    return AppliedAsset(
        address=desired.address,
        connector=desired.connector,
        identity=dict(desired.identity.items()),
        fields=fields,
        asset_id=live.asset_id,
        on_remove=desired.on_remove,
    )


def _drop(node: dict[str, Any], steps: list[str]) -> None:
    """Removes one path, and the objects it leaves empty. A custom attribute's own key may hold dots."""
    if ".".join(steps) in node:
        del node[".".join(steps)]
        return
    child = node.get(steps[0])
    if len(steps) > 1 and isinstance(child, dict):
        _drop(child, steps[1:])
        if not child and steps[0] not in (IDENTITY, CORE):
            del node[steps[0]]


_Shaper = Callable[[Any], Any]


def _shape_section(section: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Every value in the JSON type of the vendor's sample (facts 2.2, 2.3)."""
    sent = dict(attributes)
    shapers = _SHAPERS.get(section, {})
    every = shapers.get("*")
    for name in sent if every is not None else shapers.keys() & sent.keys():
        shape = shapers.get(name, every)
        if shape is not None:
            sent[name] = shape(sent[name])
    return sent


def _shape_group(section: str, value: Any) -> Any:
    return _shape_section(section, value) if isinstance(value, dict) else value


def _shape_records(shapers: Mapping[str, _Shaper], value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    return [
        {key: shapers[key](held) if key in shapers else held for key, held in item.items()} if isinstance(item, dict) else item
        for item in value
    ]


def _string(value: Any) -> str:
    return value if isinstance(value, str) else text(value) or ""


def _number(value: Any) -> Any:
    number = integer(value)
    return number if isinstance(number, int) else value


def _epoch(value: Any) -> Any:
    moment = instant(value)
    return moment if isinstance(moment, int) else value


def _strings(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


_BY_WIRE: Mapping[Wire, _Shaper] = {
    Wire.STRING: _string,
    Wire.NUMBER: _number,
    Wire.EPOCH: _epoch,
    Wire.STRINGS: _strings,
}


def _shapers() -> Mapping[str, Mapping[str, _Shaper]]:
    """By object, and by what in it may be written in another type than it is sent in; most is sent as it stands."""
    found: dict[str, dict[str, _Shaper]] = {}
    for path, spec in TABLE.items():
        of_records = {sub.name: _BY_WIRE[sub.wire] for sub in spec.sub if sub.wire in _BY_WIRE}
        shape = partial(_shape_records, of_records) if of_records else _BY_WIRE.get(spec.wire)
        if shape is None:
            continue
        steps = path.split(".")
        for at in range(1, len(steps)):
            section, name = ".".join(steps[:at]), ".".join(steps[at:])
            found.setdefault(section, {})[name] = shape
            if at > 1:
                found[".".join(steps[: at - 1])].setdefault(steps[at - 1], partial(_shape_group, section))
    return found


_SHAPERS = _shapers()

__all__ = ["RETIRED", "STATUS", "applied_adopted", "applied_after_sync", "import_entry", "retire_entry"]
