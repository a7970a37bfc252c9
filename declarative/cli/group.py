"""The command group: loads a command's module when it is asked for, so that `--help` stays quick."""

from __future__ import annotations

import importlib
from typing import Any

import click

from declarative.core.suggest import closest

# name -> one line for `--help`, in the order users meet them
COMMANDS: dict[str, str] = {
    "init": "Scaffold a project: config, one commented manifest a kind, CI workflow.",
    "validate": "Check manifests offline; every error in one run.",
    "fmt": "Canonical formatting, comments kept.",
    "explain": "What a field means, and how it is compared.",
    "schema": "Write the JSON Schemas.",
    "render": "Show the manifests with variables and overlays resolved.",
    "plan": "What would change, and why.",
    "show": "A saved plan again, in any format.",
    "apply": "Make it so.",
    "drift": "Live against applied, no manifest needed.",
    "import": "Bring live assets under management: manifests, adopted in state.",
    "query": "Run a query of the project, or an ad-hoc one.",
    "check": "Evaluate the `expect` of the project's queries.",
    "get": "Show one asset by id.",
    "report": "List, download or resolve reports.",
    "state": "List, show and mend what this project has applied.",
    "ci": "In a pipeline: the comment of a change request, the issue of a nightly run.",
    "doctor": "Check login, permissions, quota, clock, state (reads only).",
    "completion": "What bash, zsh or fish need to complete commands and options.",
    "sandbox": "Serve an emulated gateway on loopback.",
    "demo": "The whole loop against the sandbox, in a fresh folder.",
}


class LazyGroup(click.Group):
    """Finds `NAME` in `declarative.cli.NAME_cmd`, attribute `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(_module(cmd_name))
        command: click.Command = module.command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS and not ctx.resilient_parsing:
            close = closest(name, COMMANDS)
            hint = f" Did you mean '{close}'?" if close else " See 'declarative --help'."
            raise click.UsageError(f"No such command '{name}'.{hint}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Click's own way would import every command for its help line.
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def _module(name: str) -> str:
    return f"declarative.cli.{name}_cmd"


def load(name: str) -> Any:
    return importlib.import_module(_module(name))
