"""Options that several commands share, and the settings they make.

The global ones may stand before or after the command's name; the one nearer to the end of the line wins.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import click

from declarative.cli.console import Console
from declarative.core.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


class Settings(NamedTuple):
    """The global options of one run."""

    console: Console
    chdir: Path = Path()
    environment: str | None = None
    no_input: bool = False
    variables: Mapping[str, str] = MappingProxyType({})

    def merged(self, given: Mapping[str, Any]) -> Settings:
        """These settings with the options of a command line laid over them."""
        console = self.console
        if given["color"] is not None:
            console.color = given["color"]
        console.quiet = console.quiet or given["quiet"]
        console.verbosity += given["verbose"]
        console.log_json = given["log_format"] == "json" if given["log_format"] is not None else console.log_json
        chdir = self.chdir / given["chdir"] if given["chdir"] is not None else self.chdir
        if not chdir.is_dir():
            raise UsageError(f"--chdir: {chdir} is not a folder")
        return self._replace(
            chdir=chdir,
            environment=given["environment"] if given["environment"] is not None else self.environment,
            no_input=self.no_input or given["no_input"],
            variables={**self.variables, **_from_files(given["var_file"]), **_from_pairs(given["var"])},
        )


def _from_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    variables = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--var {pair!r}: expected NAME=VALUE")
        variables[name] = value
    return variables


def _from_files(paths: tuple[str, ...]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for path in paths:
        from declarative.manifest.variables import read_variable_file

        variables |= read_variable_file(Path(path))
    return variables


_GLOBAL = (
    click.option("-C", "--chdir", type=click.Path(), metavar="DIR", help="Run as if started in DIR."),
    click.option("-e", "--env", "environment", metavar="NAME", help="Environment of the project."),
    click.option("--var", multiple=True, metavar="NAME=VALUE", help="Set a variable; repeatable."),
    click.option("--var-file", multiple=True, metavar="FILE", help="Variables from a YAML file; repeatable."),
    click.option("-v", "--verbose", count=True, help="Say more; -vv shows each call."),
    click.option("-q", "--quiet", is_flag=True, help="Only results and errors."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), help="Colour; NO_COLOR is honoured."),
    click.option("--log-format", type=click.Choice(["text", "json"]), help="Of stderr; json: one object a line, each call too."),
    click.option("--no-input", is_flag=True, help="Never ask; fail where an answer is needed."),
)
_GLOBAL_NAMES = ("chdir", "environment", "var", "var_file", "verbose", "quiet", "color", "log_format", "no_input")


def global_options(function: F) -> F:
    """Adds the global options; the function gets one `settings` in their place."""

    @click.pass_context
    @functools.wraps(function)
    def wrapper(ctx: click.Context, *args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in _GLOBAL_NAMES}
        ctx.obj = ctx.obj.merged(given)
        return ctx.invoke(function, *args, settings=ctx.obj, **kwargs)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_GLOBAL), wrapper)  # type: ignore[return-value]


def narrowing_options(function: F) -> F:
    """`-t`, `-x`, `-l`: which objects a plan is about."""
    options = (
        click.option("-t", "--target", "targets", multiple=True, metavar="ADDRESS-GLOB", help="Only these objects."),
        click.option("-x", "--exclude", "excludes", multiple=True, metavar="ADDRESS-GLOB", help="Not these objects."),
        click.option("-l", "--selector", "selectors", multiple=True, metavar="K=V", help="Only objects with this label."),
    )
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), function)


def output_options(*formats: str) -> Callable[[F], F]:
    """`-o FORMAT[=PATH]`, repeatable, and `--json`."""

    def decorate(function: F) -> F:
        function = click.option("--json", "json_output", is_flag=True, help="Short for -o json.")(function)
        return click.option(
            "-o",
            "--output",
            "outputs",
            multiple=True,
            metavar="FORMAT[=PATH]",
            help=f"{', '.join(formats)}; a format alone goes to stdout. Repeatable.",
        )(function)

    return decorate
