"""Whole projects, read from files: the quickstart and what `init` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.core.diagnostics import Diagnostic, Severity
from declarative.kinds import lower
from declarative.manifest import load
from declarative.schema.scaffold import project_files

QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart"


@pytest.fixture
def quickstart(now):
    loaded = load(QUICKSTART)
    assert loaded.diagnostics == ()
    return lower(loaded, now=now)


def test_the_quickstart_raises_no_finding(quickstart):
    assert quickstart.diagnostics == ()
    assert len(quickstart.connectors) == len(quickstart.assets) == len(quickstart.reports) == 1
    assert len(quickstart.queries) == 5


def test_the_quickstarts_asset_is_the_vendors_sample_without_its_nulls(quickstart):
    (asset,) = quickstart.assets
    assert asset.identity == {"sourceNativeKey": "10042-001", "hostName": "sample-host", "ipAddress": ["192.0.2.10"]}
    assert asset.core["sourceCreatedDate"] == asset.core["sourceLastUpdatedDate"] == 1768473175000
    assert asset.core["biosInfo"] == {
        "biosDescription": "Phoenix Technologies LTD 6.00",
        "manufacturer": "",
        "totalMemory": 8192,
        "timeZone": "+5:30",
        "model": "VMware Virtual Platform",
        "biosAssetTag": "NoAssetTag",
    }
    assert asset.core["assignedLocation"]["latitude"] == "18.6298° N"
    assert asset.core["businessApps"] == 608042025011
    assert asset.core["ports"] == [{"port": "8080", "protocol": "TCP", "detectedService": "", "description": "TCP port"}]


def test_the_quickstarts_report_asks_for_what_the_vendors_sample_asks(quickstart):
    (report,) = quickstart.reports
    assert len(report.request) == 25
    assert report.request["assetList"] == "78427696,78140051"
    assert report.request["emailNotification"] == "1"
    assert report.request["maxNumberOfDownloads"] == 1073741824


def test_a_new_project_raises_no_finding(tmp_path, now):
    for path, text in project_files("acme").items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    loaded = load(tmp_path)
    assert loaded.diagnostics == ()
    assert lower(loaded, now=now).diagnostics == ()


def test_who_refers_to_a_wrong_manifest_has_nothing_to_answer_for(desired, asset, report):
    wrong = [
        Diagnostic(Severity.ERROR, "schema/type", "wrong", address=address) for address in ("Connector/servicenow", "HostQuery/q")
    ]
    state = desired(asset(), report(scope={"assets": {"query": "q"}}), moved={"Asset/old": "HostQuery/q"}, diagnostics=wrong)
    assert (state.assets, state.reports, state.diagnostics) == ((), (), ())


def test_a_finding_about_the_project_points_into_its_file(tmp_path, now):
    (tmp_path / "declarative.yaml").write_text(
        "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: p}\nspec:\n  rules:\n"
        "    asset/fqnd: {severity: off, reason: x}\n  moved:\n    - {from: Asset/a, to: Asset/b}\n"
    )
    (tmp_path / "manifests").mkdir()
    found = lower(load(tmp_path), now=now).diagnostics
    assert [(one.rule, one.position.line) for one in found] == [("project/unknown-rule", 6), ("project/moved", 8)]
