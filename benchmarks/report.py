"""The end of a run: ratios and targets for the terminal, and the page that keeps the results."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from benchmarks import targets
from benchmarks.results import HEAD, Finding, Remark, Row, aligned, cells, markdown

VERSIONS = ("pyyaml", "jsonschema-rs", "deepdiff", "httpx", "orjson", "msgspec", "ibis-framework", "duckdb")


def versions() -> str:
    """This run's Python, cores and libraries, on one line."""
    found = [f"Python {platform.python_version()}", f"{os.cpu_count()} cores", f"{platform.system()} {platform.machine()}"]
    for name in VERSIONS:
        with suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name} {importlib.metadata.version(name)}")
    return ", ".join(found)


def tables(rows: Sequence[Row]) -> list[str]:
    """Ratios within the run, then the targets of what was run."""
    ratios = targets.ratios(rows)
    ran = {row.bench for row in rows}
    judged = [targets.verdict(target, rows) for target in targets.TARGETS if target.bench in ran]
    lines = [*aligned(targets.RATIO_HEAD, ratios), ""] if ratios else []
    return [*lines, *aligned(targets.HEAD, judged)] if judged else lines


def page(found: Sequence[Finding], now: datetime | None = None) -> str:
    """benchmarks/RESULTS.md: machine, ratios, targets, every row."""
    rows = [one for one in found if isinstance(one, Row)]
    remarks = [one for one in found if isinstance(one, Remark)]
    moment = now or datetime.now(UTC)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    lines = [
        "# Results",
        "",
        "Written by `python -m benchmarks --write`; do not edit. How figures are taken, and what bounds them:",
        "[docs/performance.md](../docs/performance.md). Quote ratios within a run: seconds drift with the machine.",
        "",
        f"{moment:%Y-%m-%d}, load {load} at the end of the run. {versions()}.",
        "",
        "## Targets",
        "",
        *markdown(targets.HEAD, [targets.verdict(target, rows) for target in targets.TARGETS]),
        "",
        "## Ratios",
        "",
        *markdown(targets.RATIO_HEAD, targets.ratios(rows)),
        "",
        "## Figures",
        "",
        "`peak MB` is of the whole tree of processes. `growth`: the exponent fitted over processor seconds of all sizes so far.",
        "",
        *markdown(HEAD, [cells(row, rows) for row in rows]),
        "",
        *(f"- {remark.bench}: {remark.text}" for remark in remarks),
    ]
    return "\n".join(lines).rstrip() + "\n"
