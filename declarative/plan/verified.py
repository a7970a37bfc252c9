"""Passing over what an earlier plan has looked at already.

An asset that was decided as unchanged leaves a token: a digest of everything that decision rested on, which is what the
manifest says, what the state keeps, and what live shows. While all three give the same token, the decision stands, and
nothing has to be decoded or compared field by field.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import orjson

from declarative.assets.identity import LiveIndex
from declarative.assets.model import DesiredAsset
from declarative.plan.known import Brief


class Verifier:
    """`earlier`: tokens by address; `salt`: whatever else decisions depend on. `tokens` collects those for the next plan."""

    __slots__ = ("_applied", "_earlier", "_live", "_made", "_salt", "tokens")

    def __init__(self, earlier: Mapping[str, str], live: LiveIndex, applied: Mapping[str, Brief], salt: str) -> None:
        self._earlier = earlier
        self._live = live
        self._applied = applied
        self._salt = salt.encode()
        self._made: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def passes(self, asset: DesiredAsset) -> int | None:
        """The id of the live asset, if everything is as it was when the asset was found unchanged."""
        address = asset.address
        known = self._applied.get(address)
        if known is None or known.asset_id is None or known.document is None:
            return None
        record = self._live.raw(known.asset_id)
        if record is None or asset.pinned_id not in (None, known.asset_id):
            return None
        token = self._token(asset, known.document, record)
        if token is None:
            return None
        if self._earlier.get(address) == token:
            self.tokens[address] = token
            return known.asset_id
        self._made[address] = token
        return None

    def remember(self, asset: DesiredAsset) -> None:
        token = self._made.get(asset.address)
        if token is not None:
            self.tokens[asset.address] = token

    def _token(self, asset: DesiredAsset, document: str, record: bytes) -> str | None:
        connector = asset.connector
        wired = (connector.name, connector.uuid, connector.source, connector.marker)
        said = (asset.address, wired, sorted(asset.ignore), str(asset.on_remove))
        try:
            written = orjson.dumps((said, asset.identity, asset.core))
        except TypeError:
            return None
        parts = (self._salt, written, document.encode("utf-8", "surrogatepass"), record)
        return blake2b(b"\0".join(parts), digest_size=16).hexdigest()
