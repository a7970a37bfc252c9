"""The SQLite file: who may touch it, what is wrong with it, and what is said then."""

from __future__ import annotations

import ctypes
import os
import sqlite3
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from declarative.assets.model import AppliedAsset
from declarative.core.clock import SystemClock
from declarative.core.errors import InvalidError, StateError
from declarative.core.exits import ExitCode
from declarative.state import SqlStore, open_store
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run
from declarative.state.sqlite import SIDE_FILES

Opener = Callable[..., SqlStore]
Assets = Callable[..., AppliedAsset]


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


@pytest.fixture
def like_any_user() -> Iterator[None]:
    """Root ignores file modes by a capability; without it root is a user like any other."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(0x20080522, 0), (_Sets * 2)()
    if libc.capget(ctypes.byref(header), sets) != 0:
        pytest.skip("runs as root, and its capabilities cannot be read")
    before = sets[0].effective
    sets[0].effective = before & ~0b1110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
    if libc.capset(ctypes.byref(header), sets) != 0:
        pytest.skip("runs as root, and its capabilities cannot be dropped")
    yield
    sets[0].effective = before
    libc.capset(ctypes.byref(header), sets)


@pytest.fixture
def filled(tmp_path: Path, asset: Assets) -> Path:
    """A closed state with three hundred records."""
    path = tmp_path / "state.db"
    with open_store(str(path), clock=SystemClock()) as store:
        store.put([asset(f"n{number:03}") for number in range(300)])
    return path


def test_the_file_is_for_its_owner_alone_and_so_is_the_folder_that_is_made_for_it(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "new" / ".declarative" / "state.db"
    before = os.umask(0)
    try:
        store = opened(str(path))
        with store.snapshot() as snapshot:
            snapshot.replace("https://a", [(1, {})], "w")
    finally:
        os.umask(before)
    made = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    assert made == dict.fromkeys(made, 0o600)
    assert {"state.db", "state.db-wal", "state.snapshot.db"} <= made.keys()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused_with_the_command_to_run(filled: Path, opened: Opener, mode: int) -> None:
    filled.chmod(mode)
    with pytest.raises(StateError) as refused:
        opened(str(filled))
    assert f"{mode:04o}" in refused.value.message
    assert f"chmod 600 {filled}" in str(refused.value.hint)


def test_closing_leaves_one_file(filled: Path) -> None:
    assert [found.name for found in filled.parent.iterdir()] == ["state.db"]


def test_a_url_and_a_path_name_the_same_file(filled: Path, opened: Opener) -> None:
    assert opened(f"sqlite:///{filled}").mark == opened(str(filled)).mark


def test_a_path_with_characters_that_mean_something_in_urls_works(tmp_path: Path, opened: Opener, asset: Assets) -> None:
    path = tmp_path / "a b#c?d%20é" / "state.db"
    opened(str(path)).put([asset()])
    assert list(opened(str(path)).resources()) == ["Asset/web-01"]
    assert path.is_file()


@pytest.mark.parametrize(
    "url",
    ["mysql://u:hunter2@h/db", "postgresql+asyncpg://u:hunter2@h/db", "sqlite://", "sqlite:///:memory:", "http://h/x", "://"],
)
def test_a_url_of_no_known_kind_is_refused_without_its_password(url: str, opened: Opener) -> None:
    with pytest.raises(InvalidError) as refused:
        opened(url)
    assert refused.value.hint
    assert "hunter2" not in refused.value.message + refused.value.hint


# -- damage -----------------------------------------------------------------------------------------------------------


def test_an_empty_file_is_damage_and_not_an_empty_state(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "state.db"
    path.touch(0o600)
    for read_only in (False, True):
        with pytest.raises(StateError) as refused:
            opened(str(path), read_only=read_only)
        assert "empty" in refused.value.message
        assert "backup" in str(refused.value.hint)
    assert path.stat().st_size == 0


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "state.db"
    path.write_text("version: 1\n# this was a YAML file\n")
    path.chmod(0o600)
    with pytest.raises(StateError, match=r"state\.db is damaged"):
        opened(str(path))
    assert path.read_text().startswith("version: 1")


def test_the_database_of_another_program_is_left_alone(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE meta (id INTEGER)")
    other.close()
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(StateError, match="not a state of declarative"):
        opened(str(path))
    assert path.read_bytes() == before


def test_a_damaged_page_is_found_wherever_it_is(filled: Path, tmp_path: Path, opened: Opener) -> None:
    whole = filled.read_bytes()
    pages = len(whole) // 4096
    assert pages > 20
    for page in range(pages):
        broken = bytearray(whole)
        broken[page * 4096 : page * 4096 + 64] = os.urandom(64)
        path = tmp_path / f"page-{page}.db"
        path.write_bytes(broken)
        path.chmod(0o600)
        with pytest.raises(StateError) as refused:
            opened(str(path)).resources()
        assert str(path) in refused.value.message
        assert "backup" in str(refused.value.hint)


def test_a_file_cut_short_is_damaged(filled: Path, opened: Opener) -> None:
    size = filled.stat().st_size
    for left in (10, 100, 4096, size // 2, size - 4096):
        os.truncate(filled, left)
        with pytest.raises(StateError, match="damaged"):
            opened(str(filled)).resources()
        filled.write_bytes(filled.read_bytes().ljust(size, b"\0"))


def test_a_record_that_changed_at_rest_is_named(filled: Path, opened: Opener) -> None:
    whole = filled.read_bytes()
    assert whole.count(b"NK-n123") >= 1
    filled.write_bytes(whole.replace(b'"NK-n123"', b'"NK-n124"'))
    with pytest.raises(StateError, match="damaged: the record of Asset/n123"):
        dict(opened(str(filled)).resources())


def test_a_database_without_our_rows_is_damaged(filled: Path, opened: Opener) -> None:
    database = sqlite3.connect(filled)
    database.execute("DELETE FROM meta")
    database.commit()
    database.close()
    with pytest.raises(StateError, match="damaged"):
        opened(str(filled))


def test_a_damaged_snapshot_is_replaced_because_it_is_only_a_cache(filled: Path, opened: Opener) -> None:
    cache = filled.with_name("state.snapshot.db")
    for rubbish in (b"", b"rubbish", b"SQLite format 3\0" + b"\1" * 5000):
        cache.write_bytes(rubbish)
        store = opened(str(filled))
        with store.snapshot() as snapshot:
            assert snapshot.watermark("https://a") is None
            snapshot.replace("https://a", [(1, {"a": 1})], "w")
            assert list(snapshot.records("https://a")) == [(1, {"a": 1})]
        store.close()


def test_a_damaged_record_of_the_snapshot_is_named_with_the_file_to_delete(filled: Path, opened: Opener) -> None:
    store = opened(str(filled))
    with store.snapshot() as snapshot:
        snapshot.replace("https://a", [(7, {"a": 1})], "w")
        with store._cache.write() as connection:
            connection.execute("UPDATE snapshot SET record = x'00'")
        with pytest.raises(StateError) as refused:
            list(snapshot.records("https://a"))
    assert "asset 7" in refused.value.message
    assert "state.snapshot.db" in str(refused.value.hint)


def test_a_log_without_its_file_is_not_played_into_a_new_state(
    filled: Path, other_process: Callable[..., subprocess.Popen[str]], opened: Opener
) -> None:
    killed = other_process(
        "import os, sys; from declarative.core.clock import SystemClock; from declarative.state import open_store\n"
        "open_store(sys.argv[1], clock=SystemClock()).remove(['Asset/n000']); os.kill(os.getpid(), 9)",
        str(filled),
    )
    assert killed.wait() == -9
    filled.rename(filled.with_name("away.db"))
    for read_only in (False, True):
        with pytest.raises(StateError) as refused:
            opened(str(filled), read_only=read_only)
        assert f"rm {filled}-wal" in str(refused.value.hint)
    assert not filled.exists()
    Path(f"{filled}-wal").unlink()
    assert opened(str(filled)).resources() == {}


# -- busy -------------------------------------------------------------------------------------------------------------


def test_a_file_that_another_process_keeps_busy_is_said(filled: Path, opened: Opener, asset: Assets) -> None:
    store = opened(str(filled))
    _wait_at_most(store, 50)
    with closing(sqlite3.connect(filled, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="another process keeps it busy"):
            store.put([asset()])
        assert len(store.resources()) == 300
    store.put([asset()])


def test_an_outcome_is_recorded_later_when_the_file_is_busy(filled: Path, opened: Opener, run: Callable[..., Run]) -> None:
    store = opened(str(filled))
    store.begin_run(run())
    intent = store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/a"], at=run().started_at)
    _wait_at_most(store, 50)
    other = sqlite3.connect(filled, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, other.close).start()
    store.record_outcomes(intent, [Outcome("Asset/a", OutcomeStatus.APPLIED)], at=run().started_at)
    assert store.open_intents() == ()
    assert len(store.outcomes_of("run-1")) == 1


def _wait_at_most(store: SqlStore, milliseconds: int) -> None:
    with store._backend.read() as connection:
        connection.execute(f"PRAGMA busy_timeout = {milliseconds}")


# -- places that cannot be written ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("like_any_user")
def test_a_state_in_a_folder_without_write_permission_is_read_and_not_written(
    filled: Path, opened: Opener, asset: Assets
) -> None:
    filled.chmod(0o400)
    filled.parent.chmod(0o500)
    try:
        store = opened(str(filled))
        assert not store.writable
        assert len(store.resources()) == 300
        store.observe([asset("n001", asset_id=1)])
        with store.snapshot() as snapshot:
            assert list(snapshot.records("https://a")) == []
        with pytest.raises(StateError) as refused:
            store.acquire("ana")
        assert str(filled) in refused.value.message
        assert "write" in str(refused.value.hint)
        assert [found.name for found in filled.parent.iterdir()] == ["state.db"]
    finally:
        filled.parent.chmod(0o700)


@pytest.mark.usefixtures("like_any_user")
@pytest.mark.parametrize("index", ["kept", "lost"])
def test_what_a_killed_process_committed_is_read_also_where_nothing_may_be_written(
    filled: Path, index: str, other_process: Callable[..., subprocess.Popen[str]], opened: Opener
) -> None:
    killed = other_process(
        "import os, sys; from declarative.core.clock import SystemClock; from declarative.state import open_store\n"
        "open_store(sys.argv[1], clock=SystemClock()).remove(['Asset/n000']); os.kill(os.getpid(), 9)",
        str(filled),
    )
    assert killed.wait() == -9
    assert Path(f"{filled}-wal").stat().st_size > 0
    if index == "lost":
        Path(f"{filled}-shm").unlink()
    before = {found: found.read_bytes() for found in filled.parent.iterdir()}
    for found in before:
        found.chmod(0o400)
    filled.parent.chmod(0o500)
    try:
        store = opened(str(filled))
        assert not store.writable
        assert len(store.resources()) == 299
        store.close()
    finally:
        filled.parent.chmod(0o700)
    assert {found: found.read_bytes() for found in filled.parent.iterdir()} == before


@pytest.mark.usefixtures("like_any_user")
def test_where_nothing_may_be_written_and_nothing_is_there_the_state_is_empty(tmp_path: Path, opened: Opener) -> None:
    tmp_path.chmod(0o500)
    try:
        store = opened(str(tmp_path / ".declarative" / "state.db"))
        assert not store.writable
        assert store.resources() == {}
        with pytest.raises(StateError, match=r"\.declarative/state\.db cannot be written"):
            store.acquire("ana")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("place", ["/proc/none/state.db", "/sys/none/state.db"])
def test_where_no_folder_can_be_made_the_state_is_empty_and_a_write_says_why(opened: Opener, place: str) -> None:
    if not Path(place).parents[1].is_dir():
        pytest.skip("no such file system here")
    store = opened(place)
    assert not store.writable
    assert store.resources() == {}
    with pytest.raises(StateError, match=f"{place} cannot be written: "):
        store.acquire("ana")


@pytest.mark.usefixtures("like_any_user")
def test_a_file_that_may_not_be_read_is_an_error_and_not_an_empty_state(filled: Path, opened: Opener) -> None:
    filled.chmod(0o000)
    with pytest.raises(StateError, match="permission is denied"):
        opened(str(filled))


@pytest.mark.usefixtures("like_any_user")
def test_a_folder_that_may_not_be_entered_is_an_error_and_not_an_empty_state(filled: Path, opened: Opener) -> None:
    filled.parent.chmod(0o000)
    try:
        for read_only in (False, True):
            with pytest.raises(StateError, match="permission is denied"):
                opened(str(filled), read_only=read_only)
    finally:
        filled.parent.chmod(0o700)


def test_a_folder_in_place_of_the_file_or_a_file_in_place_of_the_folder_is_said(tmp_path: Path, opened: Opener) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(StateError, match="not a regular file"):
        opened(str(tmp_path / "folder"))
    (tmp_path / "file").touch(0o600)
    with pytest.raises(StateError, match="a part of the path is no folder"):
        opened(str(tmp_path / "file" / "state.db"))


# -- disks that fill up -----------------------------------------------------------------------------------------------


def test_a_full_disk_stops_with_a_clear_error_and_keeps_what_was_recorded(filled: Path, opened: Opener, asset: Assets) -> None:
    """Write by write until the disk is full: the failing one leaves no trace, the earlier ones stay."""
    store = opened(str(filled))
    before = store.resources()
    with store._backend.read() as connection:
        connection.execute(f"PRAGMA max_page_count = {connection.scalar('PRAGMA page_count') + 12}")
    kept = 0
    with pytest.raises(StateError) as full:  # noqa: PT012 - which write fails is the disk's choice
        for number in range(2_000):
            store.put([asset(f"more-{number}")])
            kept = number + 1
    assert "the disk is full" in full.value.message
    assert str(filled) in full.value.message
    assert "Free some space" in str(full.value.hint)
    assert full.value.exit_code is ExitCode.ERROR
    store.close()
    again = opened(str(filled))
    assert kept > 0
    assert len(again.resources()) == len(before) + kept
    assert again.mark.serial == 1 + kept


FILL = """
import resource, signal, sys
from declarative.assets.model import AppliedAsset, ConnectorRef
from declarative.core.clock import SystemClock
from declarative.core.errors import StateError
from declarative.state import open_store

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    store = open_store(sys.argv[1], clock=SystemClock())
    for number in range(100_000):
        store.put([AppliedAsset(f"Asset/{number}", ConnectorRef("c", "u", "s"), {"hostName": "x" * 500}, {})])
        print(number, flush=True)
except StateError as error:
    print(error.message, "|", error.hint, flush=True)
"""


@pytest.mark.parametrize("limit", [0, 4_096, 40_000, 200_000, 400_000])
def test_a_file_that_may_not_grow_stops_with_a_clear_error_and_loses_nothing(
    tmp_path: Path, limit: int, other_process: Callable[..., subprocess.Popen[str]], opened: Opener
) -> None:
    path = tmp_path / "state.db"
    output, errors = other_process(FILL, str(path), str(limit)).communicate(timeout=60)
    assert errors == ""
    *numbers, said = output.splitlines()
    assert str(path) in said
    assert "|" in said
    if not path.exists():
        assert list(tmp_path.iterdir()) == []
    assert list(opened(str(path)).resources()) == sorted(f"Asset/{number}" for number in numbers)


# -- making a new file ------------------------------------------------------------------------------------------------


def test_processes_that_open_a_new_state_together_agree_on_one(
    tmp_path: Path, other_process: Callable[..., subprocess.Popen[str]]
) -> None:
    path = tmp_path / "new" / "state.db"
    program = (
        "import sys; from declarative.core.clock import SystemClock; from declarative.state import open_store\n"
        "sys.stdin.readline(); store = open_store(sys.argv[1], clock=SystemClock()); print(store.mark.lineage); store.close()"
    )
    together = [other_process(program, str(path)) for _ in range(4)]
    answers = []
    for process in together:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in together:
        output, errors = process.communicate(timeout=60)
        assert errors == ""
        answers.append(output)
    assert len(set(answers)) == 1
    # Where two close at once, neither is the last one, and SQLite leaves its log to the next that opens the file.
    left = {found.name for found in path.parent.iterdir()}
    assert {"state.db"} <= left <= {f"state.db{suffix}" for suffix in SIDE_FILES}


def test_what_a_killed_process_left_half_made_is_swept_away_later(tmp_path: Path, opened: Opener) -> None:
    left = tmp_path / ".state.db.0123.new"
    left.write_bytes(b"half")
    os.utime(left, (time.time() - 600, time.time() - 600))
    opened(str(tmp_path / "state.db"))
    assert not left.exists()
