"""What a person, or a log, sees of a running apply."""

from __future__ import annotations

import io
import json
import threading

import pytest

from declarative.apply import Phase, Progress
from declarative.cli.console import Console
from declarative.cli.progress import DownloadLine, ProgressLine


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


def console(*, terminal: bool = False, log_json: bool = False, quiet: bool = False) -> Console:
    return Console(io.StringIO(), Stream(terminal=terminal), log_json=log_json, quiet=quiet)


def sync(done: int, quota: int | None = None) -> Progress:
    return Progress(Phase.SYNC, done, 400, quota_left=quota)


def test_a_terminal_sees_one_line_with_rate_time_left_and_quota(time):
    shown = console(terminal=True)
    line = ProgressLine(shown, now=time)
    line(sync(0))
    time.seconds = 10
    line(sync(100, quota=250))
    assert shown.stderr.getvalue().count("\n") == 0
    assert shown.stderr.getvalue().endswith("sync: 100 of 400, 10.0/s, 30 s left, 250 calls left in the quota")
    line(sync(400))
    assert shown.stderr.getvalue().endswith("\n")


def test_what_else_is_said_on_a_terminal_does_not_mix_with_the_line(time):
    shown = console(terminal=True)
    ProgressLine(shown, now=time)(sync(1))
    shown.note("waiting 30 s")
    assert shown.stderr.getvalue().endswith("sync: 1 of 400\r\x1b[Kwaiting 30 s\n")


def test_elsewhere_a_line_comes_every_ten_seconds_and_at_the_end(time):
    shown = console()
    line = ProgressLine(shown, now=time)
    for second in range(1, 26):
        time.seconds = float(second)
        line(sync(second))
    line(sync(400))
    said = shown.stderr.getvalue().splitlines()
    assert [text.split(",")[0] for text in said] == ["sync: 10 of 400", "sync: 20 of 400", "sync: 400 of 400"]


def test_it_also_speaks_while_nothing_happens():
    shown = console()
    with ProgressLine(shown, every=0.01) as line:
        line(sync(1))
        waiting = threading.Event()
        for _ in range(500):
            if "1 of 400" in shown.stderr.getvalue():
                break
            waiting.wait(0.01)
    assert "sync: 1 of 400" in shown.stderr.getvalue()


def test_in_a_json_log_progress_is_numbers(time):
    shown = console(terminal=True, log_json=True)
    line = ProgressLine(shown, now=time)
    line(sync(0))
    time.seconds = 10
    line(sync(100, quota=250))
    said = json.loads(shown.stderr.getvalue().splitlines()[-1])
    assert (said["event"], said["phase"], said["done"], said["total"]) == ("progress", "sync", 100, 400)
    assert (said["ratePerSecond"], said["secondsLeft"], said["quotaLeft"]) == (10.0, 30, 250)


def test_quiet_says_nothing_and_neither_does_a_phase_without_work(time):
    silent, busy = console(quiet=True), console()
    ProgressLine(silent, now=time)(Progress(Phase.SYNC, 4, 4))
    ProgressLine(busy, now=time)(Progress(Phase.SYNC, 0, 0))
    assert silent.stderr.getvalue() == busy.stderr.getvalue() == ""


def test_a_download_shows_its_share_on_a_terminal_only(time):
    seen, unseen = console(terminal=True), console()
    for shown in (seen, unseen):
        line = DownloadLine(shown, now=time)
        line(500_000, 2_000_000)
        time.seconds += 1
        line(2_000_000, 2_000_000)
    assert "500.0 kB of 2.0 MB (25 %)" in seen.stderr.getvalue()
    assert seen.stderr.getvalue().endswith("2.0 MB of 2.0 MB (100 %)\n")
    assert unseen.stderr.getvalue() == ""
