"""The exception tree. Each class knows the exit code it ends a run with; `cli/` alone turns it into one.

DeclarativeError             1   anything of ours that stops a run
  UsageError                64   wrong flags, or approval needed without a terminal
  InvalidError               4   manifests, project or plan file wrong; carries diagnostics
  BlockedError               5   limit, failed check, ambiguity, uncertain report
  StaleError                 6   a saved plan that no longer matches
  PartialError               7   some writes done, some failed or unknown
  LockedError                8   another apply holds the lease
  AuthError                  9   credentials missing, refused, or lacking permission
  StateError                 1   the state store cannot be read or written
  ApiError                   1   the gateway answered wrongly, or not at all; carries the request
  RunInterruptedError           130   stopped by a signal, after a graceful stop
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.core.diagnostics import Diagnostic


class DeclarativeError(Exception):
    """Stops a run with a message for the user: what happened, and (`hint`) what to do next.

    Messages never hold a secret: whoever raises builds them from values that are not secrets.
    """

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DeclarativeError):
    exit_code = ExitCode.USAGE


class InvalidError(DeclarativeError):
    exit_code = ExitCode.INVALID

    def __init__(self, message: str, *, hint: str | None = None, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = tuple(diagnostics)


class BlockedError(DeclarativeError):
    exit_code = ExitCode.BLOCKED


class StaleError(DeclarativeError):
    exit_code = ExitCode.STALE


class StateMovedError(StaleError):
    """Another apply changed the state after the plan was made; planning again is all it takes."""


class PartialError(DeclarativeError):
    exit_code = ExitCode.PARTIAL


class LockedError(DeclarativeError):
    exit_code = ExitCode.LOCKED


class AuthError(DeclarativeError):
    exit_code = ExitCode.AUTH


class StateError(DeclarativeError):
    exit_code = ExitCode.ERROR


class RunInterruptedError(DeclarativeError):
    exit_code = ExitCode.INTERRUPTED


class FailedRequest(NamedTuple):
    """The request behind an ApiError. `path` has no query values that could be secret; `body` is the answer's text,
    cut to a length a person reads."""

    method: str
    path: str
    status: int | None = None
    request_id: str | None = None
    body: str = ""
    attempts: int = 1

    def __str__(self) -> str:
        answered = f"HTTP {self.status}" if self.status is not None else "no answer"
        tries = f" after {self.attempts} attempts" if self.attempts > 1 else ""
        return f"{self.method} {self.path}: {answered}{tries}"


class ApiError(DeclarativeError):
    exit_code = ExitCode.ERROR

    def __init__(self, message: str, *, request: FailedRequest | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.request = request
