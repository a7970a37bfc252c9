"""Finding the live record of a desired asset, and saying why one that looked like it is not.

The import follows the service's own identification rules, which cannot be read (facts 2.6); this is the client's side:
the strongest declared identifier decides, two answers are a question for the user, and an answer that a stronger
identifier disproves is none.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from declarative.assets.keys import (
    ADDRESS,
    HARDWARE_KINDS,
    HOST,
    KINDS,
    MAC,
    NAME_KINDS,
    SERIAL,
    KeyKind,
    Keys,
    SearchKey,
    search_filters,
)
from declarative.assets.live import LiveIndex
from declarative.assets.lookups import MARKER
from declarative.assets.model import AppliedAsset, DesiredAsset, LiveAsset
from declarative.assets.normalise import short_hostname

__all__ = ["MARKER", "LiveIndex", "Match", "SearchKey", "match", "match_known", "search_filters"]

PINNED = "qualysAssetId"
BOUND = "assetId"


class Match(Struct, frozen=True):
    """`live` with what it was found by; or `candidates`, when several fit; or neither.

    `reason` says why there is no single answer; `warnings` what a reviewer should know about the one there is.
    """

    live: LiveAsset | None = None
    matched_by: str | None = None
    candidates: tuple[int, ...] = ()
    reason: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def ambiguous(self) -> bool:
        return self.live is None and len(self.candidates) > 1


def match(desired: DesiredAsset, applied: AppliedAsset | None, index: LiveIndex) -> Match:
    """The live record of a desired asset: the pinned id, the id bound in state, the marker, then identifiers by strength."""
    return match_known(desired, applied.asset_id if applied is not None else None, index)


def match_known(desired: DesiredAsset, bound_id: int | None, index: LiveIndex) -> Match:
    """`match`, where only the id bound in state is at hand."""
    if desired.pinned_id is not None:
        return _match_pinned(desired, index)
    bound = index.get(bound_id)
    if bound is not None:
        return Match(bound, BOUND, warnings=_bound_warnings(desired, bound))
    if not index:
        return Match()
    if desired.connector.marker:
        marked = sorted(index.find_marked(desired))
        if len(marked) == 1:
            return Match(index.get(marked[0]), MARKER)
        if marked:
            return _ambiguous(MARKER, marked)
    return _match_by_keys(desired, index)


def _match_pinned(desired: DesiredAsset, index: LiveIndex) -> Match:
    live = index.get(desired.pinned_id)
    if live is None:
        return Match(
            matched_by=PINNED,
            reason=f"identityAttributes.qualysAssetId pins asset {desired.pinned_id}, which the search does not return",
        )
    return Match(live, PINNED, warnings=_bound_warnings(desired, live))


def _bound_warnings(desired: DesiredAsset, live: LiveAsset) -> tuple[str, ...]:
    return tuple(
        f"{kind.name} of asset {live.asset_id} is {_shown(theirs)}, the manifest says {_shown(ours)}: was the hardware replaced?"
        for kind in HARDWARE_KINDS
        if not kind.plainly_equal(desired, live.record)
        and (ours := kind.desired(desired))
        and (theirs := kind.of(live.record))
        and not ours & theirs
    )


class _Declared:
    """The keys that an asset declares, each kind worked out when it is asked for: the strongest one decides nearly always."""

    __slots__ = ("_asset", "_found")

    def __init__(self, asset: DesiredAsset) -> None:
        self._asset = asset
        self._found: dict[str, Keys] = {}

    def of(self, kind: KeyKind) -> Keys:
        found = self._found.get(kind.name)
        if found is None:
            found = self._found[kind.name] = kind.desired(self._asset)
        return found


def _match_by_keys(desired: DesiredAsset, index: LiveIndex) -> Match:
    declared = _Declared(desired)
    doubts: list[str] = []
    for at, kind in enumerate(KINDS):
        fitting: list[int] = []
        for asset_id in sorted(_lookup(kind, declared.of(kind), index)):
            doubt = _contradiction(kind, declared, index, asset_id)
            if doubt is None:
                fitting.append(asset_id)
            else:
                doubts.append(doubt)
        if not fitting:
            continue
        narrowed = _narrow(fitting, KINDS[at + 1 :], declared, index)
        if len(narrowed) == 1:
            return Match(index.get(narrowed[0]), kind.name)
        return _ambiguous(kind.name, narrowed)
    return Match(warnings=tuple(dict.fromkeys(doubts)))


def _lookup(kind: KeyKind, keys: Keys, index: LiveIndex) -> frozenset[int]:
    """Names match whole; a bare name also matches the first label of a qualified one, if nothing matches whole."""
    return index.find(kind, keys) or _by_label(kind, keys, index)


def _by_label(kind: KeyKind, keys: Keys, index: LiveIndex) -> frozenset[int]:
    if kind not in NAME_KINDS:
        return frozenset()
    bare = {key for key in keys if "." not in key}
    labels = {label for key in keys - bare if (label := short_hostname(key)) is not None}
    return index.find_short(bare) | index.find(HOST, labels)


def _contradiction(kind: KeyKind, declared: _Declared, index: LiveIndex, asset_id: int) -> str | None:
    live = index.get(asset_id)
    if live is None or kind is SERIAL:
        return None
    stronger = KINDS[: KINDS.index(kind)]
    for other in stronger:
        weighs = other in HARDWARE_KINDS or (kind is ADDRESS and (other is MAC or other in NAME_KINDS))
        if not weighs or not (ours := declared.of(other)):
            continue
        theirs = other.of(live.record)
        if theirs and not ours & theirs and not (other in NAME_KINDS and _same_short(ours, theirs)):
            return (
                f"asset {asset_id} has the same {kind.name}, but its {other.name} is {_shown(theirs)} and not {_shown(ours)}: "
                f"taken for another asset (pin {PINNED} if it is this one)"
            )
    return None


def _same_short(ours: Keys, theirs: Keys) -> bool:
    shorts = {short_hostname(name) for name in theirs}
    return any(short_hostname(name) in shorts for name in ours)


def _narrow(candidates: list[int], kinds: Iterable[KeyKind], declared: _Declared, index: LiveIndex) -> list[int]:
    for kind in kinds:
        if len(candidates) == 1:
            break
        keys = declared.of(kind)
        if not keys:
            continue
        # Whether a first label may do depends on the candidates alone, not on who else has the name: a targeted read, which
        # has not seen the others, has to come to the same answer.
        both = set(candidates) & index.find(kind, keys) or set(candidates) & _by_label(kind, keys, index)
        if both:
            candidates = sorted(both)
    return candidates


def _ambiguous(matched_by: str, candidates: list[int]) -> Match:
    listed = ", ".join(map(str, candidates[:10])) + (", ..." if len(candidates) > 10 else "")
    return Match(
        matched_by=matched_by,
        candidates=tuple(candidates),
        reason=f"{len(candidates)} live assets have this {matched_by}: {listed}; pin one with identityAttributes.qualysAssetId",
    )


def _shown(keys: Keys) -> str:
    return " or ".join(sorted(keys)[:3])
