"""A plan with every action, and golden files."""

import os
from pathlib import Path

import pytest

from declarative.assets.model import ConnectorRef
from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.plan.model import (
    Action,
    ApplyResult,
    Basis,
    Calls,
    Change,
    ChangeResult,
    Check,
    FieldChange,
    LimitBreach,
    OutcomeKind,
    Plan,
    Quota,
    StateMark,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "render"
CONNECTOR = ConnectorRef("servicenow", "489e8429-2e82-4599-a2a8-000000000000", "SNOW")
DEPARTMENT = FieldChange("coreAttributes.businessMetaData.department", "Sales", "Engineering", Basis.LIVE)


def place(line, file="manifests/web.yaml"):
    return Position(file, line, 1)


@pytest.fixture
def golden():
    """Compares text with a golden file; `UPDATE_GOLDEN=1` writes it instead, to be read by a person before committing."""

    def compare(name, text):
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8", newline="")
        assert path.exists(), f"no golden file {name}: run with UPDATE_GOLDEN=1 and read what it wrote"
        assert text == path.read_bytes().decode(), f"{name} differs: if it is meant, run with UPDATE_GOLDEN=1"

    return compare


def _updates():
    department = "coreAttributes.businessMetaData.department differs"
    ports = FieldChange(
        "coreAttributes.ports",
        [
            {"port": "80", "protocol": "TCP", "description": "web"},
            {"port": "22", "protocol": "TCP"},
            {"port": "8080", "protocol": "TCP", "description": "proxy"},
        ],
        [
            {"port": "443", "protocol": "TCP", "description": "web"},
            {"port": "22", "protocol": "TCP"},
            {"port": "8080", "protocol": "TCP", "description": "new proxy"},
        ],
        Basis.LIVE,
    )
    addresses = FieldChange("identityAttributes.ipAddress", ["10.0.0.7", "10.0.0.8"], ["10.0.0.8", "10.0.0.9"], Basis.LIVE)
    street = FieldChange("coreAttributes.assignedLocation.street", "punawale", "a very long street name " * 8, Basis.APPLIED)
    return (
        Change("Asset/app-01", "Asset", Action.UPDATE, department, 5000011, "serialNumber", place(30), (DEPARTMENT,)),
        Change("Asset/app-02", "Asset", Action.UPDATE, department, 5000012, "serialNumber", place(60), (DEPARTMENT,)),
        Change(
            "Asset/web-01",
            "Asset",
            Action.UPDATE,
            "coreAttributes.ports and 2 more fields differ",
            5000001,
            "serialNumber",
            place(3),
            (ports, addresses, street),
            payload={
                "identityAttributes": {"sourceNativeKey": "NK-1"},
                "coreAttributes": {"ports": [{"port": "443", "protocol": "TCP"}]},
            },
            connector=CONNECTOR,
            fingerprint="sha256:" + "1" * 64,
        ),
    )


def _changes():
    other = "manifests/other.yaml"
    tag = FieldChange("coreAttributes.biosInfo.biosAssetTag", "NoAssetTag", "A-33", Basis.MARKER)
    status = FieldChange("coreAttributes.businessMetaData.status", "Running", "Retired", Basis.LIVE)
    created = (
        FieldChange("identityAttributes.hostName", None, "lost-01", Basis.LIVE),
        FieldChange("coreAttributes.operatingSystem", None, "Debian 12", Basis.LIVE),
    )
    changes = (
        *_updates(),
        Change(
            "Asset/db-01",
            "Asset",
            Action.BLOCKED,
            "two live assets match by hostName; pin identityAttributes.qualysAssetId to one of them",
            source=place(3, other),
            candidates=(5000077, 5000078),
        ),
        Change("Asset/gone-01", "Asset", Action.FORGET, "its manifest was removed", 5000005, "assetId"),
        Change("Asset/kept-01", "Asset", Action.ADOPT, "a live asset equals it", 5000021, "macAddress", place(8, other)),
        Change("Asset/lost-01", "Asset", Action.CREATE, "it has vanished", source=place(12, other), fields=created),
        Change("Asset/old-01", "Asset", Action.RETIRE, "onRemove is retire", 5000006, "assetId", fields=(status,)),
        Change(
            "Asset/over-01",
            "Asset",
            Action.OVERRIDDEN,
            "another source wins",
            5000033,
            "serialNumber",
            place(14, other),
            (tag,),
            ("send it all the same with --resend-overridden",),
        ),
        Change("Asset/pend-01", "Asset", Action.PENDING, "sent 4 minutes ago", 5000034, "serialNumber", place(40, other)),
        Change("Asset/same-01", "Asset", Action.UNCHANGED, "in sync", 5000035, "serialNumber", place(50, other)),
        Change(
            "Report/easm",
            "Report",
            Action.RUN,
            "never run",
            source=place(1, "manifests/report.yaml"),
            payload={"name": "EASM Summary Report", "format": "PDF", "reportType": "EASM_LEAD", "assetList": "5000001,5000002"},
            depends_on=("Asset/web-01",),
            scope=("5000001", "5000002"),
        ),
    )
    return tuple(sorted(changes, key=lambda change: change.address))


@pytest.fixture
def rich_plan():
    """Every action, both kinds of lists, every basis, checks, findings, limits, a quota that is too small."""
    queries = "manifests/queries.yaml"
    return Plan(
        project="acme",
        environment="prod",
        base_url="https://gateway.qg1.apps.qualys.com",
        tool_version="0.1.0",
        manifest_digest="sha256:" + "a" * 64,
        state=StateMark("11111111-2222-3333-4444-555555555555", 3),
        changes=_changes(),
        calls=Calls(read=2, sync=2, report=1),
        checks=(
            Check("ComponentQuery/log4j", "fail", 3, "3 found, at most 0 expected", place(15, queries)),
            Check("HostQuery/fresh", "warn", 12, "2 of 12 have a lastModifiedDate older than 30d", place(5, queries)),
            Check("HostQuery/no-low", "pass", 0, "0 found"),
        ),
        diagnostics=(
            Diagnostic(
                Severity.WARNING,
                "filter/date-equals-midnight",
                "component.firstFoundDate EQUALS 2026-01-15 is sent as midnight exactly",
                Position(queries, 9, 18, 9, 43),
                hint="For the whole day use two filters.",
                excerpt="        - {field: component.firstFoundDate, value: 2026-01-15}",
            ),
        ),
        breaches=(LimitBreach("update", 3, "30 % of 9 assets", "--allow-updates 3", "3 updates are 33 % of the 9 assets known"),),
        limits=("create 1 of at most 500 (--allow-creates N)",),
        read_strategy="12 assets by serialNumber in one IN filter, 3 by id",
        quota=Quota(limit=300, remaining=2, window_seconds=3600),
    )


@pytest.fixture
def rich_result():
    """Every outcome."""
    entry = ChangeResult
    return ApplyResult(
        project="acme",
        environment="prod",
        base_url="https://gateway.qg1.apps.qualys.com",
        plan_digest="sha256:" + "b" * 64,
        run_id="run-7",
        results=(
            entry("Asset/a", "Asset", Action.CREATE, OutcomeKind.APPLIED, request_id="rq-1", arrived=False, source=place(1)),
            entry("Asset/b", "Asset", Action.UPDATE, OutcomeKind.APPLIED, request_id="rq-1", asset_id=5000001, arrived=True),
            entry("Asset/c", "Asset", Action.UPDATE, OutcomeKind.FAILED, "HTTP 400: Invalid ipAddress", "rq-1", source=place(9)),
            entry(
                "Asset/d", "Asset", Action.UPDATE, OutcomeKind.STALE, "the live asset changed since the plan", asset_id=5000004
            ),
            entry("Report/r", "Report", Action.RUN, OutcomeKind.APPLIED, file_uuid="f5fde510-1b8a-11f1-a10e-63ad41ec1bb5"),
            entry("Report/s", "Report", Action.RUN, OutcomeKind.UNCERTAIN, "the connection broke after the request was sent"),
            entry("Report/t", "Report", Action.RUN, OutcomeKind.SKIPPED, "Asset/c failed, which it depends on"),
        ),
        calls=Calls(read=3, sync=1, report=2),
        interrupted=True,
        warnings=("the state store is on a network file system",),
    )
