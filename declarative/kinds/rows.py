"""Rows of inventories as assets: the same schema, rules and lowering as a manifest of their own would get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from declarative.assets.model import DesiredAsset
from declarative.core.diagnostics import Diagnostic, Position
from declarative.kinds.asset import lower_asset
from declarative.kinds.context import Context
from declarative.kinds.inventory import ROW_KIND
from declarative.kinds.model import InventoryDeclaration
from declarative.kinds.rules import to_diagnostics
from declarative.manifest.model import Manifest, RuleSetting
from declarative.schema.registry import API_VERSION
from declarative.schema.validate import violations


def row_manifest(declaration: InventoryDeclaration, key: str, spec: Mapping[str, Any], position: Position | None) -> Manifest:
    """What the row would look like as a manifest. Every pointer leads to the row's place."""
    kind, _, name = declaration.row_address(key).partition("/")
    place = position or declaration.locate("")
    return Manifest(API_VERSION, kind, name, declaration.metadata, spec, place, lambda _pointer: place)


def lower_row(
    declaration: InventoryDeclaration,
    manifest: Manifest,
    context: Context,
    settings: Mapping[str, RuleSetting],
) -> tuple[DesiredAsset | None, tuple[str, ...], tuple[Diagnostic, ...]]:
    """The asset, or None with the reasons why the row makes none; and the findings that are no errors."""
    envelope = {"apiVersion": API_VERSION, "kind": ROW_KIND, "metadata": {"name": "row"}, "spec": manifest.spec}
    wrong = [f"{_words(found.pointer)}: {found.message}" for found in violations(ROW_KIND, envelope)]
    if wrong:
        return None, tuple(wrong), ()
    lowered = lower_asset(manifest, context)
    found = to_diagnostics(manifest, lowered.findings, settings)
    errors = tuple(f"{_words(one.pointer)}: {one.message}" for one in found if one.is_error)
    return (None if errors else lowered.value), errors, tuple(one for one in found if not one.is_error)


def _words(pointer: str) -> str:
    return pointer.removeprefix("/spec").strip("/").replace("/", ".").replace("~1", "/").replace("~0", "~") or "the row"
