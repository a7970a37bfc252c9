"""Overlays: what one environment says differently about a manifest, merged by RFC 7396.

In the project:

    spec:
      environments:
        prod:
          variables: {site: Berlin}          # over spec.variables
          limits: {create: {absolute: 50}}   # any other setting: merged over the project's own
          overlays:
            - overlays/prod/                 # files: documents with apiVersion, kind, metadata.name and the part that differs
            - target: Asset/web-*            # or in place: an address, or a pattern of addresses
              patch: {spec: {lifecycle: {onRemove: retire}}}

A `null` in an overlay removes the key. Overlays are applied in the order given, later ones win.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from declarative.core.diagnostics import Diagnostic
from declarative.manifest.locate import DocumentLocator, Origin, escape
from declarative.manifest.nodes import Node, to_value
from declarative.manifest.scalars import Refusal
from declarative.manifest.shapes import Shape
from declarative.manifest.spans import Span, refused


@dataclass(frozen=True, slots=True)
class Overlay:
    """One patch. `target` is an address or a pattern of addresses; `pointer` is where `node` stands in `source`."""

    target: str
    node: Node
    source: DocumentLocator
    pointer: str = ""
    fixed: frozenset[str] = frozenset()  # keys of the patch's top level that only identify it

    def applies_to(self, address: str) -> bool:
        return fnmatch.fnmatchcase(address, self.target)

    def patch(self, shape: Shape) -> tuple[dict[str, Any], list[Diagnostic]]:
        """The patch's value, its scalars typed like the manifest that it is merged over."""
        refusals: list[tuple[Span, Refusal]] = []
        value = to_value(self.node, shape, refusals)
        found = [refused(self.source.document, span, refusal) for span, refusal in refusals]
        return {key: child for key, child in value.items() if key not in self.fixed}, found


def overlaid(
    value: Mapping[str, Any], overlay: Overlay, shape: Shape, origins: dict[str, Origin]
) -> tuple[Any, list[Diagnostic]]:
    """The manifest's value with the patch merged in; `origins` learns what came from it."""
    patch, found = overlay.patch(shape)

    def origin(pointer: str) -> Origin:
        return Origin("an overlay", overlay.source, overlay.pointer + pointer)

    def merge(target: Any, change: Any, pointer: str) -> Any:
        if not isinstance(change, dict):
            if type(target) is type(change) and target == change:
                return target
            _forget(origins, pointer)
            origins[pointer] = origin(pointer)
            return change
        if not isinstance(target, dict):
            _forget(origins, pointer)
            origins[pointer] = origin(pointer)
            target = {}
        merged = dict(target)
        for key, child in change.items():
            at = f"{pointer}/{escape(key)}"
            if child is None:
                merged.pop(key, None)
                _forget(origins, at)
            else:
                merged[key] = merge(merged.get(key), child, at)
        return merged

    return merge(dict(value), patch, ""), found


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: the target with the patch merged in. Neither is changed."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, child in patch.items():
        if child is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), child)
    return merged


def _forget(origins: dict[str, Origin], pointer: str) -> None:
    for known in [known for known in origins if known == pointer or known.startswith(pointer + "/")]:
        del origins[known]
