"""What the state keeps of a change that was carried out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from declarative.apply.context import Context
from declarative.assets.compare import Comparison, Verdict
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, DesiredAsset, LiveAsset
from declarative.assets.payload import applied_adopted, applied_after_sync
from declarative.assets.quick import look
from declarative.core.errors import DeclarativeError
from declarative.plan.model import AppliedReport, Change, ReportStatus
from declarative.plan.reports import request_digest, scope_digest
from declarative.state.model import Resource


def resource_after_sync(context: Context, change: Change, previous: Resource | None, sent_at: datetime) -> AppliedAsset:
    """The state of an asset whose import was accepted: nothing that was in the plan has arrived yet. `previous`: its state
    before."""
    return applied_after_sync(
        context.desired(change),
        previous if isinstance(previous, AppliedAsset) else None,
        sent_at=sent_at,
        resent=frozenset(field.path for field in change.fields),
        asset_id=change.asset_id,
    )


def adopted_resource(context: Context, change: Change, previous: Resource | None) -> AppliedAsset:
    """The state of an object that needs no call: newly bound, or known (`previous`) with another `onRemove`."""
    if isinstance(previous, AppliedAsset):
        return replace(previous, on_remove=context.desired(change).on_remove)
    live = context.live.get(change.address)
    if live is None:
        raise DeclarativeError(f"{change.address}: asset {change.asset_id} was not read again before adopting it")
    return applied_adopted(context.desired(change), live)


class Arrived(Struct, frozen=True):
    """The record of an asset that shows everything; `looked`: of each of the fields."""

    live: LiveAsset
    fields: Mapping[str, Any]
    looked: Mapping[str, Comparison]


def converged_resource(resource: AppliedAsset, connector: ConnectorRef, arrived: Arrived) -> AppliedAsset:
    """Bound to the live asset; every field that the search shows as sent is converged."""
    fields = {
        path: AppliedField(sent.value, sent.converged or _shows(path, sent.value, connector, arrived))
        for path, sent in resource.fields.items()
    }
    return replace(resource, asset_id=arrived.live.asset_id, fields=fields)


def _shows(path: str, value: Any, connector: ConnectorRef, arrived: Arrived) -> bool:
    looked = arrived.looked.get(path) if value == arrived.fields.get(path) else None
    return (looked or look(path, value, arrived.live.record, connector)).verdict is Verdict.EQUAL


def bare_resource(desired: DesiredAsset, asset_id: int) -> AppliedAsset:
    """As much of what was applied as reading asks for."""
    return AppliedAsset(desired.address, desired.connector, desired.identity, {}, asset_id)


def report_before_run(context: Context, change: Change, request_id: str) -> AppliedReport:
    """A report whose request is about to leave: uncertain until its answer is read."""
    request = dict(change.payload or {})
    return AppliedReport(
        address=change.address,
        name=str(request.get("name", "")),
        request_digest=request_digest(request),
        scope_digest=scope_digest(change.scope),
        status=ReportStatus.UNCERTAIN,
        ran_at=context.request.clock.now(),
        request_id=request_id,
    )
