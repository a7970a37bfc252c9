"""Records of the state of which live showed nothing else when they were last looked at.

While a record and its live asset have the digests that they had then, that answer stands, and neither is read again. It is a
cache: without it everything is looked at, and the answer is the same.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import compress
from typing import NamedTuple

from declarative.assets.model import DesiredAsset
from declarative.refresh.indexing import key_of

_DIGEST = 16
_APPLIED, _LIVE, _TAKEN = 1, 2, 4


class Entry(NamedTuple):
    """`applied` and `live`: digests of 16 bytes. `claim`: see `claim_of`; 0 where there is none."""

    asset_id: int
    applied: bytes
    live: bytes
    claim: int


class Steady:
    """Entries by asset id, in columns: a million of them are 50 MB. Until both sides have shown that nothing changed, none
    passes."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        columns = list(zip(*sorted(entries), strict=True)) or [(), (), (), ()]
        self._ids, self._claims = array("q", columns[0]), array("q", columns[3])
        self._applied, self._live = b"".join(columns[1]), b"".join(columns[2])
        self._marks = bytearray(len(self._ids))

    @classmethod
    def unpacked(cls, data: bytes) -> Steady:
        """What `packed` made; empty for anything else."""
        found = cls()
        count, rest = divmod(len(data), 16 + 2 * _DIGEST)
        if not rest:
            bounds = (0, 8 * count, 16 * count, (16 + _DIGEST) * count)
            found._ids.frombytes(data[: bounds[1]])
            found._claims.frombytes(data[bounds[1] : bounds[2]])
            found._applied, found._live = data[bounds[2] : bounds[3]], data[bounds[3] :]
            found._marks = bytearray(count)
        return found

    def packed(self) -> bytes:
        return b"".join((self._ids.tobytes(), self._claims.tobytes(), self._applied, self._live))

    def __len__(self) -> int:
        """How many pass."""
        return self._marks.count(_APPLIED | _LIVE)

    @property
    def known(self) -> int:
        """How many there are, whether they pass or not."""
        return len(self._ids)

    def see_applied(self, asset_id: int | None, digest: str) -> bool:
        """Whether the record of that digest is the one that was looked at. Of two that are bound to one asset the second is
        not."""
        at = -1 if asset_id is None else self._at(asset_id)
        if at < 0 or self._marks[at] or self._applied[_DIGEST * at : _DIGEST * (at + 1)].hex() != digest:
            return False
        self._marks[at] |= _APPLIED
        return True

    def see_live(self, digests: Iterable[tuple[int, bytes]]) -> list[int]:
        """Takes id and digest of every live record. Gives the ids of records that are as they were, and live is not."""
        for asset_id, digest in digests:
            at = self._at(asset_id)
            if at >= 0 and self._live[_DIGEST * at : _DIGEST * (at + 1)] == digest:
                self._marks[at] |= _LIVE
        return [asset_id for asset_id, mark in zip(self._ids, self._marks, strict=True) if mark == _APPLIED]

    def take(self, asset_ids: Iterable[int]) -> set[int]:
        """Those of these that were passing until now; from now on they are not."""
        return {asset_id for asset_id in asset_ids if (at := self._at(asset_id)) >= 0 and self._takes(at)}

    def take_claiming(self, claims: Collection[int]) -> set[int]:
        """Those that claim what others do: one of `claims`, or what another that passes claims as well."""
        passing = list(compress(self._claims, (mark == _APPLIED | _LIVE for mark in self._marks)))
        shared = set(claims)
        if len(set(passing)) < len(passing):
            shared.update(claim for claim, times in Counter(passing).items() if times > 1)
        shared.discard(0)
        found = (at for at, claim in enumerate(self._claims) if claim in shared) if shared else ()
        return {self._ids[at] for at in found if self._takes(at)}

    def passing(self) -> Iterator[Entry]:
        for at, mark in enumerate(self._marks):
            if mark == _APPLIED | _LIVE:
                part = slice(_DIGEST * at, _DIGEST * (at + 1))
                yield Entry(self._ids[at], self._applied[part], self._live[part], self._claims[at])

    def _takes(self, at: int) -> bool:
        passed = self._marks[at] == _APPLIED | _LIVE
        self._marks[at] |= _TAKEN
        return passed

    def _at(self, asset_id: int) -> int:
        at = bisect_left(self._ids, asset_id)
        return at if at < len(self._ids) and self._ids[at] == asset_id else -1


def claim_of(asset: DesiredAsset) -> int:
    """A hash of what no two records may share, the native key under a connector; 0 without one."""
    if asset.native_key is None:
        return 0
    return key_of((asset.connector.uuid, asset.native_key)) or 1
