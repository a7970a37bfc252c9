"""What was set out to be reached, and how a run is judged by it. Pure: rows in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.results import Row, growth, seconds

Measure = Literal["wall s", "cpu s", "peak MB", "a cpu second", "growth"]


@dataclass(frozen=True, slots=True)
class Target:
    """`limit` on a figure of one row. With `against`, on the ratio of that row's figure to this one's, an object: how many
    times as much the other takes ("x"), or, upside down, how many times as much this one takes (`of_other`)."""

    bench: str
    work: str
    count: int
    measure: Measure
    limit: float
    at_least: bool = False
    against: tuple[str, str] | None = None
    of_other: bool = False


def at_least(bench: str, work: str, count: int, measure: Measure, limit: float) -> Target:
    return Target(bench, work, count, measure, limit, at_least=True)


COLD, WARM = "plan, 1 % changed, cold", "plan, 1 % changed, warm"
OCTODNS = ("plan", "octoDNS: plan, 1 % changed, in turn")
TARGETS: tuple[Target, ...] = (
    Target("startup", "--help", 1, "wall s", 0.10),
    Target("startup", "--version", 1, "wall s", 0.10),
    Target("validate", "cold", 10_000, "wall s", 2.0),
    Target("validate", "warm", 10_000, "wall s", 0.3),
    Target("validate", "cold", 10_000, "peak MB", 150),
    Target("validate", "warm", 10_000, "peak MB", 150),
    Target("plan", COLD, 10_000, "wall s", 4.0),
    Target("plan", WARM, 10_000, "wall s", 1.5),
    Target("plan", COLD, 10_000, "wall s", 5.0, at_least=True, against=OCTODNS),
    Target("plan", WARM, 10_000, "wall s", 10.0, at_least=True, against=OCTODNS),
    Target("decide", "again, 1 % changed", 100_000, "cpu s", 1.0),
    Target("plan", COLD, 100_000, "wall s", 25.0),
    Target("plan", WARM, 100_000, "wall s", 10.0),
    Target("plan", COLD, 100_000, "peak MB", 400),
    Target("plan", WARM, 100_000, "peak MB", 400),
    Target("plan", COLD, 100_000, "growth", 1.05),
    Target("plan", WARM, 100_000, "growth", 1.05),
    Target("inventory", "parquet, 1 % changed", 1_000_000, "wall s", 12.0),
    Target("inventory", "csv, 1 % changed", 1_000_000, "wall s", 18.0),
    Target("inventory", "jsonl, 1 % changed", 1_000_000, "wall s", 35.0),
    Target("inventory", "parquet, 1 % changed", 1_000_000, "peak MB", 1024),
    Target("inventory", "csv, 1 % changed", 1_000_000, "peak MB", 1024),
    Target("inventory", "jsonl, 1 % changed", 1_000_000, "peak MB", 1024),
    at_least("plan", "apply of that plan", 10_000, "a cpu second", 2_000),
    Target("scan", "full scan", 100_000, "cpu s", 1.5, against=("scan", "bare decoding"), of_other=True),
)


def find(rows: Sequence[Row], bench: str, work: str, count: int) -> Row | None:
    return next((row for row in rows if (row.bench, row.work, row.count) == (bench, work, count)), None)


def largest(rows: Sequence[Row], bench: str, work: str, up_to: int) -> Row | None:
    """The row of most objects, but no more than these: what stands in where a peer was not run at that size."""
    fitting = [row for row in rows if (row.bench, row.work) == (bench, work) and row.count <= up_to]
    return max(fitting, key=lambda row: row.count, default=None)


def figure(row: Row, measure: Measure, rows: Sequence[Row]) -> float | None:
    if measure == "growth":
        return growth(rows, row)
    if measure == "a cpu second":
        return row.count / row.cpu if row.cpu else None
    return {"wall s": row.wall, "cpu s": row.cpu, "peak MB": row.peak_mb}[measure]


def reached(target: Target, rows: Sequence[Row]) -> float | None:
    """The figure that the target speaks of; None where this run did not take it."""
    row = find(rows, target.bench, target.work, target.count)
    own = None if row is None else figure(row, target.measure, rows)
    if row is None or target.against is None:
        return own
    other = largest(rows, *target.against, up_to=target.count)
    theirs = None if other is None else figure(other, target.measure, rows)
    if own is None or theirs is None or other is None or not own or not theirs:
        return None
    times = (theirs / other.count) / (own / row.count)
    return 1 / times if target.of_other else times


HEAD = ("target", "objects", "wanted", "reached", "verdict")


def verdict(target: Target, rows: Sequence[Row]) -> tuple[str, ...]:
    """A line under HEAD."""
    got = reached(target, rows)
    sign = ">=" if target.at_least else "<="
    unit = target.measure if target.against is None else f"x {target.against[1].partition(':')[0]}"
    met = "not run" if got is None else "met" if (got >= target.limit if target.at_least else got <= target.limit) else "NOT MET"
    return (
        f"{target.bench}: {target.work}",
        f"{target.count:,}",
        f"{sign} {_shown(target.limit)} {unit}",
        "" if got is None else f"{_shown(got)}",
        met,
    )


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else seconds(value)


RATIOS: tuple[tuple[str, tuple[str, str], tuple[str, str]], ...] = (
    ("a warm plan is quicker than a cold one", ("plan", COLD), ("plan", WARM)),
    ("a warm validate is quicker than a cold one", ("validate", "cold"), ("validate", "warm")),
    ("octoDNS takes, against our cold plan", OCTODNS, ("plan", COLD)),
    ("octoDNS takes, against our warm plan", OCTODNS, ("plan", WARM)),
    ("octoDNS takes to validate, against ours cold", ("peers", "octoDNS: validate"), ("validate", "cold")),
    ("terraform takes, against our cold plan", ("peers", "terraform: plan, nothing changed"), ("plan", COLD)),
    ("a naive Python tool takes, against our cold plan", ("peers", "naive tool: plan, 1 % changed"), ("plan", COLD)),
    ("a full scan takes, against bare decoding", ("scan", "full scan"), ("scan", "bare decoding")),
    ("a full scan takes, against fetching and decoding", ("scan", "full scan"), ("scan", "bare fetching and decoding")),
)
"""What is said, the work above and the work below the line; each an object, in processor seconds and wall seconds."""

RATIO_HEAD = ("ratio, an object", "objects", "cpu", "wall")


def ratios(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """A line under RATIO_HEAD for every pair at the largest size at which the lower one was run."""
    lines = []
    for said, upper, lower in RATIOS:
        below = largest(rows, *lower, up_to=10**12)
        above = None if below is None else largest(rows, *upper, up_to=below.count)
        if above is None or below is None:
            continue
        sizes = f"{below.count:,}" if above.count == below.count else f"{above.count:,} against {below.count:,}"
        cpu = (above.cpu / above.count) / (below.cpu / below.count)
        wall = (above.wall / above.count) / (below.wall / below.count)
        lines.append((said, sizes, f"{_shown(cpu)} x", f"{_shown(wall)} x"))
    return lines
