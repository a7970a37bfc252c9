"""How long plans and applies take where the service's quota is the bound: `python -m benchmarks.quota [--write]`.

A simulation, call by call, of a rolling window (facts of the API: so many calls in any 3600 s, so many at once), over the
number of calls that the tool's own estimators give. `--write` puts the tables into docs/explanation/sizing.md.
"""

from __future__ import annotations

import argparse
import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.pages import DOCS, put
from benchmarks.results import aligned, markdown
from declarative.plan.build import sync_calls
from declarative.refresh.cost import CHEAP_CALLS, full_calls, incremental_calls, targeted_calls

PAGE = DOCS / "explanation" / "sizing.md"
WINDOW = 3600.0
READ_SECONDS, SYNC_SECONDS = 0.5, 1.0
"""Assumed of one answer. Where the quota binds, twice as much changes nothing."""

ASSETS = 1_000_000
CHANGED = 10_000
TOUCHED = 50_000
"""Live records whose date moved since yesterday, by scans and agents: one in twenty."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls in any hour, and how many of them at once (facts 6.3)."""

    per_hour: int
    at_once: int

    @property
    def name(self) -> str:
        return f"{self.per_hour:,} an hour"


QUOTAS = (Quota(300, 2), Quota(2_000, 10))


@dataclass(frozen=True, slots=True)
class Work:
    """Calls to read, then calls to send; a plan must be whole before anything is sent."""

    said: str
    reads: int
    syncs: int

    @property
    def calls(self) -> int:
        return self.reads + self.syncs


def duration(phases: Iterable[tuple[int, float]], quota: Quota) -> float:
    """Seconds until the last answer, for phases of (calls, seconds of one). A phase starts when the one before has ended.

    A call starts when a slot is free and fewer than the quota have started in the window before it. All calls count
    against one quota: whether the service keeps one for each endpoint is not documented for this API.
    """
    starts: deque[float] = deque()
    now = 0.0
    for calls, seconds in phases:
        slots = [now] * quota.at_once
        for _ in range(calls):
            start = heapq.heappop(slots)
            if len(starts) == quota.per_hour:
                start = max(start, starts.popleft() + WINDOW)
            starts.append(start)
            heapq.heappush(slots, start + seconds)
            now = max(now, start + seconds)
    return now


def lasting(work: Work, quota: Quota) -> float:
    return duration(((work.reads, READ_SECONDS), (work.syncs, SYNC_SECONDS)), quota)


def shown(seconds: float) -> str:
    """A span as a person says it: two figures, never more exact than a simulation is."""
    for name, unit in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= unit * 1.5:
            return f"{seconds / unit:.1f} {name}"
    return "1 minute" if seconds > 50 else f"{max(1, round(seconds))} s"


# What is compared


def nightly() -> list[Work]:
    """A night on which one asset in a hundred has changed, in the extract."""
    return [
        Work("a script that sends everything, 50 a call", 0, sync_calls([ASSETS], 50)),
        Work("a script that sends everything, 500 a call", 0, sync_calls([ASSETS], 500)),
        Work("full scan, pages of 100; changes, 50 a call", full_calls(ASSETS, 100), sync_calls([CHANGED], 50)),
        Work("full scan, pages of 300; changes, 500 a call", full_calls(ASSETS, 300), sync_calls([CHANGED], 500)),
        Work("snapshot, pages of 100; changes, 50 a call", incremental_calls(TOUCHED, 100), sync_calls([CHANGED], 50)),
        Work("snapshot, pages of 300; changes, 500 a call", incremental_calls(TOUCHED, 300), sync_calls([CHANGED], 500)),
        Work(
            "the same as a saved plan, whose objects are looked at again",
            incremental_calls(TOUCHED, 300) + targeted_calls(CHANGED, 0),
            sync_calls([CHANGED], 500),
        ),
        Work("only the 10,000 changed (`--changed-since`), 500 a call", targeted_calls(CHANGED, 0), sync_calls([CHANGED], 500)),
    ]


def first_applies() -> list[Work]:
    """All the assets, for the first time: read everything, send everything."""
    return [
        Work(f"pages of {page}, {batch} a call", full_calls(ASSETS, page), sync_calls([ASSETS], batch))
        for page, batch in ((100, 50), (300, 50), (300, 250), (300, 500), (300, 1_000))
    ]


def readings() -> list[tuple[str, ...]]:
    """What it takes to look up N bound assets of a million: by id, from a snapshot, from scratch; and what is chosen."""
    lines = []
    for wanted in (100, 1_000, 10_000, 50_000, 100_000, ASSETS):
        by_id, kept, full = targeted_calls(wanted, 0), incremental_calls(TOUCHED, 300), full_calls(ASSETS, 300)
        lines.append((f"{wanted:,}", f"{by_id:,}", f"{full:,}", chosen(by_id, full), f"{kept:,}"))
    return lines


def chosen(by_id: int, full: int) -> str:
    """As a plan chooses without a snapshot: it asks for ids where that is cheap, or cheaper."""
    return "by id" if by_id <= CHEAP_CALLS or by_id < full else "full scan"


READING_HEAD = ("assets looked up", "calls by id", "calls of a full scan", "chosen of the two", "calls with a snapshot")


def timed_table(work: Sequence[Work]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head = ("way", "reads", "imports", *(quota.name for quota in QUOTAS))
    return head, [
        (one.said, f"{one.reads:,}", f"{one.syncs:,}", *(shown(lasting(one, quota)) for quota in QUOTAS)) for one in work
    ]


def tables() -> dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Every table by its name in the page."""
    return {"nightly": timed_table(nightly()), "first": timed_table(first_applies()), "reading": (READING_HEAD, readings())}


def filled(text: str) -> str:
    """The page with every table as this simulation has it now; a table stands between two comments that name it."""
    for name, (head, body) in tables().items():
        text = put(text, name, markdown(head, body))
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quota", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/explanation/sizing.md")
    if parser.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"wrote {PAGE}")
        return
    for name, (head, body) in tables().items():
        print(f"{name}\n" + "\n".join(aligned(head, body)) + "\n")


if __name__ == "__main__":
    main()
