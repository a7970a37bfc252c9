"""What a plan is about: the assets, what the state knows of them, and what is live. Rows that pass are only counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, DesiredAsset, OnRemove
from declarative.core.clock import Clock
from declarative.core.errors import StateError
from declarative.engine.workspace import Workspace
from declarative.plan.given import everything
from declarative.plan.known import Known, fetched
from declarative.plan.removed import as_declared
from declarative.qualys.model import Reader
from declarative.refresh import Refreshed, Stored, read_live, read_stored
from declarative.refresh.read import Mode
from declarative.state.model import Resource, Snapshot, Store

if TYPE_CHECKING:
    from declarative.inventory import Rows

InScope = Callable[[str], bool]


class Seen(Struct, frozen=True):
    """`passed`: rows that are unchanged, and not among the assets; `beyond`: those that the plan is not about."""

    assets: tuple[DesiredAsset, ...]
    resources: Mapping[str, Resource]
    live: Refreshed
    passed: int = 0
    beyond: int = 0


class Look(Struct, frozen=True):
    """`mode` as in `read_live`; `reader` is None where nothing is read."""

    workspace: Workspace
    store: Store
    reader: Reader | None
    snapshot: Snapshot | None
    clock: Clock
    mode: Mode

    def resources(self) -> Mapping[str, Resource]:
        """Everything that was applied, but for rows that pass. Those of which something else was applied since do not."""
        rows = self.workspace.rows
        if rows is None or not rows.passing:
            return self.store.resources()
        gone = rows.compare_applied(self.store.digests)
        others = self.store.addresses(but=rows.prefixes)
        return self.store.resources_at((*others, *gone, *(asset.address for asset in rows.assets)))

    def take(self, in_scope: InScope, *, narrowed: bool, resources: Mapping[str, Resource]) -> Seen:
        """Reads what is live of everything in scope."""
        rows = self.workspace.rows
        if rows is None or not rows.passing:
            return self._read(in_scope, resources)
        if narrowed:
            # Whoever would lose an asset: any row may be what it is, whatever that row is bound to.
            rows.take_where(everything if self._may_retire(in_scope, resources) else in_scope)
            seen = self._read(in_scope, self._again(resources))
            rows.take_holding(list(seen.live.index))
            return Seen(self.workspace.assets, self._again(resources), seen.live, beyond=rows.passing)
        with suppress(StateError):
            stored = self._stored(resources)
            if stored is not None:
                return self._passing(rows, stored, resources)
        rows.take_where(lambda _address: True)
        return self._read(in_scope, self._again(resources))

    def _may_retire(self, in_scope: InScope, resources: Mapping[str, Resource]) -> bool:
        declared = {asset.address for asset in self.workspace.assets}
        removal = self.workspace.desired.row_removal
        gone = (address for address in resources if address not in declared and in_scope(address))
        last = (as_declared(item, removal) for _, item in fetched(resources, gone))
        return any(isinstance(item, AppliedAsset) and item.on_remove is OnRemove.RETIRE for item in last)

    def _passing(self, rows: Rows, stored: Stored, resources: Mapping[str, Resource]) -> Seen:
        before = rows.passing
        rows.compare_live(stored.digests)
        if rows.passing < before:
            resources = self._again(resources)
        live = stored.refreshed(self.workspace.assets, resources)
        # A row is an asset again where its own live record came into sight: somebody else may claim it.
        before = rows.passing
        rows.take_holding(list(live.index))
        if rows.passing < before:
            resources = self._again(resources)
            live = stored.refreshed(self.workspace.assets, resources)
        return Seen(self.workspace.assets, resources, live, passed=rows.passing)

    def _again(self, resources: Mapping[str, Resource]) -> Mapping[str, Resource]:
        """With those of rows that became assets meanwhile."""
        return self.store.resources_at({*resources, *(asset.address for asset in self.workspace.assets)})

    def _read(self, in_scope: InScope, resources: Mapping[str, Resource]) -> Seen:
        assets = self.workspace.assets
        if self.reader is None:
            return Seen(assets, resources, Refreshed(LiveIndex(), "not read: --refresh none", complete=False))
        live = read_live(
            self.reader,
            assets if in_scope is everything else tuple(asset for asset in assets if in_scope(asset.address)),
            resources if in_scope is everything else Known(resources, in_scope=in_scope),
            mode=self.mode,
            page_size=self.workspace.project.page_size,
            clock=self.clock,
            snapshot=self.snapshot,
        )
        return Seen(assets, resources, live)

    def _stored(self, resources: Mapping[str, Resource]) -> Stored | None:
        rows = self.workspace.rows
        if rows is None or self.reader is None or self.snapshot is None:
            return None
        return read_stored(
            self.reader,
            self.workspace.assets,
            resources,
            passing=rows.passing,
            sections=rows.sections,
            full=self.mode == "full",
            page_size=self.workspace.project.page_size,
            snapshot=self.snapshot,
            clock=self.clock,
        )
