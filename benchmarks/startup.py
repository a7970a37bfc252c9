"""How long the tool takes to say something about itself; beside it, what a bare interpreter takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks import measure
from benchmarks.results import Finding, Row

SIZES = (1,)
RUNS = 7


def findings(_size: int) -> Iterator[Finding]:
    python = measure.best(RUNS, lambda: measure.command([sys.executable, "-c", "pass"]))
    yield Row.of("python -c pass", 1, python, "starts")
    for option in ("--help", "--version"):
        usage = measure.best(RUNS, lambda option=option: measure.tool(option))
        yield Row.of(option, 1, usage, "starts")
