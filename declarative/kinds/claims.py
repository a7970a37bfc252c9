"""What only shows when all manifests are seen together: two that claim one asset, one native key, one report name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from declarative.assets import normalise
from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.core.quoting import shown
from declarative.kinds.listing import Listing
from declarative.kinds.lookalikes import skeleton
from declarative.kinds.model import INVENTORIES, ReportDeclaration
from declarative.kinds.rules import Finding
from declarative.kinds.unopened import AT_HAND, UnopenedIdentity
from declarative.manifest.model import Manifest, Project

Claim = tuple[str, str, Any]
"""Address, what or in what, the value in its normal form."""

_IDENTITY = "/spec/identityAttributes"
_WORDS = {
    "asset/shared-native-key": "native key",
    "connector/duplicate": "connector UUID",
    "report/shared-name": "report name",
}
_SHARED_KEY, _SHARED_IDENTITY = "asset/shared-native-key", "asset/shared-identity"
_SEEN_BY_PEOPLE = frozenset({_SHARED_KEY, _SHARED_IDENTITY})
_UNIQUE: tuple[tuple[str, str, str, Callable[[Any], Any]], ...] = (
    ("serialNumber", f"{_IDENTITY}/serialNumber", "serial number", normalise.compact),
    ("hardwareUuid", f"{_IDENTITY}/hardwareUuid", "hardware UUID", normalise.uuid),
    ("qualysAssetId", f"{_IDENTITY}/qualysAssetId", "Qualys id", lambda value: value),
)
_NATIVE_KEY = f"{_IDENTITY}/sourceNativeKey"
CLAIMED = (("native key", _NATIVE_KEY), *((what, pointer) for _, pointer, what, _ in _UNIQUE))
"""What the marks of an asset are of, and where it stands, in their order."""


def _lines_of(form: str) -> Callable[[str], object]:
    return re.compile(rf"{form}(?:\n{form})*+").fullmatch


# Texts in these forms, one a line, differ in their normal forms exactly when they differ in small letters.
_PLAIN: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        _NATIVE_KEY: _lines_of(normalise.WORD_FORM),
        _UNIQUE[0][1]: _lines_of(normalise.WORD_FORM),
        _UNIQUE[1][1]: _lines_of(normalise.UUID_FORM),
    }
)


def check(
    manifests: Mapping[str, Manifest],
    connectors: Mapping[str, ConnectorRef],
    assets: Collection[DesiredAsset],
    reports: Iterable[ReportDeclaration],
    listing: Listing,
) -> None:
    """One finding at each later claim, naming the place of the first. `connectors`, by address, and the others are sorted
    by address."""
    for rule, pointer, claims in _claims(connectors, assets, reports):
        looks = [(about, _look(rule, value)) for _, about, value in claims]
        if len(set(looks)) == len(looks):
            continue
        holders: dict[tuple[str, Any], Claim] = {}
        for look, claim in zip(looks, claims, strict=True):
            first = holders.setdefault(look, claim)
            if first is not claim:
                message = partial(_message, manifests, rule, pointer, claim, first)
                listing.add(manifests[claim[0]], [Finding(rule, pointer, message, _hint(rule, first[0]))])


def _look(rule: str, value: Any) -> Any:
    return skeleton(value) if type(value) is str and rule in _SEEN_BY_PEOPLE else value


def _message(manifests: Mapping[str, Manifest], rule: str, pointer: str, claim: Claim, first: Claim) -> str:
    what = claim[1] if rule == _SHARED_IDENTITY else _WORDS[rule]
    same = f"the same {what}" if claim[2] == first[2] else f"a {what} that looks the same and is not"
    return f"{first[0]} at {manifests[first[0]].locate(pointer)} has {same}"


def _hint(rule: str, other: str) -> str:
    if rule == "report/shared-name":
        return "reports are downloaded by name: give each its own"
    if rule == "connector/duplicate":
        return f"use {other} in both places, or correct the UUID"
    return "keep one of the two manifests, or correct the value"


def _claims(
    connectors: Mapping[str, ConnectorRef], assets: Collection[DesiredAsset], reports: Iterable[ReportDeclaration]
) -> Iterator[tuple[str, str, list[Claim]]]:
    """Rule, pointer, and who claims something there."""
    yield "connector/duplicate", "/spec/connectorUuid", [(address, "", each.uuid) for address, each in connectors.items()]
    yield from _claims_of_assets(assets, but=_surely_unique(assets))
    # The name is missing from the well-typed part of some wrong ones.
    named = [(report.address, "", report.request["name"]) for report in reports if "name" in report.request]
    yield "report/shared-name", "/spec/request/name", named


def _claims_of_assets(assets: Collection[DesiredAsset], *, but: Collection[str] = ()) -> Iterator[tuple[str, str, list[Claim]]]:
    """In the order of `CLAIMED`. `but`: pointers to leave out."""
    if _NATIVE_KEY not in but:
        keys = [(one.address, one.connector.uuid, key) for one in assets if (key := normalise.nocase(one.native_key)) is not None]
        yield _SHARED_KEY, _NATIVE_KEY, keys
    for name, pointer, what, normal in _UNIQUE:
        if pointer in but:
            continue
        claims = [
            (asset.address, what, value)
            for asset in assets
            if (given := asset.identity.get(name)) is not None and (value := normal(given)) is not None
        ]
        yield _SHARED_IDENTITY, pointer, claims


def _surely_unique(assets: Collection[DesiredAsset]) -> Collection[str]:
    """Where no two assets claim the same, by pointer: proved for all texts at once, which takes a twentieth of looking at each,
    where they are written as nearly everybody writes them."""
    identities = (asset.identity for asset in assets)
    rows = [one.known if type(one) is UnopenedIdentity else tuple(map(one.get, AT_HAND)) for one in identities]
    keys, *others = zip(*rows, strict=True) if rows else ((),)
    by_connector: dict[str, list[Any]] = {}
    for asset, key in zip(assets, keys, strict=True):
        by_connector.setdefault(asset.connector.uuid, []).append(key)
    claims: list[tuple[str, Sequence[Any]]] = [(_NATIVE_KEY, group) for group in by_connector.values()]
    claims += [(pointer, group) for (_, pointer, _, _), group in zip(_UNIQUE, others, strict=False)]
    return {pointer for pointer, _ in claims} - {pointer for pointer, group in claims if not _differ(pointer, group)}


def _differ(pointer: str, claimed: Iterable[Any]) -> bool:
    values = [value for value in claimed if value is not None]
    is_plain = _PLAIN.get(pointer)
    if is_plain is None:
        return all(type(value) is int for value in values) and len(set(values)) == len(values)
    if not all(type(value) is str for value in values):
        return False
    together = "\n".join(values)
    return not values or (is_plain(together) is not None and len(set(together.lower().split("\n"))) == len(values))


def marks(asset: DesiredAsset) -> tuple[int | None, ...]:
    """A hash of each thing that an asset can claim, None where it does not: two that claim the same have a mark in common.

    The order is that of `CLAIMED`."""
    return tuple(_mark(rule, claims) for rule, _, claims in _claims_of_assets((asset,)))


def _mark(rule: str, claims: list[Claim]) -> int | None:
    if not claims:
        return None
    _, about, value = claims[0]
    said = repr((rule, about, _look(rule, value))).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(said, digest_size=8).digest(), signed=True)


def check_moves(project: Project, addresses: Collection[str]) -> Iterator[Finding]:
    """Renames that lead nowhere, or away from a manifest that is still there."""
    for index, (old, new) in enumerate(project.moved.items()):
        hint = None
        if _is_inventory(old) or _is_inventory(new):
            message = (
                f"{shown(old)} was moved to {shown(new)}, but an inventory has no record of its own: each of its rows has one"
            )
            hint = "write an entry for each row, AssetInventory/OLD[KEY] to AssetInventory/NEW[KEY], or keep the inventory's name"
            part = "from" if _is_inventory(old) else "to"
        elif old in addresses:
            message, part = f"{shown(old)} was moved to {shown(new)}, yet there is still a manifest {shown(old)}", "from"
        elif new.partition("[")[0] not in addresses:  # the rows of an inventory are not known yet
            message, part = f"{shown(old)} was moved to {shown(new)}, but there is no manifest {shown(new)}", "to"
        else:
            continue
        pointer = f"/spec/moved/{index}/{part}"
        yield Finding("project/moved", pointer, message, hint)


def _is_inventory(address: str) -> bool:
    return address.startswith(INVENTORIES) and "[" not in address
