"""`declarative state`: list | show | rm | mv | history | unlock | backup | restore."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative.cli.history import history
from declarative.cli.options import Settings, global_options, output_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.state.model import Resource, Store

FORMATS = ("text", "json")


@click.group("state")
def command() -> None:
    """What this project has applied. Truth is live: losing state costs attribution, never correctness."""


@command.command("list")
@output_options(*FORMATS)
@global_options
def list_state(settings: Settings, outputs: tuple[str, ...], json_output: bool) -> ExitCode:
    """Every object in the state."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.cli.views import json_view, table_view

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir)
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime, read_only=True) as store:
        rows = [_row(resource) for _, resource in sorted(store.resources().items())]
        mark = store.mark
    emit(
        settings.console,
        views,
        {
            "text": lambda _: table_view(rows, ("address", "assetId", "status", "at")) if rows else "The state is empty.",
            "json": lambda _: json_view({"lineage": mark.lineage, "serial": mark.serial, "resources": rows}),
        },
    )
    return ExitCode.OK


@command.command("show")
@click.argument("address")
@output_options(*FORMATS)
@global_options
def show(settings: Settings, address: str, outputs: tuple[str, ...], json_output: bool) -> ExitCode:
    """Everything the state knows of one object."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.cli.views import json_view
    from declarative.render.table import yaml_text
    from declarative.state.codec import describe

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir)
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime, read_only=True) as store:
        resource = store.get(address)
        known = list(store.resources()) if resource is None else []
    if resource is None:
        raise _unknown(address, known)
    document = describe(resource)
    emit(
        settings.console,
        views,
        {"text": lambda _: yaml_text(document), "json": lambda _: json_view(document)},
    )
    return ExitCode.OK


@command.command("rm")
@click.argument("addresses", nargs=-1, required=True)
@global_options
def remove(settings: Settings, addresses: tuple[str, ...]) -> ExitCode:
    """Forget objects. Nothing is sent: the assets stay as they are."""
    from declarative.cli.session import runtime_for, store_for, workspace_for

    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime) as store, _locked(store):
        known = store.resources()
        for address in addresses:
            if address not in known:
                raise _unknown(address, known)
        store.remove(addresses)
    settings.console.out("\n".join(f"forgot {address}" for address in addresses))
    return ExitCode.OK


@command.command("mv")
@click.argument("old")
@click.argument("new")
@global_options
def move(settings: Settings, old: str, new: str) -> ExitCode:
    """Rename an object in the state, after its manifest was renamed. Nothing is sent."""
    from declarative.cli.session import runtime_for, store_for, workspace_for

    if old.partition("/")[0] != new.partition("/")[0] or not new.partition("/")[2]:
        raise UsageError(f"{old} cannot become {new}: the kind must stay, and a name must follow it")
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime) as store, _locked(store):
        known = store.resources()
        if old not in known:
            raise _unknown(old, known)
        if new in known:
            raise UsageError(f"{new} is in the state already", hint=f"forget it first: declarative state rm {new}")
        store.move(old, new)
    settings.console.out(f"moved {old} to {new}")
    return ExitCode.OK


command.add_command(history)


@command.command("unlock")
@click.argument("lease_id", metavar="ID")
@global_options
def unlock(settings: Settings, lease_id: str) -> ExitCode:
    """Break the lease with this ID, after making sure that its holder is gone."""
    from declarative.cli.session import runtime_for, store_for, workspace_for

    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime) as store:
        store.unlock(lease_id)
    settings.console.out("unlocked")
    return ExitCode.OK


@command.command("backup")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@global_options
def backup(settings: Settings, path: Path) -> ExitCode:
    """Write a consistent copy of the state to PATH."""
    from declarative.cli.session import runtime_for, store_for, workspace_for

    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    target = settings.chdir / path
    if target.exists():
        raise UsageError(f"{target} exists already", hint="name a new file")
    with store_for(workspace, runtime, read_only=True) as store:
        store.backup(str(target))
    settings.console.out(f"wrote {target}")
    return ExitCode.OK


@command.command("restore")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
def restore(settings: Settings, path: Path, yes: bool) -> ExitCode:
    """Put the backup at PATH in the state's place. What was there is kept beside it."""
    from declarative.cli.session import runtime_for, workspace_for
    from declarative.state import restore_store

    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    url = runtime.environ.get("DECLARATIVE_STATE") or workspace.project.state_url
    if not yes:
        _ask(settings, f"Put {path} in the place of the state?")
    mark, kept = restore_store(url, settings.chdir / path, clock=runtime.clock)
    before = f"; what was there is kept as {kept}" if kept else ""
    settings.console.out(f"restored {path}: the state is at serial {mark.serial}{before}")
    return ExitCode.OK


def _ask(settings: Settings, question: str) -> None:
    if settings.no_input or not sys.stdin.isatty():
        raise UsageError("approval is needed and there is no terminal to ask on", hint="give --yes")
    settings.console.err(f"{question} Only 'yes' is accepted: ", end="")
    if sys.stdin.readline().strip() != "yes":
        raise UsageError("nothing was changed")


@contextmanager
def _locked(store: Store) -> Iterator[None]:
    """Holds the lease while the state is mended by hand. Raises LockedError while an apply runs."""
    from declarative.engine.applying import run_info

    lease = store.acquire(run_info().holder)
    try:
        yield
    finally:
        lease.release()


def _unknown(address: str, known: Iterable[str]) -> UsageError:
    close = difflib.get_close_matches(address, list(known), n=1)
    return UsageError(
        f"{address} is not in the state", hint=f"did you mean '{close[0]}'?" if close else "see: declarative state list"
    )


def _row(resource: Resource) -> dict[str, Any]:
    from declarative.assets.model import AppliedAsset
    from declarative.core.clock import to_iso

    if isinstance(resource, AppliedAsset):
        converged = all(field.converged for field in resource.fields.values())
        status = "adopted" if resource.sent_at is None else "converged" if converged else "sent"
        return {
            "address": resource.address,
            "assetId": resource.asset_id,
            "status": status,
            "at": to_iso(resource.sent_at) if resource.sent_at else None,
        }
    return {
        "address": resource.address,
        "assetId": None,
        "status": str(resource.status),
        "at": to_iso(resource.ran_at) if resource.ran_at else None,
    }
