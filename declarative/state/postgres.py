"""A store on a PostgreSQL server, in a schema of its own."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.schema import CreateSchema

from declarative.core.errors import InvalidError, StateError
from declarative.state.tables import complete_for_postgresql

DEFAULT_SCHEMA = "declarative"
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_NAMES = frozenset({"postgresql", "postgres"})
# One key for all: making and migrating tables is rare and quick, so every store of a server may queue for it.
_SETUP_LOCK = 0x6465636C
# Every wait ends: for the network, for a lock, for a peer that went away without a word.
_CONNECT_SECONDS = 10
_LOCK_MILLISECONDS = 30_000
_DEAD_PEER_MILLISECONDS = 30_000


def is_postgres(url: URL) -> bool:
    return url.get_backend_name() in _NAMES


def password_of(url: URL) -> str | None:
    """Wherever the URL gives it; it must not reach a message."""
    given = url.password or url.query.get("password")
    return None if given is None else str(given)


def server_engine(url: URL) -> tuple[Engine, str]:
    """The engine and the schema's name (`?schema=acme` of the URL; "declarative" without it). Connects to nothing yet.

    Raises InvalidError for another driver; StateError for a schema name that would need quoting, or without psycopg.
    """
    if url.get_driver_name() not in ("psycopg", "psycopg2") or "+psycopg2" in url.drivername:
        raise InvalidError(f"The state URL asks for the driver {url.drivername}.", hint="Write postgresql://, without a driver.")
    try:
        import psycopg  # noqa: F401 - an optional extra; only its absence is of interest here
    except ImportError as error:
        raise StateError(
            "A state on PostgreSQL needs psycopg, which is not installed.",
            hint="Run `pip install 'qualys-declarative[postgres]'`.",
        ) from error
    schema, rest = _schema_of(url)
    complete_for_postgresql()
    engine = create_engine(
        rest.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args=_defaults(rest),
        execution_options={"schema_translate_map": {None: schema}},
    )
    return _careful(engine), schema


def _schema_of(url: URL) -> tuple[str, URL]:
    schema = url.query.get("schema", DEFAULT_SCHEMA)
    if not isinstance(schema, str) or not _SCHEMA_NAME.fullmatch(schema):
        raise StateError(
            "The state URL names no usable schema.", hint="`?schema=NAME` takes small letters, digits and _, such as acme_prod."
        )
    return schema, url.difference_update_query(["schema"])


def _defaults(url: URL) -> dict[str, Any]:
    wanted = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "declarative",
        "tcp_user_timeout": _DEAD_PEER_MILLISECONDS,
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    return {name: value for name, value in wanted.items() if name not in url.query}


def _careful(engine: Engine) -> Engine:
    @event.listens_for(engine, "connect")
    def _set(connection: Any, _record: object) -> None:
        # A server may be set to acknowledge before it has written; the journal's promise needs the opposite.
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO on")
            cursor.execute(f"SET lock_timeout TO {_LOCK_MILLISECONDS}")
        connection.commit()

    return engine


def lock_setup(connection: Connection, schema: str) -> None:
    """Until the transaction ends, no other process makes or migrates tables; makes the schema if it is not there."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SETUP_LOCK})
    known = connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": schema}).scalar_one_or_none()
    if known is None:
        connection.execute(CreateSchema(schema))


def copy_schema(connection: Connection, schema: str, into: str) -> None:
    """The tables as they are, rows and columns, in another schema of the same database: the backup before a migration."""
    connection.execute(CreateSchema(into))
    for table in inspect(connection).get_table_names(schema=schema):
        if not table.startswith("snapshot"):
            connection.execute(text(f"CREATE TABLE {into}.{table} AS TABLE {schema}.{table}"))


def refuses_writes(connection: Connection) -> bool:
    """Whether this server (a replica) or this user accepts reads only."""
    return str(connection.execute(text("SHOW transaction_read_only")).scalar_one()) == "on"
