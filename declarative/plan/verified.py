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


class Verifier:
    """`earlier`: what the last plans left; `salt`: whatever else decisions depend on. `tokens` collects what
    holds now, by address."""

    __slots__ = ("_brief", "_connectors", "_earlier", "_live", "_salt", "tokens")

    def __init__(self, earlier: AbstractSet[bytes], live: LiveIndex, brief: Callable[[str], Brief | None], salt: str) -> None:
        self._earlier = earlier
        self._live = live
        self._brief = brief
        self._salt = salt
        self._connectors: dict[int, tuple[ConnectorRef, bytes]] = {}
        self.tokens: dict[str, bytes] = {}

    def passes(self, asset: DesiredAsset) -> int | None:
        """The id of the live asset, if everything is as it was when the asset was found unchanged."""
        if not self._earlier:
            return None
        known = self._brief(asset.address)
        token = self._token(asset, known)
        if known is None or token is None or token not in self._earlier:
            return None
        self.tokens[asset.address] = token
        return known.asset_id

    def remember(self, asset: DesiredAsset) -> None:
        """That it was found unchanged."""
        # Only now: live and state may have been read anew since the asset was asked for by its digests.
        token = self._token(asset, self._brief(asset.address))
        if token is not None:
            self.tokens[asset.address] = token

    def _token(self, asset: DesiredAsset, known: Brief | None) -> bytes | None:
        if known is None or known.asset_id is None or known.digest is None:
            return None
        live = self._live.digest(known.asset_id)
        said = asset.digest or _said(asset)
        if live is None or said is None or asset.pinned_id not in (None, known.asset_id):
            return None
        # Each part but the last has a length of its own, or is told its length.
        parts = (self._connector(asset.connector), live, bytes((len(said),)), said, known.digest.encode(), b"\0")
        return blake2b(b"".join(parts) + asset.address.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()

    def _connector(self, connector: ConnectorRef) -> bytes:
        """The salt and a connector, which many assets share, as one digest."""
        held = self._connectors.get(id(connector))
        if held is None:
            wired = orjson.dumps((self._salt, connector.name, connector.uuid, connector.source, connector.marker))
            held = self._connectors[id(connector)] = (connector, blake2b(wired, digest_size=SIZE).digest())
        return held[1]


def _said(asset: DesiredAsset) -> bytes | None:
    """What the manifest says, where no digest of it came along."""
    said = (sorted(asset.ignore), asset.on_remove.value, dict(asset.identity), dict(asset.core))
    try:
        return blake2b(orjson.dumps(said), digest_size=SIZE).digest()
    except TypeError:
        return None
