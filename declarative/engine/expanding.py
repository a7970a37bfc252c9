"""Inventories of a workspace into assets: what every command that plans starts with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import structs

from declarative.core.canonical import digest_of
from declarative.core.collecting import no_garbage_collection
from declarative.core.diagnostics import has_errors, ordered
from declarative.engine.workspace import Workspace
from declarative.kinds.model import Desired
from declarative.kinds.rows import check_claims

if TYPE_CHECKING:
    from declarative.inventory import Memory, Rows


def with_rows(workspace: Workspace, *, now: datetime, connect: bool = True) -> Workspace:
    """The workspace with every row of its inventories as an asset; itself where it has none, or is wrong already.

    `connect=False` leaves inventories in databases alone: validation needs no network and no secret. Raises UsageError
    where an inventory is there and the extra is not.
    """
    desired = workspace.desired
    if not connect:
        local = tuple(one for one in desired.inventories if one.source.format != "database")
        workspace = structs.replace(workspace, desired=structs.replace(desired, inventories=local))
    with rows_in(workspace, now=now) as opened:
        if opened.rows is None:
            return opened
        every = structs.replace(opened.desired, assets=opened.assets, inventories=desired.inventories)
        return structs.replace(opened, desired=every, rows=None)


@contextmanager
def rows_in(workspace: Workspace, *, now: datetime, memory: Callable[[], Memory] | None = None) -> Iterator[Workspace]:
    """The workspace with its rows open. Those that `memory` speaks for become no assets until somebody asks for them; it is
    asked in another thread, while rows are read."""
    desired = workspace.desired
    if not desired.inventories or has_errors(workspace.diagnostics):
        yield workspace
        return
    # Ibis and DuckDB load when there is an inventory, and only then.
    from declarative.inventory import Memory, open_rows

    with no_garbage_collection():
        project = workspace.project
        # Once settling is over, a field that does not say what was sent is nobody's any more.
        salt = f"{project.settle.total_seconds()}"
        opening = open_rows(desired, project.rules, project.root, now=now, memory=memory or Memory, salt=salt)
        with opening as rows:
            yield _opened(workspace, desired, rows)


def _opened(workspace: Workspace, desired: Desired, rows: Rows) -> Workspace:
    loaded = workspace.loaded
    opened = structs.replace(workspace, rows=rows, held=rows.held)
    manifests = {manifest.address: manifest for manifest in loaded.manifests}
    shared = check_claims(desired, manifests, opened.assets, loaded.project.rules)
    return structs.replace(
        opened,
        loaded=replace(loaded, digest=digest_of([loaded.digest, rows.digest])),
        diagnostics=ordered((*workspace.diagnostics, *rows.diagnostics, *shared)),
    )
