"""What benchmarks say, and how it is shown: rows of figures, growth fitted over sizes, tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from benchmarks.measure import Usage


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: `work` is named alike at every size, so that growth can be fitted over them; `count` objects of `unit`.

    `wall` and `cpu` are seconds; `peak_mb` None where memory was not looked at. `bench` is filled in by the suite.
    """

    work: str
    count: int
    wall: float
    cpu: float
    peak_mb: float | None = None
    unit: str = "assets"
    bench: str = ""

    @classmethod
    def of(cls, work: str, count: int, usage: Usage, unit: str = "assets") -> Row:
        return cls(work, count, usage.wall, usage.cpu, usage.peak_mb, unit)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be said beside the figures, such as why one is missing."""

    text: str
    bench: str = ""


Finding = Row | Remark


def of_bench(finding: Finding, bench: str) -> Finding:
    return replace(finding, bench=bench)


def encoded(finding: Finding) -> str:
    """One line of JSON."""
    return json.dumps({type(finding).__name__: asdict(finding)})


def decoded(line: str) -> Finding:
    """The finding of a line that `encoded` made."""
    ((name, members),) = json.loads(line).items()
    return Row(**members) if name == "Row" else Remark(**members)


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """How a figure grows with size: k of figure = c * size ** k, by least squares on logarithms.

    None with fewer than two sizes, or where something took no time at all.
    """
    logs = [(math.log(size), math.log(figure)) for size, figure in points if size > 0 and figure > 0]
    if len({x for x, _ in logs}) < 2:
        return None
    middle_x = sum(x for x, _ in logs) / len(logs)
    middle_y = sum(y for _, y in logs) / len(logs)
    return sum((x - middle_x) * (y - middle_y) for x, y in logs) / sum((x - middle_x) ** 2 for x, _ in logs)


def growth(rows: Sequence[Row], row: Row) -> float | None:
    """Fitted over processor seconds of the same work at every size up to this row's: wall seconds drift on a shared machine."""
    alike = [one for one in rows if (one.bench, one.work) == (row.bench, row.work) and one.count <= row.count]
    return exponent((one.count, one.cpu) for one in alike)


HEAD = ("work", "objects", "wall s", "cpu s", "peak MB", "a second", "growth")


def cells(row: Row, rows: Sequence[Row]) -> tuple[str, ...]:
    """A row as text, under HEAD."""
    grown = growth(rows, row)
    return (
        f"{row.bench}: {row.work}" if row.bench else row.work,
        f"{row.count:,}",
        seconds(row.wall),
        seconds(row.cpu),
        "" if row.peak_mb is None else f"{row.peak_mb:,.0f}",
        f"{row.count / row.wall:,.0f} {row.unit}" if row.wall else "",
        "" if grown is None else f"{grown:.2f}",
    )


def seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def aligned(head: Sequence[str], body: Sequence[Sequence[str]], *, left: int = 1) -> list[str]:
    """Lines of a table for a terminal; the first `left` columns and the last one begin at the left."""
    widths = [max(len(line[at]) for line in (head, *body)) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()

    return [line(head), *map(line, body)]


def markdown(head: Sequence[str], body: Sequence[Sequence[str]], *, left: int = 1) -> list[str]:
    """Lines of the same table for a page."""
    rule = ["---" if at < left else "---:" for at in range(len(head))]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *body)]
