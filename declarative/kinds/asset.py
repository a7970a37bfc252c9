"""Asset and Connector manifests as values of the asset domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from declarative.assets.model import ConnectorRef, DesiredAsset, OnRemove
from declarative.kinds import asset_rules
from declarative.kinds.context import Context, Lowered
from declarative.kinds.rules import Finding
from declarative.kinds.values import epoch_milliseconds
from declarative.manifest.model import Manifest
from declarative.schema.suggest import did_you_mean

DATES = ("sourceCreatedDate", "sourceLastUpdatedDate")


def lower_connector(manifest: Manifest, _context: Context) -> Lowered[ConnectorRef]:
    spec = manifest.spec
    if spec.get("connectorUuid") is None:
        return Lowered(None)
    uuid = str(spec["connectorUuid"]).lower()
    return Lowered(ConnectorRef(manifest.name, uuid, spec.get("source") or "WEBHOOK", bool(spec.get("marker", False))))


def lower_asset(manifest: Manifest, context: Context) -> Lowered[DesiredAsset]:
    spec = manifest.spec
    findings = list(asset_rules.check(spec, context.now))
    name = spec.get("connector")
    connector = context.connectors.get(name) if name is not None else None
    if name is None or connector is None:
        if name is None or f"Connector/{name}" in context.broken:
            return Lowered(None, tuple(findings))
        hint = did_you_mean(name, context.connectors) or "write a manifest of kind Connector with that name"
        findings.append(Finding("reference/unknown-connector", "/spec/connector", f'there is no connector "{name}"', hint))
        return Lowered(None, tuple(findings))
    lifecycle = spec.get("lifecycle") or {}
    asset = DesiredAsset(
        address=manifest.address,
        connector=connector,
        identity=pruned(spec.get("identityAttributes") or {}),
        core=_core(spec.get("coreAttributes") or {}),
        ignore=frozenset(path.removeprefix("spec.") for path in lifecycle.get("ignore") or () if path is not None),
        on_remove=OnRemove(lifecycle.get("onRemove", OnRemove.FORGET)),
        position=manifest.position,
        labels=manifest.labels,
    )
    return Lowered(asset, tuple(findings))


def _core(written: Mapping[str, Any]) -> Mapping[str, Any]:
    core = pruned(written)
    for name in DATES:
        if name in core:
            try:
                core[name] = epoch_milliseconds(core[name])
            except ValueError:
                del core[name]  # told by asset/date; a project that turns the rule off has the date left out
    return core


def pruned(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without nulls at any depth, and without what holds nothing else: null and empty mean "not managed".

    Whole numbers become integers: `2.0` is an integer by JSON Schema, and the API wants it without the point."""
    kept: dict[str, Any] = {}
    for key, item in value.items():
        below = item if type(item) in _AS_THEY_ARE else _pruned(item)
        if below is not None:
            kept[key] = below
    return kept


_AS_THEY_ARE = frozenset({str, int, bool})


def _pruned(item: Any) -> Any:
    if isinstance(item, dict):
        return pruned(item) or None
    if isinstance(item, list):
        kept = [child if type(child) in _AS_THEY_ARE else _pruned(child) for child in item]
        return [child for child in kept if child is not None] or None
    return int(item) if isinstance(item, float) and item.is_integer() else item
