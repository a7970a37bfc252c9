"""Rows of inventories that need no look: what earlier plans settled of them, kept beside the snapshot.

It is a cache. Without it every row becomes an asset and is decided on, and the plan is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

from declarative.assets.live import LiveIndex
from declarative.core.errors import InvalidError, StateError
from declarative.core.meanwhile import meanwhile
from declarative.engine.caching import snapshot_for
from declarative.engine.proving import Prover
from declarative.engine.runtime import Runtime
from declarative.engine.workspace import Workspace
from declarative.state.model import Snapshot, Store

if TYPE_CHECKING:
    from declarative.inventory import Memory


@contextmanager
def remembering(workspace: Workspace, runtime: Runtime) -> Iterator[Callable[[], tuple[Store, Memory]]]:
    """Opens the store, with what it remembers, in a thread: to check a large one takes a second, in which rows can be read.
    Who asks for them waits, and meets what `Workspace.open_store` raises."""
    stack = ExitStack()

    def opened() -> tuple[Store, Memory]:
        store = stack.enter_context(closing(workspace.open_store(runtime.clock, runtime.environ)))
        return store, stack.enter_context(memory_of(store, workspace, runtime))

    found = None
    try:
        with meanwhile(opened) as found:
            yield found.result
    finally:
        # Else the run was interrupted, and what the thread still opens goes with the process.
        if found is not None and found.done():
            stack.close()


@contextmanager
def memory_of(store: Store, workspace: Workspace, runtime: Runtime) -> Iterator[Memory]:
    """What `keep_settled` kept for this target and user; nothing where the snapshot cannot be read, or not be kept."""
    from declarative.inventory import Memory

    snapshot = snapshot_for(store, runtime.environ) if store.writable else None
    base_url = ""
    with suppress(InvalidError):
        base_url = runtime.base_url(workspace.project)
    if snapshot is None or not base_url:
        yield Memory()
        return

    def recall(name: str) -> bytes | None:
        with suppress(StateError):
            return snapshot.blob(_name(base_url, name))
        return None

    with snapshot:
        yield Memory(recall, Prover(workspace, store, snapshot, base_url, runtime.clock))


def keep_settled(
    workspace: Workspace, bound: Mapping[str, int], live: LiveIndex, snapshot: Snapshot, store: Store, base_url: str
) -> None:
    """Remembers rows whose decision stands while nothing changes of what it rested on. `bound`: their addresses, and the live
    assets that they are bound to."""
    rows = workspace.rows
    if rows is None or not store.writable:
        return
    told = {one.address for one in workspace.diagnostics}
    with suppress(StateError):
        found = {}
        for address, asset_id in bound.items():
            applied, shown = store.digest_read(address), live.digest(asset_id)
            if address not in told and applied is not None and shown is not None:
                found[address] = (applied, asset_id, shown)
        for name, data in rows.settled(found):
            snapshot.keep_blob(_name(base_url, name), data)


def _name(base_url: str, name: str) -> str:
    return f"{base_url}#settled={name}"
