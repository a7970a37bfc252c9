"""Manifests become the desired state."""

from __future__ import annotations

from datetime import timedelta

from declarative.assets.model import ConnectorRef, OnRemove
from declarative.core.diagnostics import Severity
from declarative.kinds.model import OnEmpty
from declarative.queries.model import Filter, FilterDocument, Target


def test_an_asset_carries_its_connector_and_the_apis_own_objects(desired, connector, asset):
    core = {"businessMetaData": {"department": "Engineering"}, "sourceCreatedDate": "2026-01-15T10:32:55Z"}
    state = desired(connector, asset(core=core, lifecycle={"ignore": ["coreAttributes.lastLoggedOnUser"], "onRemove": "retire"}))
    (found,) = state.assets
    assert state.diagnostics == ()
    assert found.address == "Asset/web-01"
    assert found.connector == ConnectorRef("servicenow", "489e8429-2e82-4599-a2a8-2b8f3d5c7a10", "SNOW")
    assert found.identity == {"sourceNativeKey": "NK-web-01", "hostName": "web-01"}
    assert found.core == {"businessMetaData": {"department": "Engineering"}, "sourceCreatedDate": 1768473175000}
    assert found.ignore == {"coreAttributes.lastLoggedOnUser"}
    assert found.on_remove is OnRemove.RETIRE


def test_null_means_not_managed_at_every_depth(desired, connector, asset):
    core = {
        "fqdn": None,
        "biosInfo": {"serialNumber": None, "model": None},
        "processor": {"speed": "64", "description": None},
        "networkInterfaces": [
            {"macAddress": None, "address": "192.0.2.1", "ipv4Address": [None, "192.0.2.1"]},
            {"macAddress": None},
        ],
        "ports": None,
    }
    (found,) = desired(
        connector, asset(identity={"sourceNativeKey": "K", "serialNumber": None, "hostName": "h"}, core=core)
    ).assets
    assert found.identity == {"sourceNativeKey": "K", "hostName": "h"}
    assert found.core == {
        "processor": {"speed": "64"},
        "networkInterfaces": [{"address": "192.0.2.1", "ipv4Address": ["192.0.2.1"]}],
    }


def test_a_connectors_source_is_webhook_unless_said_otherwise(desired, manifest):
    spec = {"connectorUuid": "489E8429-2E82-4599-A2A8-2B8F3D5C7A10", "marker": True}
    (found,) = desired(manifest("Connector", "c", spec)).connectors
    assert found == ConnectorRef("c", "489e8429-2e82-4599-a2a8-2b8f3d5c7a10", "WEBHOOK", marker=True)


def test_a_report_is_sent_as_text_where_the_api_wants_text(desired, report):
    request = {
        "assetList": [78427696, "78140051"],
        "tagList": 52213635,
        "emailNotification": 1,
        "query": None,
        "riskScoreAdded": True,
    }
    (found,) = desired(report(request=request, run={"on": "never", "every": "7d"})).reports
    assert found.request["assetList"] == "78427696,78140051"
    assert found.request["tagList"] == "52213635"
    assert found.request["emailNotification"] == "1"
    assert found.request["riskScoreAdded"] is True
    assert "query" not in found.request
    assert found.on_change is False
    assert found.every == timedelta(days=7)
    assert found.on_empty is OnEmpty.REFUSE


def test_a_scope_names_a_query_by_name_or_address(desired, manifest, report):
    query = manifest("HostQuery", "critical", {})
    state = desired(
        query, report(scope={"assets": {"query": "critical"}, "tags": {"query": "HostQuery/critical"}, "onEmpty": "skip"})
    )
    (found,) = state.reports
    assert (found.asset_query, found.tag_query, found.on_empty) == ("HostQuery/critical", "HostQuery/critical", OnEmpty.SKIP)


def test_a_host_query_asks_with_text_values(desired, manifest):
    filters = [
        {"field": "asset.hasAiCriticalityScore", "operator": "EQUALS", "value": True},
        {"field": "asset.name", "operator": "IN", "value": ["web-01", "web-02"]},
    ]
    (found,) = desired(manifest("HostQuery", "q", {"filters": filters, "operation": "OR", "fields": ["assetId"]})).queries
    assert found.target is Target.HOSTS
    assert found.filters == FilterDocument(
        (Filter("asset.hasAiCriticalityScore", "EQUALS", "true"), Filter("asset.name", "IN", "web-01,web-02")), "OR"
    )
    assert found.fields == ("assetId",)


def test_a_query_for_one_asset_names_its_id(desired, manifest):
    (found,) = desired(manifest("HostQuery", "q", {"assetId": 8194990})).queries
    assert (found.asset_id, found.filters.filters) == (8194990, ())


def test_a_query_for_one_asset_keeps_its_id_beside_its_filters(desired, manifest):
    filters = [{"field": "asset.aiCriticalityScoreConfidence", "operator": "EQUALS", "value": "LOW"}]
    state = desired(manifest("HostQuery", "q", {"assetId": 8194990, "filters": filters}))
    (found,) = state.queries
    assert state.diagnostics == ()
    assert found.asset_id == 8194990
    assert found.filters == FilterDocument((Filter("asset.aiCriticalityScoreConfidence", "EQUALS", "LOW"),))


def test_component_dates_of_every_form_are_sent_in_one_form(desired, manifest):
    written = ["2025-10-14T06:04:15Z", "2025-10-14T06Z", "2025-10-14T06:04Z", "2025-10-14", "2025-10-14 06:04:15", "now-30d"]
    filters = [{"field": "component.firstFoundDate", "operator": "GREATER", "value": value} for value in written]
    (found,) = desired(manifest("ComponentQuery", "q", {"filters": filters})).queries
    assert [row.value for row in found.filters.filters] == [
        "2025-10-14T06:04:15Z",
        "2025-10-14T06:00:00Z",
        "2025-10-14T06:04:00Z",
        "2025-10-14T00:00:00Z",
        "2025-10-14T06:04:15Z",
        "2026-05-25T12:00:00Z",
    ]


def test_the_vendors_own_component_blocks_mean_the_same_as_ours(desired, manifest):
    row = {"field": "component.name", "operator": "EQUALS", "value": "libx"}
    other = {"field": "asset.name", "operator": "CONTAINS", "value": "web"}
    ours = {"filters": [row], "operation": "OR", "assetFilters": [other]}
    pasted = {"componentFilter": {"filters": [row], "operation": "OR"}, "assetSoftwareFilter": {"filters": [other]}}
    first, second = (desired(manifest("ComponentQuery", "q", spec)).queries[0] for spec in (ours, pasted))
    assert first.filters == second.filters
    assert first.asset_filters == second.asset_filters


def test_an_expectation_is_carried_whole(desired, manifest):
    row = {"field": "criticality.score", "operator": "GREATER", "value": 3}
    expect = {
        "count": {"min": 1, "max": 9},
        "every": [row],
        "none": [row],
        "fresh": {"field": "lastModifiedDate", "within": "1d12h"},
        "severity": "warning",
        "message": "Look.",
    }
    (found,) = desired(manifest("HostQuery", "q", {"expect": expect})).queries
    assert found.expect is not None
    assert (found.expect.minimum, found.expect.maximum, found.expect.equals) == (1, 9, None)
    assert found.expect.every[0].value == "3"
    assert found.expect.none == found.expect.every
    assert found.expect.fresh is not None
    assert found.expect.fresh.within == timedelta(hours=36)
    assert found.expect.severity is Severity.WARNING


def test_everything_is_sorted_by_address_whatever_the_order_of_files(desired, connector, asset, manifest):
    manifests = [asset("b"), asset("a"), connector, manifest("HostQuery", "z", {}), manifest("ComponentQuery", "y", {})]
    forward, backward = desired(*manifests), desired(*reversed(manifests))
    assert forward == backward
    assert [found.address for found in forward.assets] == ["Asset/a", "Asset/b"]
    assert [found.address for found in forward.queries] == ["ComponentQuery/y", "HostQuery/z"]


def test_a_whole_number_with_a_point_is_an_integer(desired, connector, asset, manifest):
    core = {"sourceCreatedDate": 1768473175000.0, "biosInfo": {"totalMemory": 0.5}, "ports": [{"port": 80.0}]}
    state = desired(connector, asset(core=core), manifest("HostQuery", "q", {"assetId": 5.0}))
    assert repr(dict(state.assets[0].core)) == (
        "{'sourceCreatedDate': 1768473175000, 'biosInfo': {'totalMemory': 0.5}, 'ports': [{'port': 80}]}"
    )
    assert repr(state.queries[0].asset_id) == "5"
    assert state.diagnostics == ()
