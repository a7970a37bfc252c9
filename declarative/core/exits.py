"""Exit codes: the contract with every pipeline that runs us (DESIGN 3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    OK = 0
    ERROR = 1
    CHANGES = 2
    NOT_FORMATTED = 3
    INVALID = 4
    BLOCKED = 5
    STALE = 6
    PARTIAL = 7
    LOCKED = 8
    AUTH = 9
    USAGE = 64
    INTERNAL = 70
    INTERRUPTED = 130


# The worst outcome wins. The codes of a single command (3, 64, 130) end the run where they are raised;
# they are ranked too, so that the function is total.
_RANK = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL,
    ExitCode.USAGE,
    ExitCode.PARTIAL,
    ExitCode.AUTH,
    ExitCode.LOCKED,
    ExitCode.STALE,
    ExitCode.BLOCKED,
    ExitCode.INVALID,
    ExitCode.NOT_FORMATTED,
    ExitCode.ERROR,
    ExitCode.CHANGES,
    ExitCode.OK,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code a run ends with, given the code each of its parts would end with; OK for none."""
    found = set(codes)
    return next((code for code in _RANK if code in found), ExitCode.OK)
