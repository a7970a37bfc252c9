"""Other processes that read their shares of a large project while this one reads its own.

Each answers in the entries of the warm cache, so whatever it says is used like a former run's words: by the digest of a
file's bytes. A helper that cannot start, dies or talks nonsense costs time, never correctness.

Helpers are forks: a process started anew would spend as long on imports as it saves. A fork is sound only where no other
thread runs that could hold a lock; elsewhere one process reads everything.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from declarative.core.diagnostics import MOST_FINDINGS
from declarative.manifest.cache import entry_of
from declarative.manifest.documents import Context, read_document
from declarative.manifest.model import Noter
from declarative.manifest.sources import ReadLimits, document_of, file_problem, pieces_of
from declarative.manifest.walk import digest_of_file, read_file

Answer = dict[str, str]
"""By the digest of a file's bytes: its entries as a line of the cache. What the documents say is left where it stands: most of a
large project is as it was at the last apply, and is never looked into."""

_MOST_WORKERS = 4


def workers() -> int:
    """How many processes may read at once, this one included: one a core, within reason; one where no fork is sound."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return min(_MOST_WORKERS, len(os.sched_getaffinity(0)))


class Helper:
    """A running helper. `collect` must be called."""

    def __init__(self, process: int, answer: int) -> None:
        self._process = process
        self._answer = answer

    def collect(self) -> Answer:
        """Wait for it, and take what it found."""
        with os.fdopen(self._answer, "rb") as pipe:
            output = pipe.read()
        with suppress(ChildProcessError):  # somebody else saw it end; its words are complete or no JSON
            os.waitpid(self._process, 0)
        try:
            found: Answer = orjson.loads(output)
        except ValueError:
            return {}
        return found


def start_helper(files: Sequence[Path], limits: ReadLimits, noter: Noter | None = None) -> Helper | None:
    """A helper over these files; None where no process can be started."""
    try:
        ours, theirs = os.pipe()
    except OSError:
        return None
    try:
        process = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        return None
    if process == 0:
        _serve(theirs, files, limits, noter)
    os.close(theirs)
    return Helper(process, ours)


def _serve(pipe: int, files: Sequence[Path], limits: ReadLimits, noter: Noter | None) -> None:
    """The whole life of a helper: nothing that was opened or begun before the fork is its to end, flush or speak through."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)
        with os.fdopen(pipe, "wb") as writer:
            writer.write(orjson.dumps(answer(files, limits, noter)))
        code = 0
    finally:
        os._exit(code)


def answer(files: Sequence[Path], limits: ReadLimits, noter: Noter | None = None) -> Answer:
    """What there is to say about every file that could be read and has no forbidden bytes."""
    context = Context(limits, noter=noter)
    found: Answer = {}
    for path in files:
        data, _ = read_file(path, path.name, limits)
        if data is None:
            continue
        answered = _answer_for(data, context)
        if answered is not None:
            found[digest_of_file(data)] = answered
    return found


def _answer_for(data: bytes, context: Context) -> str | None:
    """None for a file that is better told about by whoever asked: its bytes are wrong, or nearly everything in it is."""
    if file_problem(data, "", context.limits) is not None:
        return None
    entries: list[Any] = []
    mistakes, repeated = 0, 0
    for piece in pieces_of(data):
        if piece.is_bare:
            continue
        document, wrong = document_of(piece, "", context.limits)
        if wrong or mistakes >= MOST_FINDINGS or repeated > context.limits.nodes:
            return None
        outcome = read_document(document, context)
        mistakes += len(outcome.diagnostics)
        repeated += outcome.repeated
        entries.append(entry_of(outcome, document))
    return orjson.dumps(entries).decode()
