"""A second process that reads half of a large project while this one reads the other half.

It answers in the entries of the warm cache, so whatever it says is used like a former run's words: by the digest of a
file's bytes. A helper that cannot start, dies or talks nonsense costs time, never correctness.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from declarative.manifest.cache import Entry, entries_of
from declarative.manifest.sources import ReadLimits
from declarative.manifest.walk import digest_of_file, read_file


class Helper:
    """A running helper. `collect` must be called."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def collect(self) -> dict[str, list[Entry]]:
        """Wait for it, and take what it found."""
        with self._process as process:
            output, _ = process.communicate()
        try:
            found: dict[str, list[Entry]] = orjson.loads(output)
        except ValueError:
            return {}
        return found if process.returncode == 0 else {}


def start_helper(files: Sequence[Path], limits: ReadLimits) -> Helper | None:
    """A helper over these files; None where no process can be started."""
    if not sys.executable:
        return None
    # -P: nothing is imported from the folder that the user happens to stand in.
    command = [sys.executable, "-P", "-m", "declarative.manifest.helper_main"]
    order = orjson.dumps({"files": [str(path) for path in files], "limits": limits})
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


def answer(order: Mapping[str, Any]) -> dict[str, list[Entry]]:
    """The entries of every file that could be read and has no forbidden bytes."""
    limits = ReadLimits(**order["limits"])
    found: dict[str, list[Entry]] = {}
    for name in order["files"]:
        data, _ = read_file(Path(name), name, limits)
        entries = entries_of(data, limits) if data is not None else None
        if data is not None and entries is not None:
            found[digest_of_file(data)] = entries
    return found
