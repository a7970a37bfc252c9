"""The halves of an asset, decoded when somebody looks into them: in a large plan nearly every one is passed over."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson
from msgspec.structs import replace

from declarative.assets.model import DesiredAsset
from declarative.core.canonical import fitted
from declarative.kinds.values import epoch_milliseconds
from declarative.manifest.model import Body, opened
from declarative.manifest.scalars import MAX_DIGITS

DATES = ("sourceCreatedDate", "sourceLastUpdatedDate")


class Unopened:
    """A noted manifest's two halves. Once opened they stay as JSON, which takes a sixth of the memory and opens again at once."""

    __slots__ = ("_body", "_halves")

    def __init__(self, body: Body, halves: bytes | None = None) -> None:
        """`halves`: identity and core attributes as JSON, where they are known."""
        self._body = body
        self._halves = halves

    def open(self) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._halves is not None:
            identity, core = orjson.loads(self._halves)
        else:
            identity, core = halves(opened(self._body).get("spec") or {})
            self._halves = fitted(orjson.dumps((identity, core)))
        return identity, core


@lru_cache(maxsize=16)
def _open(asset: Unopened) -> tuple[dict[str, Any], dict[str, Any]]:
    # For the asset in hand, whose members are asked for one by one.
    return asset.open()


class UnopenedIdentity(Mapping[str, Any]):
    """The identity of a noted manifest. The attributes in `known` are at hand; every other look decodes it."""

    __slots__ = ("_asset", "known")

    def __init__(self, asset: Unopened, known: tuple[str | int | None, ...]) -> None:
        self._asset = asset
        self.known = known

    def __getitem__(self, name: str) -> Any:
        at = _AT_HAND.get(name)
        if at is None:
            return _open(self._asset)[0][name]
        value = self.known[at]
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        at = _AT_HAND.get(name)
        if at is None:
            return _open(self._asset)[0].get(name, default)
        value = self.known[at]
        return default if value is None else value

    def items(self) -> ItemsView[str, Any]:
        return _open(self._asset)[0].items()

    def __iter__(self) -> Iterator[str]:
        return iter(_open(self._asset)[0])

    def __len__(self) -> int:
        return len(_open(self._asset)[0])


AT_HAND = ("sourceNativeKey", "serialNumber", "hardwareUuid", "qualysAssetId")
"""What identities are asked for when they are only told apart, in the order of `known`."""
_AT_HAND: Mapping[str, int] = {name: at for at, name in enumerate(AT_HAND)}


class UnopenedCore(Mapping[str, Any]):
    """The core attributes of a noted manifest. Their names are at hand; a value decodes them."""

    __slots__ = ("_asset", "_names")

    def __init__(self, asset: Unopened, names: tuple[str, ...]) -> None:
        self._asset = asset
        self._names = names

    def __getitem__(self, name: str) -> Any:
        return _open(self._asset)[1][name]

    def get(self, name: str, default: Any = None) -> Any:
        return _open(self._asset)[1].get(name, default) if name in self._names else default

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def items(self) -> ItemsView[str, Any]:
        return _open(self._asset)[1].items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def closed(asset: DesiredAsset) -> DesiredAsset:
    """The same asset, with its two halves as JSON; itself where they cannot be that."""
    try:
        text = orjson.dumps((asset.identity, asset.core))
    except TypeError:
        return asset
    unopened = Unopened(b"", fitted(text))
    known = tuple(asset.identity.get(name) for name in AT_HAND)
    names = names_in(" ".join(asset.core))
    return replace(asset, identity=UnopenedIdentity(unopened, known), core=UnopenedCore(unopened, names))


@lru_cache(maxsize=1024)
def names_in(text: str) -> tuple[str, ...]:
    """The words of a text. Most assets declare the same attributes."""
    return tuple(text.split())


def halves(spec: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Identity and core attributes as they are compared and sent."""
    core = pruned(spec.get("coreAttributes") or {})
    for name in DATES:
        if name in core:
            try:
                core[name] = epoch_milliseconds(core[name])
            except ValueError:
                del core[name]  # told by asset/date; a project that turns the rule off has the date left out
    return pruned(spec.get("identityAttributes") or {}), core


def core_names(spec: Mapping[str, Any]) -> list[str]:
    """The names of the core attributes in `halves` of a spec whose dates are right."""
    core = spec.get("coreAttributes") or {}
    return [name for name, item in core.items() if item.__class__ in _AS_THEY_ARE or _says_something(item)]


def _says_something(item: Any) -> bool:
    """Whether anything of a value is left when its nulls are taken out. The first leaf decides nearly always."""
    if item.__class__ is dict:
        item = item.values()
    elif item.__class__ is not list:
        return item is not None
    for below in item:  # noqa: SIM110  (a generator costs more than the work)
        if below.__class__ in _AS_THEY_ARE or _says_something(below):
            return True
    return False


def pruned(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without nulls at any depth, and without what holds nothing else: null and empty mean "not managed". What has none of
    them is shared with `value`.

    Whole numbers become integers: `2.0` is an integer by JSON Schema, and the API wants it without the point."""
    kept = dict(value)
    if _as_they_are(map(type, kept.values())):
        return kept
    for key, item in value.items():
        kind = item.__class__
        if kind in _AS_THEY_ARE or (kind is dict and item and _as_they_are(map(type, item.values()))):
            continue
        below = without_nulls(item)
        if below is None:
            del kept[key]
        else:
            kept[key] = below
    return kept


_AS_THEY_ARE = frozenset({str, int, bool})
_as_they_are = _AS_THEY_ARE.issuperset


def without_nulls(item: Any) -> Any:
    """`pruned` of any value; None where nothing is left of it."""
    if item.__class__ in _AS_THEY_ARE:
        return item
    if isinstance(item, dict):
        return pruned(item) or None
    if isinstance(item, list):
        if _as_they_are(map(type, item)):
            return item or None
        kept = [child if child.__class__ in _AS_THEY_ARE else without_nulls(child) for child in item]
        return [child for child in kept if child is not None] or None
    return int(item) if isinstance(item, float) and item.is_integer() and abs(item) < 10**MAX_DIGITS else item
