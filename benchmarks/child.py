"""One benchmark at one size, in a process of its own: `python -m benchmarks.child NAME SIZE` prints findings as lines of JSON."""

from __future__ import annotations

import importlib
import sys

from benchmarks.measure import BenchmarkError
from benchmarks.results import Remark, encoded


def main(name: str, size: int) -> int:
    module = importlib.import_module(f"benchmarks.{name}")
    try:
        for finding in module.findings(size):
            print(encoded(finding), flush=True)
    except BenchmarkError as error:
        print(encoded(Remark(f"stopped: {error}")), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
