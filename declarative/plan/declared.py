"""Every declared asset in scope with its live one, and what is decided on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple, TypeVar

from declarative.assets.identity import BOUND, PINNED, Match, match_known
from declarative.assets.lookups import Term, terms_for, terms_of
from declarative.assets.model import AppliedAsset, DesiredAsset, LiveAsset, OnRemove
from declarative.core.chunks import chunks
from declarative.plan.decide import Circumstances, Decision, decide
from declarative.plan.given import PlanInput, everything
from declarative.plan.known import AT_ONCE, Applied, Brief, prefetch
from declarative.plan.model import Action, Change
from declarative.plan.moves import say_moved
from declarative.plan.verified import Verifier

K = TypeVar("K")


class Claim(NamedTuple):
    """A match without its record: what still matters of it when it is decided who may have the asset."""

    asset_id: int | None
    matched_by: str | None
    warnings: tuple[str, ...]


class AssetDecisions:
    """`changes` and `observed` say what is decided, in no order; `unlisted` of those that are unchanged are only counted. What an
    earlier plan verified as unchanged is passed over; of the rest only `AT_ONCE` records, live and applied, are in memory at a
    time."""

    def __init__(
        self,
        given: PlanInput,
        applied: Mapping[str, Applied],
        brief: Callable[[str], Brief | None],
        verifier: Verifier,
        moved: Mapping[str, str],
    ) -> None:
        """`moved`: new address -> old."""
        self._given, self._applied, self._brief, self._verifier, self._moved = given, applied, brief, verifier, moved
        self.changes: list[Change] = []
        self.observed: list[AppliedAsset] = []
        self.unlisted = 0
        self._passed: dict[str, int] = {}
        self._passing: list[DesiredAsset] = []
        self._claims: dict[str, Claim] = {}
        self._outside: list[DesiredAsset] = []
        opened = self._sort_out()
        decisions = list(self._decided(opened))
        self._settle(opened, decisions)

    def manager(self, applied: AppliedAsset, live: LiveAsset | None) -> str | None:
        """`plan.removed.Manager`. Out of scope is asked about only what would be retired: there a manifest that is not
        planned now must still not lose its asset."""
        asset_id = live.asset_id if live is not None else applied.asset_id
        inside = self._managed.get(asset_id) if asset_id is not None else None
        return inside if inside is not None or applied.on_remove is not OnRemove.RETIRE else self._outsider(applied, live)

    @cached_property
    def _managed(self) -> dict[int, str]:
        return {asset_id: address for address, asset_id in sorted(self._live_ids())}

    @cached_property
    def _looking(self) -> dict[Term, list[DesiredAsset]]:
        """By each term and id that one looks for, those of which no match is known here."""
        found: dict[Term, list[DesiredAsset]] = {}
        for asset in chain(self._outside, () if self._given.live_complete else self._given.assets):
            for term in chain(terms_for(asset), _ids(asset.pinned_id, self._bound(asset))):
                found.setdefault(term, []).append(asset)
        return found

    def _outsider(self, applied: AppliedAsset, live: LiveAsset | None) -> str | None:
        if live is None:
            known: Iterable[Term] = terms_for(DesiredAsset(applied.address, applied.connector, applied.identity, {}))
        else:
            known = terms_of(live.record)
        terms = chain(known, _ids(applied.asset_id, live.asset_id if live is not None else None))
        others = {asset.address: asset for term in terms for asset in self._looking.get(term, ())}
        for address, asset in sorted(others.items()):
            if live is None:
                return address
            self._given.live.gather((asset,))
            found = match_known(asset, self._bound(asset), self._given.live).live
            if found is not None and found.asset_id == live.asset_id:
                return address
        return None

    def _sort_out(self) -> list[DesiredAsset]:
        """Gives those that have to be looked at."""
        in_scope, passes, whole = self._given.in_scope, self._verifier.passes, self._given.in_scope is everything
        opened = []
        for asset in self._given.assets:
            if not whole and not in_scope(asset.address):
                self._outside.append(asset)
            elif (asset_id := passes(asset)) is not None:
                self._passed[asset.address] = asset_id
                self._passing.append(asset)
            else:
                opened.append(asset)
        return opened

    def _decided(self, opened: Iterable[DesiredAsset]) -> Iterator[Decision]:
        given = self._given
        circumstances = Circumstances(given.now, given.settle, given.resend_overridden, given.live_complete)
        for chunk in chunks(opened, AT_ONCE):
            bound = {asset.address: self._bound(asset) for asset in chunk}
            prefetch(self._applied, bound)
            given.live.fetch(asset.pinned_id or bound[asset.address] or 0 for asset in chunk)
            given.live.gather(asset for asset in chunk if asset.pinned_id is None and bound[asset.address] not in given.live)
            for asset in chunk:
                found = match_known(asset, bound[asset.address], given.live)
                matched = None if found.live is None else found.live.asset_id
                self._claims[asset.address] = Claim(matched, found.matched_by, found.warnings)
                yield self._decide(asset, found, circumstances)

    def _bound(self, asset: DesiredAsset) -> int | None:
        known = self._brief(asset.address)
        return None if known is None else known.asset_id

    def _decide(self, asset: DesiredAsset, found: Match, circumstances: Circumstances) -> Decision:
        known = self._applied.get(asset.address)
        return decide(asset, known if isinstance(known, AppliedAsset) else None, found, circumstances)

    def _settle(self, opened: list[DesiredAsset], decisions: list[Decision]) -> None:
        """Only when every asset is matched it is known which of them claim the same."""
        refused = self._refused()
        for asset, decision in zip(opened, decisions, strict=True):
            address = asset.address
            if address in refused:
                self.changes.append(self._blocked(asset, refused[address]))
                continue
            self.changes.append(say_moved(decision.change, self._moved.get(address)))
            if address in self._moved:
                continue
            if decision.lasting:
                self._verifier.remember(asset)
            if decision.observed is not None:
                self.observed.append(decision.observed)
        blocked = [asset for asset in self._passing if asset.address in refused] if refused else []
        self.changes += [self._blocked(asset, refused[asset.address]) for asset in blocked]
        if self._given.list_unchanged:
            passing = (asset for asset in self._passing if asset.address not in refused)
            self.changes += [_unchanged(asset, self._passed[asset.address]) for asset in passing]
        else:
            self.unlisted = len(self._passing) - len(blocked)

    def _live_ids(self) -> Iterator[tuple[str, int]]:
        matched = ((address, claim.asset_id) for address, claim in self._claims.items() if claim.asset_id is not None)
        return chain(self._passed.items(), matched)

    def _refused(self) -> dict[str, str]:
        refused = _shared_native_keys(self._given.assets)
        for asset_id, addresses in self._contested().items():
            for address in addresses:
                refused.setdefault(address, f"{_several(addresses)} claim asset {asset_id}")
        return refused

    def _contested(self) -> dict[int, list[str]]:
        """Live assets that more than one manifest claims, counting those outside the scope by the id bound in state."""
        live = list(self._live_ids())
        ids = {asset_id for _, asset_id in live}
        bound = ((asset.address, self._bound(asset)) for asset in self._outside)
        outside = [(address, asset_id) for address, asset_id in bound if asset_id is not None and asset_id in ids]
        return _contested([*live, *outside], len(ids))

    def _blocked(self, asset: DesiredAsset, reason: str) -> Change:
        claim = self._claims.get(asset.address) or Claim(self._passed.get(asset.address), _matched_by(asset), ())
        return Change(
            address=asset.address,
            kind="Asset",
            action=Action.BLOCKED,
            reason=reason,
            asset_id=claim.asset_id,
            matched_by=claim.matched_by,
            source=asset.position,
            warnings=claim.warnings,
            candidates=() if claim.asset_id is None else (claim.asset_id,),
        )


def _ids(*asset_ids: int | None) -> Iterator[Term]:
    return (("id", str(asset_id)) for asset_id in asset_ids if asset_id is not None)


def _contested(claims: Sequence[tuple[str, K]], different: int) -> dict[K, list[str]]:
    """What several claim, and who. `different`: how many things are claimed; as many as claims, and there is no contest."""
    if different == len(claims):
        return {}
    claimants: dict[K, list[str]] = {}
    for address, what in claims:
        claimants.setdefault(what, []).append(address)
    return {what: sorted(addresses) for what, addresses in claimants.items() if len(addresses) > 1}


def _shared_native_keys(assets: Iterable[DesiredAsset]) -> dict[str, str]:
    """Address -> why, for assets of one connector with one native key: the service would merge them."""
    keys = [key for asset in assets if (key := asset.native_key) is not None]
    if len(set(keys)) == len(keys):  # whatever the connectors are
        return {}
    claims = [(asset.address, (asset.connector.uuid, key)) for asset in assets if (key := asset.native_key) is not None]
    return {
        address: f"{_several(addresses)} share the sourceNativeKey {key}; the service would merge them"
        for (_, key), addresses in _contested(claims, len({what for _, what in claims})).items()
        for address in addresses
    }


def _several(addresses: list[str]) -> str:
    listed = sorted(addresses)
    return f"{len(listed)} manifests ({', '.join(listed[:5])}{', ...' if len(listed) > 5 else ''})"


def _unchanged(asset: DesiredAsset, asset_id: int) -> Change:
    return Change(asset.address, "Asset", Action.UNCHANGED, "", asset_id, _matched_by(asset), asset.position)


def _matched_by(asset: DesiredAsset) -> str:
    return BOUND if asset.identity.get("qualysAssetId") is None else PINNED
