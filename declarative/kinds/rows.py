"""Rows of inventories as assets: the same schema, rules and lowering as a manifest of their own would get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from declarative.assets.model import DesiredAsset
from declarative.core.diagnostics import Diagnostic, Position
from declarative.kinds import claims
from declarative.kinds.asset import lower_asset
from declarative.kinds.context import Context
from declarative.kinds.inventory import ROW_KIND
from declarative.kinds.listing import Listing, to_diagnostics
from declarative.kinds.model import Desired, InventoryDeclaration
from declarative.manifest.model import Manifest, RuleSetting
from declarative.schema.registry import API_VERSION
from declarative.schema.validate import violations


def row_manifest(declaration: InventoryDeclaration, key: str, spec: Mapping[str, Any], position: Position | None) -> Manifest:
    """What the row would look like as a manifest. Every pointer leads to the row's place."""
    kind, _, name = declaration.row_address(key).partition("/")
    place = position or declaration.locate("")
    metadata = {**declaration.metadata, "name": name}
    value = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    return Manifest.of(value, place, lambda _pointer: place)


def lower_row(
    manifest: Manifest, context: Context, settings: Mapping[str, RuleSetting]
) -> tuple[DesiredAsset | None, tuple[str, ...], tuple[Diagnostic, ...]]:
    """The asset, or None with the reasons why the row makes none; and the findings that are no errors."""
    envelope = {"apiVersion": API_VERSION, "kind": ROW_KIND, "metadata": {"name": "row"}, "spec": manifest.spec}
    wrong = [f"{_words(found.pointer)}: {found.message}" for found in violations(ROW_KIND, envelope)]
    if wrong:
        return None, tuple(wrong), ()
    lowered = lower_asset(manifest, context)
    # What all rows share was looked at in the declaration.
    findings = [finding for finding in lowered.findings if not finding.pointer.startswith("/spec/lifecycle")]
    found = to_diagnostics(manifest, findings, settings)
    errors = tuple(f"{_words(one.pointer)}: {one.message}" for one in found if one.is_error)
    return (None if errors else lowered.value), errors, tuple(one for one in found if not one.is_error)


def check_claims(
    desired: Desired, manifests: Mapping[str, Manifest], assets: Sequence[DesiredAsset], settings: Mapping[str, RuleSetting]
) -> tuple[Diagnostic, ...]:
    """What rows claim that another row or manifest claims too. `assets`: all of them, sorted by address."""
    inventories = {declaration.address: declaration for declaration in desired.inventories}
    by_address = {asset.address: asset for asset in assets}

    class Places(dict[str, Manifest]):
        """Manifests of rows are made when somebody asks for one: there may be a million."""

        def __missing__(self, address: str) -> Manifest:
            inventory, _, key = address.partition("[")
            return row_manifest(inventories[inventory], key[:-1], {}, by_address[address].position)

    listing = Listing(settings)
    claims.check(Places(manifests), {}, assets, (), listing)
    return tuple(listing.diagnostics())


def _words(pointer: str) -> str:
    return pointer.removeprefix("/spec").strip("/").replace("/", ".").replace("~1", "/").replace("~0", "~") or "the row"
