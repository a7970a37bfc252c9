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
from typing import Any

from declarative.apply import ApplyRequest, RunInfo, execute, outcome_code
from declarative.core.clock import SystemClock
from declarative.core.errors import DeclarativeError
from declarative.qualys.client import connect_writer
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


class NoIntent:
    """A planted defect: intents are not written before sending."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def record_intent(self, *_: Any, **__: Any) -> int:
        return 0

    def record_outcomes(self, intent_id: int, outcomes: Any, *, at: Any) -> None:
        self._store.put([outcome.resource for outcome in outcomes if outcome.resource is not None])


class NoOutcome(NoIntent):
    """A planted defect: what came of a write is not recorded."""

    def record_intent(self, *given: Any, **options: Any) -> int:
        return self._store.record_intent(*given, **options)

    def record_outcomes(self, intent_id: int, outcomes: Any, *, at: Any) -> None:
        return None


class EagerReports:
    """A planted defect: a report whose answer is unclear is sent once more."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def create_report(self, request: Any) -> Any:
        outcome = self._writer.create_report(request)
        return self._writer.create_report(request) if outcome.status.value == "unknown" else outcome


class HurriedClock(SystemClock):
    """Waits a hundredth of what it is asked to: the faults of a soak cost no minutes."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / 100)


def run(job: dict[str, Any]) -> int:
    given = pickle.loads(Path(job["request"]).read_bytes())
    clock = HurriedClock() if job.get("hurry") else SystemClock()
    store: Any = open_store(given.pop("state"), clock=clock)
    max_wait = 300.0 if job.get("hurry") else 5.0
    writer: Any = connect_writer(given.pop("url"), CREDENTIALS, clock=clock, rng=random.Random(1), environ={}, max_wait=max_wait)
    defect = job.get("defect")
    request = ApplyRequest(
        store={"no-intent": NoIntent, "no-outcome": NoOutcome}.get(defect, lambda same: same)(store),
        writer=EagerReports(writer) if defect == "eager-reports" else writer,
        clock=clock,
        new_id=lambda: os.urandom(8).hex(),
        run=RunInfo("victim", "here"),
        lock_timeout=10.0,
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
