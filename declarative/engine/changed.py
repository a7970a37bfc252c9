"""What the manifests say differently since a commit: by meaning, so that a comment or a moved file is no change, and a
variable, an overlay, a connector or a row of an inventory is one for everything that it reaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from declarative.core.diagnostics import has_errors
from declarative.core.errors import InvalidError
from declarative.engine.workspace import Workspace
from declarative.manifest.revision import at_revision

Open = Callable[[Path], Workspace]
"""A folder's workspace, rows of inventories included, in the same environment, with the same variables and the same now."""


def changed_since(workspace: Workspace, ref: str, open_at: Open) -> frozenset[str]:
    """Addresses that are new, gone or different, and the reports that are about a query which is.

    Everything, where the project was not there or not valid at that commit. Raises UsageError."""
    with at_revision(workspace.project.root, ref) as folder:
        before = _meanings(_opened(folder, open_at))
    after = _meanings(workspace)
    found = {address for address in before.keys() | after.keys() if before.get(address) != after.get(address)}
    about = {report.address for report in workspace.desired.reports if report.asset_query in found or report.tag_query in found}
    return frozenset(found | about)


def _opened(folder: Path, open_at: Open) -> Workspace | None:
    try:
        workspace = open_at(folder)
    except InvalidError:
        return None
    return None if has_errors(workspace.diagnostics) else workspace


def _meanings(workspace: Workspace | None) -> Mapping[str, Any]:
    if workspace is None:
        return {}
    # A connector's settings are part of each of its assets. Where something stands in a file is no part of its meaning, and
    # neither is the moment that a relative date is counted from.
    assets = {asset.address: replace(asset, position=None) for asset in workspace.desired.assets}
    asked = {*(one.address for one in workspace.desired.reports), *(one.address for one in workspace.desired.queries)}
    return {**assets, **{one.address: one.spec for one in workspace.loaded.manifests if one.address in asked}}
