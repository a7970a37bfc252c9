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
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from declarative.core.diagnostics import Diagnostic
from declarative.manifest.locate import DocumentLocator, Origin, escape
from declarative.manifest.nodes import Node, to_value
from declarative.manifest.scalars import Refusal
from declarative.manifest.shapes import Shape
from declarative.manifest.spans import Span, refused

_LITERAL = re.compile(r"[^*?\[]*")


class Overlay(Struct, frozen=True):
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


class Overlays:
    """The overlays of an environment in their order, found by the address of a manifest: thousands of them, each for one of
    thousands of manifests, are not tried one by one."""

    def __init__(self, overlays: Sequence[Overlay] = ()) -> None:
        self._all = tuple(overlays)
        self._patches: dict[tuple[int, Shape], tuple[dict[str, Any], list[Diagnostic]]] = {}
        self._by_start: dict[str, list[int]] = {}
        for index, overlay in enumerate(self._all):
            self._by_start.setdefault(_LITERAL.match(overlay.target)[0], []).append(index)  # type: ignore[index]
        self._lengths = sorted({len(start) for start in self._by_start})

    def __iter__(self) -> Iterator[Overlay]:
        return iter(self._all)

    def of(self, address: str) -> list[int]:
        """The indexes of those that change the manifest."""
        if not self._all:
            return []
        starts = (address[:length] for length in self._lengths if length <= len(address))
        tried = (index for start in starts for index in self._by_start.get(start, ()))
        return sorted(index for index in tried if self._all[index].applies_to(address))

    def merged(
        self, index: int, value: Mapping[str, Any], shape: Shape, origins: dict[str, Origin]
    ) -> tuple[Any, list[Diagnostic], int]:
        """The manifest's value with a patch merged in, what is wrong with the patch, and how many values it has; `origins`
        learns what came from it. Neither the value nor the patch is changed."""
        overlay = self._all[index]
        known = self._patches.get((index, shape))
        if known is None:
            known = self._patches[index, shape] = overlay.patch(shape)
        patch, found = known
        return _Merging(overlay, origins).merge(dict(value), patch, ""), found, overlay.node.size


class _Merging(Struct, frozen=True):
    overlay: Overlay
    origins: dict[str, Origin]

    def merge(self, target: Any, change: Any, pointer: str) -> Any:
        if not isinstance(change, dict):
            if type(target) is type(change) and target == change:
                return target
            self._comes_from_here(pointer, target)
            return change
        if not isinstance(target, dict):
            self._comes_from_here(pointer, target)
            target = {}
        merged = dict(target)
        for key, child in change.items():
            at = f"{pointer}/{escape(key)}"
            if child is None:
                self._forget(at, merged.pop(key, None))
            else:
                merged[key] = self.merge(merged.get(key), child, at)
        return merged

    def _comes_from_here(self, pointer: str, before: Any) -> None:
        self._forget(pointer, before)
        self.origins[pointer] = Origin("an overlay", self.overlay.source, self.overlay.pointer + pointer)

    def _forget(self, pointer: str, before: Any) -> None:
        """What stood there before, and where it came from."""
        self.origins.pop(pointer, None)
        if isinstance(before, dict) and self.origins:
            for key, child in before.items():
                self._forget(f"{pointer}/{escape(key)}", child)


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
