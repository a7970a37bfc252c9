"""A backup goes back into any kind of store; what was there is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from declarative.assets.model import AppliedAsset
from declarative.core.clock import SystemClock
from declarative.core.errors import LockedError, StateError
from declarative.state import SqlStore, restore_store
from declarative.state.model import IntentKind, Run

Opener = Callable[..., SqlStore]
Assets = Callable[..., AppliedAsset]

AT = datetime(2026, 1, 15, 10, 33, tzinfo=UTC)


@pytest.fixture
def backup(url: str, tmp_path: Path, opened: Opener, asset: Assets, run: Callable[..., Run]) -> Path:
    """Of a store with two records, a run and an open intent; the store itself has moved on since."""
    store = opened(url)
    store.put([asset("a"), asset("b")])
    store.begin_run(run())
    store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/a"], at=AT)
    path = tmp_path / "backups" / "one"
    store.backup(str(path))
    for number in range(3):
        store.put([asset("c", department=str(number))])
    store.close()
    return path


def test_a_backup_brings_everything_back_and_the_serial_moves_on(url: str, backup: Path, opened: Opener, asset: Assets) -> None:
    lineage = opened(url).mark.lineage
    mark, kept = restore_store(url, backup, clock=SystemClock())
    store = opened(url)
    assert store.mark == mark
    assert (mark.lineage, mark.serial) == (lineage, 5)
    assert store.resources() == {"Asset/a": asset("a"), "Asset/b": asset("b")}
    assert [intent.intent_id for intent in store.open_intents()] == [1]
    assert store.record_intent("run-1", IntentKind.SYNC, "req-2", ["Asset/b"], at=AT) == 2
    assert [found.run_id for found in store.runs()] == ["run-1"]
    assert kept is not None


def test_what_was_there_before_is_kept(tmp_path: Path, opened: Opener, asset: Assets) -> None:
    path = tmp_path / "state" / "state.db"
    store = opened(str(path))
    store.backup(str(tmp_path / "empty"))
    store.put([asset("a")])
    store.close()
    _, kept = restore_store(str(path), tmp_path / "empty", clock=SystemClock())
    assert kept is not None
    assert list(opened(kept).resources()) == ["Asset/a"]
    assert opened(str(path)).resources() == {}


def test_what_was_there_before_is_kept_on_a_server_too(postgres_url: str, tmp_path: Path, opened: Opener, asset: Assets) -> None:
    store = opened(postgres_url)
    store.backup(str(tmp_path / "empty"))
    store.put([asset("a")])
    _, kept = restore_store(postgres_url, tmp_path / "empty", clock=SystemClock())
    with store.backend.read() as connection:
        assert connection.scalars(f"SELECT address FROM {kept}.resources") == ["Asset/a"]
    assert store.resources() == {}


def test_a_state_moves_from_a_file_to_a_server(postgres_url: str, tmp_path: Path, opened: Opener, asset: Assets) -> None:
    file = opened(str(tmp_path / "state.db"))
    file.put([asset("a")])
    file.backup(str(tmp_path / "copy"))
    mark, _ = restore_store(postgres_url, tmp_path / "copy", clock=SystemClock())
    assert mark.lineage == file.mark.lineage
    assert opened(postgres_url).resources() == {"Asset/a": asset("a")}


def test_a_damaged_state_is_replaced_and_its_log_goes_with_it(tmp_path: Path, opened: Opener, asset: Assets) -> None:
    path = tmp_path / "state.db"
    store = opened(str(path))
    store.put([asset("a")])
    store.backup(str(tmp_path / "backup"))
    store.close()
    path.write_bytes(b"rubbish")
    Path(f"{path}-wal").write_bytes(b"more rubbish")
    _, kept = restore_store(str(path), tmp_path / "backup", clock=SystemClock())
    assert Path(str(kept)).read_bytes() == b"rubbish"
    assert Path(f"{kept}-wal").read_bytes() == b"more rubbish"
    assert list(opened(str(path)).resources()) == ["Asset/a"]


def test_nothing_is_restored_under_a_running_apply(url: str, backup: Path, opened: Opener) -> None:
    store = opened(url)
    store.acquire("ana")
    before = store.resources()
    with pytest.raises(LockedError, match="ana"):
        restore_store(url, backup, clock=SystemClock())
    assert store.resources() == before


def test_a_damaged_or_missing_backup_changes_nothing(url: str, backup: Path, opened: Opener) -> None:
    before = opened(url).resources()
    backup.write_bytes(backup.read_bytes()[:5_000])
    with pytest.raises(StateError, match="damaged"):
        restore_store(url, backup, clock=SystemClock())
    with pytest.raises(StateError, match="There is no backup"):
        restore_store(url, backup.with_name("other"), clock=SystemClock())
    assert opened(url).resources() == before
