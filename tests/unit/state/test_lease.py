"""One apply at a time, also between processes, and also when one of them dies or sleeps."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from declarative.assets.model import AppliedAsset
from declarative.core.errors import LockedError, StateError
from declarative.state import SqlStore, open_store
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run

Opener = Callable[..., SqlStore]
Starter = Callable[..., "subprocess.Popen[str]"]

AT = datetime(2026, 1, 15, 10, 33, tzinfo=UTC)

HOLD = """
import sys
from declarative.core.clock import SystemClock
from declarative.core.errors import LockedError
from declarative.state import open_store

store = open_store(sys.argv[1], clock=SystemClock())
lease = store.acquire("the other process", ttl=float(sys.argv[2]), heartbeat=float(sys.argv[2]) / 4)
print(lease.info.lease_id, flush=True)
sys.stdin.readline()
try:
    lease.check()
    print("held", flush=True)
except LockedError as error:
    print("lost", flush=True)
"""

# Whoever holds the lease makes the marker; finding it there means that two hold it at once.
CONTEND = """
import os, sys, time
from declarative.core.clock import SystemClock
from declarative.state import open_store

store = open_store(sys.argv[1], clock=SystemClock())
marker = sys.argv[2]
for _ in range(int(sys.argv[3])):
    lease = store.acquire(str(os.getpid()), timeout=60, ttl=30)
    os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    time.sleep(0.01)
    lease.check()
    os.unlink(marker)
    lease.release()
    time.sleep(0.01)
store.close()
"""


@dataclass(slots=True)
class Hands:
    """A clock that moves when told, or when somebody sleeps."""

    at: datetime = datetime(2026, 1, 15, tzinfo=UTC)
    slept: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.at += timedelta(seconds=seconds)


def test_a_second_apply_is_refused_and_told_who_holds_the_lease_and_how_to_unlock(url: str, opened: Opener) -> None:
    lease = opened(url).acquire("ana@ci-7 (run-1)")
    other = opened(url)
    with pytest.raises(LockedError) as refused:
        other.acquire("ben@laptop")
    assert "ana@ci-7 (run-1)" in refused.value.message
    assert lease.info.lease_id in refused.value.message
    assert f"declarative state unlock {lease.info.lease_id}" in str(refused.value.hint)
    held = other.lease_info()
    assert held is not None
    assert (held.holder, held.lease_id) == ("ana@ci-7 (run-1)", lease.info.lease_id)
    assert held.acquired_at < held.expires_at


def test_a_released_lease_is_free_at_once_and_its_heartbeat_ends(url: str, opened: Opener) -> None:
    before = set(threading.enumerate())
    lease = opened(url).acquire("ana")
    lease.check()
    assert "lease-heartbeat" in {thread.name for thread in set(threading.enumerate()) - before}
    lease.release()
    lease.release()
    assert "lease-heartbeat" not in {thread.name for thread in set(threading.enumerate()) - before}
    assert opened(url).lease_info() is None
    with pytest.raises(LockedError, match="released"):
        lease.check()
    opened(url).acquire("ben").check()


def test_waiting_for_the_lease_takes_it_when_the_other_process_lets_go(url: str, opened: Opener, other_process: Starter) -> None:
    store = opened(url)
    holder = other_process(HOLD + "lease.release()", url, "30")
    _first_line(holder)
    threading.Timer(0.6, lambda: _tell(holder)).start()
    began = time.monotonic()
    store.acquire("ana", timeout=20).check()
    assert 0.4 < time.monotonic() - began < 10


def test_waiting_ends_after_the_timeout(tmp_path: Path) -> None:
    clock = Hands()
    with (
        open_store(str(tmp_path / "state.db"), clock=clock) as store,
        open_store(str(tmp_path / "state.db"), clock=clock) as other,
    ):
        store.acquire("ana", ttl=600)
        with pytest.raises(LockedError):
            other.acquire("ben", timeout=30)
        assert 29.9 < clock.slept < 30.1


def test_processes_that_contend_never_hold_the_lease_together(
    url: str, opened: Opener, other_process: Starter, tmp_path: Path
) -> None:
    opened(url)
    contenders = [other_process(CONTEND, url, str(tmp_path / "marker"), "4") for _ in range(3)]
    for contender in contenders:
        _, errors = contender.communicate(timeout=120)
        assert contender.returncode == 0, errors
    assert opened(url).lease_info() is None


def test_the_heartbeat_keeps_a_lease_longer_than_its_time_to_live(url: str, opened: Opener) -> None:
    lease = opened(url).acquire("ana", ttl=1.5, heartbeat=0.2)
    other = opened(url)
    with pytest.raises(LockedError):
        other.acquire("ben", timeout=2.5)
    lease.check()


def test_the_lease_of_a_killed_process_expires(url: str, opened: Opener, other_process: Starter) -> None:
    store = opened(url)
    holder = other_process(HOLD, url, "2")
    _first_line(holder)
    holder.kill()
    holder.wait()
    with pytest.raises(LockedError):
        store.acquire("too early")
    store.acquire("in time", timeout=20).check()


def test_a_process_that_slept_through_its_lease_finds_out_when_another_took_it(
    url: str, opened: Opener, other_process: Starter
) -> None:
    holder = other_process(HOLD, url, "1")
    _first_line(holder)
    holder.send_signal(signal.SIGSTOP)
    opened(url).acquire("ana", timeout=20).release()
    holder.send_signal(signal.SIGCONT)
    _tell(holder)
    assert _first_line(holder) == "lost"


def test_a_lease_that_ran_out_and_that_nobody_took_is_renewed(tmp_path: Path) -> None:
    clock = Hands()
    with open_store(str(tmp_path / "state.db"), clock=clock) as store:
        lease = store.acquire("ana", ttl=60, heartbeat=3600)
        clock.sleep(300)
        assert store.lease_info() is None
        lease.check()
        renewed = store.lease_info()
        assert renewed is not None
        assert renewed.lease_id == lease.info.lease_id
        assert renewed.expires_at == clock.now() + timedelta(seconds=60)


def test_after_an_unlock_nothing_more_can_be_announced_but_what_was_sent_is_recorded(
    url: str, opened: Opener, asset: Callable[..., AppliedAsset], run: Callable[..., Run]
) -> None:
    store = opened(url)
    store.begin_run(run())
    lease = store.acquire("ana")
    sent = store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/a"], at=AT)
    opened(url).unlock(lease.info.lease_id)

    with pytest.raises(LockedError, match="was lost"):
        lease.check()
    with pytest.raises(LockedError, match="was lost"):
        store.record_intent("run-1", IntentKind.SYNC, "req-2", ["Asset/b"], at=AT, resources=[asset("b")])
    store.record_outcomes(sent, [Outcome("Asset/a", OutcomeStatus.APPLIED, asset("a"))], at=AT)
    assert opened(url).open_intents() == ()
    assert list(opened(url).resources()) == ["Asset/a"]


def test_unlocking_needs_the_id_of_the_lease_that_is_held(url: str, opened: Opener) -> None:
    store = opened(url)
    with pytest.raises(StateError, match="not locked"):
        store.unlock("11111111-2222-3333-4444-555555555555")
    lease = store.acquire("ana")
    with pytest.raises(LockedError) as refused:
        opened(url).unlock("11111111-2222-3333-4444-555555555555")
    assert lease.info.lease_id in refused.value.message
    lease.check()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise AssertionError(process.communicate()[1])
    return line


def _tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
