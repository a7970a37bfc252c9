"""Engines behind Ibis: how each takes rows in, keeps a result, and gives rows out. Everything between is one expression."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from declarative.core.errors import UsageError
from declarative.kinds.model import InventoryDeclaration

CHUNK = 20_000
_MEMORY = "512MB"  # what is beyond goes to the temporary folder


class Backend(Protocol):
    """Tables are known by the names that they were kept under; a name is used once."""

    ibis: Any

    def load(self, name: str, tables: Iterable[Any], schema: Any) -> Any:
        """Arrow tables of one schema as a table of the engine."""

    def loaded(self, name: str) -> Iterator[Any]:
        """What was loaded under a name, a batch of Arrow at a time: the engine would hold all of it."""

    def keep(self, name: str, expression: Any) -> Any:
        """The result of an expression, worked out once."""

    def small(self, table: Any) -> Any:
        """One Arrow table, to be asked for once."""

    def batches(self, expression: Any) -> Iterator[Any]:
        """The result of an expression, streamed in its order as batches of Arrow."""


@contextmanager
def backend_for(declaration: InventoryDeclaration) -> Iterator[Backend]:
    """Raises UsageError where the extra is not installed. What the engine keeps goes away with it."""
    ibis = require_extra(declaration.address)
    with TemporaryDirectory(prefix="declarative-", ignore_cleanup_errors=True) as folder:
        if declaration.engine == "pyspark":
            from declarative.inventory.spark import session_for

            with session_for(declaration) as session:
                yield InFiles(ibis, ibis.pyspark.from_connection(session), Path(folder))
            return
        connection = ibis.duckdb.connect(
            temp_directory=folder,
            memory_limit=_MEMORY,
            preserve_insertion_order=False,
            # It cannot tell how long a file is, and may hold the longer side of a join in memory. Ours is on the left.
            disabled_optimizers="build_side_probe_side",
        )
        try:
            yield DuckDb(ibis, connection, Path(folder))
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


def fetched(backend: Backend, expression: Any) -> Any:
    """The whole result as one Arrow table, for results that are small."""
    import pyarrow as pa

    found = list(backend.batches(expression))
    return pa.Table.from_batches(found) if found else expression.schema().to_pyarrow().empty_table()


class DuckDb:
    """Runs inside the process, and spills to a temporary folder; nothing of it is left behind."""

    def __init__(self, ibis: Any, connection: Any, folder: Path) -> None:
        self.ibis = ibis
        self._connection = connection
        self._folder = folder

    def load(self, name: str, tables: Iterable[Any], schema: Any) -> Any:
        import pyarrow as pa
        from pyarrow.dataset import dataset

        place = self._place(name)
        with pa.ipc.new_file(place, schema) as writer:
            for part in tables:
                writer.write_table(part)
        # Read where it lies: putting it into a table of the engine takes several times as long as writing the file.
        return self.ibis.memtable(dataset(place, format="ipc"))

    def loaded(self, name: str) -> Iterator[Any]:
        import pyarrow as pa

        with pa.OSFile(self._place(name)) as file, pa.ipc.open_file(file) as reader:
            yield from map(reader.get_batch, range(reader.num_record_batches))

    def keep(self, name: str, expression: Any) -> Any:
        return self._connection.create_table(name, expression, temp=True)

    def small(self, table: Any) -> Any:
        return self.ibis.memtable(table)

    def batches(self, expression: Any) -> Iterator[Any]:
        yield from expression.to_pyarrow_batches(chunk_size=CHUNK)

    def _place(self, name: str) -> str:
        return str(self._folder / f"{name}.arrow")


class InFiles:
    """Keeps everything as Parquet files in a temporary folder, which the engine has to see: for engines that do not run in
    this process."""

    def __init__(self, ibis: Any, connection: Any, folder: Path) -> None:
        self.ibis = ibis
        self._connection = connection
        self._folder = folder
        self._numbers = count()

    def load(self, name: str, tables: Iterable[Any], schema: Any) -> Any:
        from pyarrow import parquet

        place = self._folder / name
        place.mkdir()
        with parquet.ParquetWriter(place / "part.parquet", schema) as writer:
            for part in tables:
                writer.write_table(part)
        return self._connection.read_parquet(str(place))

    def loaded(self, name: str) -> Iterator[Any]:
        from pyarrow import parquet

        with parquet.ParquetFile(self._folder / name / "part.parquet") as file:
            yield from file.iter_batches(batch_size=CHUNK)

    def keep(self, name: str, expression: Any) -> Any:
        place = self._folder / name
        self._connection.to_parquet(expression, str(place))
        return self._connection.read_parquet(str(place))

    def small(self, table: Any) -> Any:
        return self.load(f"small-{next(self._numbers)}", (table,), table.schema)

    def batches(self, expression: Any) -> Iterator[Any]:
        from pyarrow import parquet

        place = self._folder / f"result-{next(self._numbers)}"
        self._connection.to_parquet(expression, str(place))
        # Parts are numbered in the order of the result. By way of a data frame whole numbers would lose digits.
        for part in sorted(place.glob("*.parquet")):
            with parquet.ParquetFile(part) as file:
                yield from file.iter_batches(batch_size=CHUNK)
