"""What most commands start with: a workspace, a runtime, a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from declarative.cli.console import Console
from declarative.cli.options import Settings
from declarative.core.clock import SystemClock
from declarative.core.errors import InvalidError
from declarative.engine.runtime import Runtime
from declarative.engine.workspace import Workspace, bare_workspace, open_workspace
from declarative.manifest.walk import PROJECT_FILE
from declarative.qualys.budget import MAX_WAIT, WaitBudget
from declarative.qualys.model import CallRecord, Observer, Waiting

if TYPE_CHECKING:
    from declarative.engine.narrow import Narrowing
    from declarative.state.model import Store


def runtime_for(settings: Settings, *, max_wait: float = MAX_WAIT) -> Runtime:
    return Runtime(
        environ=os.environ,
        clock=SystemClock(),
        observer=watcher(settings.console),
        say=settings.console.note,
        waits=WaitBudget(max_wait),
    )


def watcher(console: Console) -> Observer:
    """Shows each wait, and with -vv or in a JSON log each call."""

    def watch(event: CallRecord | Waiting) -> None:
        if console.log_json:
            _log(console, event)
        elif isinstance(event, Waiting):
            console.note(f"waiting {event.seconds:.0f} s: {event.reason}")
        elif console.verbosity > 1:
            status = event.status if event.status is not None else event.error or "no answer"
            console.debug(f"{event.method} {event.path} -> {status} in {event.seconds:.2f} s")

    return watch


def _log(console: Console, event: CallRecord | Waiting) -> None:
    if console.quiet:
        return
    if isinstance(event, Waiting):
        console.event("wait", level="warning", seconds=round(event.seconds, 3), reason=event.reason)
        return
    console.event(
        "call",
        method=event.method,
        path=event.path,
        status=event.status,
        seconds=round(event.seconds, 3),
        requestId=event.request_id,
        error=event.error,
    )


def workspace_for(settings: Settings, runtime: Runtime) -> Workspace:
    return open_workspace(
        settings.chdir,
        environment=settings.environment,
        variables=settings.variables,
        environ=runtime.environ,
        now=runtime.clock.now(),
    )


@contextmanager
def planning(settings: Settings, runtime: Runtime, *, look_at_all: bool) -> Iterator[tuple[Workspace, Store]]:
    """The project with its rows, and the store. Unless somebody will `look_at_all` of them, rows that earlier plans settled
    become no assets. Raises InvalidError for what is wrong in it, UsageError where the extra for inventories is missing."""
    from declarative.engine.expanding import rows_in, with_rows
    from declarative.engine.settling import remembering

    workspace = workspace_for(settings, runtime)
    workspace.require_valid()
    with ExitStack() as stack:
        if look_at_all or not workspace.desired.inventories:
            whole = with_rows(workspace, now=runtime.clock.now())
            whole.require_valid()
            yield whole, stack.enter_context(store_for(whole, runtime))
            return
        found = stack.enter_context(remembering(workspace, runtime))
        rows = rows_in(workspace, now=runtime.clock.now(), memory=lambda: found()[1])
        opened = stack.enter_context(rows)
        opened.require_valid()
        yield opened, found()[0]


def planning_workspace_for(settings: Settings, runtime: Runtime) -> Workspace:
    """With the rows of inventories. Raises UsageError where the extra for them is not installed."""
    from declarative.engine.expanding import with_rows

    return with_rows(workspace_for(settings, runtime), now=runtime.clock.now())


def narrowed_to_changes(settings: Settings, runtime: Runtime, workspace: Workspace, narrowing: Narrowing, ref: str) -> Narrowing:
    """The narrowing, with only what differs from the manifests of a Git commit. Raises UsageError."""
    from declarative.engine.changed import changed_since

    def open_at(folder: Path) -> Workspace:
        return planning_workspace_for(settings._replace(chdir=folder), runtime)

    return replace(narrowing, since=ref, changed=changed_since(workspace, ref, open_at))


def reading_workspace_for(settings: Settings, runtime: Runtime) -> Workspace:
    """The project, or none where the folder lies in none and QUALYS_BASE_URL names the target: a question at the prompt
    needs no manifests. Raises InvalidError when nothing names a target."""
    if _has_project(settings.chdir) or settings.environment is not None:
        return workspace_for(settings, runtime)
    if not runtime.environ.get("QUALYS_BASE_URL"):
        raise InvalidError(
            f"no {PROJECT_FILE} in {settings.chdir.resolve()} or any folder above it, and QUALYS_BASE_URL is not set",
            hint="set QUALYS_BASE_URL, run `declarative init` to start a project, or give its folder with --chdir",
        )
    return bare_workspace(settings.chdir)


def _has_project(start: Path) -> bool:
    return any((folder / PROJECT_FILE).is_file() for folder in (start.resolve(), *start.resolve().parents))


@contextmanager
def store_for(workspace: Workspace, runtime: Runtime, *, read_only: bool = False) -> Iterator[Store]:
    with closing(workspace.open_store(runtime.clock, runtime.environ, read_only=read_only)) as store:
        yield store
