"""Rows that need not become objects: what earlier plans settled, joined in the engine with what is so now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import count, islice
from typing import Any

from declarative.inventory.backends import Backend, fetched
from declarative.inventory.settled import MARKS, Settled, schema, table_of

_GATHERED = 100_000


class Passing:
    """The settled rows of one inventory that say the same as then. Whatever speaks against one takes it out.

    `digests`: `key` and `row` of every row; `settled`: an Arrow table."""

    def __init__(self, backend: Backend, digests: Any, settled: Any) -> None:
        self._backend = backend
        self.digests = backend.keep("digests", digests)
        known = backend.load("settled", (settled,), schema())
        same = ["key", "row"]
        self.candidates = backend.keep("candidates", known.semi_join(self.digests, same))
        self._taken: set[str] = set()
        self._rounds = count()
        self._known: int = len(settled)
        self._all: int = int(fetched(backend, self.candidates.aggregate(rows=self.candidates.count()))["rows"][0].as_py())

    def __len__(self) -> int:
        return self._all - len(self._taken)

    @property
    def has_lost(self) -> bool:
        """Whether something that was settled is so no more."""
        return bool(self._taken) or self._all < self._known

    def passing_keys(self) -> list[str]:
        """Of the rows that pass."""
        return sorted(self._keys(self.candidates) - self._taken)

    def sorted_digests(self) -> Iterator[bytes]:
        """The digests of all rows in their own order, which is the same whatever order the rows are in."""
        for batch in self._backend.batches(self.digests.select("row").order_by("row")):
            yield "".join(batch.column(0).to_pylist()).encode()

    def take(self, keys: Collection[str]) -> list[str]:
        """Those of the keys that were passing until now, sorted; from now on they are not."""
        found = self._keys(self.candidates.semi_join(self._memory("key", keys), "key")) if keys else set()
        found -= self._taken
        self._taken |= found
        return sorted(found)

    def take_marked(self, marks: Collection[int]) -> list[str]:
        """Rows that claim what somebody else claims too."""
        if not marks:
            return []
        wanted = self._memory("mark", marks)
        hits = (self.candidates.semi_join(wanted, self.candidates[name] == wanted.mark) for name in MARKS)
        return sorted({key for hit in hits for key in self._taking(hit)})

    def take_holding(self, asset_ids: Collection[int]) -> list[str]:
        """Rows bound to one of these live assets."""
        return self._taking(self.candidates.semi_join(self._memory("asset_id", asset_ids), "asset_id")) if asset_ids else []

    def compare_applied(self, records: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
        """Against key and digest of every record that the state has of this inventory.

        Gives the rows whose record is another now (they are taken), and the keys of records of which no row ever passed."""
        table = self._loaded("applied", ("key", "digest"), records)
        stale = self.candidates.anti_join(table, [self.candidates.key == table.key, self.candidates.applied == table.digest])
        gone = table.anti_join(self.candidates, "key")
        return self._taking(stale), sorted(self._keys(gone))

    def compare_live(self, records: Iterable[tuple[int, str]]) -> list[str]:
        """Against id and digest of every live record: takes and gives the rows of which live shows something else."""
        table = self._loaded("live", ("asset_id", "digest"), records)
        same = [self.candidates.asset_id == table.asset_id, self.candidates.live == table.digest]
        return self._taking(self.candidates.anti_join(table, same))

    def settled_with(self, found: Iterable[Settled]) -> Iterator[Any]:
        """Arrow tables of what is settled now: what passes still, and what was found."""
        import pyarrow as pa
        from pyarrow import compute

        taken = pa.array(sorted(self._taken), pa.string())
        for batch in self._backend.batches(self.candidates):
            table = pa.Table.from_batches([batch])
            yield table.filter(compute.invert(compute.is_in(table["key"], taken))).select(schema().names)
        yield table_of(found)

    def row_digests(self, keys: Collection[str]) -> dict[str, str]:
        found = fetched(self._backend, self.digests.semi_join(self._memory("key", keys), "key"))
        return dict(zip(found["key"].to_pylist(), found["row"].to_pylist(), strict=True))

    def only(self, keys: Collection[str]) -> Any:
        return self._memory("key", keys)

    def _taking(self, found: Any) -> list[str]:
        keys = self._keys(found) - self._taken
        self._taken |= keys
        return sorted(keys)

    def _keys(self, found: Any) -> set[str]:
        return set(fetched(self._backend, found.select("key"))["key"].to_pylist())

    def _memory(self, name: str, values: Collection[Any]) -> Any:
        import pyarrow as pa

        kind = pa.string() if name == "key" else pa.int64()
        return self._backend.small(pa.table({name: pa.array(sorted(values), kind)}))

    def _loaded(self, name: str, columns: tuple[str, str], records: Iterable[tuple[Any, str]]) -> Any:
        import pyarrow as pa

        first = pa.string() if columns[0] == "key" else pa.int64()
        kind = pa.schema([(columns[0], first), (columns[1], pa.string())])

        def parts() -> Iterator[Any]:
            rest = iter(records)
            while chunk := list(islice(rest, _GATHERED)):
                ones, digests = zip(*chunk, strict=True)
                yield pa.table([pa.array(ones, first), pa.array(digests, pa.string())], schema=kind)

        return self._backend.load(self._fresh(name), parts(), kind)

    def _fresh(self, name: str) -> str:
        # A plan may be made again after another apply came first: then everything is compared once more.
        return f"{name}_{next(self._rounds)}"
