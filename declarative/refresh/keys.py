"""What the search can be asked about one asset, and when its answers are certain.

Only the asset's id, its serial number and its hardware UUID are found for sure by a filter. A filter on the name sees
`assetName`, but a name may also stand in `dnsName` or on an interface, and no filter sees MAC or IP addresses (facts 3.4):
those are found for sure by reading everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from declarative.assets.identity import BOUND, MARKER, PINNED, Match
from declarative.assets.keys import HARDWARE_KINDS, KINDS, NAME_KINDS, search_filters
from declarative.assets.model import AppliedAsset, DesiredAsset
from declarative.assets.normalise import is_ip, short_hostname
from declarative.refresh.filters import ASSET_ID, Term

_CERTAIN = frozenset(kind.name for kind in HARDWARE_KINDS)
_NAMES = frozenset(kind.name for kind in NAME_KINDS)
_BY_ID = frozenset((BOUND, PINNED, MARKER))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One asset to look up.

    `first`: what finds it in the usual case, its id or its strongest key; empty when no filter can find it.
    `further`: every other key, for when that found nothing. `first_kinds`: kinds of key that `first` covers.
    `uncertain`: it declares keys that filters may miss, or carries a marker, which they cannot see.
    """

    asset: DesiredAsset
    applied: AppliedAsset | None
    first: tuple[Term, ...]
    further: tuple[Term, ...]
    first_kinds: frozenset[str]
    uncertain: bool

    @property
    def by_id(self) -> bool:
        return bool(self.first) and self.first[0].field == ASSET_ID

    def settled(self, match: Match, *, asked_all: bool) -> bool:
        """Whether reading more could not change this match. `asked_all`: `further` has been asked too."""
        if self.asset.pinned_id is not None or match.matched_by in _BY_ID:
            return True
        if match.matched_by is None:
            return asked_all and not self.uncertain
        return match.matched_by in _CERTAIN and (asked_all or match.matched_by in self.first_kinds)


def wanted(asset: DesiredAsset, applied: AppliedAsset | None) -> Wanted:
    keys = search_filters(asset)
    terms = {key.kind: tuple(Term(key.field, value) for value in key.values) for key in keys}
    bound = applied.asset_id if applied is not None else None
    first: tuple[Term, ...] = ()
    first_kinds: frozenset[str] = frozenset()
    if bound is not None and asset.pinned_id is None:
        first = (Term(ASSET_ID, str(bound)),)
        first_kinds = frozenset((BOUND,))
    elif keys:
        # The inventory's name of an asset may come from either name, so both are one question.
        first_kinds = _NAMES if keys[0].kind in _NAMES else frozenset((keys[0].kind,))
        first = tuple(term for kind, values in terms.items() if kind in first_kinds for term in values)
    spelled = {term for values in terms.values() for term in _respelled(values)}
    declared = {kind.name for kind in KINDS if kind.desired(asset)}
    return Wanted(
        asset=asset,
        applied=applied,
        first=first,
        further=tuple(sorted(spelled.union(*terms.values()) - set(first))),
        first_kinds=first_kinds,
        uncertain=bool(declared - _CERTAIN) or asset.connector.marker,
    )


def _respelled(terms: tuple[Term, ...]) -> Iterator[Term]:
    """Whether filters mind case is not documented (facts 3.3), and an inventory may cut a name to its first label."""
    for term in terms:
        if term.field == ASSET_ID:
            continue
        forms = {term.value}
        if term.field == "asset.name" and not is_ip(term.value):
            forms.add(short_hostname(term.value) or term.value)
        for form in forms:
            yield Term(term.field, form.lower())
            yield Term(term.field, form.upper())
