"""Several processes contend for the lease while its holders are killed: never two at once, and never a lease that stays."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from declarative.core.clock import SystemClock
from declarative.state import open_store

# The holder writes its process id into the marker. Finding the id of a live process there means that two hold the lease.
CONTENDER = """
import os, sys, time
from pathlib import Path
from declarative.core.clock import SystemClock
from declarative.state import open_store

store = open_store(sys.argv[1], clock=SystemClock())
marker, log = Path(sys.argv[2]), Path(sys.argv[3])
me = str(os.getpid())
while True:
    lease = store.acquire(me, timeout=120, ttl=2, heartbeat=0.3)
    other = marker.read_text() if marker.exists() else ""
    if other:
        time.sleep(0.05)
        try:
            os.kill(int(other), 0)
        except ProcessLookupError:
            pass  # killed while it held the lease
        else:
            print("overlaps with", other, flush=True)
            os._exit(1)
    marker.write_text(me)
    time.sleep(0.03)
    lease.check()
    marker.unlink()
    with log.open("a") as held:
        held.write(me + "\\n")
    lease.release()
"""


def test_killed_holders_neither_overlap_with_the_next_nor_block_it(tmp_path: Path) -> None:
    path, marker, log = tmp_path / "state.db", tmp_path / "marker", tmp_path / "log"
    open_store(str(path), clock=SystemClock()).close()
    chance = random.Random(7)

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", CONTENDER, str(path), str(marker), str(log)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    contenders = [start() for _ in range(3)]
    killed = 0
    try:
        deadline = time.monotonic() + 120
        while killed < 4:
            assert time.monotonic() < deadline
            time.sleep(chance.uniform(0.05, 0.3))
            assert all(process.poll() is None for process in contenders), [process.communicate() for process in contenders]
            try:
                holder = marker.read_text()
            except FileNotFoundError:
                continue
            victim = next((process for process in contenders if str(process.pid) == holder), None)
            if victim is not None:
                victim.kill()
                victim.communicate()
                contenders.remove(victim)
                contenders.append(start())
                killed += 1
    finally:
        for process in contenders:
            process.kill()
            process.communicate()
    assert len(log.read_text().split()) >= 3
    with open_store(str(path), clock=SystemClock()) as store:
        store.acquire(str(os.getpid()), timeout=20).check()
