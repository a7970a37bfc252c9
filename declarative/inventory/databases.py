"""Tables of databases, through Ibis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from declarative.inventory.model import SourceError, unreadable
from declarative.kinds.model import InventoryDeclaration
from declarative.manifest.walk import leads_out

Batches = Callable[[Sequence[str]], Iterator[Any]]
_CHUNK = 20_000
_POINTER = "/spec/from/database"


@contextmanager
def query(declaration: InventoryDeclaration, root: Path) -> Iterator[tuple[list[str], Batches]]:
    """The columns of the table or of the statement, and what reads some of them as batches of Arrow. Raises SourceError;
    its messages never hold the URL, which may hold a password."""
    import ibis

    source = declaration.source
    scheme = source.place.partition(":")[0]
    with ExitStack() as stack:
        try:
            connection = _connect(ibis, scheme, source.place, root)
            stack.callback(connection.disconnect)
            table = connection.table(source.table) if source.table else connection.sql(source.sql)
            columns = list(table.columns)
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001 - every backend raises its own
            what = f'the table "{source.table}"' if source.table else "the statement"
            message = f"{what} of the {scheme} database cannot be read: {type(error).__name__}: {_masked(error, source.place)}"
            raise unreadable(
                message, _POINTER, "check the URL, the table's name, and that the database's driver is installed"
            ) from None

        def found(wanted: Sequence[str]) -> Iterator[Any]:
            yield from table.select(*wanted).to_pyarrow_batches(chunk_size=_CHUNK)

        yield columns, found


def _connect(ibis: Any, scheme: str, url: str, root: Path) -> Any:
    if scheme not in ("sqlite", "duckdb"):
        return ibis.connect(url)
    path = root / url.partition("///")[2]
    if leads_out(root, path):
        raise SourceError("the database leads out of the project through a link", rule="inventory/source", pointer=_POINTER)
    if not path.is_file():
        raise unreadable(f'there is no file "{path.relative_to(root).as_posix()}"', _POINTER)
    return ibis.sqlite.connect(path) if scheme == "sqlite" else ibis.duckdb.connect(path, read_only=True)


def _masked(error: Exception, url: str) -> str:
    first = str(error).strip().partition("\n")[0]
    secret = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return first.replace(url, "the URL").replace(secret, "***") if secret else first.replace(url, "the URL")
