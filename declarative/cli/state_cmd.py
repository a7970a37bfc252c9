"""`declarative state`: list | show | rm | mv | history | unlock | backup."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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

    views = parse_outputs(outputs, json=json_output, formats=FORMATS)
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
    from declarative.state.codec import encode, loads

    views = parse_outputs(outputs, json=json_output, formats=FORMATS)
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime, read_only=True) as store:
        resource = store.get(address)
        known = list(store.resources()) if resource is None else []
    if resource is None:
        raise _unknown(address, known)
    document = {"address": address, **loads(encode(resource).document)}
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


@command.command("history")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@output_options(*FORMATS)
@global_options
def history(settings: Settings, limit: int, outputs: tuple[str, ...], json_output: bool) -> ExitCode:
    """Who applied what, when, and how it ended."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.cli.views import json_view, table_view
    from declarative.core.clock import to_iso

    views = parse_outputs(outputs, json=json_output, formats=FORMATS)
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime, read_only=True) as store:
        rows = [
            {
                "run": run.run_id,
                "command": run.command,
                "startedAt": to_iso(run.started_at),
                "endedAt": to_iso(run.ended_at) if run.ended_at else None,
                "user": f"{run.user}@{run.host}",
                "commit": run.commit,
                "planDigest": run.plan_digest,
                "exitCode": run.exit_code,
                "summary": dict(run.summary),
            }
            for run in store.runs(limit)
        ]
    columns = ("run", "startedAt", "user", "exitCode", "summary")
    emit(
        settings.console,
        views,
        {
            "text": lambda _: table_view(rows, columns) if rows else "Nothing has been applied yet.",
            "json": lambda _: json_view({"runs": rows}),
        },
    )
    return ExitCode.OK


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
