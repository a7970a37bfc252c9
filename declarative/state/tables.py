"""The tables of the store, for SQLite and PostgreSQL alike.

Documents and times are text in both, so that one code path reads them: JSON is decoded by orjson, times are ISO 8601 in
UTC. Only the lease keeps times as seconds since the epoch, because SQL compares them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

SCHEMA_VERSION = 4
# Of the cache on SQLite: another version is thrown away, not migrated.
SNAPSHOT_VERSION = 2

# In the header of a SQLite file: tells a state file from any other database.
APPLICATION_ID = 0x6465636C  # "decl"

# INTEGER PRIMARY KEY is what SQLite numbers by itself; PostgreSQL numbers BIGINT by a sequence.
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("lineage", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("environment", Text),
    CheckConstraint("id = 1", name="meta_has_one_row"),
)

resources = Table(
    "resources",
    metadata,
    Column("address", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("asset_id", BigInteger),
    Column("native_key", Text),
    Column("connector_uuid", Text),
    Column("digest", Text, nullable=False),
    Column("document", Text, nullable=False),
)
Index("resources_by_asset_id", resources.c.asset_id, sqlite_where=resources.c.asset_id.isnot(None))
# What a plan asks of every record, without touching the pages of the documents.
resources_brief = Index("resources_brief", resources.c.address, resources.c.digest, resources.c.kind, resources.c.asset_id)

runs = Table(
    "runs",
    metadata,
    Column("seq", _ROW_ID, primary_key=True, autoincrement=True),
    Column("run_id", Text, nullable=False, unique=True),
    Column("command", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("user", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("commit", Text),
    Column("plan_digest", Text),
    Column("exit_code", Integer),
    Column("summary", Text, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("intent_id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("addresses", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("closed_at", Text),
    sqlite_autoincrement=True,
)
# Open intents are few among many: the index holds only them.
_journal_open = Index("journal_open", journal.c.intent_id, sqlite_where=journal.c.closed_at.is_(None))


def complete_for_postgresql() -> None:
    """Gives the tables what PostgreSQL alone understands; saying it where they are declared would load its dialect for all."""
    _journal_open.dialect_options["postgresql"]["where"] = journal.c.closed_at.is_(None)


outcomes = Table(
    "outcomes",
    metadata,
    Column("seq", _ROW_ID, primary_key=True, autoincrement=True),
    Column("intent_id", BigInteger, ForeignKey("journal.intent_id"), nullable=False),
    Column("run_id", Text, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("error", Text),
    Column("request_id", Text),
    Column("recorded_at", Text, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("seq", _ROW_ID, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Integer),
    Column("seconds", Float, nullable=False),
    Column("request_id", Text),
    Column("error", Text),
)

plans_used = Table(
    "plans_used",
    metadata,
    Column("plan_digest", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("lease_id", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("acquired_at", Float(53), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    CheckConstraint("id = 1", name="lease_has_one_row"),
)

# The snapshot is a cache: on SQLite it lives in a file of its own, so that losing or rebuilding it touches nothing else.
snapshot_metadata = MetaData()

snapshot_meta = Table(
    "snapshot_meta",
    snapshot_metadata,
    Column("generation", _ROW_ID, primary_key=True, autoincrement=True),
    Column("base_url", Text, nullable=False),
    Column("watermark", Text, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("started_at", Float(53), nullable=False),
    sqlite_autoincrement=True,
)

snapshot = Table(
    "snapshot",
    snapshot_metadata,
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("asset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary),
    Column("record", LargeBinary, nullable=False),
)
Index("snapshot_brief", snapshot.c.generation, snapshot.c.asset_id, snapshot.c.digest)

# By which identifiers a live record can be found: hashes, so that a few of a million are found without reading the others.
snapshot_keys = Table(
    "snapshot_keys",
    snapshot_metadata,
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("asset_id", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
