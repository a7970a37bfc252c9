"""Random faults and random kills over many seeded runs: whatever happens, nothing twice and nothing lost.

`make soak` runs hundreds of seeds. A seed gives the same faults and kills again:
`SOAK_SEEDS=17 make soak`, or a range, `SOAK_SEEDS=100-400`.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from declarative.core.clock import SystemClock
from declarative.plan.model import Action
from declarative.state import open_store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork and signals")

SEARCH, SYNC, REPORTS = "/rest/2.0/search/am/asset", "/rest/2.0/am/connector/asset/data/sync", "/rest/2.0/am/report"
HTML = "<html><body><h1>We'll be back soon</h1></body></html>"
MOST_SECONDS = 600.0
# 1: a read failed. 5: blocked. 6: stale. 7: partly. 9: tokens revoked faster than they are made. Never a crash (70), or a
# lock that stays (8).
PLAUSIBLE = {0, 1, 5, 6, 7, 9}


def a_fault(draw: random.Random) -> dict[str, Any]:
    path = draw.choice([SEARCH, SYNC, SYNC, SYNC, REPORTS, REPORTS, REPORTS, "/auth"])
    processed = path in (SYNC, REPORTS) and draw.random() < 0.5
    kinds: list[dict[str, Any]] = [
        {"kind": "status", "status": 429, "headers": {"X-RateLimit-ToWait-Sec": "2"}},
        {"kind": "status", "status": 409, "headers": {"X-RateLimit-ToWait-Sec": "2"}},
        {"kind": "status", "status": draw.choice([500, 502, 503, 504]), "processed": processed},
        {"kind": "html", "status": draw.choice([200, 503]), "body": HTML, "processed": processed},
        {"kind": "reset", "processed": processed},
        {"kind": "truncated", "processed": processed},
        {"kind": "slow", "seconds": 0.05},
    ]
    if path == SEARCH:
        kinds.append({"kind": "dropHasMore"})
    if path == SYNC:
        kinds += [{"kind": "duplicate"}, {"kind": "assetsError", "keys": ["NK-new-1"]}]
    if path != "/auth":
        kinds.append({"kind": "revoke"})
    times = draw.choice([1, 1, 1, 2, 3, 12])
    # Beyond what an apply calls a fault would never strike: two reports, four imports, a search or two, a login.
    spared = draw.randrange({SYNC: 4, REPORTS: 2}.get(path, 1))
    return {**draw.choice(kinds), "path": path, "after": spared, "times": times}


def disturbed(scene: Any, draw: random.Random, steps: int, counts: Counter[str]) -> None:
    """Applies under faults, kills included; then without, until the work is done. Checks every promise at the end."""
    for _ in range(draw.randint(1, 4)):
        scene.sandbox.call("faults", a_fault(draw))
    resuming = False
    for _ in range(draw.randint(1, 4)):
        kill_at = draw.randint(1, steps) if draw.random() < 0.6 else None
        if resuming and draw.random() < 0.6:
            killed, code, taken = scene.apply(resume=True, kill_at=kill_at, hurry=True)
            counts["resumed"] += 1
        elif not resuming:
            killed, code, taken = scene.apply(kill_at=kill_at, hurry=True)
            resuming = True
        else:
            try:
                plan = scene.plan_again()
            except Exception:  # noqa: BLE001 - reading under faults may fail; then nothing is written either
                counts["plans failed"] += 1
                continue
            killed, code, taken = scene.apply(plan=plan, kill_at=kill_at, hurry=True)
        counts["applies"] += 1
        counts["killed" if killed else f"exit {code}"] += 1
        if killed:
            counts[f"killed at {taken[-1].split(':')[0]}"] += 1
        assert killed or code in PLAUSIBLE, f"exit code {code}"
        if code == 0:
            with closing(open_store(scene.state, clock=SystemClock())) as store:
                assert store.open_intents() == (), "exit code 0 with an open journal"
        scene.unlock()
        if draw.random() < 0.5:
            scene.sandbox.call("process", {})
    for fault in scene.sandbox.call("faults")["faults"]:
        counts["faults"] += 1
        counts["faults that struck"] += fault["hits"] > 0
        counts[f"{fault['kind']} faults"] += fault["hits"]
    scene.sandbox.call("faults", {"clear": True})
    finish(scene, counts)


def finish(scene: Any, counts: Counter[str]) -> None:
    for _ in range(3):
        scene.sandbox.call("process", {})
        plan = scene.plan_again()
        if not any(change.action.is_change for change in plan.changes):
            break
        _, code, _ = scene.apply(plan=plan, hurry=True)
        counts["applies to finish"] += 1
        assert code in (0, 7), f"without faults: exit code {code}"
    counts["uncertain reports"] += sum(change.action is Action.BLOCKED for change in scene.plan_again().changes)
    scene.check()


def soaked(scene: Any, steps: list[str], seeds: Iterator[int] | range, counts: Counter[str], until: float) -> None:
    for seed in seeds:
        if time.monotonic() > until:
            return
        stage = scene(f"seed-{seed}")
        try:
            disturbed(stage, random.Random(seed), len(steps), counts)
        except Exception as error:
            error.add_note(f"seed {seed}: again with SOAK_SEEDS={seed} make soak")
            raise
        counts["runs"] += 1


def test_a_few_seeds_of_faults_and_kills_leave_nothing_twice_and_nothing_lost(scene, steps):
    counts: Counter[str] = Counter()
    soaked(scene, steps, range(8), counts, time.monotonic() + 60)
    assert counts["killed"] > 0
    assert counts["faults"] > 0


@pytest.mark.soak
@pytest.mark.timeout(MOST_SECONDS + 120)
def test_hundreds_of_seeds_of_faults_and_kills(scene, steps, capsys):
    first, _, last = os.environ.get("SOAK_SEEDS", "0-399").partition("-")
    seeds = range(int(first), int(last or first) + 1)
    counts: Counter[str] = Counter()
    started = time.monotonic()
    try:
        soaked(scene, steps, seeds, counts, started + MOST_SECONDS)
    finally:
        shown = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        with capsys.disabled():
            done = f"{counts['runs']} of {len(seeds)} seeds from {seeds.start} on"
            print(f"\nsoak: {done}, {time.monotonic() - started:.0f} s: {shown}")
    assert counts["runs"] > 0
