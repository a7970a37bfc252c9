"""An apply that is stopped, killed or overtaken, as a real process with real signals."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from declarative.core.clock import SystemClock
from declarative.state import open_store

PROJECT = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: acme}
spec: {batchSize: 1}
"""
REPORT = """\
apiVersion: declarative/v1
kind: Report
metadata: {name: weekly}
spec:
  request: {name: Weekly, format: PDF, templateName: ITAM_EASM_REPORT_TEMPLATE, reportType: EASM_LEAD}
"""
SYNC = "*/data/sync"


def posted(gateway: Any, ending: str) -> int:
    return sum(call["method"] == "POST" and call["path"].endswith(ending) for call in gateway.gateway.call_log())


def fault(gateway: Any, **given: Any) -> None:
    gateway.call("/_sandbox/faults", given)


class Started:
    """A command that runs while the test goes on."""

    def __init__(self, workplace: Any, *arguments: str) -> None:
        self._out = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when the process has ended
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "declarative", *arguments],
            cwd=workplace.folder, env=workplace.environ, stdin=subprocess.DEVNULL,
            stdout=self._out, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._said: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr:
            self._said.extend(iter(self.process.stderr.readline, ""))

    @property
    def err(self) -> str:
        return "".join(self._said)

    def until(self, reached: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert self.process.poll() is None, self.err
            assert time.monotonic() < deadline, self.err
            time.sleep(0.02)

    def ended(self, seconds: float = 60) -> int:
        code = self.process.wait(seconds)
        self._listener.join()
        with self._out:
            self._out.seek(0)
            self.out = self._out.read()
        assert "Traceback" not in self.err
        return code

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def planned(workplace: Any, asset: Any) -> Any:
    """Three assets, one a call, and a saved plan of them."""
    workplace.write("declarative.yaml", PROJECT)
    workplace.write("manifests/web.yaml", "---\n".join(asset(f"web-0{number}") for number in range(3)))
    workplace.ok("plan", "--out", "plan.json")
    return workplace


def _hit(gateway: Any) -> bool:
    return any(row["hits"] for row in gateway.call("/_sandbox/faults")["faults"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_finishes_what_is_in_flight_and_resume_does_the_rest(planned: Any, gateway: Any, number: int) -> None:
    fault(gateway, kind="slow", path=SYNC, seconds=1.5, times=1)
    apply = Started(planned, "apply", "plan.json", "--parallelism", "1", "--json")
    apply.until(lambda: _hit(gateway))
    apply.process.send_signal(number)
    assert apply.ended() == 130
    assert "in flight" in apply.err
    assert sorted(entry["outcome"] for entry in apply.json["changes"]) == ["applied", "skipped", "skipped"]
    assert posted(gateway, "/data/sync") == 1

    planned.ok("apply", "plan.json", "--resume", "--wait")
    assert posted(gateway, "/data/sync") == 3
    assert planned.run("plan", "--detailed-exitcode").code == 0


def test_a_signal_ends_the_wait_for_a_rate_limit_and_what_was_not_sent_is_known_as_such(planned: Any, gateway: Any) -> None:
    planned.write("manifests/report.yaml", REPORT)
    fault(gateway, kind="status", path="/rest/2.0/am/report", status=429, headers={"X-RateLimit-ToWait-Sec": "300"}, times=1)
    apply = Started(planned, "apply", "--auto-approve", "--json")
    apply.until(lambda: "waiting 30" in apply.err)
    apply.process.send_signal(signal.SIGINT)
    assert apply.ended(20) == 130
    assert posted(gateway, "/am/report") == 1
    planned.ok("apply", "--auto-approve", "--wait")
    assert posted(gateway, "/am/report") == 2
    assert len(gateway.call("/_sandbox/reports")["reports"]) == 1


def test_a_signal_ends_the_wait_for_arrival(planned: Any, gateway: Any) -> None:
    gateway.gateway.set_delay(3600)
    apply = Started(planned, "apply", "plan.json", "--wait=10m", "--log-format", "json")
    apply.until(lambda: '"arrive"' in apply.err or posted(gateway, "/data/sync") == 3)
    apply.process.send_signal(signal.SIGINT)
    assert apply.ended(30) == 130
    assert planned.ok("plan", "--json").json["summary"]["pending"] == 3


def test_two_signals_stop_at_once_and_unlock_and_resume_finish_the_work(planned: Any, gateway: Any) -> None:
    fault(gateway, kind="slow", path=SYNC, seconds=60, times=1)
    apply = Started(planned, "apply", "plan.json", "--parallelism", "1")
    apply.until(lambda: _hit(gateway))
    apply.process.send_signal(signal.SIGINT)
    apply.until(lambda: "in flight" in apply.err)
    apply.process.send_signal(signal.SIGINT)
    assert apply.ended(10) == 130

    locked = planned.run("apply", "plan.json", "--resume", "--lock-timeout", "0s")
    assert locked.code == 8
    lease = locked.err.partition("(lease ")[2].partition(",")[0]
    planned.ok("state", "unlock", lease)
    planned.ok("apply", "plan.json", "--resume", "--wait")
    assert planned.run("plan", "--detailed-exitcode").code == 0


def expires_soon(workplace: Any) -> None:
    """As if the kill had been a while ago: of the lease that was left, two seconds are to be waited for."""
    with closing(sqlite3.connect(workplace.folder / ".declarative" / "state.db")) as database, database:
        assert database.execute("UPDATE lease SET expires_at = ?", (time.time() + 2,)).rowcount == 1


def test_after_a_kill_resume_waits_the_lease_out_by_itself(planned: Any, gateway: Any) -> None:
    fault(gateway, kind="slow", path=SYNC, seconds=60, times=1)
    apply = Started(planned, "apply", "plan.json", "--parallelism", "1")
    apply.until(lambda: _hit(gateway))
    apply.process.kill()
    apply.ended()
    expires_soon(planned)
    resumed = planned.ok("apply", "plan.json", "--resume", "--wait")
    assert "is locked by" in resumed.err
    assert planned.run("plan", "--detailed-exitcode").code == 0
    assert len(gateway.call("/_sandbox/assets")["assets"]) == 3
    again = planned.run("apply", "plan.json")
    assert again.code == 6, again.text


def test_of_two_pipelines_at_once_one_waits_and_plans_again_and_no_report_runs_twice(planned: Any, gateway: Any) -> None:
    planned.write("manifests/report.yaml", REPORT)
    with closing(open_store(str(planned.folder / ".declarative" / "state.db"), clock=SystemClock())) as store:
        lease = store.acquire("a third one")
        both = [Started(planned, "apply", "--auto-approve", "--lock-timeout", "2m") for _ in range(2)]
        for apply in both:
            apply.until(partial(_waits, apply))
        assert planned.run("apply", "--auto-approve", "--lock-timeout", "0s").code == 8
        lease.release()
    assert [apply.ended(120) for apply in both] == [0, 0], both[0].err + both[1].err
    assert sum("planning again" in apply.err for apply in both) == 1
    assert len(gateway.call("/_sandbox/reports")["reports"]) == 1
    assert posted(gateway, "/data/sync") == 3


def _waits(apply: Started) -> bool:
    return "is locked by" in apply.err
