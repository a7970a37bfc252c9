"""Rows that need not become objects: what earlier plans settled, joined in the engine with what is so now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, count
from typing import Any, NamedTuple

from declarative.core.chunks import chunks
from declarative.inventory.backends import Backend, fetched
from declarative.inventory.settled import MARKS, schema, without

_GATHERED = 20_000
_TOGETHER = 20
_WORN = 8


class Loaded(NamedTuple):
    """Settled rows in an engine, and the name that it knows them by."""

    name: str
    table: Any
    rows: int


def load(name: str, backend: Backend, settled: Iterable[Any]) -> Loaded:
    """From Arrow tables."""
    counts = []

    def counted() -> Iterator[Any]:
        for table in settled:
            counts.append(len(table))
            yield table

    return Loaded(name, backend.load(name, counted(), schema()), sum(counts))


class Passing:
    """The settled rows of one inventory that say the same as then. Whatever speaks against one takes it out.

    `digests`: a kept table of `key` and `row` of every row. `fresh`: a table of the `key` of each row that is new, or says
    something else."""

    def __init__(self, backend: Backend, digests: Any, settled: Loaded) -> None:
        self._backend = backend
        self._name, self._settled, self._known = settled
        self.digests = digests
        moved = backend.keep(f"{self._name}_moved", self._unmatched(digests, "row", "row"))
        self.fresh = moved.filter(moved.key.notnull()).select("key")
        self._lost = frozenset(self._keys(moved.filter(moved.was.notnull()).select(key="was")))
        self._taken = set(self._lost)
        self._rounds = count()

    def __len__(self) -> int:
        return self._known - len(self._taken)

    def is_worn(self, since: int) -> bool:
        """Whether so much of what is settled was lost, or is newer than the rest, that all of it had better be kept anew."""
        return _WORN * (len(self._lost) + since) > self._known

    def passing_keys(self) -> list[str]:
        """Of the rows that pass."""
        return sorted(self._keys(self._settled) - self._taken)

    def sorted_digests(self) -> Iterator[bytes]:
        """The digests of all rows in their own order, which is the same whatever order the rows are in."""
        for batch in self._backend.batches(self.digests.select("row").order_by("row")):
            yield "".join(batch.column(0).to_pylist()).encode()

    def count_fresh(self) -> int:
        return int(fetched(self._backend, self.fresh.aggregate(count=self.fresh.count()))["count"][0].as_py())

    def take(self, keys: Collection[str]) -> list[str]:
        """Those of the keys that were passing until now, sorted; from now on they are not."""
        return self._taking(self._settled.semi_join(self._memory("key", keys), "key")) if keys else []

    def take_marked(self, marks: Collection[int]) -> list[str]:
        """Rows that claim what somebody else claims too."""
        return self._took(self.claiming(marks))

    def take_shared(self) -> list[str]:
        """Rows that claim what another one claims, or are bound to its live asset."""
        held = self._settled.select("key", thing="asset_id")
        claims = self._claims.select("key", thing="mark")
        keys = set[str]()
        for what in (claims.filter(claims.thing.notnull()), held):
            counted = what.group_by("thing").agg(times=what.count())
            keys |= self._keys(what.semi_join(counted.filter(counted.times > 1), "thing"))
        return self._took(keys)

    def claims(self) -> Iterator[tuple[set[int], set[int]]]:
        """What rows that pass claim, and the live assets that they are bound to, some ten thousand rows at a time."""
        for tables in chunks(self.settled(), _TOGETHER):
            marks = set(chain.from_iterable(table[name].to_pylist() for table in tables for name in MARKS))
            yield marks - {None}, set(chain.from_iterable(table["asset_id"].to_pylist() for table in tables))

    @property
    def _claims(self) -> Any:
        """A table of `key` and `mark`."""
        marks = self._backend.ibis.array([self._settled[name] for name in MARKS])
        return self._settled.select("key", mark=marks.unnest())

    def take_holding(self, asset_ids: Collection[int]) -> list[str]:
        """Rows bound to one of these live assets."""
        return self._took(self.holding(asset_ids))

    def claiming(self, marks: Collection[int]) -> set[str]:
        """The settled rows that claim one of these."""
        return self._keys(self._claims.semi_join(self._memory("mark", marks), "mark")) if marks else set()

    def holding(self, asset_ids: Collection[int]) -> set[str]:
        """The settled rows that are bound to one of these."""
        return self._keys(self._settled.semi_join(self._memory("asset_id", asset_ids), "asset_id")) if asset_ids else set()

    def compare_applied(self, records: Iterable[tuple[str, str]], prefix: str) -> tuple[list[str], list[str]]:
        """Against address and digest of every record that the state has of this inventory; in an address a prefix comes before
        the key, and a bracket after it.

        Gives the rows whose record is another now (they are taken), and the keys of records of which no row ever passed."""
        import pyarrow as pa
        from pyarrow.compute import utf8_slice_codeunits

        kind = pa.schema([("key", pa.string()), ("digest", pa.string())])
        table = self._loaded("applied", kind, records, lambda found: utf8_slice_codeunits(found, len(prefix), -1))
        moved = fetched(self._backend, self._unmatched(table, "digest", "applied"))
        there, stale = (set(moved[side].to_pylist()) - {None} for side in ("key", "was"))
        gone = there - stale
        if self._lost:
            gone |= self._keys(table.semi_join(self._memory("key", self._lost), "key"))
        return self._took(stale), sorted(gone)

    def compare_live(self, records: Iterable[tuple[int, bytes]]) -> list[str]:
        """Against id and digest of every live record: takes and gives the rows of which live shows something else."""
        import pyarrow as pa

        table = self._loaded("live", pa.schema([("asset_id", pa.int64()), ("digest", pa.binary())]), records)
        same = [self._settled.asset_id == table.asset_id, self._settled.live == table.digest]
        return self._taking(self._settled.anti_join(table, same))

    def settled(self) -> Iterator[Any]:
        """What passes still, as Arrow tables."""
        import pyarrow as pa

        tables = (pa.Table.from_batches([batch]) for batch in self._backend.loaded(self._name))
        return without(tables, pa.array(sorted(self._taken), pa.string()))

    def row_digests(self, keys: Collection[str]) -> dict[str, str]:
        found = fetched(self._backend, self.digests.semi_join(self._memory("key", keys), "key"))
        return dict(zip(found["key"].to_pylist(), found["row"].to_pylist(), strict=True))

    def only(self, keys: Collection[str]) -> Any:
        return self._memory("key", keys)

    def _unmatched(self, table: Any, digest: str, settled: str) -> Any:
        """A row for each of the table (`key`) and of what is settled (`was`) that the other side does not have, or has with
        another digest: with one join, and not with one for either side."""
        then = self._settled.select(was="key", then=settled)
        found = table.outer_join(then, [table.key == then.was, table[digest] == then.then])
        return found.filter(found.key.isnull() | found.was.isnull()).select("key", "was")

    def _taking(self, found: Any) -> list[str]:
        return self._took(self._keys(found))

    def _took(self, keys: set[str]) -> list[str]:
        keys = keys - self._taken
        self._taken |= keys
        return sorted(keys)

    def _keys(self, found: Any) -> set[str]:
        return set(fetched(self._backend, found.select("key"))["key"].to_pylist())

    def _memory(self, name: str, values: Collection[Any]) -> Any:
        import pyarrow as pa

        kind = pa.string() if name == "key" else pa.int64()
        return self._backend.small(pa.table({name: pa.array(sorted(values), kind)}))

    def _loaded(
        self, name: str, kind: Any, records: Iterable[tuple[Any, Any]], first: Callable[[Any], Any] = lambda found: found
    ) -> Any:
        """`first`: what makes the first column of what the records begin with."""
        import pyarrow as pa

        def parts() -> Iterator[Any]:
            for chunk in chunks(records, _GATHERED):
                one, other = (pa.array(found, each.type) for found, each in zip(zip(*chunk, strict=True), kind, strict=True))
                yield pa.table([first(one), other], schema=kind)

        return self._backend.load(self._fresh(name), parts(), kind)

    def _fresh(self, name: str) -> str:
        # A plan may be made again after another apply came first: then everything is compared once more.
        return f"{name}_{next(self._rounds)}"
