"""Reading many records at the prompt, against the sandbox on loopback: wall, CPU, peak memory, records a second.

    python -m benchmarks.queries [--records N ...]

Each query runs as a user runs it, in a process of its own. Streaming formats (jsonl, csv) must not take more memory for
more records; the last line prints by which factor they do. A table holds everything, and is measured for contrast.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.gateway import sandbox


@dataclass(frozen=True)
class Figure:
    what: str
    records: int
    wall: float
    cpu: float
    peak_mb: float

    def row(self) -> str:
        rate = self.records / self.wall
        return f"{self.what:<28}{self.records:>9}{self.wall:>9.2f}{self.cpu:>9.2f}{self.peak_mb:>9.0f}{rate:>11.0f}"


def timed(what: str, records: int, environ: dict[str, str], *arguments: str) -> Figure:
    """The sandbox and the reader of the pipe are not counted."""
    command = [sys.executable, "-m", "declarative", "--quiet", "query", *arguments, "--limit", str(records)]
    begun = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, cwd=folder) as process,
    ):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {process.returncode}")
    return Figure(what, records, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run(sizes: Sequence[int]) -> list[Figure]:
    figures = []
    with sandbox("--assets", str(max(sizes))) as environ:
        for records in sizes:
            for what, arguments in (
                ("hosts as jsonl", ("hosts", "-o", "jsonl", "--page-size", "300")),
                ("hosts, 3 columns, csv", ("hosts", "-o", "csv", "--page-size", "300", "--fields", "assetId,assetName,address")),
                ("components as jsonl", ("components", "-o", "jsonl", "--page-size", "1000")),
            ):
                figures.append(timed(what, records, environ, *arguments))
                print(figures[-1].row(), flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[2_000, 100_000])
    options = parser.parse_args()
    print(f"{'query':<28}{'records':>9}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'records/s':>11}")
    figures = run(sorted(options.records))
    for what in dict.fromkeys(figure.what for figure in figures):
        of_kind = [figure for figure in figures if figure.what == what]
        grown = of_kind[-1].peak_mb / of_kind[0].peak_mb
        print(f"{what}: {of_kind[-1].records / of_kind[0].records:.0f} times the records, {grown:.2f} times the memory")


if __name__ == "__main__":
    main()
