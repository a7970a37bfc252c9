"""The two streams. Everything the tool says passes here, so that secrets and colour are decided in one place."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

from declarative.core.secrets import Redactor, Secret

SECRET_VARIABLES = (
    "QUALYS_PASSWORD",
    "QUALYS_TOKEN",
    "QUALYS_CLIENT_SECRET",
    "DECLARATIVE_PLAN_KEY",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
)


def redactor_for(environ: Mapping[str, str]) -> Redactor:
    """Knows every secret that the environment may hand us, the password inside a state URL included."""
    redactor = Redactor(Secret(environ[name]) for name in SECRET_VARIABLES if environ.get(name))
    for name in ("DECLARATIVE_STATE", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        url = environ.get(name) or environ.get(name.lower()) or ""
        userinfo = url.partition("://")[2].rpartition("@")[0]
        if ":" in userinfo:
            redactor.add(Secret(userinfo.partition(":")[2]))
    return redactor


class Console:
    """`out` is for what was asked for, `err` for all else: progress, warnings, errors.

    `log_json`: what goes to `err` is one JSON object a line, for machines that collect logs.
    """

    __slots__ = ("_live", "color", "log_json", "quiet", "redact", "stderr", "stdout", "verbosity")

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        redact: Redactor | None = None,
        *,
        color: str = "auto",
        quiet: bool = False,
        log_json: bool = False,
    ) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.redact = redact if redact is not None else Redactor()
        self.color = color
        self.quiet = quiet
        self.verbosity = 0
        self.log_json = log_json
        self._live = False

    @classmethod
    def system(cls) -> Console:
        return cls(sys.stdout, sys.stderr, redactor_for(os.environ))

    def color_on(self, stream: TextIO) -> bool:
        if self.color != "auto":
            return self.color == "always"
        return "NO_COLOR" not in os.environ and stream.isatty()

    @property
    def color_out(self) -> bool:
        return self.color_on(self.stdout)

    @property
    def color_err(self) -> bool:
        return not self.log_json and self.color_on(self.stderr)

    def out(self, text: str, *, end: str = "\n") -> None:
        self._write(self.stdout, text, end)

    def err(self, text: str, *, end: str = "\n") -> None:
        if self.log_json:
            self.event("message", message=text.strip("\n"))
            return
        before, self._live = "\r\x1b[K" if self._live else "", False
        self._write(self.stderr, before + text, end)

    def line(self, text: str, *, last: bool = False) -> None:
        """A line on a terminal that replaces itself; whatever else is said goes above it."""
        self._write(self.stderr, f"\r\x1b[K{text}", "\n" if last else "")
        self._live = not last

    def event(self, name: str, *, level: str = "info", **fields: Any) -> None:
        """A line of the structured log, if that is on; absent values are left out."""
        if self.log_json:
            import json
            from datetime import UTC, datetime

            known = {key: value for key, value in fields.items() if value is not None}
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._write(self.stderr, json.dumps({"at": at, "level": level, "event": name, **known}, ensure_ascii=False), "\n")

    def urgent(self, text: str) -> None:
        """From a signal handler, where the streams may be in the middle of a write: straight to standard error."""
        line = text
        if self.log_json:
            import json

            line = json.dumps({"level": "warning", "event": "message", "message": text})
        with suppress(OSError, ValueError):
            os.write(self.stderr.fileno(), f"{line}\n".encode())

    def note(self, text: str) -> None:
        """A word on progress, to stderr; `-q` silences it."""
        if not self.quiet:
            self.err(text)

    def debug(self, text: str) -> None:
        if self.verbosity > 0:
            self.err(text)

    def _write(self, stream: TextIO, text: str, end: str) -> None:
        text = self.redact(text)
        if text.endswith("\n") and end == "\n":
            end = ""
        try:
            stream.write(text + end)
        except UnicodeEncodeError:
            # A terminal in the C locale must not turn a finding into a crash.
            encoding = stream.encoding or "ascii"
            stream.write((text + end).encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()


def silence_broken_pipe() -> None:
    """After the reader of our pipe has gone: let the interpreter's last flush go nowhere, without a traceback."""
    with suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
