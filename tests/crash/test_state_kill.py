"""SIGKILL at any moment: what was acknowledged is there, what was not is whole or absent, and the store opens."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from declarative.core.clock import SystemClock
from declarative.state import open_store

# Each line on stdout acknowledges: the call before it had returned.
WRITER = """
import sys
from datetime import UTC, datetime
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef
from declarative.core.clock import SystemClock
from declarative.state import open_store
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run

path, run_id = sys.argv[1:]
now = datetime.now(UTC)
store = open_store(path, clock=SystemClock())
store.begin_run(Run(run_id, "apply", now, None, "ana", "here", None, None, None, {}))
print("run", flush=True)
lease = store.acquire(run_id, ttl=0.2, timeout=60)
number = 0
while True:
    addresses = [f"Asset/{run_id}-{number}-{place}" for place in range(3)]
    intent = store.record_intent(run_id, IntentKind.SYNC, f"req-{number}", addresses, at=now)
    print("intent", intent, flush=True)
    source, fields = ConnectorRef("c", "u", "s"), {"f": AppliedField(number)}
    sent = [AppliedAsset(one, source, {"hostName": "h" * 200}, fields) for one in addresses]
    store.record_outcomes(intent, [Outcome(one.address, OutcomeStatus.APPLIED, one) for one in sent], at=now)
    print("outcome", intent, flush=True)
    number += 1
"""

CACHER = """
import sys
from declarative.core.clock import SystemClock
from declarative.state import open_store

with open_store(sys.argv[1], clock=SystemClock()).snapshot() as snapshot:
    print("ready", flush=True)
    generation = 0
    while True:
        generation += 1
        snapshot.replace("https://a", ((n, {"g": generation, "pad": "x" * 300}) for n in range(5_000)), str(generation))
        print("replaced", generation, flush=True)
"""


def _run_and_kill(program: str, arguments: list[str], after: float) -> list[list[str]]:
    """What the program had acknowledged when it was killed, `after` seconds from its first word."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after)
    process.kill()
    rest, errors = process.communicate()
    assert first, errors
    # The last line may be cut; only whole lines acknowledge.
    return [line.split() for line in (first + rest).split("\n")[:-1]]


@pytest.mark.parametrize("seed", range(4))
def test_every_acknowledged_intent_and_outcome_survives_a_kill(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "state.db"
    chance = random.Random(seed)
    for kill in range(2):
        lines = _run_and_kill(WRITER, [str(path), f"run-{kill}"], chance.uniform(0.0, 0.25))
        intents = {int(line[1]) for line in lines if line[0] == "intent"}
        outcomes = {int(line[1]) for line in lines if line[0] == "outcome"}

        with sqlite3.connect(path) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            recorded = {row[0] for row in database.execute("SELECT intent_id FROM journal")}
            closed = {row[0] for row in database.execute("SELECT intent_id FROM journal WHERE closed_at IS NOT NULL")}
            of_intent = dict(database.execute("SELECT intent_id, count(*) FROM outcomes GROUP BY intent_id"))
        database.close()
        assert intents <= recorded
        assert outcomes <= closed
        # An outcome is there with all its parts, or not at all.
        assert of_intent == dict.fromkeys(closed, 3)

        with open_store(str(path), clock=SystemClock()) as store:
            assert {intent.intent_id for intent in store.open_intents()} == recorded - closed
            assert len(store.resources()) == 3 * len(closed)
            assert store.mark.serial == len(closed)
            assert len(store.runs()) == kill + 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("after", [0.0, 0.05, 0.11, 0.23])
def test_a_kill_while_the_snapshot_is_rebuilt_leaves_a_whole_one(tmp_path: Path, after: float) -> None:
    path = tmp_path / "state.db"
    for _ in range(2):
        lines = _run_and_kill(CACHER, [str(path)], after)
        done = [int(line[1]) for line in lines if line[0] == "replaced"]
        with open_store(str(path), clock=SystemClock()) as store, store.snapshot() as snapshot:
            watermark = snapshot.watermark("https://a")
            records = list(snapshot.records("https://a"))
            if watermark is None:
                assert not done
                assert records == []
            else:
                assert len(records) == 5_000
                assert {record["g"] for _, record in records} == {int(watermark)}


def test_a_kill_while_the_first_state_is_made_leaves_one_that_opens(tmp_path: Path) -> None:
    program = (
        "import sys; from declarative.core.clock import SystemClock; from declarative.state import open_store\n"
        "print('go', flush=True); open_store(sys.argv[1], clock=SystemClock()); print('made', flush=True); sys.stdin.read()"
    )
    for attempt in range(5):
        path = tmp_path / str(attempt) / "state.db"
        made = ["made"] in _run_and_kill(program, [str(path)], attempt * 0.01)
        assert path.exists() or not made
        with open_store(str(path), clock=SystemClock()) as store:
            assert store.resources() == {}
            assert store.mark.lineage
