"""`declarative sandbox`: serve an emulated gateway."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative.cli.options import Settings, global_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.sandbox import Connector, SandboxOptions

USERNAME, PASSWORD = "DECLARATIVE_SANDBOX_USERNAME", "DECLARATIVE_SANDBOX_PASSWORD"


def require_sandbox() -> None:
    """Raises UsageError when the extra is not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the sandbox needs {' and '.join(missing)}", hint="install it with: pip install 'qualys-declarative[sandbox]'"
        )


@click.command("sandbox", epilog=f"{USERNAME} and {PASSWORD} in the environment set the credentials that /auth accepts.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only, unless --allow-remote.")
@click.option("--port", type=click.IntRange(0, 65535), default=8444, show_default=True, help="0 picks a free one.")
@click.option("--assets", type=click.IntRange(0, 1_000_000), default=0, show_default=True, help="Seed an estate of N.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same estate, same faults.")
@click.option(
    "--state", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Keep the inventory across restarts."
)
@click.option("--delay", type=click.FloatRange(min=0), metavar="SECONDS", help="Until an import shows.  [default: 2]")
@click.option("--limit", type=click.IntRange(min=1), metavar="CALLS", help="Quota of calls a window, with its headers.")
@click.option("--window", type=click.FloatRange(min=1), metavar="SECONDS", help="Of the quota.  [default: 3600]")
@click.option("--behind", type=click.FloatRange(min=0), default=0, metavar="SECONDS", help="By which its clock is late.")
@click.option("--connector", "connectors", multiple=True, metavar="UUID=NAME", help="Register a connector. Repeatable.")
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help="Throw a switch of docs/sandbox.md. Repeatable.")
@click.option("--fault", metavar="PROFILE", help="flaky, throttled, maintenance or hostile.")
@click.option("--scenario", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Which calls fail, how, when.")
@click.option("--allow-remote", is_flag=True, help="Permit an address that is not loopback.")
@global_options
def command(settings: Settings, scenario: Path | None, state: Path | None, **given: Any) -> ExitCode:
    """Serve an emulated gateway, to try things and to rehearse bad days. It is not the real service, and says so."""
    require_sandbox()
    from declarative.sandbox import SandboxError, serve

    try:
        serve(
            _options(settings.chdir / scenario if scenario else None, settings.chdir / state if state else None, **given),
            announce=settings.console.out,
        )
    except (SandboxError, OSError) as error:
        raise UsageError(f"the sandbox cannot start: {error}") from error
    return ExitCode.OK


def _options(
    scenario: Path | None,
    state: Path | None,
    *,
    limit: int | None,
    connectors: Sequence[str],
    switches: Sequence[str],
    fault: str | None,
    behind: float,
    **same: Any,
) -> SandboxOptions:
    from declarative.sandbox import SandboxOptions, Switches

    variables = {"username": os.environ.get(USERNAME), "password": os.environ.get(PASSWORD)}
    credentials: dict[str, Any] = {name: value for name, value in variables.items() if value}
    return SandboxOptions(
        **same,
        **credentials,
        limit_per_window=limit,
        connectors=tuple(_connector(text) for text in connectors),
        switches=Switches().changed(dict(_switch(text) for text in switches)),
        fault_profile=fault,
        start=datetime.now(UTC) - timedelta(seconds=behind) if behind else None,
        scenario=scenario,
        state=state,
    )


def _connector(text: str) -> Connector:
    from uuid import UUID

    from declarative.sandbox import Connector

    uuid, _, name = text.partition("=")
    try:
        return Connector(str(UUID(uuid)), name or uuid)
    except ValueError as error:
        raise UsageError(f"--connector {text!r}: expected UUID=NAME") from error


def _switch(text: str) -> tuple[str, Any]:
    """The value as YAML has it: true, 5, null, [serialNumber, hostName]."""
    import yaml

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--switch {text!r}: expected NAME=VALUE, for example maxBatch=50")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"--switch {text!r}: the value is not YAML") from error
