"""A sandbox process for a benchmark, pointed at by environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from declarative.sandbox.debug import PREFIX


def pass_time(environ: Mapping[str, str], seconds: int) -> None:
    """At the gateway."""
    httpx.post(f"{environ['QUALYS_BASE_URL']}{PREFIX}/clock", json={"advance": seconds}).raise_for_status()


@contextmanager
def sandbox(*options: str) -> Iterator[dict[str, str]]:
    """A gateway process, on a free port unless the options name one; gives the environment that points the tool at it."""
    command = [sys.executable, "-m", "declarative", "sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            environ = {name: value for name, value in os.environ.items() if not name.startswith(("QUALYS_", "DECLARATIVE_"))}
            for line in process.stdout:
                name, _, value = line.strip().removeprefix("export ").partition("=")
                if name.startswith("QUALYS_"):
                    environ[name] = value
                if name == "QUALYS_PASSWORD":
                    break
            yield environ
        finally:
            process.terminate()
