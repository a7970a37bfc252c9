"""What the last plan verified as unchanged, kept beside the snapshot: a cache, which may be lost without harm."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from declarative.core.errors import StateError
from declarative.state.model import Store


def verified_before(store: Store, base_url: str) -> Mapping[str, str]:
    """Tokens by address, as the last plan of this target left them; none where they cannot be read."""
    try:
        with store.snapshot() as cache:
            for _, kept in cache.records(_key(base_url)):
                return {str(address): str(token) for address, token in kept.items()}
    except StateError:
        pass
    return {}


def keep_verified(store: Store, base_url: str, before: Mapping[str, str], tokens: Mapping[str, str]) -> None:
    """For the next plan. A plan that looked at a part leaves what is known of the rest."""
    kept = {**before, **tokens}
    if kept != before:
        with suppress(StateError), store.snapshot() as cache:
            cache.replace(_key(base_url), [(0, kept)], "verified")


def _key(base_url: str) -> str:
    return f"{base_url}#verified"
