"""What was applied, looked at without decoding it: in a large plan nearly every record is only counted and passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from msgspec.structs import replace

from declarative.assets.model import AppliedAsset
from declarative.core.chunks import chunks
from declarative.plan.model import AppliedReport

Applied = AppliedAsset | AppliedReport

AT_ONCE = 500
"""How many records are decoded, and held in memory, at a time."""


class Brief(NamedTuple):
    """`digest`: of the whole record as the state keeps it; None where it comes from no state."""

    is_asset: bool
    asset_id: int | None
    digest: str | None = None


@runtime_checkable
class Briefed(Protocol):
    """A mapping of records that knows something of each without reading it."""

    @property
    def brief(self) -> Callable[[str], Brief | None]:
        """Gives what is known of an address without reading its record; None for one that is not there."""

    def briefs(self) -> Iterable[tuple[str, Brief]]:
        """All of them."""

    def prefetch(self, addresses: Iterable[str]) -> None:
        """Reads these records at once, in place of those that were read so before."""


def briefing(applied: Mapping[str, Applied]) -> Callable[[str], Brief | None]:
    """What gives the brief of an address: the mapping itself where it has such, else the decoded record does."""
    return applied.brief if isinstance(applied, Briefed) else lambda address: _brief(applied.get(address))


def briefs_of(applied: Mapping[str, Applied]) -> Iterator[tuple[str, Brief]]:
    """The briefs of all, by address."""
    if isinstance(applied, Briefed):
        yield from applied.briefs()
        return
    for address, item in applied.items():
        brief = _brief(item)
        if brief is not None:
            yield address, brief


def _brief(item: Applied | None) -> Brief | None:
    if item is None:
        return None
    return Brief(True, item.asset_id) if isinstance(item, AppliedAsset) else Brief(False, None)


def prefetch(applied: Mapping[str, Applied], addresses: Iterable[str]) -> None:
    """Before many records are asked for one by one."""
    if isinstance(applied, Briefed):
        applied.prefetch(addresses)


def fetched(applied: Mapping[str, Applied], addresses: Iterable[str]) -> Iterator[tuple[str, Applied]]:
    """These records, each read with others and gone from memory with them."""
    for chunk in chunks(addresses, AT_ONCE):
        prefetch(applied, chunk)
        for address in chunk:
            yield address, applied[address]


class Known(Mapping[str, Applied]):
    """Records of the state that `in_scope` lets through, under their new addresses where they moved (new -> old).

    Nothing is decoded or copied before it is asked for."""

    __slots__ = ("_applied", "_ask", "_moved", "_old", "_scope")

    def __init__(
        self,
        applied: Mapping[str, Applied],
        *,
        moved: Mapping[str, str] | None = None,
        in_scope: Callable[[str], bool] | None = None,
    ) -> None:
        self._applied = applied
        self._ask = briefing(applied)
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
        return self._ask(self._moved.get(address, address)) if address in self else None

    def briefs(self) -> Iterator[tuple[str, Brief]]:
        found = ((address, self.brief(address)) for address in self)
        return ((address, brief) for address, brief in found if brief is not None)

    def prefetch(self, addresses: Iterable[str]) -> None:
        prefetch(self._applied, (self._moved.get(address, address) for address in addresses))
