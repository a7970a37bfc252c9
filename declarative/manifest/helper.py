"""Other processes that read their shares of a large project while this one reads its own.

Each answers in the entries of the warm cache, so whatever it says is used like a former run's words: by the digest of a
file's bytes. A helper that cannot start, dies or talks nonsense costs time, never correctness.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from declarative.core.diagnostics import MOST_FINDINGS
from declarative.manifest.cache import Entry, entry_of
from declarative.manifest.documents import Context, read_document
from declarative.manifest.model import Noter
from declarative.manifest.sources import ReadLimits, documents_of
from declarative.manifest.walk import digest_of_file, read_file

Answer = dict[str, tuple[list[Entry], list[str | None]]]
"""By the digest of a file's bytes: an entry for each document, and its value as JSON (None: it has to be read again)."""


_MOST_WORKERS = 4


def workers() -> int:
    """How many processes may read at once, this one included: one a core, within reason."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST_WORKERS, cores)


class Helper:
    """A running helper. `collect` must be called."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def collect(self) -> Answer:
        """Wait for it, and take what it found."""
        with self._process as process:
            output, _ = process.communicate()
        try:
            found: Answer = orjson.loads(output)
        except ValueError:
            return {}
        return found if process.returncode == 0 else {}


def start_helper(files: Sequence[Path], limits: ReadLimits, noter: Noter | None = None) -> Helper | None:
    """A helper over these files; None where no process can be started."""
    if not sys.executable:
        return None
    # -P: nothing is imported from the folder that the user happens to stand in.
    command = [sys.executable, "-P", "-m", noter.module if noter is not None else __name__]
    order = orjson.dumps({"files": [str(path) for path in files], "limits": limits, "terms": noter.terms if noter else None})
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.write(order)
        with suppress(OSError):
            process.stdin.close()
        process.stdin = None
    return Helper(process)


def answer(order: Mapping[str, Any], noter: Noter | None = None) -> Answer:
    """What there is to say about every file that could be read and has no forbidden bytes."""
    context = Context(ReadLimits(**order["limits"]), noter=noter)
    found: Answer = {}
    for name in order["files"]:
        data, _ = read_file(Path(name), name, context.limits)
        if data is None:
            continue
        answered = _answer_for(data, context)
        if answered is not None:
            found[digest_of_file(data)] = answered
    return found


def _answer_for(data: bytes, context: Context) -> tuple[list[Entry], list[str | None]] | None:
    """None for a file that is better told about by whoever asked: its bytes are wrong, or nearly everything in it is."""
    documents, wrong = documents_of(data, "", context.limits)
    entries, values, mistakes = [], [], len(wrong)
    for document in documents:
        if wrong or mistakes >= MOST_FINDINGS:
            return None
        outcome = read_document(document, context)
        mistakes += len(outcome.diagnostics)
        entry = entry_of(outcome, document)
        manifest = outcome.manifest if len(entry) > 3 else None
        entries.append(entry)
        values.append(manifest.body.decode() if manifest is not None and isinstance(manifest.body, bytes) else None)
    return entries, values


def serve(noter_of: Callable[[Any], Noter] | None = None) -> None:
    """What the helper process runs: files to read come in, an answer goes out."""
    gc.disable()  # a short life, and nothing but trees in it
    order = orjson.loads(sys.stdin.buffer.read())
    noter = noter_of(order["terms"]) if noter_of is not None else None
    sys.stdout.buffer.write(orjson.dumps(answer(order, noter)))


if __name__ == "__main__":
    serve()
