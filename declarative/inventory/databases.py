"""Tables and statements of databases: read in a stream, written never, and every value as the database itself tells it.

Ibis reads them where nothing closer to the database is at hand. It asks by data frames and views: then whole numbers beside a
null lose digits, and a user who may only read cannot ask at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from declarative.inventory.cells import exact_json
from declarative.inventory.model import SourceError, unreadable
from declarative.kinds.inventory import scheme_of
from declarative.kinds.model import InventoryDeclaration, InventorySource
from declarative.manifest.walk import leads_out

Columns = Sequence[Any]
"""Of some rows: each column an array of Arrow, or a sequence of values."""
Read = Callable[[Sequence[str]], Iterator[Columns]]
_Opened = tuple[list[str], Read]

_SECRET_OPTION = re.compile(r"[?&][^=&]*(?:pass|secret|token|key)[^=&]*=([^&]*)", re.IGNORECASE)
_SCHEMA_OPTION = re.compile(r"(?<=[?&])schema=([^&]*)&?")
_LAST_COMMENTS = re.compile(r";(?:\s|;|--[^\n]*|/\*.*?\*/)*\Z", re.DOTALL)
_CHUNK = 20_000
_CONNECT_SECONDS = 30
_POINTER = "/spec/from/database"
_HERE = frozenset({"datafusion", "flink", "polars", "pyspark"})
"""What Ibis knows and is no database somewhere else: it would read whatever file it is pointed at."""
_AS_TEXT = ("HUGEINT", "UHUGEINT", "BIGNUM", "VARINT", "INTERVAL", "UUID", "BIT", "TIME WITH TIME ZONE")
"""Types of DuckDB that Arrow says less exactly, or otherwise."""


@contextmanager
def query(declaration: InventoryDeclaration, root: Path) -> Iterator[tuple[list[str], Read]]:
    """The columns of the table or of the statement, and what reads some of them, a part of the rows at a time. Raises
    SourceError, also while rows are read; its messages never hold the URL, which may hold a password."""
    source = declaration.source
    with ExitStack() as stack:
        with _told(source):
            columns, read = stack.enter_context(_OPENERS.get(scheme_of(source.place), _by_ibis)(source, root))

        def found(wanted: Sequence[str]) -> Iterator[Columns]:
            with _told(source):
                yield from read(wanted)

        yield columns, found


@contextmanager
def _told(source: InventorySource) -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001 - every driver raises its own
        what = f'the table "{source.table}"' if source.table else "the statement"
        scheme, why = scheme_of(source.place), f"{type(error).__name__}: {_masked(error, source.place)}"
        hint = "check the URL, the table's name, and that the driver is installed; cast a value that cannot be read in `sql`"
        raise unreadable(f"{what} of the {scheme} database cannot be read: {why}", _POINTER, hint) from None


def _masked(error: Exception, url: str) -> str:
    first = str(error).strip().partition("\n")[0].replace(url, "the URL")
    password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    # Its parts, where somebody forgot to write `@` as `%40`.
    secrets = {password, *password.split("@"), *_SECRET_OPTION.findall(url)}
    for secret in sorted(secrets | set(map(unquote, secrets)), key=len, reverse=True):
        first = first.replace(secret, "***") if secret else first
    return first


# each kind of database


@contextmanager
def _sqlite(source: InventorySource, root: Path) -> Iterator[_Opened]:
    import sqlite3

    location = f"file:{quote(str(_file(source, root)))}?mode=ro"
    with closing(sqlite3.connect(location, uri=True)) as connection:
        connection.text_factory = _text

        def columns_of(relation: str) -> list[str]:
            return [name for name, *_ in connection.execute(f"{_selected(('*',), relation)} LIMIT 0").description]

        columns, relation = _relation(source, columns_of)

        def read(wanted: Sequence[str]) -> Iterator[Columns]:
            yield from _in_parts(connection.execute(_selected(map(_quoted, wanted), relation)))

        yield columns, read


@contextmanager
def _duckdb(source: InventorySource, root: Path) -> Iterator[_Opened]:
    import duckdb

    # A statement must not read what else lies on the machine that plans.
    settings: dict[str, Any] = {"enable_external_access": "false"}
    with closing(duckdb.connect(str(_file(source, root)), read_only=True, config=settings)) as connection:
        types: dict[str, str] = {}
        with suppress(duckdb.Error):  # else a moment's text is another one in each machine's zone
            connection.execute("SET TimeZone = 'UTC'")

        def columns_of(relation: str) -> list[str]:
            described = connection.execute(f"DESCRIBE {_selected(('*',), relation)}").fetchall()
            types.update((name, kind) for name, kind, *_ in described)
            return [name for name, *_ in described]

        columns, relation = _relation(source, columns_of)

        def read(wanted: Sequence[str]) -> Iterator[Columns]:
            cells = (f"CAST({_quoted(name)} AS VARCHAR)" if types[name] in _AS_TEXT else _quoted(name) for name in wanted)
            for batch in connection.execute(_selected(cells, relation)).fetch_record_batch(_CHUNK):
                yield batch.columns

        yield columns, read


@contextmanager
def _postgres(source: InventorySource, _root: Path) -> Iterator[_Opened]:
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
        from psycopg.types.json import set_json_loads
    except ImportError as error:
        hint = "pip install 'qualys-declarative[postgres]'"
        raise unreadable(f"PostgreSQL needs the extra `postgres`: {error.name} is not installed", _POINTER, hint) from None
    schemas = _SCHEMA_OPTION.findall(source.place)
    address = "postgresql://" + _SCHEMA_OPTION.sub("", source.place).partition("://")[2]
    timeout = conninfo_to_dict(address).get("connect_timeout", _CONNECT_SECONDS)
    with psycopg.connect(address, autocommit=True, connect_timeout=timeout) as connection:
        connection.execute("SET TIME ZONE 'UTC'")  # else a moment's text is another one in each user's zone
        for schema in schemas:
            connection.execute("SELECT set_config('search_path', %s, false)", (_quoted(unquote(schema)),))
        connection.read_only = True
        set_json_loads(exact_json, connection)

        @contextmanager
        def told(statement: str) -> Iterator[psycopg.ServerCursor[Any]]:
            # The cursor of a server takes one statement alone, where a plain one would take several, and the first could end the
            # transaction that only reads.
            with connection.transaction(), connection.cursor(name="declarative_rows") as cursor:
                yield cursor.execute(statement.encode())

        def columns_of(relation: str) -> list[str]:
            with told(f"{_selected(('*',), relation)} LIMIT 0") as cursor:
                return [column.name for column in cursor.description or ()]

        columns, relation = _relation(source, columns_of)

        def read(wanted: Sequence[str]) -> Iterator[Columns]:
            with told(_selected(map(_quoted, wanted), relation)) as cursor:
                yield from _in_parts(cursor)

        yield columns, read


@contextmanager
def _by_ibis(source: InventorySource, _root: Path) -> Iterator[_Opened]:
    from importlib.metadata import entry_points

    import ibis

    scheme = scheme_of(source.place)
    known = entry_points(group="ibis.backends").names - _HERE
    if scheme not in known:
        raise unreadable(f'no database is known by "{scheme}://"', _POINTER, f"known are {', '.join(sorted(known))}")
    connection = ibis.connect(source.place)
    try:
        table = connection.table(source.table) if source.table else connection.sql(source.sql)

        def read(wanted: Sequence[str]) -> Iterator[Columns]:
            for batch in table.select(*wanted).to_pyarrow_batches(chunk_size=_CHUNK):
                yield batch.columns

        yield list(table.columns), read
    finally:
        connection.disconnect()


_OPENERS: dict[str, Callable[[InventorySource, Path], AbstractContextManager[_Opened]]] = {
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "postgres": _postgres,
    "postgresql": _postgres,
}


# SQL that all of these understand


def _relation(source: InventorySource, columns_of: Callable[[str], list[str]]) -> tuple[list[str], str]:
    """The columns, and what stands after FROM. A table's name may begin with that of its schema; a statement may end with a
    semicolon and comments."""
    if source.table is not None:
        first, second = _quoted(source.table), ".".join(map(_quoted, source.table.split(".")))
    else:
        statement = (source.sql or "").strip()
        # What looks like a comment behind the statement may be the end of a text in it.
        first, second = (f"(\n{one}\n) AS rows_of_source" for one in (statement.rstrip(";"), _LAST_COMMENTS.sub("", statement)))
    try:
        return columns_of(first), first
    except Exception:
        if first == second:
            raise
        return columns_of(second), second


def _selected(cells: Iterable[str], relation: str) -> str:
    return f"SELECT {', '.join(cells)} FROM {relation}"  # noqa: S608 - the user's own SQL


def _in_parts(cursor: Any) -> Iterator[Columns]:
    while rows := cursor.fetchmany(_CHUNK):
        yield list(zip(*rows, strict=True))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _file(source: InventorySource, root: Path) -> Path:
    path = root / source.place.partition(":///")[2]
    if leads_out(root, path):
        raise SourceError("the database leads out of the project through a link", rule="inventory/source", pointer=_POINTER)
    if not path.is_file():
        raise unreadable(f'there is no file "{path.relative_to(root).as_posix()}"', _POINTER)
    return path
