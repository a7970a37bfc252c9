"""Manifests as the manifest room hands them on, without files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from declarative.core.diagnostics import Position
from declarative.kinds.registry import lower
from declarative.manifest.model import Loaded, Manifest, Project

NOW = datetime(2026, 6, 24, 12, 0, tzinfo=UTC)
CONNECTOR = {"connectorUuid": "489e8429-2e82-4599-a2a8-2b8f3d5c7a10", "source": "SNOW"}


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def manifest():
    """A manifest at line 1 of its own file; a pointer is located at a column that tells how deep it is."""

    def make(kind, name, spec, **metadata):
        file = f"manifests/{kind.lower()}-{name}.yaml"
        value = {"apiVersion": "declarative/v1", "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}
        return Manifest.of(value, Position(file), lambda pointer: Position(file, 2, 1 + pointer.count("/")))

    return make


@pytest.fixture
def desired():
    """Lowers manifests, with settings of rules and moves of the project."""

    def make(*manifests, rules=None, moved=None, now=NOW, diagnostics=()):
        project = Project(
            name="acme",
            root=Path("/srv/acme"),
            environment=None,
            base_url=None,
            state_url="",
            rules=rules or {},
            moved=moved or {},
        )
        return lower(Loaded(project, tuple(manifests), tuple(diagnostics), "sha256:0", ()), now=now)

    return make


@pytest.fixture
def connector(manifest):
    return manifest("Connector", "servicenow", CONNECTOR)


@pytest.fixture
def asset(manifest):
    def make(name="web-01", identity=None, core=None, **spec):
        identity = {"sourceNativeKey": f"NK-{name}", "hostName": name} if identity is None else identity
        return manifest(
            "Asset", name, {"connector": "servicenow", "identityAttributes": identity, "coreAttributes": core or {}, **spec}
        )

    return make


@pytest.fixture
def inventory(manifest):
    def make(name="cmdb"):
        fields = {"identityAttributes.hostName": "hostname"}
        spec = {"connector": "servicenow", "from": {"csv": "cmdb.csv"}, "key": "sys_id", "map": fields}
        return manifest("AssetInventory", name, spec)

    return make


@pytest.fixture
def report(manifest):
    def make(name="easm", request=None, **spec):
        base = {"name": f"Report {name}", "format": "PDF", "templateName": "ITAM_EASM_REPORT_TEMPLATE", "reportType": "EASM_LEAD"}
        return manifest("Report", name, {"request": {**base, **(request or {})}, **spec})

    return make


@pytest.fixture
def found():
    """The findings of a desired state, as pairs of rule and pointer."""

    def pairs(state, rule=None):
        return [(d.rule, d.pointer) for d in state.diagnostics if rule is None or d.rule == rule]

    return pairs
