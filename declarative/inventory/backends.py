"""Engines behind Ibis: how each takes rows in, keeps a result, and gives rows out. Everything between is one expression."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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

    def keep(self, name: str, expression: Any) -> Any:
        """The result of an expression, worked out once."""


@contextmanager
def backend_for(declaration: InventoryDeclaration) -> Iterator[Backend]:
    """Raises UsageError where the extra is not installed. What the engine keeps goes away with it."""
    ibis = require_extra(declaration.address)
    with TemporaryDirectory(prefix="declarative-") as folder:
        connection = ibis.duckdb.connect(temp_directory=folder, memory_limit=_MEMORY, preserve_insertion_order=False)
        try:
            yield DuckDb(ibis, connection)
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


class DuckDb:
    """Runs inside the process, and spills to a temporary folder; nothing of it is left behind."""

    def __init__(self, ibis: Any, connection: Any) -> None:
        self.ibis = ibis
        self._connection = connection

    def load(self, name: str, tables: Iterable[Any], schema: Any) -> Any:
        table = self._connection.create_table(name, schema=self.ibis.Schema.from_pyarrow(schema), temp=True)
        for part in tables:
            self._connection.insert(name, part)
        return table

    def keep(self, name: str, expression: Any) -> Any:
        return self._connection.create_table(name, expression, temp=True)
