"""Asks the command server for a process of the tool. As a program it stands for `declarative` on the PATH of a shell.

A shell starts it once a command, so it imports little. Its first argument is the server's socket, the others are the tool's.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Generator, Mapping, Sequence


def ask(
    server: str, arguments: Sequence[str], folder: str, environ: Mapping[str, str], streams: Sequence[int]
) -> Generator[int, None, None]:
    """Gives the process id when the command has started, and the exit code when it has ended."""
    with socket.socket(socket.AF_UNIX) as asking, asking.makefile("rw", encoding="utf-8") as lines:
        asking.connect(server)
        socket.send_fds(asking, [b"."], streams)
        job = {"arguments": list(arguments), "folder": folder, "environ": dict(environ)}
        print(json.dumps(job), file=lines, flush=True)
        yield json.loads(lines.readline())
        yield json.loads(lines.readline())


def main() -> None:
    answers = ask(sys.argv[1], sys.argv[2:], os.getcwd(), os.environ, [0, 1, 2])  # noqa: PTH109 - pathlib is slow to import
    process = next(answers)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda given, _: os.kill(process, given))
    code = next(answers)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
