"""Where the time of a command goes: `python -m benchmarks.profile [validate|plan] [--assets N] [--cold] [--write]`.

Two looks at the same command in this process. By room: every thread's processor time, sampled, goes to the innermost function of
ours that ran then. By library: the time inside functions that are not Python (parser, schema, JSON, SQLite, sockets), counted by
cProfile; it slows Python code down, so the shares of the first look are the ones to quote. Helper processes are counted apart.
Start-up and imports are not in it: the command has been run before.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.gateway import sandbox
from benchmarks.measure import tool
from benchmarks.pages import DOCS, put
from benchmarks.project import edit, generate
from benchmarks.results import aligned, markdown

PAGE = DOCS / "performance.md"
INTERVAL = 0.002
"""Seconds between two looks."""
PACKAGE = f"{os.sep}declarative{os.sep}"
LIBRARIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("YAML, libyaml or Rust", ("yaml",)),
    ("schema, Rust", ("jsonschema_rs",)),
    ("JSON", ("orjson", "msgspec", "_json")),
    ("SQLite", ("sqlite3",)),
    ("sockets and TLS", ("_socket", "socket", "_ssl", "ssl", "poll", "select")),
    ("waiting", ("lock", "sleep", "waitpid")),
    ("digests", ("_blake2", "_hashlib", "blake2b", "sha256")),
    ("compression", ("zlib", "brotli", "zstd")),
    ("files", ("posix", "_io.")),
    ("regular expressions", ("re.Pattern", "re.Match")),
    ("loading code", ("marshal", "_imp", "builtins.exec", "builtins.compile")),
)
"""Parts of the names of functions that are not Python, by what they do."""


def room_of(filename: str) -> str | None:
    """`manifest` for a file of that room, `manifest` for its modules below, too; None for other people's code."""
    _, found, rest = filename.rpartition(PACKAGE)
    if not found:
        return None
    room, below, _ = rest.partition(os.sep)
    return room if below else "start"


def place_of(frame: FrameType | None) -> tuple[str, str]:
    """Room and module of the innermost function of ours on a stack."""
    while frame is not None:
        room = room_of(frame.f_code.co_filename)
        if room is not None:
            return room, f"{room}/{Path(frame.f_code.co_filename).name}"
        frame = frame.f_back
    return "imports and interpreter", "-"


def library_of(name: str) -> str:
    """What a function that is not Python belongs to."""
    return next((said for said, parts in LIBRARIES if any(part in name for part in parts)), "text and containers")


class Sampler(threading.Thread):
    """Gives the processor time that each thread spent since the last look to where it is now.

    A thread inside a library holds this one up for as long; it then gets all that time, at the line that called.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.rooms: Counter[str] = Counter()
        self.modules: Counter[str] = Counter()
        self._spent: dict[int, float] = {}
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(INTERVAL):
            self._look()

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _look(self) -> None:
        for ident, frame in sys._current_frames().items():
            if ident == self.ident:
                continue
            try:
                now = time.clock_gettime(time.pthread_getcpuclockid(ident))
            except OSError:  # it has just ended
                continue
            spent = now - self._spent.get(ident, 0.0 if ident in self._spent else now)
            self._spent[ident] = now
            room, module = place_of(frame)
            self.rooms[room] += spent
            self.modules[module] += spent


def sampled(work: Callable[[], object]) -> tuple[Sampler, float, float]:
    """The sampler, and the processor seconds of this process and of its children."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(INTERVAL / 4)
    sampler = Sampler()
    sampler.start()
    cpu, below = time.process_time(), _children()
    try:
        work()
    finally:
        cpu, below = time.process_time() - cpu, _children() - below
        sampler.stop()
        sys.setswitchinterval(before)
    return sampler, cpu, below


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def counted(work: Callable[[], object]) -> Mapping[str, float]:
    """Seconds inside functions that are not Python, by library, over all threads."""
    profiles: list[cProfile.Profile] = []

    def follow(*_: object) -> None:
        profiles.append(cProfile.Profile(time.thread_time))
        profiles[-1].enable()

    threading.setprofile(follow)
    own = cProfile.Profile(time.thread_time)
    try:
        own.runcall(work)
    finally:
        threading.setprofile(None)
    found: Counter[str] = Counter()
    for profile in (own, *profiles):
        for (file, _, name), (_, _, seconds, _, _) in _stats(profile).items():
            found[library_of(name) if file == "~" else "Python"] += seconds
    return found


def _stats(profile: cProfile.Profile) -> Mapping[tuple[str, int, str], tuple[Any, ...]]:
    stats: Mapping[tuple[str, int, str], tuple[Any, ...]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    return stats


def shares(figures: Mapping[str, float], *, least: float = 0.005) -> list[tuple[str, str, str]]:
    """Name, seconds and percent, largest first; what is below `least` of the whole is put together."""
    whole = sum(figures.values())
    if not whole:
        return []
    ordered = sorted(figures.items(), key=lambda item: (-item[1], item[0]))
    large = [(name, value) for name, value in ordered if value >= least * whole]
    rest = whole - sum(value for _, value in large)
    if rest > 0 and len(large) < len(ordered):
        large.append(("the rest", rest))
    return [(name, f"{value:.2f}", f"{100 * value / whole:.0f} %") for name, value in large]


@contextmanager
def prepared(what: str, assets: int, *, cold: bool) -> Iterator[tuple[list[str], Callable[[], None], dict[str, str]]]:
    """The command's arguments, what makes it cold again, and its environment. For a plan, 1 % has changed."""
    with tempfile.TemporaryDirectory() as folder, sandbox("--delay", "0") as environ:
        root = Path(folder) / "project"
        environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        generate(root, assets)
        every = ("--max-creates", str(assets))
        if what == "plan":
            tool("apply", "--auto-approve", "--wait", *every, root=root, environ=environ)
            edit(root)

        def reset() -> None:
            if cold:
                shutil.rmtree(root / ".declarative/cache", ignore_errors=True)

        yield ["-C", str(root), "--quiet", what], reset, environ


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["validate", "plan"], default="plan")
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--cold", action="store_true", help="without the cache of a former run")
    parser.add_argument("--write", action="store_true", help="put the shares into docs/performance.md")
    options = parser.parse_args()
    with prepared(options.what, options.assets, cold=options.cold) as (arguments, reset, environ):
        os.environ.clear()
        os.environ.update(environ)
        from declarative.cli.console import Console
        from declarative.cli.main import run

        def work() -> None:
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
                out, sys.stdout = sys.stdout, nowhere
                try:
                    code = run(arguments, Console.system())
                finally:
                    sys.stdout = out
            if code not in (0, 2):
                sys.exit(f"{' '.join(arguments)} ended with {code}")

        work()  # what is imported is there from now on
        reset()
        sampler, cpu, below = sampled(work)
        reset()
        libraries = counted(work)
    name = f"{options.what}, {'cold' if options.cold else 'warm'}"
    said = f"{name}, {options.assets:,} assets: {cpu:.2f} s of processor time here, {below:.2f} s in helper processes."
    tables = {"room": (sampler.rooms, 0.01), "module": (sampler.modules, 0.03), "by library, under a profiler": (libraries, 0.01)}
    if options.write:
        lines = [said.capitalize()]
        for head, (figures, least) in tables.items():
            lines += ["", *markdown((head, "s", "share"), shares(figures, least=least))]
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), name, lines), encoding="utf-8")
        print(f"wrote the table {name!r} of {PAGE}")
        return
    print(said)
    for head, (figures, least) in tables.items():
        print("\n" + "\n".join(aligned((head, "s", "share"), shares(figures, least=least))))


if __name__ == "__main__":
    main()
