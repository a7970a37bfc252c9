"""`declarative completion`: what the shell needs to complete commands, options and values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from declarative.cli.options import Settings, global_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@click.option("--install", is_flag=True, help="Write it where the shell looks, instead of printing it.")
@global_options
def command(settings: Settings, shell: str | None, install: bool) -> ExitCode:
    """Print the completion script of a shell; without SHELL, of the one you use.

    Without installing: eval "$(declarative completion bash)".
    """
    name = shell or _own_shell(os.environ)
    text = script(name)
    if not install:
        settings.console.out(text)
        return ExitCode.OK
    from declarative.core.files import write_atomic

    path = place(name, os.environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    settings.console.note(f"wrote {path}; start a new shell to use it")
    if name == "zsh":
        settings.console.note(f"zsh looks there once ~/.zshrc says, before compinit: fpath+=({path.parent})")
    return ExitCode.OK


def script(shell: str) -> str:
    """It asks this program for the words."""
    from click.shell_completion import get_completion_class

    from declarative.cli.completion import register
    from declarative.cli.main import cli

    register()
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"no completion for {shell}", hint=f"one of {', '.join(SHELLS)}")
    complete = found(cli, {}, "declarative", "_DECLARATIVE_COMPLETE")
    # Not source(): for bash it starts one to look at its version.
    return complete.source_template % complete.source_vars()


def place(shell: str, environ: Mapping[str, str]) -> Path:
    """Where each shell looks by itself (zsh: where many set-ups do)."""
    home = Path(environ.get("HOME") or Path.home())
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    if shell == "bash":
        return data / "bash-completion/completions/declarative"
    if shell == "zsh":
        return data / "zsh/site-functions/_declarative"
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "fish/completions/declarative.fish"


def _own_shell(environ: Mapping[str, str]) -> str:
    name = Path(environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise UsageError("which shell?", hint=f"one of {', '.join(SHELLS)}")
    return name
