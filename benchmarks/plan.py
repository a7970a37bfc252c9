"""Plan and apply of N assets, 1 % changed, against the sandbox on loopback: wall, CPU, peak memory.

    python -m benchmarks.plan [--assets N ...] [--delay SECONDS]

The commands run as a user runs them, each in a process of its own; the sandbox is a process of its own too, whose CPU
and memory are not counted.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway import sandbox
from benchmarks.validate import generate

CHANGED_EVERY = 100


@dataclass(frozen=True)
class Figure:
    what: str
    assets: int
    wall: float
    cpu: float
    peak_mb: float

    def row(self) -> str:
        rate = self.assets / self.wall
        return f"{self.what:<28}{self.assets:>9}{self.wall:>9.2f}{self.cpu:>9.2f}{self.peak_mb:>9.0f}{rate:>11.0f}"


def timed(what: str, assets: int, root: Path, environ: dict[str, str], *arguments: str, expect: int = 0) -> Figure:
    command = [sys.executable, "-m", "declarative", "-C", str(root), "--quiet", *arguments]
    begun = time.perf_counter()
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode != expect:
        sys.exit(f"{' '.join(arguments)} ended with {process.returncode}, expected {expect}")
    return Figure(what, assets, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def edit(root: Path, assets: int) -> None:
    """Every hundredth asset moves to another department."""
    number = 0
    for path in sorted((root / "manifests").glob("assets-*.yaml")):
        lines = path.read_text().splitlines(keepends=True)
        for index, line in enumerate(lines):
            if line.lstrip().startswith("department:"):
                if number % CHANGED_EVERY == 0:
                    lines[index] = "      department: Moved\n"
                number += 1
        path.write_text("".join(lines))
    assert number == assets


def run(assets: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, sandbox("--delay", "0") as environ:
        root = Path(folder) / "project"
        generate(root, assets, 100)
        project = root / "declarative.yaml"
        project.write_text(project.read_text().replace("spec: {platform: EU1}", "spec: {batchSize: 500, pageSize: 300}"))
        everything = ["--max-creates", str(assets), "--max-updates", str(assets)]
        figures = [timed("apply, all new", assets, root, environ, "apply", "--auto-approve", "--wait", *everything)]
        figures.append(timed("plan, nothing changed, warm", assets, root, environ, "plan", "--detailed-exitcode"))
        edit(root, assets)
        shutil.rmtree(root / ".declarative/cache", ignore_errors=True)
        figures.append(timed("plan, 1 % changed, cold", assets, root, environ, "plan", "--detailed-exitcode", expect=2))
        figures.append(timed("plan, 1 % changed, warm", assets, root, environ, "plan", "--detailed-exitcode", expect=2))
        figures.append(timed("apply, 1 % changed", assets, root, environ, "apply", "--auto-approve", "--wait"))
        figures.append(timed("plan, nothing left", assets, root, environ, "plan", "--detailed-exitcode"))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, nargs="+", default=[1_000, 10_000])
    options = parser.parse_args()
    print(f"{'run':<28}{'assets':>9}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'assets/s':>11}")
    by_what: dict[str, list[Figure]] = {}
    for assets in options.assets:
        for figure in run(assets):
            print(figure.row(), flush=True)
            by_what.setdefault(figure.what, []).append(figure)
    for what, figures in by_what.items():
        if len(figures) > 1:
            first, last = figures[0], figures[-1]
            exponent = math.log(last.wall / first.wall) / math.log(last.assets / first.assets)
            print(f"{what}: grows with exponent {exponent:.2f}")


if __name__ == "__main__":
    main()
