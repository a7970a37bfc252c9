"""Drift: live against what was last applied, with no manifest asked."""

from __future__ import annotations

from declarative import __version__
from declarative.assets.model import AppliedAsset
from declarative.assets.reverse import desired_of
from declarative.engine.caching import keep_seen, with_snapshot
from declarative.engine.narrow import Narrowing
from declarative.engine.planning import unsearched
from declarative.engine.runtime import Runtime
from declarative.engine.workspace import Workspace
from declarative.plan.build import PlanInput, PlanOutcome, build
from declarative.plan.model import Limit, Limits, Plan
from declarative.refresh import read_live
from declarative.state.model import Snapshot, Store

_NO_LIMITS = Limits(create=Limit(), update=Limit(), run=Limit(), total=Limit())


def find_drift(workspace: Workspace, narrowing: Narrowing, runtime: Runtime, store: Store) -> Plan:
    """A plan whose desired state is the state itself: its updates are drift, its creates have vanished.

    Manifests may be wrong or missing; labels are known only where there are some. It is for looking: it cannot be
    applied, as `refresh` says. Raises AuthError, ApiError, StateError.
    """
    labels = workspace.labels
    mark = store.mark
    resources = {address: item for address, item in store.resources().items() if isinstance(item, AppliedAsset)}
    narrowing.require_known((*labels, *resources))
    known = {address: item for address, item in resources.items() if narrowing(address, labels.get(address, {}))}
    assets = tuple(desired_of(item) for _, item in sorted(known.items()))
    with runtime.reader(workspace.project) as reader:

        def work(snapshot: Snapshot | None) -> PlanOutcome:
            page_size = workspace.project.page_size
            live = read_live(reader, assets, known, page_size=page_size, clock=runtime.clock, snapshot=snapshot)
            return build(
                PlanInput(
                    project=workspace.project.name,
                    environment=workspace.project.environment,
                    base_url=runtime.base_url(workspace.project),
                    tool_version=__version__,
                    manifest_digest=workspace.loaded.digest,
                    state=mark,
                    now=runtime.clock.now(),
                    assets=assets,
                    applied=known,
                    live=live.index,
                    settle=workspace.project.settle,
                    limits=_NO_LIMITS,
                    batch_size=workspace.project.batch_size,
                    narrowed=narrowing.lines,
                    read_calls=reader.calls_made,
                    quota=reader.quota,
                    read_strategy=live.strategy,
                    refresh="drift",
                    live_complete=live.complete,
                    diagnostics=unsearched(live),
                )
            )

        outcome = with_snapshot(store, runtime.environ, work)
    keep_seen(store, outcome.observed, runtime.say)
    return outcome.plan
