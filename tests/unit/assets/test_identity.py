from __future__ import annotations

from typing import Any

import pytest

from declarative.assets.identity import Match, SearchKey, match, search_filters
from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, ConnectorRef, DesiredAsset

CONNECTOR = ConnectorRef("servicenow", "uuid", "SNOW")


def desired(core: dict[str, Any] | None = None, *, connector: ConnectorRef = CONNECTOR, **identity: Any) -> DesiredAsset:
    return DesiredAsset("Asset/web-01", connector, identity, core or {})


def applied(asset_id: int | None) -> AppliedAsset:
    return AppliedAsset("Asset/web-01", CONNECTOR, {}, {}, asset_id)


def live(asset_id: int, *, mac: str | None = None, ip: str | None = None, **record: Any) -> dict[str, Any]:
    nic = {"macAddress": mac, "addressIpV4": ip}
    return {"assetId": asset_id, "networkInterfaceListData": {"networkInterface": [nic]}, **record}


def find(asset: DesiredAsset, *records: dict[str, Any], state: AppliedAsset | None = None) -> Match:
    return match(asset, state, LiveIndex.of(records))


def found(result: Match) -> tuple[int | None, str | None]:
    return (result.live.asset_id if result.live else None, result.matched_by)


@pytest.mark.parametrize(
    ("identity", "record", "kind"),
    [
        ({"serialNumber": "SN-1"}, live(5, biosSerialNumber="sn-1"), "serialNumber"),
        (
            {"hardwareUuid": "422A2B164C8B588AA20CC1851AD7E376"},
            live(5, hwUUID="422a2b16-4c8b-588a-a20c-c1851ad7e376"),
            "hardwareUuid",
        ),
        ({"macAddress": ["00-50-56-AA-E2-DA"]}, live(5, mac="00:50:56:aa:e2:da"), "macAddress"),
        ({"fqdn": "web-01.corp.example"}, live(5, dnsName="WEB-01.corp.example."), "fqdn"),
        ({"fqdn": "web-01.corp.example"}, live(5, assetName="web-01"), "fqdn"),
        ({"hostName": "web-01"}, live(5, assetName="web-01.corp.example"), "hostName"),
        ({"netBiosName": "WEB01"}, live(5, netbiosName="web01"), "netBiosName"),
        ({"ipAddress": ["10.0.0.7"]}, live(5, ip="10.0.0.9, 10.0.0.7"), "ipAddress"),
        ({"ipAddress": ["10.0.0.7"]}, live(5, address="10.0.0.7"), "ipAddress"),
    ],
)
def test_each_kind_of_identifier_finds_the_live_asset(identity: dict[str, Any], record: dict[str, Any], kind: str) -> None:
    assert found(find(desired(**identity), record, live(6, assetName="other"))) == (5, kind)


def test_the_strongest_declared_identifier_decides_though_a_weaker_one_points_elsewhere() -> None:
    asset = desired(serialNumber="S1", hostName="web-01")
    assert found(find(asset, live(5, biosSerialNumber="S1", assetName="renamed"), live(6, assetName="web-01"))) == (
        5,
        "serialNumber",
    )


def test_identifiers_may_stand_in_the_core_attributes_alone() -> None:
    asset = desired({"biosInfo": {"serialNumber": "S1"}})
    assert found(find(asset, live(5, biosSerialNumber="S1"))) == (5, "serialNumber")


def test_the_bound_id_comes_before_every_identifier() -> None:
    records = live(5, assetName="old-name"), live(6, assetName="web-01")
    assert found(find(desired(hostName="web-01"), *records, state=applied(5))) == (5, "assetId")


def test_a_bound_asset_whose_hardware_was_replaced_still_matches_with_a_warning() -> None:
    result = find(desired(serialNumber="NEW"), live(5, biosSerialNumber="OLD"), state=applied(5))
    assert found(result) == (5, "assetId")
    assert "serialNumber of asset 5 is old, the manifest says new" in result.warnings[0]


def test_a_bound_id_that_is_gone_falls_back_to_the_identifiers() -> None:
    assert found(find(desired(serialNumber="S1"), live(9, biosSerialNumber="S1"), state=applied(5))) == (9, "serialNumber")


def test_a_pinned_id_wins_over_everything_and_its_absence_is_said() -> None:
    asset = desired(qualysAssetId=6, serialNumber="S1")
    assert found(find(asset, live(5, biosSerialNumber="S1"), live(6), state=applied(5))) == (6, "qualysAssetId")
    missing = find(asset, live(5, biosSerialNumber="S1"))
    assert missing.live is None
    assert "pins asset 6, which the search does not return" in missing.reason


def test_two_candidates_are_ambiguous_and_both_are_listed() -> None:
    result = find(desired(hostName="web-01"), live(7, assetName="web-01"), live(5, assetName="web-01"))
    assert result.ambiguous
    assert result.candidates == (5, 7)
    assert "2 live assets have this hostName: 5, 7; pin one with identityAttributes.qualysAssetId" in result.reason


def test_weaker_identifiers_narrow_several_candidates_down() -> None:
    clones = live(5, biosSerialNumber="CLONE", assetName="web-01"), live(6, biosSerialNumber="CLONE", assetName="web-02")
    assert found(find(desired(serialNumber="CLONE", hostName="web-02"), *clones)) == (6, "serialNumber")
    assert find(desired(serialNumber="CLONE", hostName="web-03"), *clones).candidates == (5, 6)


@pytest.mark.parametrize(
    "serial", ["None", "To be filled by O.E.M.", "Default string", "0", "NoAssetTag", "System Serial Number", "0000000", ""]
)
def test_what_vendors_leave_in_place_of_a_serial_number_identifies_nothing(serial: str) -> None:
    asset = desired(serialNumber=serial, hostName="web-01")
    assert found(find(asset, live(5, biosSerialNumber=serial), live(6, biosSerialNumber=serial, assetName="web-01"))) == (
        6,
        "hostName",
    )


@pytest.mark.parametrize(
    ("identity", "record"),
    [
        ({"hostName": "localhost"}, live(5, assetName="localhost")),
        ({"hardwareUuid": "00000000-0000-0000-0000-000000000000"}, live(5, hwUUID="00000000-0000-0000-0000-000000000000")),
        ({"macAddress": "00:00:00:00:00:00"}, live(5, mac="00:00:00:00:00:00")),
        (
            {"ipAddress": ["127.0.0.1", "169.254.1.1", "fe80::1", "0.0.0.0"]},
            live(5, ip="127.0.0.1, 169.254.1.1, fe80::1, 0.0.0.0"),
        ),
    ],
)
def test_values_that_every_host_has_identify_nothing(identity: dict[str, Any], record: dict[str, Any]) -> None:
    assert find(desired(**identity), record).live is None


def test_two_hosts_behind_one_address_are_told_apart_by_their_serial_numbers() -> None:
    result = find(desired(serialNumber="S1", ipAddress=["10.0.0.7"]), live(5, biosSerialNumber="S2", ip="10.0.0.7"))
    assert result.live is None
    assert "asset 5 has the same ipAddress, but its serialNumber is s2 and not s1" in result.warnings[0]


def test_a_reused_host_name_is_told_apart_by_the_hardware() -> None:
    assert find(desired(serialNumber="S1", hostName="web-01"), live(5, biosSerialNumber="S2", assetName="web-01")).live is None


def test_an_address_alone_does_not_match_a_host_of_another_name_but_one_without_a_name() -> None:
    asset = desired(hostName="web-01", ipAddress=["10.0.0.7"])
    assert find(asset, live(5, assetName="printer", ip="10.0.0.7")).live is None
    assert found(find(asset, live(5, assetName="10.0.0.7", ip="10.0.0.7"))) == (5, "ipAddress")


def test_a_replaced_network_card_does_not_break_a_match_by_name() -> None:
    asset = desired(hostName="web-01", macAddress="00:50:56:aa:e2:da")
    assert found(find(asset, live(5, assetName="web-01", mac="00:50:56:00:00:01"))) == (5, "hostName")


def test_a_qualified_name_does_not_match_the_same_host_of_another_domain() -> None:
    assert find(desired(fqdn="web-01.a.example"), live(5, dnsName="web-01.b.example")).live is None


def test_the_marker_finds_the_asset_when_the_state_is_lost() -> None:
    marked = ConnectorRef("servicenow", "uuid", "SNOW", marker=True)
    attributes = [{"key": "declarative_key", "value": "NK-1", "connectorName": "servicenow"}]
    records = live(5, assetName="renamed", customAttributes=attributes), live(6, assetName="web-01")
    asset = desired(sourceNativeKey="NK-1", hostName="web-01", connector=marked)
    assert found(find(asset, *records)) == (5, "marker")
    assert found(find(desired(sourceNativeKey="NK-1", hostName="web-01"), *records)) == (6, "hostName")


def test_search_filters_name_what_the_api_can_filter_by_strongest_first() -> None:
    asset = desired(
        {"hostName": "web-01", "dnsName": "web-01.corp.example"},
        serialNumber="SN-1", hardwareUuid="None", hostName="web-01", netBiosName="WEB01", ipAddress=["10.0.0.7"],
        macAddress="00:50:56:aa:e2:da", sourceNativeKey="NK",
    )  # fmt: skip
    assert tuple(search_filters(asset)) == (
        SearchKey("serialNumber", "asset.biosSerialNumber", ("SN-1",)),
        SearchKey("fqdn", "asset.name", ("web-01.corp.example",)),
        SearchKey("hostName", "asset.name", ("web-01",)),
        SearchKey("netBiosName", "asset.netbiosName", ("WEB01",)),
    )
    assert not list(search_filters(desired(ipAddress=["10.0.0.7"])))
    assert next(search_filters(desired(qualysAssetId=5))) == SearchKey("qualysAssetId", "asset.assetID", ("5",))


@pytest.mark.parametrize("junk", ["x", 7, [], {"networkInterface": "x"}, {"networkInterface": [None, "x", {"macAddress": 7}]}])
def test_records_of_an_unexpected_shape_match_nothing_and_break_nothing(junk: Any) -> None:
    record = {"assetId": 5, "networkInterfaceListData": junk, "customAttributes": junk, "assetName": junk}
    marked = ConnectorRef("servicenow", "uuid", "SNOW", marker=True)
    asset = desired(macAddress="00:50:56:aa:e2:da", ipAddress=["10.0.0.7"], hostName="web-01", connector=marked)
    assert find(asset, record).live is None


def test_who_else_has_the_name_does_not_tell_which_of_two_with_one_serial_number_is_meant() -> None:
    twins = live(2, biosSerialNumber="S1", dnsName="db"), live(3, biosSerialNumber="S1", dnsName="web.corp.example")
    assert found(find(desired(serialNumber="S1", hostName="web"), live(1, dnsName="web"), *twins)) == (3, "serialNumber")
