"""`declarative sandbox`: serve an emulated gateway."""

from __future__ import annotations

from pathlib import Path

import click

from declarative.cli.options import Settings, global_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode


def require_sandbox() -> None:
    """Raises UsageError when the extra is not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the sandbox needs {' and '.join(missing)}", hint="install it with: pip install 'qualys-declarative[sandbox]'"
        )


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only, unless --allow-remote.")
@click.option("--port", type=click.IntRange(0, 65535), default=8444, show_default=True, help="0 picks a free one.")
@click.option("--assets", type=click.IntRange(0, 1_000_000), default=0, show_default=True, help="Seed an estate of N.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same estate, same faults.")
@click.option("--delay", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Seconds until an import shows.")
@click.option("--fault", metavar="PROFILE", help="flaky, throttled, maintenance or hostile.")
@click.option("--scenario", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Which calls fail, how, when.")
@click.option("--allow-remote", is_flag=True, help="Permit an address that is not loopback.")
@global_options
def command(
    settings: Settings,
    host: str,
    port: int,
    assets: int,
    seed: int,
    delay: float,
    fault: str | None,
    scenario: Path | None,
    allow_remote: bool,
) -> ExitCode:
    """Serve an emulated gateway, to try things and to rehearse bad days. It is not the real service, and says so."""
    require_sandbox()
    from declarative.sandbox import SandboxError, SandboxOptions, serve

    try:
        options = SandboxOptions(
            host=host,
            port=port,
            assets=assets,
            seed=seed,
            delay=delay,
            fault_profile=fault,
            scenario=settings.chdir / scenario if scenario else None,
            allow_remote=allow_remote,
        )
        serve(options, announce=settings.console.out)
    except (SandboxError, OSError) as error:
        raise UsageError(f"the sandbox cannot start: {error}") from error
    return ExitCode.OK
