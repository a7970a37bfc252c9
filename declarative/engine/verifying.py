"""What the last plan verified as unchanged, kept beside the snapshot: a cache, which may be lost without harm."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress

from declarative.core.errors import StateError
from declarative.plan.verified import SIZE
from declarative.state.model import Store

Tokens = AbstractSet[bytes]


def verified_before(store: Store, base_url: str) -> Tokens:
    """Tokens as the last plans of this target left them; none where they cannot be read."""
    try:
        with store.snapshot() as cache:
            kept = cache.blob(_key(base_url)) or b""
    except StateError:
        return frozenset()
    return frozenset(kept[at : at + SIZE] for at in range(0, len(kept) - len(kept) % SIZE, SIZE))


def keep_verified(store: Store, base_url: str, before: Tokens, tokens: Tokens, *, whole: bool, most: int) -> None:
    """For the next plan. One that looked at a part only (not `whole`) leaves what is known of the rest, until that is more
    than `most` tokens: old ones pile up."""
    kept = before | tokens
    if whole or len(kept) > most:
        kept = tokens
    if kept != before:
        with suppress(StateError), store.snapshot() as cache:
            cache.keep_blob(_key(base_url), b"".join(sorted(kept)))


def _key(base_url: str) -> str:
    return f"{base_url}#verified"
