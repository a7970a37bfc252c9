"""Every benchmark in turn, each in a process of its own: `make bench`, or `python -m benchmarks [NAME ...]`."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

QUICK: dict[str, list[str]] = {
    "validate": ["--rules"],
    "decide": [],
    "plan": ["--assets", "1000", "10000"],
    "state": ["10000"],
    "queries": [],
    "sandbox": [],
    "inventory": [],
}
VERSIONS = ("pyyaml", "jsonschema-rs", "httpx", "orjson", "sqlalchemy")


def main() -> int:
    here = Path(__file__).parent
    known = [name for name in QUICK if (here / f"{name}.py").is_file()]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*known, []], help=f"default: all of {', '.join(known)}")
    names = parser.parse_args().names or known
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; {versions}")
    print("Shared machines drift: quote ratios within one run, and CPU seconds, not wall seconds across runs.")
    failed = 0
    for name in names:
        print(f"\n== {name} ==", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *QUICK[name]], check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
