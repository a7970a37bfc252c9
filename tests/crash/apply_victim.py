"""A process that applies a plan and kills itself at a numbered step; started once, it forks for every job.

Jobs are JSON lines on stdin: {request, kill_at, defect, log}. `request` is a pickle file with everything that the apply is
given. The answer is a JSON line: {killed, code, steps}. Forking keeps a kill matrix of hundreds of real processes cheap.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from declarative.apply import ApplyRequest, RunInfo, execute, executor, outcome_code, precheck
from declarative.core.clock import SystemClock
from declarative.core.errors import DeclarativeError
from declarative.qualys.budget import WaitBudget
from declarative.qualys.client import Means, connect_writer
from declarative.qualys.credentials import credentials_from
from declarative.state import open_store

CREDENTIALS = credentials_from({"QUALYS_USERNAME": "sandbox", "QUALYS_PASSWORD": "sandbox"})


class Steps:
    """Counts the steps in a file, so that they outlive the process, and kills it at one of them."""

    def __init__(self, log: Path, kill_at: int | None) -> None:
        self._file = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._kill_at = kill_at
        self._number = 0
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            self._number += 1
            os.write(self._file, f"{name}\n".encode())
            if self._number == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


# -- planted defects: the suite has to find each of them


class Wrapped:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class NoIntent(Wrapped):
    """Intents are not written at all."""

    def record_intent(self, *_: Any, **__: Any) -> int:
        return 0

    def record_outcomes(self, intent_id: int, outcomes: Any, *, at: Any) -> None:
        self._inner.put([outcome.resource for outcome in outcomes if outcome.resource is not None])


class LateIntent(Wrapped):
    """An intent is written after the answer, together with the outcome."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self._announced: list[tuple[Any, Any]] = []

    def record_intent(self, *given: Any, **options: Any) -> int:
        self._announced.append((given, options))
        return len(self._announced) - 1

    def record_outcomes(self, intent_id: int, outcomes: Any, *, at: Any) -> None:
        given, options = self._announced[intent_id]
        self._inner.record_outcomes(self._inner.record_intent(*given, **options), outcomes, at=at)


class NoOutcome(Wrapped):
    """What came of a write is not recorded."""

    def record_outcomes(self, intent_id: int, outcomes: Any, *, at: Any) -> None:
        return None


class NoLease(Wrapped):
    """The lease is taken whoever holds it."""

    def acquire(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(check=lambda: None, release=lambda: None)


class EagerReports(Wrapped):
    """A report whose answer is unclear is sent once more."""

    def create_report(self, request: Any) -> Any:
        outcome = self._inner.create_report(request)
        return self._inner.create_report(request) if outcome.status.value == "unknown" else outcome


STORES = {"no-intent": NoIntent, "late-intent": LateIntent, "no-outcome": NoOutcome, "no-lease": NoLease}
WRITERS = {"eager-reports": EagerReports}
# Steps of the apply that are left out: whether the plan still fits, and whether its objects still stand where it saw them.
SKIPPED = {"no-plan-check": (executor, "refuse_unfitting"), "no-object-check": (precheck, "_moved")}


class HurriedClock(SystemClock):
    """Waits a hundredth of what it is asked to: the faults of a soak cost no minutes."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / 100)


def run(job: dict[str, Any]) -> int:
    given = pickle.loads(Path(job["request"]).read_bytes())
    clock = HurriedClock() if job.get("hurry") else SystemClock()
    store: Any = open_store(given.pop("state"), clock=clock)
    waits = WaitBudget(300.0 if job.get("hurry") else 5.0)
    means = Means(clock=clock, rng=random.Random(1), environ={}, waits=waits)
    writer: Any = connect_writer(given.pop("url"), CREDENTIALS, means)
    defect = job.get("defect")
    if defect in SKIPPED:
        setattr(*SKIPPED[defect], lambda *_: None)
    request = ApplyRequest(
        store=STORES.get(defect, lambda same: same)(store),
        writer=WRITERS.get(defect, lambda same: same)(writer),
        clock=clock,
        new_id=lambda: os.urandom(8).hex(),
        run=RunInfo("victim", "here"),
        probe=Steps(Path(job["log"]), job.get("kill_at")),
        **given,
    )
    try:
        return int(outcome_code(execute(request)))
    except DeclarativeError as error:
        return int(error.exit_code)
    finally:
        store.close()
        writer.close()


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                os._exit(run(job))
            except BaseException:  # noqa: BLE001 - the parent hears of it by the exit code
                traceback.print_exc()
                os._exit(99)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        answer = {"killed": killed, "code": None if killed else os.waitstatus_to_exitcode(status)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
