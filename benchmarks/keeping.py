"""A folder that outlives a run, where making what is in it takes longer than measuring with it."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEEP = "BENCH_KEEP"
"""The environment variable that names where such folders are kept; without it they go away with the run."""

_PORT = "port"


@contextmanager
def kept(name: str, make: Callable[[Path, int], None]) -> Iterator[tuple[Path, int]]:
    """A folder as `make` filled it, in this run or an earlier one, and the port that it was filled for: a state belongs to
    an address of a gateway. What was half made by a run that failed is made again."""
    place = os.environ.get(KEEP)
    with tempfile.TemporaryDirectory() as passing:
        folder = Path(place or passing).resolve() / name
        done = folder / _PORT
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            port = _free_port()
            make(folder, port)
            done.write_text(str(port))
        yield folder, int(done.read_text())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
