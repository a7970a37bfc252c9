"""Older stores are brought forward after a backup, newer ones are refused."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from declarative.assets.model import AppliedAsset
from declarative.core.errors import StateError
from declarative.state import SqlStore, migrations

Opener = Callable[..., SqlStore]
Assets = Callable[..., AppliedAsset]

# The schema of version 1, as it was. Never edited: it stands for the files that are out there.
VERSION_1 = """
PRAGMA application_id = 0x6465636C;
CREATE TABLE meta (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), lineage TEXT NOT NULL, serial BIGINT NOT NULL,
  schema_version INTEGER NOT NULL, created_by TEXT NOT NULL);
CREATE TABLE resources (
  address TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, asset_id BIGINT, native_key TEXT, connector_uuid TEXT,
  document TEXT NOT NULL);
CREATE INDEX resources_by_asset_id ON resources (asset_id) WHERE asset_id IS NOT NULL;
CREATE TABLE runs (
  seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, command TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
  user TEXT NOT NULL, host TEXT NOT NULL, "commit" TEXT, plan_digest TEXT, exit_code INTEGER, summary TEXT NOT NULL);
CREATE TABLE journal (
  intent_id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL REFERENCES runs (run_id), kind TEXT NOT NULL,
  request_id TEXT NOT NULL, addresses TEXT NOT NULL, recorded_at TEXT NOT NULL, closed_at TEXT);
CREATE INDEX journal_open ON journal (intent_id) WHERE closed_at IS NULL;
CREATE TABLE outcomes (
  seq INTEGER PRIMARY KEY, intent_id BIGINT NOT NULL REFERENCES journal (intent_id), run_id TEXT NOT NULL, address TEXT NOT NULL,
  status TEXT NOT NULL, error TEXT, request_id TEXT, recorded_at TEXT NOT NULL);
CREATE TABLE calls (
  seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs (run_id), at TEXT NOT NULL, method TEXT NOT NULL,
  path TEXT NOT NULL, status INTEGER, seconds FLOAT NOT NULL, request_id TEXT, error TEXT);
CREATE TABLE plans_used (plan_digest TEXT NOT NULL PRIMARY KEY, run_id TEXT NOT NULL);
CREATE TABLE lease (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), lease_id TEXT NOT NULL, holder TEXT NOT NULL,
  acquired_at FLOAT NOT NULL, expires_at FLOAT NOT NULL);
INSERT INTO meta VALUES (1, '11111111-2222-3333-4444-555555555555', 41, 1, '0.1.0');
INSERT INTO resources VALUES ('Report/weekly', 'report', NULL, NULL, NULL,
  '{"fileUuid":"f","name":"weekly","ranAt":null,"requestDigest":"sha256:r","requestId":null,"scopeDigest":null,"status":"created"}');
INSERT INTO runs VALUES (1, 'run-1', 'apply', '2026-01-15T10:00:00Z', NULL, 'ana', 'ci', NULL, NULL, NULL, '{}');
INSERT INTO journal VALUES (5, 'run-1', 'sync', 'req-1', '["Asset/a"]', '2026-01-15T10:00:01Z', NULL);
"""


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    database = sqlite3.connect(path)
    database.executescript(VERSION_1)
    database.close()
    path.chmod(0o600)
    return path


def test_a_state_of_version_1_is_migrated_and_keeps_everything(version_1: Path, opened: Opener, asset: Assets) -> None:
    store = opened(str(version_1))
    assert (store.mark.lineage, store.mark.serial) == ("11111111-2222-3333-4444-555555555555", 41)
    report = store.get("Report/weekly")
    assert report is not None
    assert report.name == "weekly"
    assert [intent.intent_id for intent in store.open_intents()] == [5]
    store.put([report])
    assert store.mark.serial == 41
    store.put([asset()])
    assert store.mark.serial == 42


def test_a_backup_of_the_old_state_is_left_beside_the_migrated_one(version_1: Path, opened: Opener) -> None:
    opened(str(version_1)).close()
    opened(str(version_1)).close()
    (backup,) = (found for found in version_1.parent.iterdir() if found != version_1)
    assert backup.name.startswith("state.db.v1-backup-")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    database = sqlite3.connect(backup)
    assert database.execute("SELECT schema_version, serial FROM meta").fetchall() == [(1, 41)]
    assert database.execute("SELECT address FROM resources").fetchall() == [("Report/weekly",)]
    database.close()


def test_a_migration_that_fails_leaves_the_old_state_as_it_was(
    version_1: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_and_fail(connection: object) -> None:
        real(connection)
        raise OSError(28, "No space left on device")

    real = migrations.STEPS[1]
    monkeypatch.setattr(migrations, "STEPS", {1: add_and_fail})
    with pytest.raises(StateError, match="the disk is full"):
        opened(str(version_1))
    database = sqlite3.connect(version_1)
    assert database.execute("SELECT schema_version FROM meta").fetchall() == [(1,)]
    assert "digest" not in {row[1] for row in database.execute("PRAGMA table_info(resources)")}
    database.close()


def test_an_old_state_that_may_not_be_written_is_not_read_wrongly(version_1: Path, opened: Opener) -> None:
    with pytest.raises(StateError, match="older schema version 1"):
        opened(str(version_1), read_only=True)
    assert list(version_1.parent.iterdir()) == [version_1]


def test_every_older_version_has_a_step() -> None:
    assert sorted(migrations.STEPS) == list(range(1, migrations.SCHEMA_VERSION))


def test_a_newer_state_is_refused_and_left_alone(url: str, opened: Opener, asset: Assets) -> None:
    store = opened(url)
    store.put([asset()])
    with store._backend.write() as connection:
        connection.execute("UPDATE meta SET schema_version = 99")
    for read_only in (False, True):
        with pytest.raises(StateError) as refused:
            opened(url, read_only=read_only)
        assert "schema version 99" in refused.value.message
        assert "newer" in str(refused.value.hint)
    assert list(store.resources()) == ["Asset/web-01"]


def test_a_schema_of_version_1_on_a_server_is_migrated_after_a_copy(postgres_url: str, opened: Opener, asset: Assets) -> None:
    store = opened(postgres_url)
    store.put([asset("a"), asset("b", asset_id=3)])
    schema = store._backend.schema
    with store._backend.write() as connection:
        connection.execute(f"ALTER TABLE {schema}.resources DROP COLUMN digest")
        connection.execute(f"ALTER TABLE {schema}.meta DROP COLUMN environment")
        connection.execute("UPDATE meta SET schema_version = 1")
    store.close()

    migrated = opened(postgres_url)
    assert migrated.resources() == {"Asset/a": asset("a"), "Asset/b": asset("b", asset_id=3)}
    assert migrated.mark.serial == 1
    with migrated._backend.read() as connection:
        (copy,) = connection.scalars("SELECT nspname FROM pg_namespace WHERE nspname LIKE ?", (f"{schema[:30]}_v1%",))
        assert connection.scalar(f"SELECT count(*) FROM {copy}.resources") == 2


def test_the_cache_of_a_server_in_its_older_form_is_made_anew(postgres_url: str, opened: Opener, asset: Assets) -> None:
    store = opened(postgres_url)
    store.put([asset("a")])
    with store.snapshot() as snapshot:
        snapshot.replace("https://a", [(1, {"n": 1})], "w1")
    schema = store._backend.schema
    with store._backend.write() as connection:
        connection.execute(f"DROP INDEX {schema}.resources_brief")
        connection.execute(f"DROP TABLE {schema}.snapshot_keys")
        connection.execute(f"ALTER TABLE {schema}.snapshot DROP COLUMN digest")
        connection.execute(f"ALTER TABLE {schema}.meta DROP COLUMN environment")
        connection.execute("UPDATE meta SET schema_version = 2")
    store.close()

    migrated = opened(postgres_url)
    assert migrated.resources() == {"Asset/a": asset("a")}
    with migrated.snapshot() as snapshot:
        assert snapshot.watermark("https://a") is None
        snapshot.replace("https://a", [(1, {"n": 1})], "w2", indexer=lambda _record: (b"d", [5]))
        assert snapshot.ids_with("https://a", [5]) == {1}
