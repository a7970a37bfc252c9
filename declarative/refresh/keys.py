"""What the search can be asked about one asset, and when its answers are certain.

Only the asset's id, its serial number and its hardware UUID are found for sure by a filter. A filter on the name sees
`assetName`, but a name may also stand in `dnsName` or on an interface, and no filter sees MAC or IP addresses (facts 3.4):
those are found for sure by reading everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from declarative.assets.identity import BOUND, MARKER, PINNED, Match
from declarative.assets.keys import HARDWARE_KINDS, KINDS, NAME_KINDS, SearchKey, search_filters
from declarative.assets.model import DesiredAsset
from declarative.assets.normalise import is_ip, short_hostname
from declarative.refresh.filters import ASSET_ID, Term

_CERTAIN = frozenset(kind.name for kind in HARDWARE_KINDS)
_NAMES = frozenset(kind.name for kind in NAME_KINDS)
_BY_ID = frozenset((BOUND, PINNED, MARKER))


class Wanted(Struct, frozen=True):
    """One asset to look up. Most are bound to an id, and then nothing else about them is worked out."""

    asset: DesiredAsset
    applied_id: int | None

    @property
    def bound_id(self) -> int | None:
        """The id that finds it: the pinned one, else the one bound in the state."""
        pinned = self.asset.pinned_id
        return pinned if pinned is not None else self.applied_id

    def first(self) -> tuple[Term, ...]:
        """What finds it in the usual case: its id or its strongest key. Empty when no filter can find it."""
        bound = self.bound_id
        if bound is not None:
            return (Term(ASSET_ID, str(bound)),)
        return tuple(term for key in self._strongest() for term in _terms(key))

    def further(self) -> frozenset[Term]:
        """Every key in its common spellings, for when the first question found nothing."""
        terms = frozenset(term for key in search_filters(self.asset) for term in _terms(key))
        return terms.union(*map(_respelled, terms))

    def uncertain(self) -> bool:
        """Whether it declares keys that filters may miss, or carries a marker, which they cannot see."""
        if self.asset.connector.marker:
            return True
        return any(kind.name not in _CERTAIN and kind.desired(self.asset) for kind in KINDS)

    def settled(self, match: Match, *, asked_all: bool) -> bool:
        """Whether reading more could not change this match. `asked_all`: `further` has been asked too."""
        if self.asset.pinned_id is not None or match.matched_by in _BY_ID:
            return True
        if match.matched_by is None:
            return asked_all and not self.uncertain()
        if match.matched_by not in _CERTAIN:
            return False
        return asked_all or (self.bound_id is None and match.matched_by in {key.kind for key in self._strongest()})

    def _strongest(self) -> tuple[SearchKey, ...]:
        keys = search_filters(self.asset)
        first = next(keys, None)
        if first is None:
            return ()
        # The inventory's name of an asset may come from either name, so both are one question.
        others = (key for key in keys if key.kind in _NAMES) if first.kind in _NAMES else ()
        return (first, *others)


def _terms(key: SearchKey) -> Iterator[Term]:
    return (Term(key.field, value) for value in key.values)


def _respelled(term: Term) -> Iterator[Term]:
    """Whether filters mind case is not documented (facts 3.3), and an inventory may cut a name to its first label."""
    if term.field == ASSET_ID:
        return
    forms = {term.value}
    if term.field == "asset.name" and not is_ip(term.value):
        forms.add(short_hostname(term.value) or term.value)
    for form in forms:
        yield Term(term.field, form.lower())
        yield Term(term.field, form.upper())
