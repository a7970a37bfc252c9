"""What of a live asset a manifest can say: the inventory holds values that validation refuses in a manifest, and rightly so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from declarative.assets.model import ConnectorRef, DesiredAsset, LiveAsset
from declarative.core.diagnostics import Position
from declarative.kinds import claims
from declarative.kinds.asset import lower_asset
from declarative.kinds.context import Context
from declarative.kinds.listing import to_diagnostics
from declarative.manifest.locate import escape, unescape
from declarative.manifest.model import Manifest, RuleSetting
from declarative.manifest.sources import forbidden
from declarative.schema.validate import violations

_IDENTITY = "/spec/identityAttributes"
_SECTIONS = (_IDENTITY, "/spec/coreAttributes")
_PIN = f"{_IDENTITY}/qualysAssetId"
_ATTEMPTS = 10

Refused = tuple[str, str]
"""Pointer and reason."""


class Declarable(Struct):
    """Takes from manifests what cannot stand in them. `taken`: the claims of all manifests so far."""

    now: datetime
    connector: ConnectorRef
    settings: Mapping[str, RuleSetting]
    taken: set[int]

    @classmethod
    def beside(
        cls, assets: Iterable[DesiredAsset], *, now: datetime, connector: ConnectorRef, settings: Mapping[str, RuleSetting]
    ) -> Declarable:
        """For manifests that are to stand beside those of `assets`."""
        taken = {mark for asset in assets for mark in claims.marks(asset) if mark is not None}
        return cls(now, connector, settings, taken)

    def fitted(self, document: dict[str, Any], live: LiveAsset) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        """The manifest without what validation would refuse, and what was left out, in words; None where too little is left.

        Whole attributes are left out, never a part of a list: a manifest with a part would have the rest removed. One that
        loses an identifier is pinned to its asset.
        """
        left_out: dict[str, str] = {}
        for _ in range(_ATTEMPTS):
            refused = list(self._refused(document))
            if not refused:
                return document, tuple(f"{what} ({why})" for what, why in left_out.items())
            for pointer, why in refused:
                attribute = _attribute(pointer)
                if attribute is None:
                    return None, (why,)
                left_out.setdefault(attribute.removeprefix("/spec/").replace("/", "."), why)
                _drop(document, attribute)
                if attribute.startswith(_IDENTITY):
                    document["spec"].setdefault("identityAttributes", {})["qualysAssetId"] = live.asset_id
        return None, tuple(f"{what} ({why})" for what, why in left_out.items())

    def _refused(self, document: dict[str, Any]) -> Iterator[Refused]:
        unseen = list(_characters(document["spec"], "/spec"))
        if unseen:
            yield from unseen
            return
        wrong = violations("Asset", document)
        if wrong:
            yield from ((one.pointer, one.message) for one in wrong)
            return
        place = Position("")
        manifest = Manifest.of(document, place, lambda _pointer: place)
        lowered = lower_asset(manifest, Context(self.now, {self.connector.name: self.connector}))
        found = [one for one in to_diagnostics(manifest, lowered.findings, self.settings) if one.is_error]
        yield from ((one.pointer or "", one.message) for one in found)
        if not found and lowered.value is not None:
            yield from self._claimed(lowered.value)

    def _claimed(self, asset: DesiredAsset) -> Iterator[Refused]:
        """What another manifest claims already; what nobody does is claimed from now on."""
        marks = claims.marks(asset)
        clashes = [at for at, mark in enumerate(marks) if mark in self.taken]
        for what, pointer in (claims.CLAIMED[at] for at in clashes):
            # Who is pinned to the same asset manages it already: there is nothing to leave out.
            yield "" if pointer == _PIN else pointer, f"another manifest has the same {what}"
        if not clashes:
            self.taken.update(mark for mark in marks if mark is not None)


def _characters(value: Any, pointer: str) -> Iterator[Refused]:
    if isinstance(value, str):
        found = forbidden(value)
        if found is not None:
            yield pointer, f"it holds the character {found}"
    elif isinstance(value, Mapping):
        for key, child in value.items():
            below = f"{pointer}/{escape(key)}"
            found = forbidden(key)
            if found is not None:
                yield below, f"its name holds the character {found}"
            else:
                yield from _characters(child, below)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _characters(child, f"{pointer}/{index}")


def _attribute(pointer: str) -> str | None:
    """The attribute that a pointer is in, up to the first list; None outside of both halves of an asset."""
    section = next((one for one in _SECTIONS if pointer.startswith(f"{one}/")), None)
    if section is None:
        return None
    parts = pointer.removeprefix(f"{section}/").split("/")
    upto = next((at for at, part in enumerate(parts) if part.isdigit()), len(parts))
    return "/".join([section, *parts[: max(1, upto)]])


def _drop(document: dict[str, Any], pointer: str) -> None:
    """Takes out the value at a pointer, and the mappings that it leaves empty."""
    *parents, last = (unescape(part) for part in pointer.split("/")[1:])
    path: list[dict[str, Any]] = [document]
    for part in parents:
        below = path[-1].get(part)
        if not isinstance(below, dict):
            return
        path.append(below)
    path[-1].pop(last, None)
    for holder, name, held in reversed(list(zip(path, parents, path[1:], strict=False))):
        if not held:
            holder.pop(name, None)
