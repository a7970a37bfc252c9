"""What is sent for an asset, and what the state keeps of it afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from declarative.assets import marker
from declarative.assets.compare import same_value
from declarative.assets.fields import CORE, IDENTITY, STATUS, TABLE, FieldSpec, Wire
from declarative.assets.model import AppliedAsset, AppliedField, DesiredAsset, LiveAsset
from declarative.assets.normalise import Form, instant, integer, text
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
    before = previous.fields if previous is not None and asset_id is not None else {}
    fields = {
        path: AppliedField(value, path not in resent and _stays(path, value, before.get(path)))
        for path, value in marker.managed_fields(desired).items()
    }
    return AppliedAsset(
        address=desired.address,
        connector=desired.connector,
        identity=dict(desired.identity.items()),
        fields=fields,
        asset_id=asset_id,
        sent_at=sent_at,
        on_remove=desired.on_remove,
    )


def _stays(path: str, value: Any, before: AppliedField | None) -> bool:
    return before is not None and before.converged and (before.value == value or same_value(path, before.value, value))


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


def _specs() -> Mapping[str, Mapping[str, FieldSpec]]:
    """By object, and what may stand in it."""
    found: dict[str, dict[str, FieldSpec]] = {}
    for path, spec in TABLE.items():
        steps = path.split(".")
        for at in range(1, len(steps)):
            found.setdefault(".".join(steps[:at]), {})[".".join(steps[at:])] = spec
    return found


_SPECS = _specs()
_WIRES: Mapping[str, Mapping[str, Wire]] = {
    path: {sub.name: sub.wire for sub in spec.sub if sub.wire is not Wire.AS_IS} for path, spec in TABLE.items()
}


def _shape_section(prefix: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Every value in the JSON type of the vendor's sample (facts 2.2, 2.3)."""
    shaped: dict[str, Any] = {}
    specs = _SPECS.get(prefix, {})
    every = specs.get("*")
    for name, value in attributes.items():
        spec = specs.get(name, every)
        if spec is not None:
            shaped[name] = _shape(spec, value)
        else:
            shaped[name] = _shape_section(f"{prefix}.{name}", value) if isinstance(value, Mapping) else value
    return shaped


def _shape(spec: FieldSpec, value: Any) -> Any:
    if spec.form is not Form.RECORDS or not isinstance(value, (list, tuple)):
        return value if spec.wire is Wire.AS_IS else _wire(spec.wire, value)
    wires = _WIRES[spec.path]
    return [
        {key: _wire(wires[key], held) if key in wires else held for key, held in item.items()}
        if isinstance(item, Mapping)
        else item
        for item in value
    ]


def _wire(wire: Wire, value: Any) -> Any:
    if wire is Wire.STRING and not isinstance(value, str):
        return text(value) or ""
    if wire is Wire.NUMBER:
        number = integer(value)
        return number if isinstance(number, int) else value
    if wire is Wire.EPOCH:
        moment = instant(value)
        return moment if isinstance(moment, int) else value
    if wire is Wire.STRINGS:
        return list(value) if isinstance(value, (list, tuple)) else [value]
    return value


__all__ = ["RETIRED", "STATUS", "applied_adopted", "applied_after_sync", "import_entry", "retire_entry"]
