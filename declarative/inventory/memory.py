"""What spares looking at rows, as those who plan come by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from declarative.assets.model import DesiredAsset

Recall = Callable[[str], bytes | None]
"""What `Rows.settled` gave under a name the last time that it gave something under it."""

Seen = tuple[str, int, bytes]
"""The digest of what was applied, and id and digest of what is live."""

Prove = Callable[[Sequence[DesiredAsset]], Mapping[str, Seen]]
"""By address, those of some assets that need no look while what is seen of them stays, as if there were no others."""


class Memory(Struct, frozen=True):
    """`prove`, where there is one, is for rows of which nothing was kept; it is asked where there are many."""

    recall: Recall = lambda _name: None
    prove: Prove | None = None
