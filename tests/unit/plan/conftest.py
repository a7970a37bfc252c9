from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, DesiredAsset
from declarative.assets.payload import applied_after_sync
from declarative.plan.build import PlanInput, PlanOutcome, build
from declarative.plan.model import AppliedReport, Change, DesiredReport, Plan, ReportStatus, StateMark
from declarative.plan.reports import request_digest, scope_digest

NOW = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
CONNECTOR = ConnectorRef("servicenow", "489e8429-2e82-4599-a2a8-000000000000", "SNOW")
MARKED = replace(CONNECTOR, marker=True)


@dataclass(frozen=True)
class World:
    """Values of the plan's domain, made short."""

    now: datetime = NOW
    connector: ConnectorRef = CONNECTOR
    marked: ConnectorRef = MARKED
    base: Mapping[str, Any] = field(
        default_factory=lambda: {
            "project": "acme",
            "environment": None,
            "base_url": "https://gateway.example",
            "tool_version": "0.1.0",
            "manifest_digest": "sha256:" + "ab" * 32,
            "state": StateMark("lineage", 3),
            "now": NOW,
        }
    )

    def asset(self, name: str = "web-01", *, serial: str | None = "SN-1", core: Any = None, **more: Any) -> DesiredAsset:
        identity = more.pop("identity", {"serialNumber": serial} if serial else {})
        connector = more.pop("connector", CONNECTOR)
        return DesiredAsset(f"Asset/{name}", connector, identity, {"businessMetaData": core or {"department": "Sales"}}, **more)

    def applied(
        self, desired: DesiredAsset, *, hours_ago: float = 2, converged: bool = True, asset_id: int | None = 5
    ) -> AppliedAsset:
        sent = applied_after_sync(desired, None, sent_at=NOW - timedelta(hours=hours_ago), asset_id=asset_id)
        return replace(sent, fields={path: AppliedField(item.value, converged) for path, item in sent.fields.items()})

    def live(self, asset_id: int = 5, *, serial: str = "SN-1", **record: Any) -> dict[str, Any]:
        business = record.pop("business", {"department": "Sales"})
        return {"assetId": asset_id, "biosSerialNumber": serial, "businessInformation": business, **record}

    def build(self, *assets: DesiredAsset, applied: Any = (), live: Any = (), **more: Any) -> PlanOutcome:
        given = {**self.base, **more}
        known = {item.address: item for item in applied}
        return build(PlanInput(assets=assets, applied=known, live=LiveIndex.of(live), **given))

    def plan(self, *assets: DesiredAsset, **more: Any) -> Plan:
        return self.build(*assets, **more).plan

    def change(self, *assets: DesiredAsset, **more: Any) -> Change:
        (change,) = self.plan(*assets, **more).changes
        return change

    def report(self, **more: Any) -> DesiredReport:
        request = {"name": "monthly", "format": "PDF", **more.pop("request", {})}
        return DesiredReport("Report/monthly", request, **more)

    def ran(self, desired: DesiredReport, *, hours_ago: float = 2, status: ReportStatus = ReportStatus.CREATED) -> AppliedReport:
        return AppliedReport(
            desired.address,
            desired.name,
            request_digest(desired.request),
            scope_digest(desired.scope),
            status,
            "uuid",
            NOW - timedelta(hours=hours_ago),
        )


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def fields_of() -> Callable[[Change], dict[str, tuple[Any, Any, str]]]:
    def read(change: Change) -> dict[str, tuple[Any, Any, str]]:
        return {item.path.rpartition(".")[2]: (item.before, item.after, item.basis.value) for item in change.fields}

    return read
