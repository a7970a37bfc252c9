"""Starts commands of the tool for the tests: it has imported the tool once, and forks for every command.

Each command is a process of its own, with its own arguments, environment, folder, streams and exit code; only what Python
spends on importing is spent once. It serves a Unix socket whose path is its first argument. A client connects, sends one byte
with its three streams attached, then a JSON line {arguments, folder, environ}, and reads two JSON lines: the process id, and
later the exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
from typing import Any

import declarative

# The sandbox is a room of its own, and the engines of inventories start threads: both are imported by who needs them.
LEFT_OUT = ("declarative.__main__", "declarative.sandbox", "declarative.inventory")


def import_everything() -> None:
    for module in pkgutil.walk_packages(declarative.__path__, "declarative."):
        if not module.name.startswith(LEFT_OUT):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def serve(listening: socket.socket) -> dict[str, Any]:
    """Forks for every client. Returns only in a new process, which has to do what is returned."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            job = answer(asked)
            if job is not None:
                return job
            os._exit(0)
        asked.close()


def answer(asked: socket.socket) -> dict[str, Any] | None:
    """In the process of the command: what it has to do. In the one that waits for it: None, when all is said."""
    with asked, asked.makefile("rw", encoding="utf-8") as lines:
        byte, streams, _, _ = socket.recv_fds(asked, 1, 3)
        if not byte:
            return None
        job: dict[str, Any] = json.loads(lines.readline())
        command = os.fork()
        if command == 0:
            return {**job, "streams": streams}
        for stream in streams:
            os.close(stream)
        print(json.dumps(command), file=lines, flush=True)
        _, status = os.waitpid(command, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), file=lines, flush=True)
        return None


def become(job: dict[str, Any]) -> None:
    """Turns this process into the one that was asked for."""
    for number, stream in enumerate(job["streams"]):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, encoding=sys.stdin.encoding, errors=sys.stdin.errors, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors, closefd=False)  # noqa: SIM115
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environ"])
    sys.path[0] = job["folder"]
    sys.argv = ["declarative", *job["arguments"]]


def main() -> None:
    import_everything()
    # Ctrl-C on a terminal goes to the whole group; it is for the tests to end this process.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen()
        print("ready", flush=True)
        job = serve(listening)
    signal.signal(signal.SIGINT, before)
    become(job)
    runpy.run_module("declarative", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
