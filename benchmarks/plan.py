"""Plan and apply as a user runs them, against the sandbox on loopback, whose processor time and memory are not counted.

First every asset is new, then one in a hundred has changed, in the end all of them have. A plan reads again what changed in the
last minutes, in case the search was late to know: so the plan right after the apply is measured apart, the others an hour later.

Cold plan, warm plan and that of octoDNS, where it is installed, are taken in turn, and the best of each counts: machines become
slower and quicker within minutes, and a ratio must not.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import targets
from benchmarks.gateway import pass_time, sandbox
from benchmarks.measure import Usage, best, quickest, tool
from benchmarks.peers import octodns_commands
from benchmarks.project import edit, generate
from benchmarks.results import Finding, Remark, Row

SIZES = (1_000, 10_000)
LATER = 3_600
IN_TURN = 10_000
"""So many are taken in turn with octoDNS."""
TURNS = 5
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

        def cold() -> Usage:
            shutil.rmtree(root / ".declarative/cache", ignore_errors=True)
            return planned()

        works: dict[str, Callable[[], Usage]] = {targets.COLD: cold, targets.WARM: planned}
        peer = octodns_commands(Path(folder) / "octodns", size) if size == IN_TURN else None
        if isinstance(peer, Remark):
            yield peer
        elif peer is not None:
            works[targets.OCTODNS[1]] = peer[0]
        yield from _in_turn(works, size, TURNS if size <= IN_TURN else 1)
        yield Row.of("plan and apply, 1 % changed", size, run("apply", "--auto-approve", "--wait"))
        if size > ALL_CHANGED:
            return
        edit(root, every=1)
        yield Row.of("plan, all changed", size, planned("--out", "saved.json", *every))
        yield Row.of("apply of that plan", size, run("apply", str(root / "saved.json")))
        yield Row.of("plan, nothing left", size, planned(expect=0))


def _in_turn(works: Mapping[str, Callable[[], Usage]], size: int, times: int) -> Iterator[Finding]:
    taken: dict[str, list[Usage]] = {name: [] for name in works}
    for _ in range(times):
        for name, work in works.items():
            taken[name].append(work())
    for name, usages in taken.items():
        yield Row.of(name, size, quickest(usages))
