"""The entry point: parse, run, and end with a code of the contract, whatever happens."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from declarative import __version__
from declarative.cli.console import Console, silence_broken_pipe
from declarative.cli.group import LazyGroup
from declarative.cli.options import Settings, global_options
from declarative.core.errors import DeclarativeError
from declarative.core.exits import ExitCode

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "DECLARATIVE"},
    epilog="Exit codes, manifests and promises: see the README.",
)
@click.version_option(__version__, "--version", prog_name="declarative")
@global_options
def cli(settings: Settings) -> None:
    """Declarative configuration for Qualys CyberSecurity Asset Management.

    YAML manifests in, a reviewed plan, and only the sync and report calls that are needed.
    """


def main() -> NoReturn:
    """Never raises; ends the process with one of the exit codes of DESIGN 3.2."""
    signal.signal(signal.SIGTERM, _terminate)
    # Projects are millions of small values that live to the end: walking them for cycles again and again doubles the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
    if "_DECLARATIVE_COMPLETE" in os.environ:
        from declarative.cli.completion import register

        register()
    console = Console.system()
    try:
        code = run(sys.argv[1:], console)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_broken_pipe()
        code = ExitCode.OK
    except OSError as error:
        silence_broken_pipe()
        console.err(f"Error: the output cannot be written: {error.strerror or error}")
        console.err("  hint: free some space; what an apply did is in the state all the same: `declarative state history`")
        code = ExitCode.ERROR
    gc.freeze()  # the interpreter's last walk for cycles would visit everything once more
    sys.exit(int(code))


def run(arguments: list[str], console: Console) -> ExitCode:
    """Runs one command line. Commands return their ExitCode, or None for OK.

    Raises OSError where nobody reads or no more can be written: that is for whoever ends the process.
    """
    try:
        returned = cli.main(args=arguments, prog_name="declarative", standalone_mode=False, obj=Settings(console))
    except click.exceptions.NoArgsIsHelpError as error:
        console.err(error.format_message())
        return ExitCode.USAGE
    except click.UsageError as error:
        _usage(console, error)
        return ExitCode.USAGE
    except click.ClickException as error:
        console.err(f"error: {error.format_message()}")
        return ExitCode.USAGE
    except (click.exceptions.Abort, KeyboardInterrupt):
        console.err("interrupted")
        return ExitCode.INTERRUPTED
    except DeclarativeError as error:
        report(console, error)
        return error.exit_code
    except OSError as error:
        if isinstance(error, BrokenPipeError) or error.errno in _NO_ROOM:
            raise
        return _crash(console, error, arguments)
    except RecursionError as error:
        return _crash(console, error, arguments)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a defect of ours becomes a report, not a traceback
        return _crash(console, error, arguments)
    # Click gives back the code of `ctx.exit()`, as --help and --version end, in the same way as a command's own value.
    return returned if isinstance(returned, ExitCode) else ExitCode.OK


def report(console: Console, error: DeclarativeError) -> None:
    """An error that stops a run, on stderr."""
    from declarative.render.errors import error_text

    if console.log_json:
        _log_error(console, error)
        return
    console.err(error_text(error, color=console.color_err))


def _log_error(console: Console, error: DeclarativeError) -> None:
    from declarative.core.errors import InvalidError

    if isinstance(error, InvalidError):
        for found in error.diagnostics:
            place = str(found.position) if found.position else None
            console.event("diagnostic", level=str(found.severity), rule=found.rule, message=found.message, place=place)
    console.event("error", level="error", message=error.message, hint=error.hint, exitCode=int(error.exit_code))


def _usage(console: Console, error: click.UsageError) -> None:
    if error.ctx is not None:
        console.err(error.ctx.get_usage())
    console.err(f"error: {error.format_message()}")
    if error.ctx is not None:
        console.err(f"Try '{error.ctx.command_path} --help'.")


def _crash(console: Console, error: BaseException, arguments: list[str]) -> ExitCode:
    from declarative.cli.crash import write_report

    path = write_report(error, arguments, console.redact)
    console.err(f"internal error: {type(error).__name__}: this is a defect of declarative, not of your manifests")
    console.err(f"a report was written to {path}; it holds no secret we know of. Please send it with your bug report.")
    if console.verbosity and os.environ.get("DECLARATIVE_DEBUG"):
        raise error
    return ExitCode.INTERNAL


def _terminate(_signum: int, _frame: FrameType | None) -> None:
    # CI systems cancel with SIGTERM; it takes the same way out as Ctrl-C.
    raise KeyboardInterrupt
