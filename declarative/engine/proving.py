"""Rows that no plan has settled, and that are as they should be all the same: after an upgrade, a changed rule, a lost cache.

They are looked at some thousand at a time, each as if the others were not there: a million of them are never in memory at once.
What that cannot see is looked at afterwards: who else claims the same, and what changed since the snapshot was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from declarative import __version__
from declarative.assets.model import DesiredAsset
from declarative.core.clock import Clock
from declarative.core.errors import StateError
from declarative.engine.workspace import Workspace
from declarative.plan.build import PlanInput, build
from declarative.plan.known import briefing
from declarative.plan.model import StateMark
from declarative.refresh import Stored, as_kept
from declarative.state.model import Snapshot, Store

if TYPE_CHECKING:
    from declarative.inventory.memory import Seen


class Prover:
    """An `inventory.memory.Prove` over the snapshot as it is: no call is made."""

    def __init__(self, workspace: Workspace, store: Store, snapshot: Snapshot, base_url: str, clock: Clock) -> None:
        self._workspace, self._store, self._snapshot = workspace, store, snapshot
        self._base_url, self._clock = base_url, clock

    def __call__(self, assets: Sequence[DesiredAsset]) -> Mapping[str, Seen]:
        try:
            return {} if self._kept is None else self._lasting(assets, self._kept)
        except StateError:
            return {}

    @cached_property
    def _kept(self) -> Stored | None:
        desired = self._workspace.desired
        sections = frozenset(chain.from_iterable(one.sections for one in desired.inventories))
        return as_kept(self._snapshot, self._base_url, desired.assets, sections)

    def _lasting(self, assets: Sequence[DesiredAsset], kept: Stored) -> Mapping[str, Seen]:
        project = self._workspace.project
        records = self._store.resources_at((asset.address for asset in assets), note=False)
        live = kept.refreshed(assets, records).index
        given = PlanInput(
            project=project.name,
            environment=project.environment,
            base_url=self._base_url,
            tool_version=__version__,
            manifest_digest="",
            state=StateMark("", 0),
            now=self._clock.now(),
            assets=tuple(assets),
            applied=records,
            live=live,
            settle=project.settle,
            moved=project.moved,
        )
        found, brief = {}, briefing(records)
        for address in build(given).verified:
            known = brief(address)
            shown = None if known is None or known.asset_id is None else live.digest(known.asset_id)
            if known is not None and known.asset_id is not None and known.digest is not None and shown is not None:
                found[address] = (known.digest, known.asset_id, shown)
        return found
