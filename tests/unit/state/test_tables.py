"""The tables are those that every state of version 4 has, whoever made it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from declarative.state import SqlStore
from declarative.state.backend import Backend
from declarative.state.tables import NUMBERED, TABLES

Opener = Callable[..., SqlStore]
Shape = dict[str, list[object]]

# The schema of version 4 as an object-relational mapper wrote it. Never edited: it stands for the files that are out there.
VERSION_4 = """
PRAGMA application_id = 0x6465636C;
CREATE TABLE meta (
  id INTEGER NOT NULL, lineage TEXT NOT NULL, serial BIGINT NOT NULL, schema_version INTEGER NOT NULL, created_by TEXT NOT NULL,
  environment TEXT, PRIMARY KEY (id), CONSTRAINT meta_has_one_row CHECK (id = 1));
CREATE TABLE resources (
  address TEXT NOT NULL, kind TEXT NOT NULL, asset_id BIGINT, native_key TEXT, connector_uuid TEXT, digest TEXT NOT NULL,
  document TEXT NOT NULL, PRIMARY KEY (address));
CREATE INDEX resources_brief ON resources (address, digest, kind, asset_id);
CREATE INDEX resources_by_asset_id ON resources (asset_id) WHERE asset_id IS NOT NULL;
CREATE TABLE runs (
  seq INTEGER NOT NULL, run_id TEXT NOT NULL, command TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, user TEXT NOT NULL,
  host TEXT NOT NULL, "commit" TEXT, plan_digest TEXT, exit_code INTEGER, summary TEXT NOT NULL, PRIMARY KEY (seq),
  UNIQUE (run_id));
CREATE TABLE plans_used (plan_digest TEXT NOT NULL, run_id TEXT NOT NULL, PRIMARY KEY (plan_digest));
CREATE TABLE lease (
  id INTEGER NOT NULL, lease_id TEXT NOT NULL, holder TEXT NOT NULL, acquired_at FLOAT NOT NULL, expires_at FLOAT NOT NULL,
  PRIMARY KEY (id), CONSTRAINT lease_has_one_row CHECK (id = 1));
CREATE TABLE journal (
  intent_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, kind TEXT NOT NULL, request_id TEXT NOT NULL,
  addresses TEXT NOT NULL, recorded_at TEXT NOT NULL, closed_at TEXT, FOREIGN KEY(run_id) REFERENCES runs (run_id));
CREATE INDEX ix_journal_run_id ON journal (run_id);
CREATE INDEX journal_open ON journal (intent_id) WHERE closed_at IS NULL;
CREATE TABLE calls (
  seq INTEGER NOT NULL, run_id TEXT NOT NULL, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER,
  seconds FLOAT NOT NULL, request_id TEXT, error TEXT, PRIMARY KEY (seq), FOREIGN KEY(run_id) REFERENCES runs (run_id));
CREATE INDEX ix_calls_run_id ON calls (run_id);
CREATE TABLE outcomes (
  seq INTEGER NOT NULL, intent_id BIGINT NOT NULL, run_id TEXT NOT NULL, address TEXT NOT NULL, status TEXT NOT NULL, error TEXT,
  request_id TEXT, recorded_at TEXT NOT NULL, PRIMARY KEY (seq), FOREIGN KEY(intent_id) REFERENCES journal (intent_id));
CREATE INDEX ix_outcomes_run_id ON outcomes (run_id);
"""
SNAPSHOT_2 = """
PRAGMA application_id = 0x6465636C;
PRAGMA user_version = 2;
CREATE TABLE snapshot_meta (
  generation INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, base_url TEXT NOT NULL, watermark TEXT NOT NULL,
  complete BOOLEAN NOT NULL, started_at FLOAT NOT NULL);
CREATE TABLE snapshot (
  generation BIGINT NOT NULL, asset_id BIGINT NOT NULL, digest BLOB, record BLOB NOT NULL, PRIMARY KEY (generation, asset_id));
CREATE INDEX snapshot_brief ON snapshot (generation, asset_id, digest);
CREATE TABLE snapshot_keys (
  generation BIGINT NOT NULL, "key" BIGINT NOT NULL, asset_id BIGINT NOT NULL, PRIMARY KEY (generation, "key", asset_id)
) WITHOUT ROWID;
"""
ROWS = """
INSERT INTO meta VALUES (1, '11111111-2222-3333-4444-555555555555', 41, 4, '0.1.0', 'prod');
INSERT INTO runs VALUES (1, 'run-1', 'apply', '2026-01-15T10:00:00Z', NULL, 'ana', 'ci', NULL, NULL, NULL, '{}');
INSERT INTO journal VALUES (5, 'run-1', 'sync', 'req-1', '["Asset/a"]', '2026-01-15T10:00:01Z', NULL);
"""
SNAPSHOT_ROWS = """
INSERT INTO snapshot_meta VALUES (3, 'https://a', 'w', 1, 1768471200.5);
INSERT INTO snapshot VALUES (3, 7, x'0102', x'7801ab56ca53b232ac0500086b0216');
INSERT INTO snapshot_keys VALUES (3, -9, 7);
"""


def shape(path: Path) -> Shape:
    """Everything that SQLite knows of the tables but the spelling of the statements that made them."""
    with closing(sqlite3.connect(path)) as database:
        found: Shape = {}
        for name, kind, sql in database.execute("SELECT name, type, sql FROM sqlite_master ORDER BY name").fetchall():
            words = " ".join((sql or "").split())
            about = [kind, "AUTOINCREMENT" in words, words.endswith("WITHOUT ROWID"), words.partition(" WHERE ")[2]]
            about += database.execute(f"PRAGMA table_xinfo('{name}')").fetchall() if kind == "table" else []
            about += sorted(row[1:] for row in database.execute(f"PRAGMA index_list('{name}')"))
            about += database.execute(f"PRAGMA index_xinfo('{name}')").fetchall()
            about += database.execute(f"PRAGMA foreign_key_list('{name}')").fetchall()
            found[name] = about
        return found


def made(path: Path, *scripts: str) -> Path:
    with closing(sqlite3.connect(path)) as database:
        for script in scripts:
            database.executescript(script)
    path.chmod(0o600)
    return path


def test_a_new_file_has_the_tables_of_version_4(tmp_path: Path, opened: Opener) -> None:
    with opened(str(tmp_path / "state.db")).snapshot() as snapshot:
        assert snapshot.count("https://a") == 0
    assert shape(tmp_path / "state.db") == shape(made(tmp_path / "old.db", VERSION_4))
    assert shape(tmp_path / "state.snapshot.db") == shape(made(tmp_path / "old.snapshot.db", SNAPSHOT_2))


def test_files_of_version_4_are_opened_as_they_are(tmp_path: Path, opened: Opener) -> None:
    path = made(tmp_path / "state.db", VERSION_4, ROWS)
    made(tmp_path / "state.snapshot.db", SNAPSHOT_2, SNAPSHOT_ROWS)
    store = opened(str(path))
    assert (store.mark.serial, store.environment) == (41, "prod")
    assert [intent.intent_id for intent in store.open_intents()] == [5]
    assert store.runs()[0].user == "ana"
    with store.snapshot() as snapshot:
        assert snapshot.watermark("https://a") == "w"
        assert list(snapshot.records("https://a")) == [(7, {"n": 1})]
        assert list(snapshot.digests("https://a")) == [(7, b"\1\2")]
        assert snapshot.ids_with("https://a", [-9]) == {7}
    assert sorted(found.name for found in tmp_path.iterdir() if "backup" in found.name) == []


def test_a_server_has_the_same_columns_in_its_own_words(postgres_url: str, tmp_path: Path, opened: Opener) -> None:
    store = opened(postgres_url)
    with opened(str(tmp_path / "state.db")).snapshot() as snapshot:
        assert snapshot.watermark("https://a") is None
    files = shape(tmp_path / "state.db") | shape(tmp_path / "state.snapshot.db")
    words = {"TEXT": "text", "BIGINT": "bigint", "FLOAT": "double precision", "BLOB": "bytea", "BOOLEAN": "boolean"}
    numbered = NUMBERED | {"snapshot_meta": "generation"}
    for table in (*TABLES, "snapshot_meta", "snapshot", "snapshot_keys"):
        columns = [about for about in files[table] if isinstance(about, tuple) and len(about) == 7]
        counted = numbered.get(table)
        expected = [
            (name, "bigint" if name == counted else words.get(kind, "integer"), not required, name == counted)
            for _, name, kind, required, *_ in columns
        ]
        assert server_columns(store.backend, table) == expected, table


def server_columns(backend: Backend, table: str) -> list[tuple[object, ...]]:
    """Name, type, whether it may be null, whether the server numbers it."""
    with backend.read() as connection:
        found = connection.execute(
            "SELECT column_name, data_type, is_nullable = 'YES', coalesce(column_default LIKE ?, false) "
            "FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
            ("nextval%", backend.schema, table),
        )
        return list(found)
