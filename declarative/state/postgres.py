"""A store on a PostgreSQL server, in a schema of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from declarative.core.errors import InvalidError, StateError
from declarative.state.connection import Connection, Cursor, Database, Row
from declarative.state.url import Url, unreadable

if TYPE_CHECKING:
    import psycopg

DEFAULT_SCHEMA = "declarative"
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_NAMES = frozenset({"postgresql", "postgres"})
# A name, a number, or an IPv6 address in brackets, and perhaps a port.
_HOST = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]*))(?::(\d+))?")
# One key for all: making and migrating tables is rare and quick, so every store of a server may queue for it.
_SETUP_LOCK = 0x6465636C
# Every wait ends: for the network, for a lock, for a peer that went away without a word. What the URL says itself wins.
_LOCK_MILLISECONDS = 30_000
_DEAD_PEER_MILLISECONDS = 30_000
_DEFAULTS = (
    ("connect_timeout", 10),
    ("application_name", "declarative"),
    ("tcp_user_timeout", _DEAD_PEER_MILLISECONDS),
    ("keepalives_idle", 15),
    ("keepalives_interval", 5),
    ("keepalives_count", 3),
)
# Rows on their way at once: whole records take a few MB then, and a million digests two hundred round trips.
_STREAMED = 5_000


class ServerConnection(Connection):
    """Where the tables are is said in each transaction, not once in a session, and nothing is prepared in one: between us and the
    server there may be somebody who shares one session among many. So is what the journal's promise needs, whatever the server is
    set to: a commit is on the disk when it returns."""

    __slots__ = ("_cursors", "_raw", "_settings")

    is_sqlite = False

    def __init__(self, raw: psycopg.Connection[Row], schema: str) -> None:
        self._raw = raw
        self._settings = (
            f'SET LOCAL search_path TO "{schema}"; SET LOCAL synchronous_commit TO on; '
            f"SET LOCAL lock_timeout TO {_LOCK_MILLISECONDS}"
        )
        self._cursors = count()

    def begin(self, *, writes: bool) -> None:
        self._say(f"{'BEGIN' if writes else 'BEGIN ISOLATION LEVEL REPEATABLE READ'}; {self._settings}")

    def commit(self) -> None:
        from psycopg.errors import InFailedSqlTransaction

        # Of a transaction in which something failed the server makes a rollback, and calls that no error.
        if self._say("COMMIT").statusmessage != "COMMIT":
            raise InFailedSqlTransaction("nothing of the transaction was kept")

    def rollback(self) -> None:
        from psycopg.pq import TransactionStatus

        if self._raw.info.transaction_status is not TransactionStatus.IDLE:
            self._say("ROLLBACK")

    def close(self) -> None:
        self._raw.close()

    @property
    def is_broken(self) -> bool:
        return self._raw.closed

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Cursor:
        return self._raw.execute(_in_its_words(statement), values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._raw.cursor() as cursor:
            cursor.executemany(_in_its_words(statement), rows)

    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        # A cursor of the server: the driver would hold all rows of a query in memory. It ends with its transaction at the latest.
        name = f"stream_{next(self._cursors)}"
        self.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {query}", values)
        while rows := self._say(f"FETCH {_STREAMED} FROM {name}").fetchall():
            yield from rows
        self._say(f"CLOSE {name}")

    def _say(self, statement: str) -> psycopg.Cursor[Row]:
        """What has no values, and is never worth preparing."""
        return self._raw.execute(statement.encode(), prepare=False)


def _in_its_words(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()


def is_postgres(url: Url) -> bool:
    return url.kind in _NAMES


def password_of(url: Url) -> str | None:
    """Wherever the URL gives it; it must not reach a message."""
    return url.password or url.option("password")


def server_database(url: Url) -> tuple[Database, str]:
    """The database and the schema's name (`?schema=acme` of the URL; "declarative" without it). Connects to nothing yet.

    Raises InvalidError for another driver; StateError for a schema name that would need quoting, or without psycopg.
    """
    if url.driver not in ("", "psycopg"):
        raise InvalidError(f"The state URL asks for the driver {url.scheme}.", hint="Write postgresql://, without a driver.")
    try:
        import psycopg  # an optional extra, and as long to load as all the rest
        from psycopg.conninfo import make_conninfo
    except ImportError as error:
        raise StateError(
            "A state on PostgreSQL needs psycopg, which is not installed.",
            hint="Run `pip install 'qualys-declarative[postgres]'`.",
        ) from error
    schema = _schema_of(url)
    try:
        said = make_conninfo("", **_options(url))
    except psycopg.ProgrammingError as error:
        why = " ".join(str(error).split())
        raise InvalidError(f"The state URL cannot be used: {why}.", hint="Its options are those of libpq, and schema.") from error

    def connect() -> ServerConnection:
        # Statements that were prepared would belong to the session, too.
        return ServerConnection(psycopg.connect(said, autocommit=True, prepare_threshold=None), schema)

    return Database(connect, (psycopg.Error,), is_sqlite=False), schema


def _schema_of(url: Url) -> str:
    given = url.options.get("schema", (DEFAULT_SCHEMA,))
    if len(given) > 1 or not _SCHEMA_NAME.fullmatch(given[0]):
        raise StateError(
            "The state URL names no usable schema.", hint="`?schema=NAME` takes small letters, digits and _, such as acme_prod."
        )
    return given[0]


def _options(url: Url) -> dict[str, Any]:
    """As libpq names them. Raises InvalidError for hosts that cannot be read."""
    said = {"user": url.user, "password": url.password, "dbname": url.database} | _hosts(url)
    given = {name: values[-1] for name, values in url.options.items() if name not in ("schema", "host", "port")}
    return dict(_DEFAULTS) | {name: value for name, value in said.items() if value} | given


def _hosts(url: Url) -> dict[str, str]:
    """Any number of them, before the path or as options, each with its port or all ports apart. The options win."""
    before = [_host(one) for one in url.hosts.split(",")]
    among = [_host(one) for value in url.options.get("host", ()) for one in value.split(",")]
    apart = ",".join(url.options.get("port", ()))
    ports = next((hosts for hosts in (among, before) if any(port for _, port in hosts)), [])
    return {"host": ",".join(host for host, _ in among or before), "port": apart or ",".join(port for _, port in ports)}


def _host(written: str) -> tuple[str, str]:
    """Its name and port."""
    if written.startswith(("/", "@")) or (written.count(":") > 1 and "[" not in written):
        return written, ""  # a socket, or an IPv6 address without brackets
    found = _HOST.fullmatch(unquote(written))
    if found is None:
        raise unreadable()
    return found[1] or found[2], found[3] or ""


def lock_setup(connection: Connection, schema: str) -> None:
    """Until the transaction ends, no other process makes or migrates tables; makes the schema if it is not there."""
    connection.execute("SELECT pg_advisory_xact_lock(?)", (_SETUP_LOCK,))
    if connection.scalar("SELECT 1 FROM pg_namespace WHERE nspname = ?", (schema,)) is None:
        connection.execute(f'CREATE SCHEMA "{schema}"')


def copy_schema(connection: Connection, schema: str, into: str) -> None:
    """The tables as they are, rows and columns, in another schema of the same database: the backup before a migration."""
    connection.execute(f'CREATE SCHEMA "{into}"')
    for table in connection.scalars("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = ?", (schema,)):
        if not table.startswith("snapshot"):
            connection.execute(f'CREATE TABLE "{into}"."{table}" AS TABLE "{schema}"."{table}"')


def refuses_writes(connection: Connection) -> bool:
    """Whether this server (a replica) or this user accepts reads only."""
    return bool(connection.scalar("SHOW transaction_read_only") == "on")
