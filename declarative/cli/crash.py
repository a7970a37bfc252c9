"""The crash report: what we need to mend a defect, without what the user wants to keep."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

from declarative import __version__
from declarative.core.secrets import Redactor


def write_report(error: BaseException, arguments: list[str], redact: Redactor) -> Path:
    """Writes a file (mode 0600) in the temporary folder and returns its path."""
    lines = [
        f"declarative {__version__}",
        f"python {platform.python_version()} on {platform.platform()}",
        f"arguments: {_without_values(arguments)}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    handle, name = tempfile.mkstemp(prefix="declarative-crash-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(redact("\n".join(lines)))
    return Path(name)


def _without_values(arguments: list[str]) -> str:
    """`--var NAME=VALUE` may hold anything; the name is enough to understand a crash."""
    shown = [argument.partition("=")[0] + "=..." if "=" in argument else argument for argument in arguments]
    return " ".join([Path(sys.argv[0]).name, *shown])
