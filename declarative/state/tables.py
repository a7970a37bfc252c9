"""The tables of the store, for SQLite and PostgreSQL alike.

Documents and times are text in both, so that one code path reads them: JSON is decoded by orjson, times are ISO 8601 in
UTC. Only the lease keeps times as seconds since the epoch, because SQL compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from declarative.state.connection import Connection

SCHEMA_VERSION = 4
# Of the cache on SQLite: another version is thrown away, not migrated.
SNAPSHOT_VERSION = 2

# In the header of a SQLite file: tells a state file from any other database.
APPLICATION_ID = 0x6465636C  # "decl"

# Parents first: the rows of the later ones name those of the earlier.
TABLES = ("meta", "resources", "runs", "journal", "outcomes", "calls", "plans_used", "lease")
# The columns that the database numbers by itself.
NUMBERED: Mapping[str, str] = MappingProxyType({"runs": "seq", "journal": "intent_id", "outcomes": "seq", "calls": "seq"})

# What the two say in their own words. SQLite numbers INTEGER PRIMARY KEY by itself, and with AUTOINCREMENT never uses a number
# again; PostgreSQL does both by a sequence.
_SQLITE: Mapping[str, str] = MappingProxyType(
    {
        "number": "INTEGER NOT NULL PRIMARY KEY",
        "number_once": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
        "bytes": "BLOB",
        "where_bound": "WHERE asset_id IS NOT NULL",
        "by_key_only": "WITHOUT ROWID",
    }
)
_POSTGRESQL: Mapping[str, str] = MappingProxyType(
    {
        "number": "BIGSERIAL NOT NULL PRIMARY KEY",
        "number_once": "BIGSERIAL NOT NULL PRIMARY KEY",
        "bytes": "BYTEA",
        "where_bound": "",
        "by_key_only": "",
    }
)

# What a plan asks of every record, without touching the pages of the documents.
_BRIEF = "CREATE INDEX IF NOT EXISTS resources_brief ON resources (address, digest, kind, asset_id)"

# FLOAT has 64 bits in both.
_STATE = (
    """
    CREATE TABLE IF NOT EXISTS meta (
      id INTEGER NOT NULL PRIMARY KEY CONSTRAINT meta_has_one_row CHECK (id = 1),
      lineage TEXT NOT NULL,
      serial BIGINT NOT NULL,
      schema_version INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      environment TEXT)
    """,
    """
    CREATE TABLE IF NOT EXISTS resources (
      address TEXT NOT NULL PRIMARY KEY,
      kind TEXT NOT NULL,
      asset_id BIGINT,
      native_key TEXT,
      connector_uuid TEXT,
      digest TEXT NOT NULL,
      document TEXT NOT NULL)
    """,
    "CREATE INDEX IF NOT EXISTS resources_by_asset_id ON resources (asset_id) {where_bound}",
    _BRIEF,
    """
    CREATE TABLE IF NOT EXISTS runs (
      seq {number},
      run_id TEXT NOT NULL UNIQUE,
      command TEXT NOT NULL,
      started_at TEXT NOT NULL,
      ended_at TEXT,
      "user" TEXT NOT NULL,
      host TEXT NOT NULL,
      "commit" TEXT,
      plan_digest TEXT,
      exit_code INTEGER,
      summary TEXT NOT NULL)
    """,
    """
    CREATE TABLE IF NOT EXISTS journal (
      intent_id {number_once},
      run_id TEXT NOT NULL REFERENCES runs (run_id),
      kind TEXT NOT NULL,
      request_id TEXT NOT NULL,
      addresses TEXT NOT NULL,
      recorded_at TEXT NOT NULL,
      closed_at TEXT)
    """,
    "CREATE INDEX IF NOT EXISTS ix_journal_run_id ON journal (run_id)",
    # Open intents are few among many: the index holds only them.
    "CREATE INDEX IF NOT EXISTS journal_open ON journal (intent_id) WHERE closed_at IS NULL",
    """
    CREATE TABLE IF NOT EXISTS outcomes (
      seq {number},
      intent_id BIGINT NOT NULL REFERENCES journal (intent_id),
      run_id TEXT NOT NULL,
      address TEXT NOT NULL,
      status TEXT NOT NULL,
      error TEXT,
      request_id TEXT,
      recorded_at TEXT NOT NULL)
    """,
    "CREATE INDEX IF NOT EXISTS ix_outcomes_run_id ON outcomes (run_id)",
    """
    CREATE TABLE IF NOT EXISTS calls (
      seq {number},
      run_id TEXT NOT NULL REFERENCES runs (run_id),
      at TEXT NOT NULL,
      method TEXT NOT NULL,
      path TEXT NOT NULL,
      status INTEGER,
      seconds FLOAT NOT NULL,
      request_id TEXT,
      error TEXT)
    """,
    "CREATE INDEX IF NOT EXISTS ix_calls_run_id ON calls (run_id)",
    """
    CREATE TABLE IF NOT EXISTS plans_used (
      plan_digest TEXT NOT NULL PRIMARY KEY,
      run_id TEXT NOT NULL)
    """,
    """
    CREATE TABLE IF NOT EXISTS lease (
      id INTEGER NOT NULL PRIMARY KEY CONSTRAINT lease_has_one_row CHECK (id = 1),
      lease_id TEXT NOT NULL,
      holder TEXT NOT NULL,
      acquired_at FLOAT NOT NULL,
      expires_at FLOAT NOT NULL)
    """,
)

# The snapshot is a cache: on SQLite it lives in a file of its own, so that losing or rebuilding it touches nothing else.
_SNAPSHOT = (
    """
    CREATE TABLE IF NOT EXISTS snapshot_meta (
      generation {number_once},
      base_url TEXT NOT NULL,
      watermark TEXT NOT NULL,
      complete BOOLEAN NOT NULL,
      started_at FLOAT NOT NULL)
    """,
    """
    CREATE TABLE IF NOT EXISTS snapshot (
      generation BIGINT NOT NULL,
      asset_id BIGINT NOT NULL,
      digest {bytes},
      record {bytes} NOT NULL,
      PRIMARY KEY (generation, asset_id))
    """,
    "CREATE INDEX IF NOT EXISTS snapshot_brief ON snapshot (generation, asset_id, digest)",
    # By which identifiers a live record can be found: hashes, so that a few of a million are found without reading the others.
    """
    CREATE TABLE IF NOT EXISTS snapshot_keys (
      generation BIGINT NOT NULL,
      key BIGINT NOT NULL,
      asset_id BIGINT NOT NULL,
      PRIMARY KEY (generation, key, asset_id)) {by_key_only}
    """,
)


def create_state_tables(connection: Connection) -> None:
    _create(connection, _STATE)


def create_brief_index(connection: Connection) -> None:
    _create(connection, (_BRIEF,))


def create_snapshot_tables(connection: Connection) -> None:
    _create(connection, _SNAPSHOT)


def drop_snapshot_tables(connection: Connection) -> None:
    for table in ("snapshot_keys", "snapshot", "snapshot_meta"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def _create(connection: Connection, statements: tuple[str, ...]) -> None:
    words = _SQLITE if connection.is_sqlite else _POSTGRESQL
    for statement in statements:
        connection.execute(statement.format_map(words))


def has_table(connection: Connection, name: str, *, schema: str | None = None) -> bool:
    if connection.is_sqlite:
        return connection.scalar("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)) is not None
    # Unlike a look into the catalogue, this fails where the schema is there and this user may not look into it.
    return connection.scalar("SELECT to_regclass(?)", (f'"{schema}".{name}',)) is not None
