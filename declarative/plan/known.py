"""What was applied, looked at without decoding it: in a large plan nearly every record is only counted and passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from declarative.assets.model import AppliedAsset
from declarative.plan.model import AppliedReport

Applied = AppliedAsset | AppliedReport


class Brief(NamedTuple):
    """`document`: the whole record as the state keeps it, for digests; None where it comes from no state."""

    is_asset: bool
    asset_id: int | None
    document: str | None = None


def brief_of(applied: Mapping[str, Applied], address: str) -> Brief | None:
    """The brief of one record; from the mapping itself where it has such, else from the decoded record."""
    own: Callable[[str], Brief | None] | None = getattr(applied, "brief", None)
    if own is not None:
        return own(address)
    item = applied.get(address)
    if item is None:
        return None
    return Brief(True, item.asset_id) if isinstance(item, AppliedAsset) else Brief(False, None)


def briefs_of(applied: Mapping[str, Applied]) -> dict[str, Brief]:
    """The briefs of all."""
    found = ((address, brief_of(applied, address)) for address in applied)
    return {address: brief for address, brief in found if brief is not None}


class Known(Mapping[str, Applied]):
    """Records of the state that `in_scope` lets through, under their new addresses where they moved (new -> old).

    Nothing is decoded or copied before it is asked for."""

    __slots__ = ("_applied", "_moved", "_old", "_scope")

    def __init__(
        self,
        applied: Mapping[str, Applied],
        *,
        moved: Mapping[str, str] | None = None,
        in_scope: Callable[[str], bool] | None = None,
    ) -> None:
        self._applied = applied
        self._moved = dict(moved or {})
        self._old = frozenset(self._moved.values())
        self._scope = in_scope

    def __contains__(self, address: object) -> bool:
        if address in self._moved:
            return True
        known = address in self._applied and address not in self._old
        return known and (self._scope is None or self._scope(str(address)))

    def __getitem__(self, address: str) -> Applied:
        if address not in self:
            raise KeyError(address)
        old = self._moved.get(address)
        return self._applied[address] if old is None else replace(self._applied[old], address=address)

    def __iter__(self) -> Iterator[str]:
        yield from (address for address in self._applied if address in self and address not in self._moved)
        yield from self._moved

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def brief(self, address: str) -> Brief | None:
        if address not in self:
            return None
        return brief_of(self._applied, self._moved.get(address, address))
