"""Drift: live against what was last applied, with no manifest asked."""

from __future__ import annotations

from collections.abc import Mapping

from declarative import __version__
from declarative.assets.model import AppliedAsset, DesiredAsset
from declarative.assets.reverse import desired_of
from declarative.engine.caching import keep_seen, with_snapshot
from declarative.engine.narrow import Narrowing
from declarative.engine.planning import unsearched
from declarative.engine.runtime import Runtime
from declarative.engine.steadying import Steadily
from declarative.engine.workspace import Workspace
from declarative.plan.build import PlanInput, PlanOutcome, build
from declarative.plan.model import Limit, Limits, Plan
from declarative.refresh import Refreshed, read_live
from declarative.state.model import Resource, Snapshot, Store

_NO_LIMITS = Limits(create=Limit(), update=Limit(), run=Limit(), total=Limit())


def find_drift(workspace: Workspace, narrowing: Narrowing, runtime: Runtime, store: Store, *, list_all: bool = False) -> Plan:
    """A plan whose desired state is the state itself: its updates are drift, its creates have vanished.

    Manifests may be wrong or missing; labels are known only where there are some. It is for looking: it cannot be
    applied, as `refresh` says. `list_all`: with each unchanged object; without, those that were looked at before are only
    counted. Raises AuthError, ApiError, StateError.
    """
    labels = workspace.labels
    mark = store.mark
    project = workspace.project
    with runtime.reader(project) as reader:

        def compared(
            known: Mapping[str, Resource], assets: tuple[DesiredAsset, ...], live: Refreshed, passed: int = 0
        ) -> PlanOutcome:
            return build(
                PlanInput(
                    project=project.name,
                    environment=project.environment,
                    base_url=runtime.base_url(project),
                    tool_version=__version__,
                    manifest_digest=workspace.loaded.digest,
                    state=mark,
                    now=runtime.clock.now(),
                    assets=assets,
                    applied=known,
                    live=live.index,
                    live_count=live.records_seen if passed else None,
                    settle=project.settle,
                    limits=_NO_LIMITS,
                    batch_size=project.batch_size,
                    narrowed=narrowing.lines,
                    read_calls=reader.calls_made,
                    quota=reader.quota,
                    read_strategy=live.strategy,
                    refresh="drift",
                    live_complete=live.complete,
                    diagnostics=unsearched(live),
                    passed=passed,
                )
            )

        def whole(snapshot: Snapshot | None) -> PlanOutcome:
            resources = {address: item for address, item in store.resources().items() if isinstance(item, AppliedAsset)}
            narrowing.require_known((*labels, *resources))
            known = {address: item for address, item in resources.items() if narrowing(address, labels.get(address, {}))}
            assets = tuple(desired_of(item) for _, item in sorted(known.items()))
            page_size, clock = project.page_size, runtime.clock
            return compared(known, assets, read_live(reader, assets, known, page_size=page_size, clock=clock, snapshot=snapshot))

        def work(snapshot: Snapshot | None) -> PlanOutcome:
            if snapshot is None or narrowing or list_all:
                return whole(snapshot)
            salt = f"{__version__} {project.settle.total_seconds()}"
            steadily = Steadily(store, reader, snapshot, runtime.clock, project.page_size, salt, compared)
            return steadily.look() or whole(snapshot)

        outcome = with_snapshot(store, runtime.environ, work)
    keep_seen(store, outcome.observed, runtime.say)
    return outcome.plan
