from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from declarative.assets.marker import DIGEST_PATH, KEY_PATH, managed_fields
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, DesiredAsset, LiveAsset, OnRemove
from declarative.assets.payload import applied_adopted, applied_after_sync, import_entry, retire_entry

CONNECTOR = ConnectorRef("servicenow", "uuid", "SNOW")
DEPARTMENT = "coreAttributes.businessMetaData.department"
NOW = datetime(2026, 1, 15, 10, 32, 55, tzinfo=UTC)


def desired(identity: dict[str, Any] | None = None, core: dict[str, Any] | None = None, **more: Any) -> DesiredAsset:
    return DesiredAsset("Asset/web-01", more.pop("connector", CONNECTOR), identity or {"hostName": "web-01"}, core or {}, **more)


def test_values_are_sent_in_the_types_of_the_vendors_sample() -> None:
    asset = desired(
        {"ipAddress": "10.0.0.7", "qualysAssetId": "5"},
        {
            "sourceCreatedDate": "2026-01-15T10:32:55Z",
            "sourceLastUpdatedDate": 1768473175000,
            "ports": [{"port": 8080, "protocol": "TCP"}],
            "volumes": [{"name": "c", "size": 100, "free": "10"}],
            "processor": {"speed": 64, "numberOfCpu": "2"},
            "biosInfo": {"totalMemory": 8192.5},
            "networkInterfaces": [{"ipv4Address": "10.0.0.7"}],
            "customConnectorAttributes": {"rack": 12, "spare": True},
            "businessApps": 608042025011,
        },
    )
    assert import_entry(asset, on_update=False) == {
        "identityAttributes": {"ipAddress": ["10.0.0.7"], "qualysAssetId": 5},
        "coreAttributes": {
            "sourceCreatedDate": 1768473175000,
            "sourceLastUpdatedDate": 1768473175000,
            "ports": [{"port": "8080", "protocol": "TCP"}],
            "volumes": [{"name": "c", "size": "100", "free": "10"}],
            "processor": {"speed": "64", "numberOfCpu": 2},
            "biosInfo": {"totalMemory": 8192.5},
            "networkInterfaces": [{"ipv4Address": ["10.0.0.7"]}],
            "customConnectorAttributes": {"rack": "12", "spare": "true"},
            "businessApps": 608042025011,
        },
    }


def test_ignored_fields_go_out_on_create_and_stay_away_on_update() -> None:
    core = {
        "lastLoggedOnUser": "x",
        "businessMetaData": {"department": "Sales"},
        "customConnectorAttributes": {"a.b": "1", "c": "2"},
    }
    ignored = frozenset(("coreAttributes.lastLoggedOnUser", DEPARTMENT, "coreAttributes.customConnectorAttributes.a.b"))
    asset = desired(core=core, ignore=ignored)
    assert import_entry(asset, on_update=False)["coreAttributes"] == core
    assert import_entry(asset, on_update=True)["coreAttributes"] == {"customConnectorAttributes": {"c": "2"}}
    assert set(managed_fields(asset)) == {"identityAttributes.hostName", "coreAttributes.customConnectorAttributes.c"}


def test_the_manifest_is_not_changed_by_making_a_payload_of_it() -> None:
    asset = desired(core={"ports": [{"port": 1}]}, connector=replace(CONNECTOR, marker=True))
    import_entry(asset, on_update=True)["coreAttributes"]["ports"].clear()
    assert asset.core == {"ports": [{"port": 1}]}


def test_a_marked_connector_adds_key_and_digest_which_change_with_the_meaning_only() -> None:
    marked = replace(CONNECTOR, marker=True)
    one = desired({"sourceNativeKey": "NK"}, {"ports": [{"port": 1}, {"port": 2}]}, connector=marked)
    reordered = desired({"sourceNativeKey": "NK"}, {"ports": [{"port": "2"}, {"port": "1"}]}, connector=marked)
    other = desired({"sourceNativeKey": "NK"}, {"ports": [{"port": "2"}]}, connector=marked)
    attributes = import_entry(one, on_update=True)["coreAttributes"]["customConnectorAttributes"]
    assert attributes["declarative_key"] == "NK"
    assert managed_fields(one)[DIGEST_PATH] == managed_fields(reordered)[DIGEST_PATH] != managed_fields(other)[DIGEST_PATH]
    assert managed_fields(desired(connector=marked))[KEY_PATH] == "Asset/web-01"


def test_retiring_sends_the_identity_and_the_retired_status() -> None:
    applied = AppliedAsset("Asset/web-01", CONNECTOR, {"hostName": "web-01", "ipAddress": "10.0.0.7"}, {}, 5)
    assert retire_entry(applied) == {
        "identityAttributes": {"hostName": "web-01", "ipAddress": ["10.0.0.7"]},
        "coreAttributes": {"businessMetaData": {"status": "Retired"}},
    }


def test_after_a_sync_only_fields_that_were_sent_before_and_seen_stay_converged() -> None:
    asset = desired(core={"businessMetaData": {"department": "Sales", "company": "Acme", "ownedBy": "Ann"}})
    previous = applied_after_sync(asset, None, sent_at=NOW, asset_id=5)
    assert not any(field.converged for field in previous.fields.values())
    seen = replace(previous, fields={path: AppliedField(field.value, converged=True) for path, field in previous.fields.items()})
    changed = desired(
        core={"businessMetaData": {"department": "Engineering", "company": "Acme", "ownedBy": "Ann"}}, on_remove=OnRemove.RETIRE
    )
    after = applied_after_sync(changed, seen, sent_at=NOW, resent=("coreAttributes.businessMetaData.ownedBy",), asset_id=5)
    converged = {path.rpartition(".")[2]: field.converged for path, field in after.fields.items()}
    assert converged == {"hostName": True, "department": False, "company": True, "ownedBy": False}
    assert (after.sent_at, after.asset_id, after.on_remove) == (NOW, 5, OnRemove.RETIRE)


def test_after_a_create_nothing_is_converged_even_if_an_earlier_life_was() -> None:
    asset = desired()
    earlier = AppliedAsset(
        asset.address, CONNECTOR, {}, {"identityAttributes.hostName": AppliedField("web-01", converged=True)}, 5
    )
    after = applied_after_sync(asset, earlier, sent_at=NOW)
    assert after.asset_id is None
    assert not after.fields["identityAttributes.hostName"].converged


def test_an_adopted_asset_is_bound_and_what_is_seen_is_converged() -> None:
    asset = desired({"hostName": "web-01", "sourceNativeKey": "NK"})
    adopted = applied_adopted(asset, LiveAsset(5, {"assetId": 5, "assetName": "web-01"}))
    assert (adopted.asset_id, adopted.sent_at) == (5, None)
    assert {path: field.converged for path, field in adopted.fields.items()} == {
        "identityAttributes.hostName": True,
        "identityAttributes.sourceNativeKey": False,
    }
