"""Plan and apply as a user runs them, against the sandbox on loopback, whose processor time and memory are not counted.

First every asset is new, then one in a hundred has changed, in the end all of them have. A plan reads again what changed in the
last minutes, in case the search was late to know: so the plan right after the apply is measured apart, the others an hour later.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gateway import pass_time, sandbox
from benchmarks.measure import Usage, best, tool
from benchmarks.project import edit, generate
from benchmarks.results import Finding, Row

SIZES = (1_000, 10_000)
LATER = 3_600
ALL_CHANGED = 10_000
"""Up to so many assets all of them are changed, too: with more it takes an hour and tells nothing else."""


def findings(size: int) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as folder, sandbox("--delay", "0", "--behind", str(LATER)) as environ:
        root = Path(folder) / "project"
        environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        generate(root, size)
        every = ("--max-creates", str(size), "--max-updates", str(size))

        def run(*arguments: str, expect: int = 0) -> Usage:
            return tool(*arguments, root=root, environ=environ, expect=expect)

        def planned(*arguments: str, expect: int = 2) -> Usage:
            return run("plan", "--detailed-exitcode", *arguments, expect=expect)

        yield Row.of("plan and apply, all new", size, run("apply", "--auto-approve", "--wait", *every))
        yield Row.of("plan, all just applied", size, planned(expect=0))
        pass_time(environ, LATER)
        planned(expect=0)
        yield Row.of("plan, nothing changed, warm", size, best(2, lambda: planned(expect=0)))
        edit(root)
        shutil.rmtree(root / ".declarative/cache", ignore_errors=True)
        yield Row.of("plan, 1 % changed, cold", size, planned())
        yield Row.of("plan, 1 % changed, warm", size, best(2, planned))
        yield Row.of("plan and apply, 1 % changed", size, run("apply", "--auto-approve", "--wait"))
        if size > ALL_CHANGED:
            return
        edit(root, every=1)
        yield Row.of("plan, all changed", size, planned("--out", "saved.json", *every))
        yield Row.of("apply of that plan", size, run("apply", str(root / "saved.json")))
        yield Row.of("plan, nothing left", size, planned(expect=0))
