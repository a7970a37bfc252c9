"""The benchmarks: `make bench`, or `python -m benchmarks [NAME[=N,...] ...] [--sizes N ...] [--keep DIR] [--write]`.

Each benchmark is a module here with `SIZES` (what is run unless told otherwise) and `findings(size)`, which yields rows.
Every one is run at every size in a process of its own. Then come ratios within this run, and the targets.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.keeping import KEEP
from benchmarks.report import page, tables, versions
from benchmarks.results import HEAD, Finding, Remark, Row, cells, decoded, of_bench

HERE = Path(__file__).parent
SUITE = ("startup", "floors", "validate", "worst", "decide", "plan", "scan", "state", "queries", "sandbox", "inventory", "peers")
LARGEST = {"startup": 1, "worst": 500_000, "peers": 10_000}
"""Where more objects would say nothing new, or take hours."""
WIDTHS = (48, 9, 8, 8, 8, 18, 7)


def main() -> int:
    known = [name for name in SUITE if (HERE / f"{name}.py").is_file()]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME[=N,...]", help=f"with its sizes; default: all of {', '.join(known)}")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="how many objects, instead of what fits ten minutes")
    parser.add_argument("--peers", action="store_true", help="install octoDNS from the package index, to run it side by side")
    parser.add_argument("--keep", metavar="DIR", help="keep there what takes long to make, and take it from there again")
    parser.add_argument("--write", action="store_true", help="write benchmarks/RESULTS.md")
    options = parser.parse_args()
    chosen = {name: sizes for name, _, sizes in (given.partition("=") for given in options.names or known)}
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; known: {', '.join(known)}")
    environ = {**os.environ, "BENCH_PEERS": "install"} if options.peers else dict(os.environ)
    if options.keep:
        environ[KEEP] = options.keep
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every start compiles everything again
    print(versions())
    print(_line(HEAD))
    found: list[Finding] = []
    failed = False
    for name, sizes in chosen.items():
        for size in _sizes(name, [int(size) for size in sizes.split(",")] if sizes else options.sizes):
            failed |= not _run(name, size, environ, found)
            if options.write:  # at once: what comes next may take an hour
                (HERE / "RESULTS.md").write_text(page(found), encoding="utf-8")
    rows = [one for one in found if isinstance(one, Row)]
    print("\n".join(("", *tables(rows))))
    return 1 if failed else 0


def _sizes(name: str, given: Sequence[int] | None) -> Sequence[int]:
    if given is None:
        sizes: Sequence[int] = importlib.import_module(f"benchmarks.{name}").SIZES
        return sizes
    return sorted({min(size, LARGEST.get(name, size)) for size in given})


def _run(name: str, size: int, environ: dict[str, str], found: list[Finding]) -> bool:
    command = [sys.executable, "-m", "benchmarks.child", name, str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        for finding in _read(process):
            found.append(of_bench(finding, name))
            _show(found)
    if process.returncode:
        found.append(Remark(f"ended with {process.returncode} at {size:,}: the figures are not complete", name))
        _show(found)
    return process.returncode == 0


def _read(process: subprocess.Popen[str]) -> Iterator[Finding]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            yield decoded(line)


def _show(found: Sequence[Finding]) -> None:
    last = found[-1]
    if isinstance(last, Remark):
        print(f"  ({last.bench}: {last.text})", flush=True)
    else:
        print(_line(cells(last, [one for one in found if isinstance(one, Row)])), flush=True)


def _line(parts: Sequence[str]) -> str:
    first, *rest = (
        part.rjust(width) if at else part.ljust(width) for at, (part, width) in enumerate(zip(parts, WIDTHS, strict=True))
    )
    return " ".join((first, *rest)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
