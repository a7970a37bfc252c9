"""The engine that works through the rows: one expression, written in Ibis, so that engines can be exchanged.

DuckDB runs inside the process and spills to a temporary folder; nothing of it is left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from tempfile import TemporaryDirectory
from typing import Any

from declarative.core.diagnostics import Position
from declarative.core.errors import UsageError
from declarative.inventory.model import BadRow, Row, Twins
from declarative.inventory.sources import Batch
from declarative.kinds.model import Condition, InventoryDeclaration

_CHUNK = 20_000
_FILE, _LINE = "at_file", "at_line"
_MOST_TWINS = 100


@contextmanager
def engine_for(declaration: InventoryDeclaration) -> Iterator[Engine]:
    """Raises UsageError where the extra is not installed."""
    ibis = require_extra(declaration.address)
    with TemporaryDirectory(prefix="declarative-") as folder:
        connection = ibis.duckdb.connect(temp_directory=folder)
        try:
            yield Engine(ibis, connection, declaration)
        finally:
            connection.disconnect()


def require_extra(address: str) -> Any:
    try:
        import duckdb  # noqa: F401
        import ibis
        import pyarrow  # noqa: F401, ICN001
    except ImportError as error:
        raise UsageError(
            f"{address} needs the extra `inventory`: {error.name} is not installed",
            hint="pip install 'qualys-declarative[inventory]'",
        ) from error
    return ibis


class Engine:
    """The rows of one inventory, staged in the engine's own storage."""

    def __init__(self, ibis: Any, connection: Any, declaration: InventoryDeclaration) -> None:
        self._ibis = ibis
        self._connection = connection
        self._declaration = declaration
        # Columns have numbers here: names of users never meet those of the engine.
        self._names: Mapping[str, str] = {column: f"c{index}" for index, column in enumerate(declaration.columns)}
        self._files: list[str] = []
        schema = {**dict.fromkeys(self._names.values(), "string"), _FILE: "int32", _LINE: "int64"}
        self._table = connection.create_table("staged", schema=ibis.schema(schema), temp=True)

    def stage(self, batches: Iterable[Batch]) -> None:
        import pyarrow as pa

        for batch in batches:
            if batch.file not in self._files:
                self._files.append(batch.file)
            number = self._files.index(batch.file)
            arrays = [pa.array(column, pa.string()) for column in batch.columns]
            arrays += [pa.array([number] * len(batch.lines), pa.int32()), pa.array(batch.lines, pa.int64())]
            self._connection.insert("staged", pa.table(arrays, names=[*self._names.values(), _FILE, _LINE]))

    @property
    def kept(self) -> Any:
        """The rows that meet every condition."""
        return reduce(lambda table, one: table.filter(self._meets(table, one)), self._declaration.where, self._table)

    def rows(self) -> Iterator[Row]:
        """Every row with a key, in the order of keys."""
        key = self._names[self._declaration.key]
        kept = self.kept
        found = kept.filter(kept[key].notnull()).order_by([key, _FILE, _LINE])
        columns = list(self._declaration.columns)
        place = columns.index(self._declaration.key)
        for batch in found.to_pyarrow_batches(chunk_size=_CHUNK):
            for *cells, file, line in zip(*(batch.column(index).to_pylist() for index in range(batch.num_columns)), strict=True):
                yield Row(cells[place], Position(self._files[file], line), dict(zip(columns, cells, strict=True)))

    def keyless(self) -> list[BadRow]:
        kept = self.kept
        found = kept.filter(kept[self._names[self._declaration.key]].isnull()).select(_FILE, _LINE).order_by([_FILE, _LINE])
        reason = f'the row has no key: the column "{self._declaration.key}" is empty'
        return [BadRow(position, reason) for position in self._positions(found)]

    def twins(self) -> list[Twins]:
        """Keys that more than one row has, each with its first two places; at most a hundred."""
        kept, key = self.kept, self._names[self._declaration.key]
        keyed = kept.filter(kept[key].notnull())
        repeated = keyed.group_by(key).agg(times=keyed.count()).filter(self._ibis._.times > 1).order_by(key).limit(_MOST_TWINS)
        found = keyed.semi_join(repeated, key).select(key, _FILE, _LINE).order_by([key, _FILE, _LINE]).to_pyarrow().to_pylist()
        places: dict[str, list[Position]] = {}
        for row in found:
            places.setdefault(row[key], []).append(Position(self._files[row[_FILE]], row[_LINE]))
        return [Twins(value, first, second) for value, (first, second, *_) in places.items()]

    def _positions(self, found: Any) -> Iterator[Position]:
        for row in found.to_pyarrow().to_pylist():
            yield Position(self._files[row[_FILE]], row[_LINE])

    def _meets(self, table: Any, condition: Condition) -> Any:
        cell = table[self._names[condition.column]]
        texts = [value for value in condition.values if value is not None]
        member = cell.isin(texts).fill_null(False) if texts else self._ibis.literal(False)
        if None in condition.values:
            member |= cell.isnull()
        return ~member if condition.negated else member
