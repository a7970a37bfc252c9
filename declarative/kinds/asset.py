"""Asset and Connector manifests as values of the asset domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from declarative.assets.model import ConnectorRef, DesiredAsset, OnRemove
from declarative.core.quoting import shown
from declarative.kinds import asset_rules
from declarative.kinds.context import Context, Lowered
from declarative.kinds.noting import AssetNote, noted
from declarative.kinds.rules import Finding
from declarative.kinds.unopened import Unopened, UnopenedCore, UnopenedIdentity, halves
from declarative.manifest.model import Manifest


def lower_connector(manifest: Manifest, _context: Context) -> Lowered[ConnectorRef]:
    spec = manifest.spec
    if spec.get("connectorUuid") is None:
        return Lowered(None)
    uuid = str(spec["connectorUuid"]).lower()
    return Lowered(ConnectorRef(manifest.name, uuid, spec.get("source") or "WEBHOOK", bool(spec.get("marker", False))))


def lower_asset(manifest: Manifest, context: Context) -> Lowered[DesiredAsset]:
    note = noted(manifest.note, context.now)
    return _lower_looking(manifest, context) if note is None else _lower_noted(manifest, note, context)


def _lower_looking(manifest: Manifest, context: Context) -> Lowered[DesiredAsset]:
    spec = manifest.spec
    findings = list(asset_rules.check(spec, context.now))
    name = spec.get("connector")
    connector = context.connectors.get(name) if name is not None else None
    if connector is None:
        return Lowered(None, (*findings, *unconnected(name, context)))
    lifecycle = spec.get("lifecycle") or {}
    identity, core = halves(spec)
    asset = DesiredAsset(
        address=manifest.address,
        connector=connector,
        identity=identity,
        core=core,
        ignore=_ignored(lifecycle.get("ignore")),
        on_remove=OnRemove(lifecycle.get("onRemove", OnRemove.FORGET)),
        position=manifest.position,
        labels=manifest.labels,
        digest=manifest.digest,
    )
    return Lowered(asset, tuple(findings))


def _lower_noted(manifest: Manifest, note: AssetNote, context: Context) -> Lowered[DesiredAsset]:
    connector = context.connectors.get(note.connector)
    if connector is None:
        return Lowered(None, tuple(unconnected(note.connector, context)))
    unopened = Unopened(manifest.body)
    asset = DesiredAsset(
        address=manifest.address,
        connector=connector,
        identity=UnopenedIdentity(unopened, note.known),
        core=UnopenedCore(unopened, note.names),
        ignore=_ignored(note.ignore),
        on_remove=OnRemove.FORGET if note.on_remove is None else OnRemove(note.on_remove),
        position=manifest.position,
        labels=manifest.labels,
        digest=manifest.digest,
    )
    return Lowered(asset)


_NONE_IGNORED: frozenset[str] = frozenset()


def _ignored(paths: Sequence[str | None] | None) -> frozenset[str]:
    return frozenset(path.removeprefix("spec.") for path in paths if path is not None) if paths else _NONE_IGNORED


def unconnected(name: str | None, context: Context) -> Iterator[Finding]:
    """What to say of an asset whose connector is not known; nothing where that has been said elsewhere."""
    if name is not None and name not in context.connectors and not context.may_exist(f"Connector/{name}"):
        message, hint = f'there is no connector "{shown(name)}"', partial(_connector_hint, name, context)
        yield Finding("reference/unknown-connector", "/spec/connector", message, hint)


def _connector_hint(name: str, context: Context) -> str:
    return context.connector_names.did_you_mean(name) or "write a manifest of kind Connector with that name"
