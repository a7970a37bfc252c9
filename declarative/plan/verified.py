"""Passing over what an earlier plan has looked at already.

An asset that was decided as unchanged leaves a token: a digest of everything that decision rested on, which is what the
manifest says, what the state keeps, and what live shows. While all three give the same token, the decision stands, and
nothing has to be decoded or compared field by field.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from hashlib import blake2b

import orjson

from declarative.assets.live import LiveIndex
from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.plan.known import Brief

SIZE = 16
"""Bytes of a token."""

_ANY = "surrogatepass"


class Verifier:
    """`earlier`: what the last plans left; `salt`: whatever else decisions depend on. `tokens` collects what
    holds now, by address."""

    __slots__ = ("_brief", "_connectors", "_earlier", "_salt", "_seen", "tokens")

    def __init__(self, earlier: AbstractSet[bytes], live: LiveIndex, brief: Callable[[str], Brief | None], salt: str) -> None:
        self._earlier = earlier
        self._seen = live.digest
        self._brief = brief
        self._salt = salt
        self._connectors: dict[int, tuple[ConnectorRef, bytes]] = {}
        self.tokens: dict[str, bytes] = {}

    def passes(self, asset: DesiredAsset) -> int | None:
        """The id of the live asset, if everything is as it was when the asset was found unchanged."""
        if not self._earlier:
            return None
        address = asset.address
        known = self._brief(address)
        if known is None:
            return None
        token = self._token(asset, known)
        if token not in self._earlier:
            return None
        self.tokens[address] = token
        return known.asset_id

    def remember(self, asset: DesiredAsset) -> None:
        """That it was found unchanged. Never of one that is pinned to another id than the state's: what passes is bound to it."""
        # Only now: live and state may have been read anew since the asset was asked for by its digests.
        known = self._brief(asset.address)
        if known is None or asset.pinned_id not in (None, known.asset_id):
            return
        token = self._token(asset, known)
        if token:
            self.tokens[asset.address] = token

    def _token(self, asset: DesiredAsset, known: Brief) -> bytes:
        """Empty, where something of it is not known."""
        _, asset_id, digest = known
        live = self._seen(asset_id)
        said = asset.digest or _said(asset)
        if live is None or digest is None or not said:
            return b""
        wired = self._connectors.get(id(asset.connector)) or self._wired(asset.connector)
        # The first two have a length of their own, and the third is told its length. What is pinned is part of what is said.
        told = f"{len(said)}\0{digest}\0{asset_id}\0{asset.address}".encode("utf-8", _ANY)
        return blake2b(wired[1] + live + said + told, digest_size=SIZE).digest()

    def _wired(self, connector: ConnectorRef) -> tuple[ConnectorRef, bytes]:
        """The salt and a connector, which many assets share, as one digest."""
        told = orjson.dumps((self._salt, connector.name, connector.uuid, connector.source, connector.marker))
        # Kept with the connector itself, so that nothing else gets its id.
        found = self._connectors[id(connector)] = (connector, blake2b(told, digest_size=SIZE).digest())
        return found


def _said(asset: DesiredAsset) -> bytes:
    """What the manifest says, where no digest of it came along; empty, where it is not JSON."""
    said = (sorted(asset.ignore), asset.on_remove.value, dict(asset.identity), dict(asset.core))
    try:
        return blake2b(orjson.dumps(said), digest_size=SIZE).digest()
    except TypeError:
        return b""
