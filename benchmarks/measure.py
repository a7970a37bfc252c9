"""The one way a figure is taken: wall seconds, processor seconds and peak memory, of a command or of a piece of this process."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.03
"""Seconds between two looks at the memory of a tree of processes."""


class BenchmarkError(Exception):
    """A figure could not be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu` is user and system time of the process and all it waited for. `peak_mb` is that of the whole tree: of each
    process its own memory and its share of what it has in common with others. `output`: what the command printed."""

    wall: float
    cpu: float
    peak_mb: float
    output: str = ""


def command(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    expect: int = 0,
    keep: bool = False,
) -> Usage:
    """A command from start to end. `keep` its output, which otherwise goes nowhere.

    Raises BenchmarkError when it ends with another code than `expect`.
    """
    begun = time.perf_counter()
    wanted = subprocess.PIPE if keep else subprocess.DEVNULL
    with subprocess.Popen(arguments, env=environ, cwd=cwd, stdout=wanted, stderr=subprocess.PIPE, text=True) as process:
        tree = _Tree(process.pid)
        said: list[str] = []
        complained: list[str] = []
        readers = [threading.Thread(target=lambda: complained.append(process.stderr.read() if process.stderr else ""))]
        if keep:
            readers.append(threading.Thread(target=lambda: said.append(process.stdout.read() if process.stdout else "")))
        for thread in (tree, *readers):
            thread.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        tree.stop()
        for thread in readers:
            thread.join()
    if process.returncode != expect:
        shown = " ".join(arguments)
        raise BenchmarkError(f"{shown} ended with {process.returncode}, expected {expect}: {''.join(complained)[-2000:]}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, _peak(usage.ru_maxrss / 1024, tree.peak_mb), "".join(said))


def _peak(counted: float, seen: float) -> float:
    """The kernel counts exactly, but a child starts with what its parent had: a small figure may be this process's own."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seen if seen and counted <= own else max(counted, seen)


def tool(
    *arguments: str, root: Path | None = None, environ: Mapping[str, str] | None = None, expect: int = 0, keep: bool = False
) -> Usage:
    """A command of the tool, as a user runs it."""
    place = () if root is None else ("-C", str(root))
    line = [sys.executable, "-m", "declarative", "--quiet", *place, *arguments]
    return command(line, environ=environ, expect=expect, keep=keep)


def piece(work: Callable[[], object]) -> Usage:
    """A piece of this process. Memory is the most this process ever had."""
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return Usage(wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def best(runs: int, take: Callable[[], Usage]) -> Usage:
    """The quickest of several: for short commands, where the machine's noise is as large as the figure."""
    return quickest(take() for _ in range(runs))


def quickest(usages: Iterable[Usage]) -> Usage:
    return min(usages, key=lambda usage: usage.wall)


class _Tree(threading.Thread):
    """Looks at a process and its descendants as long as they live.

    A single process has its peak counted by the kernel. With several, the peak is that of the sum, which must be looked at;
    proportional memory (PSS) counts pages that a fork shares once.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._pid = pid
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(INTERVAL):
            pids = _tree(self._pid)
            now = sum(_proportional_mb(pid) for pid in pids) if len(pids) > 1 else _peak_mb(self._pid)
            self.peak_mb = max(self.peak_mb, now)

    def stop(self) -> None:
        self._over.set()
        self.join()


def _tree(pid: int) -> list[int]:
    """A process and its descendants; only itself where the system does not tell."""
    found = [pid]
    for parent in found:
        with suppress(OSError, ValueError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _proportional_mb(pid: int) -> float:
    return _told(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def _peak_mb(pid: int) -> float:
    return _told(Path(f"/proc/{pid}/status"), "VmHWM:")


def _told(path: Path, name: str) -> float:
    """A line of a file of the kernel in megabytes; 0 where the process is gone, or this is no Linux."""
    with suppress(OSError, ValueError, StopIteration):
        return next(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(name)) / 1024
    return 0.0
