"""The asset domain's values: desired, applied and live. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from declarative.core.diagnostics import Position


class OnRemove(StrEnum):
    FORGET = "forget"
    RETIRE = "retire"


class ConnectorRef(Struct, frozen=True):
    """The source an asset is imported under. `marker`: send one extra custom connector attribute with key and digest."""

    name: str
    uuid: str
    source: str
    marker: bool = False


@lru_cache(maxsize=64)
def shared_connector(name: str, uuid: str, source: str, marker: bool) -> ConnectorRef:
    """Equal ones as one object: a few are in every record of the state, and in every change of a plan."""
    return ConnectorRef(name, uuid, source, marker)


class DesiredAsset(Struct, frozen=True):
    """What a manifest says. `identity` and `core` are the API's own objects, nulls taken out at every depth
    (null means "not managed").

    `digest`: 16 bytes or more over everything the manifest says of it (identity, core, lifecycle, labels and the name of
    its connector), so that two assets of one digest are the same but for where they stand; None where it is not known."""

    address: str
    connector: ConnectorRef
    identity: Mapping[str, Any]
    core: Mapping[str, Any]
    ignore: frozenset[str] = frozenset()  # field paths, e.g. coreAttributes.lastLoggedOnUser
    on_remove: OnRemove = OnRemove.FORGET
    position: Position | None = None
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    digest: bytes | None = None

    @property
    def native_key(self) -> str | None:
        key = self.identity.get("sourceNativeKey")
        return None if key is None else str(key)

    @property
    def pinned_id(self) -> int | None:
        pinned = self.identity.get("qualysAssetId")
        return None if pinned is None else int(pinned)


class AppliedField(Struct, frozen=True, array_like=True, gc=False):
    """One field as last sent. `converged`: the search has shown this value since."""

    # There are some forty of them an asset: a dataclass takes seven times as long to make.

    value: Any
    converged: bool = False


class AppliedAsset(Struct, frozen=True):
    """What this project last sent (or adopted) for one address; lives in the state store.

    `fields` is by field path. `sent_at` is None for an adopted asset that was never sent. `connector`, `identity`
    and `on_remove` are kept so that a removed manifest can still be retired.
    """

    address: str
    connector: ConnectorRef
    identity: Mapping[str, Any]
    fields: Mapping[str, AppliedField]
    asset_id: int | None = None
    sent_at: datetime | None = None
    on_remove: OnRemove = OnRemove.FORGET

    @property
    def ever_seen(self) -> bool:
        return self.asset_id is not None


@dataclass(frozen=True, slots=True)
class LiveAsset:
    """One record of the search, as the API returned it. `packed`: the text that it was read from, where that is at hand:
    of `sight.pack`, or the server's own."""

    asset_id: int
    record: Mapping[str, Any] = field(repr=False)
    packed: bytes | None = field(default=None, repr=False, compare=False)
