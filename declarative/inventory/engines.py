"""What the engine works out over the rows of one inventory, each as one expression written in Ibis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from declarative.core.diagnostics import Position
from declarative.inventory.backends import Backend, fetched
from declarative.inventory.model import BadRow, Row, Twins
from declarative.inventory.sources import Batch
from declarative.kinds.model import Condition, InventoryDeclaration

_FILE, _LINE = "at_file", "at_line"
_MOST_TWINS = 100
_SEPARATOR = "\x1f"  # of units, as ASCII has it: no manifest may hold one, and so no cell
DIGEST_CHARACTERS = 32
"""Of the hexadecimal SHA-256 of a row: 128 bits tell any two rows apart."""


class Engine:
    """The rows of one inventory, staged in the engine's own storage. `salt`: what else decides what a row means."""

    def __init__(self, backend: Backend, declaration: InventoryDeclaration, salt: str) -> None:
        self.backend = backend
        self._declaration = declaration
        self._salt = salt
        # Columns have numbers here: names of users never meet those of the engine.
        self._names: Mapping[str, str] = {column: f"c{index}" for index, column in enumerate(declaration.columns)}
        self._key = self._names[declaration.key]
        self._files: list[str] = []
        self._staged: Any = None

    def stage(self, batches: Iterable[Batch]) -> None:
        import pyarrow as pa

        texts = [pa.field(name, pa.string()) for name in self._names.values()]
        schema = pa.schema([*texts, pa.field(_FILE, pa.int32()), pa.field(_LINE, pa.int64())])
        self._staged = self.backend.load("staged", (self._arrow(batch, schema) for batch in batches), schema)

    def _arrow(self, batch: Batch, schema: Any) -> Any:
        import numpy as np
        import pyarrow as pa

        if batch.file not in self._files:
            self._files.append(batch.file)
        count = len(batch.lines)
        arrays = [
            column if isinstance(column, (pa.Array, pa.ChunkedArray)) else pa.array(column, pa.string())
            for column in batch.columns
        ]
        file = pa.scalar(self._files.index(batch.file), pa.int32())
        lines = batch.lines
        numbers = np.arange(lines.start, lines.stop) if isinstance(lines, range) else lines  # a tenth of a second a million
        arrays += [pa.repeat(file, count), pa.array(numbers, pa.int64())]
        return pa.table(arrays, schema=schema)

    @property
    def _kept(self) -> Any:
        """The rows that meet every condition."""
        return reduce(lambda table, one: table.filter(self._meets(table, one)), self._declaration.where, self._staged)

    @property
    def _keyed(self) -> Any:
        kept = self._kept
        return kept.filter(kept[self._key].notnull())

    def is_empty(self) -> bool:
        """Whether no row meets every condition."""
        return not len(fetched(self.backend, self._kept.select(_LINE).limit(1)))

    def digests(self) -> Any:
        """A table of `key` and `row`, the digest of everything in the row that its asset is made of.

        Over text alone, columns by name: the same in every engine, whatever the order of rows and columns. No cell is empty
        text, and one that holds the separator makes its row a bad one, which is never settled: so no other row has the text
        of a settled one.
        """
        return self._keyed.select(key=self._keyed[self._key], row=self._digest(self._keyed))

    def _digest(self, table: Any) -> Any:
        ibis = self.backend.ibis
        cells = [ibis.coalesce(table[self._names[column]], "") for column in _meant(self._declaration)]
        # In one go: chained by an operator, each step would copy what the one before made.
        text = ibis.literal(_SEPARATOR).join([ibis.literal(self._salt), *cells])
        return text.hexdigest("sha256").left(DIGEST_CHARACTERS)

    def rows(self, *, only: Any = None) -> Iterator[Row]:
        """Rows with a key, in the order of keys. `only`: a table whose `key` says which to take."""
        found, key = self._keyed, self._key
        if only is not None:
            found = found.semi_join(only, found[key] == only.key)
        columns = list(self._declaration.columns)
        place = columns.index(self._declaration.key)
        found = found.mutate(digest=self._digest(found)).order_by([key, _FILE, _LINE])
        for batch in self.backend.batches(found):
            rows = zip(*(batch.column(index).to_pylist() for index in range(batch.num_columns)), strict=True)
            for *cells, file, line, digest in rows:
                yield Row(cells[place], Position(self._files[file], line), dict(zip(columns, cells, strict=True)), digest)

    def keyless(self) -> list[BadRow]:
        kept = self._kept
        found = kept.filter(kept[self._key].isnull()).select(_FILE, _LINE).order_by([_FILE, _LINE])
        reason = f'the row has no key: the column "{self._declaration.key}" is empty'
        return [BadRow(self._position(row), reason) for row in fetched(self.backend, found).to_pylist()]

    def twins(self, digests: Any) -> list[Twins]:
        """Keys that more than one row has, each with its first two places; at most a hundred. `digests`: as kept."""
        counted = digests.group_by("key").agg(times=digests.count())
        repeated = fetched(self.backend, counted.filter(counted.times > 1).select("key").order_by("key").limit(_MOST_TWINS))
        if not len(repeated):
            return []
        keyed, key, twice = self._keyed, self._key, self.backend.small(repeated)
        found = keyed.semi_join(twice, keyed[key] == twice.key).select(key, _FILE, _LINE).order_by([key, _FILE, _LINE])
        places: dict[str, list[Position]] = {}
        for row in fetched(self.backend, found).to_pylist():
            places.setdefault(row[key], []).append(self._position(row))
        return [Twins(value, first, second) for value, (first, second, *_) in places.items()]

    def _position(self, row: Mapping[str, Any]) -> Position:
        return Position(self._files[row[_FILE]], row[_LINE])

    def _meets(self, table: Any, condition: Condition) -> Any:
        cell = table[self._names[condition.column]]
        texts = [value for value in condition.values if value is not None]
        ibis = self.backend.ibis
        member = cell.isin(texts).fill_null(False) if texts else ibis.literal(False)
        if None in condition.values:
            member |= cell.isnull()
        return ~member if condition.negated else member


def _meant(declaration: InventoryDeclaration) -> Sequence[str]:
    """The columns that the asset of a row is made of, by name: one that only a condition looks at changes no asset."""
    return sorted(declaration.meant)
