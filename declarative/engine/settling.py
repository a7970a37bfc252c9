"""Rows of inventories that need no look: what earlier plans settled of them, kept beside the snapshot.

It is a cache. Without it every row becomes an asset and is decided on, and the plan is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from declarative.assets.live import LiveIndex
from declarative.core.errors import InvalidError, StateError
from declarative.engine.caching import snapshot_for
from declarative.engine.runtime import Runtime
from declarative.engine.workspace import Workspace
from declarative.manifest.model import Project
from declarative.state.model import Snapshot, Store

Recall = Callable[[str], bytes | None]


@contextmanager
def recall_from(store: Store, project: Project, runtime: Runtime) -> Iterator[Recall]:
    """What `keep_settled` kept under a name for this target and user; nothing where it cannot be read, or not be kept."""
    with ExitStack() as stack:
        snapshot = snapshot_for(store, runtime.environ) if store.writable else None
        base_url = ""
        with suppress(InvalidError):
            base_url = runtime.base_url(project)
        if snapshot is not None:
            stack.enter_context(snapshot)

        def recall(name: str) -> bytes | None:
            with suppress(StateError):
                return snapshot.blob(_name(base_url, name)) if snapshot is not None and base_url else None
            return None

        yield recall


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
