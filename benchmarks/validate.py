"""`declarative validate`: cold, with a warm cache, with one file changed; and what a plan pays before it asks the service."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from benchmarks import measure
from benchmarks.project import generate
from benchmarks.results import Finding, Row

SIZES = (1_000, 10_000)


def findings(size: int) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        generate(root, size)
        environ = {**os.environ, "XDG_CACHE_HOME": str(Path(folder) / "cache")}
        yield Row.of("cold", size, measure.tool("validate", root=root, environ=environ))
        yield Row.of("warm", size, measure.best(3, lambda: measure.tool("validate", root=root, environ=environ)))
        changed = root / "manifests" / "assets-0000000.yaml"
        changed.write_text(changed.read_text() + "# a word more\n")
        yield Row.of("warm, one file changed", size, measure.tool("validate", root=root, environ=environ))
        line = [sys.executable, "-m", "benchmarks.validate", str(root)]
        usage = measure.command(line, environ=environ, keep=True)
        for work, seconds in json.loads(usage.output).items():
            yield Row(work, size, seconds["wall"], seconds["cpu"])


def parts(root: Path) -> dict[str, dict[str, float]]:
    """Loads and lowers the project in this process, as a plan does; seconds of each."""
    from datetime import UTC, datetime

    from declarative.kinds import lower
    from declarative.kinds.noting import RuleNoter
    from declarative.manifest import load

    moments = [(time.perf_counter(), time.process_time())]
    now = datetime.now(UTC)
    loaded = load(root, environ=os.environ, noter=RuleNoter(now))
    moments.append((time.perf_counter(), time.process_time()))
    found = [*loaded.diagnostics, *lower(loaded, now=now).diagnostics]
    moments.append((time.perf_counter(), time.process_time()))
    if found:
        sys.exit(f"the generated project is not valid: {found[0]}")
    names = ("of a plan, warm: reading", "of a plan, warm: rules")
    return {name: {"wall": b[0] - a[0], "cpu": b[1] - a[1]} for name, (a, b) in zip(names, pairwise(moments), strict=True)}


if __name__ == "__main__":
    print(json.dumps(parts(Path(sys.argv[1]))))
