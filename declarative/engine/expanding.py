"""Inventories of a workspace into assets: what every command that plans starts with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from declarative.core.canonical import digest_of
from declarative.core.collecting import no_garbage_collection
from declarative.core.diagnostics import has_errors, ordered
from declarative.engine.workspace import Workspace
from declarative.kinds.rows import check_claims

if TYPE_CHECKING:
    from declarative.inventory import Expansion


def with_rows(workspace: Workspace, *, now: datetime, connect: bool = True) -> Workspace:
    """The workspace with every row of its inventories as an asset; itself where it has none, or is wrong already.

    `connect=False` leaves inventories in databases alone: validation needs no network and no secret. Raises UsageError
    where an inventory is there and the extra is not.
    """
    desired = workspace.desired
    if not connect:
        desired = replace(desired, inventories=tuple(one for one in desired.inventories if one.source.format != "database"))
    if not desired.inventories or has_errors(workspace.diagnostics):
        return workspace
    # Ibis and DuckDB take a second to import: only who has an inventory waits for them.
    from declarative.inventory import expand

    with no_garbage_collection():
        return _expanded(workspace, expand(desired, workspace.loaded.project.rules, workspace.project.root, now=now))


def _expanded(workspace: Workspace, expansion: Expansion) -> Workspace:
    loaded, desired = workspace.loaded, workspace.desired
    assets = tuple(sorted((*desired.assets, *expansion.assets), key=lambda asset: asset.address))
    manifests = {manifest.address: manifest for manifest in loaded.manifests}
    shared = check_claims(desired, manifests, assets, loaded.project.rules)
    return Workspace(
        replace(loaded, digest=digest_of([loaded.digest, expansion.digest])),
        replace(desired, assets=assets),
        ordered((*workspace.diagnostics, *expansion.diagnostics, *shared)),
        held=expansion.held,
    )
