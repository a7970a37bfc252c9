"""Facts section 2 and 9: what an import does to the inventory."""

from __future__ import annotations

from typing import Any

import pytest

CONNECTOR = "489e8429-2e82-4599-a2a8-0123456789ab"
OTHER = "11111111-2222-4333-8444-555555555555"
SYNC = "/rest/2.0/am/connector/asset/data/sync"
META = {"connectorUuid": CONNECTOR, "source": "SNOW"}
WEB = {"hostName": "web-01", "serialNumber": "SN-1", "sourceNativeKey": "NK-1", "ipAddress": ["10.0.0.7"]}


def test_a_200_means_queued_and_the_asset_shows_after_the_delay(user: Any) -> None:
    answer = user.sync({"identityAttributes": WEB})
    assert answer.status_code == 200
    assert answer.json()["responseCode"] == "SUCCESSFULLY_PUBLISHED"
    assert answer.json()["assetsError"] == {}
    assert user.search() == []
    user.sandbox.call("clock", {"advance": 2.5})
    assert user.only()["assetName"] == "web-01"


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        [],
        {},
        {"connectorMetaData": META},
        {"connectorMetaData": META, "assetData": []},
        {"connectorMetaData": {"source": "SNOW"}, "assetData": [{"identityAttributes": WEB}]},
        {
            "connectorMetaData": {**META, "connectorUuid": "489e8429-2e82-4599-a2a8-xxxxxxxxxxxx"},
            "assetData": [{"identityAttributes": WEB}],
        },
        {"connectorMetaData": {"connectorUuid": CONNECTOR}, "assetData": [{"identityAttributes": WEB}]},
        {"connectorMetaData": META, "assetData": [{"identityAttributes": {**WEB, "ipAddress": "10.0.0.7"}}]},
        {"connectorMetaData": META, "assetData": [{"identityAttributes": WEB, "coreAttributes": {"ports": {"port": "1"}}}]},
        {"connectorMetaData": META, "assetData": [{"identityAttributes": WEB, "coreAttributes": {"biosInfo": "x"}}]},
        {"connectorMetaData": META, "assetData": [{"identityAttributes": WEB, "coreAttributes": {"address": ["10.0.0.7"]}}]},
    ],
)
def test_a_bad_envelope_is_a_400_and_queues_nothing(user: Any, body: Any) -> None:
    answer = (
        user.post(SYNC, body)
        if body != "not json"
        else user.http.post(SYNC, content=body, headers={**user.headers, "Content-Type": "application/json"})
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["responseCode"] == "FAILED"
    assert user.sandbox.call("process", {})["processed"] == 0


def test_any_other_content_type_is_a_415_in_the_framework_form(user: Any) -> None:
    answer = user.http.post(SYNC, content="<x/>", headers={**user.headers, "Content-Type": "application/xml"})
    assert (answer.status_code, answer.json()["status"]) == (415, 415)


@pytest.mark.parametrize("mac", ["00-50-56-AA-E2-DA", ["00:50:56:aa:e2:da"], "005056AAE2DA"])
def test_a_mac_address_may_be_a_string_or_a_list(user: Any, mac: Any) -> None:
    user.send({"macAddress": mac})
    (interface,) = user.only()["networkInterfaceListData"]["networkInterface"]
    assert interface["macAddress"] == "00:50:56:aa:e2:da"


@pytest.mark.parametrize("shape", ["keyed", "array", "failed"])
def test_an_asset_without_identity_is_named_and_the_rest_goes_through(user: Any, shape: str) -> None:
    user.throw(assets_error=shape)
    answer = user.sync({"identityAttributes": WEB}, {"identityAttributes": {"instanceUuidSource": "AWS"}})
    assert answer.status_code == 200
    errors = answer.json()["assetsError"]
    text = "At least one identity attribute is required"
    row = {"sourceNativeKey": None, "hostName": None, "errorMessage": text}
    assert errors == {"keyed": {"assetData[1]": text}, "array": [row], "failed": {"failed": [row]}}[shape]
    user.sandbox.call("process", {})
    assert user.only()["assetName"] == "web-01"


def test_a_partial_failure_may_by_switch_be_a_207(user: Any) -> None:
    user.throw(partial_status=207)
    assert user.sync({"identityAttributes": {}}).status_code == 207
    assert user.sync({"identityAttributes": WEB}).status_code == 200


def test_a_batch_or_body_above_the_limit_is_a_413(user: Any) -> None:
    user.throw(max_batch=1)
    assert user.sync({"identityAttributes": WEB}, {"identityAttributes": {"hostName": "b"}}).status_code == 413
    assert user.sync({"identityAttributes": WEB}).status_code == 200
    user.throw(max_body=50)
    assert user.sync({"identityAttributes": WEB}).status_code == 413


def test_unknown_connectors_register_themselves_unless_the_switch_forbids(user: Any) -> None:
    user.throw(strict_connectors=True)
    assert user.sync({"identityAttributes": WEB}).status_code == 400
    user.sandbox.call("connectors", {"connectors": [{"uuid": CONNECTOR.upper(), "name": "CMDB"}]})
    assert user.sync({"identityAttributes": WEB}).status_code == 200


def test_the_sample_of_the_release_note_comes_back_under_the_names_of_the_response(user: Any) -> None:
    core = {
        "lastLoggedOnUser": "Username",
        "netBiosName": None,
        "address": "10.0.0.7",
        "biosInfo": {
            "biosDescription": "Phoenix Technologies LTD 6.00",
            "manufacturer": "",
            "totalMemory": 8192,
            "timeZone": "+5:30",
            "model": "VMware Virtual Platform",
            "serialNumber": None,
            "biosAssetTag": "NoAssetTag",
            "hardwareUuid": None,
        },
        "softwares": [{"name": "Microsoft windows 11", "version": "2011"}],
        "sourceLastUpdatedDate": 1768473175000,
        "sourceCreatedDate": "2026-01-15T10:32:55Z",
        "processor": {"description": "intel", "speed": "64", "numberOfCpu": 2},
        "customConnectorAttributes": {"key1": "New", "key2": "New2"},
        "businessMetaData": {"status": "Running", "environment": "Development", "company": "Qualys", "department": "CSAM"},
        "assignedLocation": {"name": "eela", "street": "punawale", "city": "pune", "state": "maharastra", "zip": "411033",
                             "country": "india", "latitude": "18.6298° N", "longitude": "73.7997° E"},
        "networkInterfaces": [{"interfaceName": "Primary network interface", "macAddress": None, "address": "10.0.0.7",
                               "hostName": "T490", "ipv4Address": ["10.0.0.7", "10.0.0.8"], "type": "PUBLIC"}],
        "ports": [{"port": "8080", "protocol": "TCP", "detectedService": "", "description": "TCP port"}],
        "services": [{"name": "Services", "description": "xyz", "status": "ACTIVE"}],
        "volumes": [{"name": "c", "size": "100", "free": "10"}],
        "accounts": [{"username": "username"}],
        "businessApps": 608042025011,
    }  # fmt: skip
    user.send(WEB, core)
    record = user.only()
    expected = {
        "assetName": "web-01",
        "address": "10.0.0.7",
        "biosSerialNumber": "SN-1",
        "biosDescription": "Phoenix Technologies LTD 6.00",
        "biosAssetTag": "NoAssetTag",
        "totalMemory": 8192,
        "timeZone": "+05:30",
        "lastLoggedOnUser": "Username",
        "cpuCount": 2,
        "assignedLocation": {"name": "eela", "city": "pune", "state": "maharastra", "country": "india"},
        "serviceList": {"service": [{"name": "Services", "description": "xyz", "status": "ACTIVE"}]},
        "volumeListData": {"volume": [{"name": "c", "free": 10, "size": 100}]},
        "userAccountListData": {"userAccount": [{"name": "username"}]},
        "customAttributes": [
            {"key": "key1", "value": "New", "connectorName": "SNOW"},
            {"key": "key2", "value": "New2", "connectorName": "SNOW"},
        ],
    }
    assert {name: record[name] for name in expected} == expected
    assert record["processor"]["speed"] == 64
    assert record["processor"]["numCPUs"] == 2
    assert record["businessInformation"]["operationalStatus"] == "Running"
    assert record["businessInformation"]["managedBy"] is None
    (port,) = record["openPortListData"]["openPort"]
    assert (port["port"], port["protocol"], port["detectedService"]) == (8080, "TCP", "")
    (interface,) = record["networkInterfaceListData"]["networkInterface"]
    assert (interface["hostname"], interface["addressIpV4"], interface["addressIpV6"]) == ("T490", "10.0.0.7, 10.0.0.8", None)
    (software,) = record["softwareListData"]["software"]
    assert (software["discoveredName"], software["discoveredVersion"]) == ("Microsoft windows 11", "2011")
    assert software["id"] > 2**53
    assert record["hardware"]["manufacturer"] == "VMware"
    assert record["hardware"]["productUrl"] == ",,"
    assert record["businessAppListData"]["businessApp"][0]["id"] == "608042025011"
    assert record["inventory"]["source"] == "SNOW"
    stamps = record["inventoryListData"]["inventory"][0]
    assert (stamps["created"], stamps["lastUpdated"]) == (1768473175000, 1768473175000)


def test_the_native_key_and_the_street_never_come_back(user: Any) -> None:
    user.send(WEB, {"assignedLocation": {"street": "Hidden Lane", "city": "pune"}})
    shown = str(user.only())
    assert "NK-1" not in shown
    assert "Hidden Lane" not in shown


def test_names_are_normalised_or_by_switch_left_as_sent(user: Any) -> None:
    core = {
        "operatingSystem": "windows server 2019 std",
        "osArchitecture": "x86_64",
        "biosInfo": {"hardwareUuid": "ABCDEF00-0000-4000-8000-00000000000A"},
    }
    user.send(WEB, core)
    record = user.only()
    assert record["operatingSystem"]["fullName"] == "Microsoft Windows Server 2019 Standard"
    assert record["operatingSystem"]["architecture"] == "64-Bit"
    assert record["hwUUID"] == "abcdef00-0000-4000-8000-00000000000a"
    user.throw(normalise=False)
    user.send(WEB, core)
    record = user.only()
    assert record["operatingSystem"]["fullName"] == "windows server 2019 std"
    assert record["hwUUID"] == "ABCDEF00-0000-4000-8000-00000000000A"


def test_an_address_of_the_identity_is_always_visible_on_some_interface(user: Any) -> None:
    core = {"networkInterfaces": [{"interfaceName": "eth0", "ipv4Address": ["10.0.0.7"]}]}
    user.send({"hostName": "web-01", "ipAddress": ["10.0.0.7", "10.0.0.8", "2001:db8::1"]}, core)
    interfaces = user.only()["networkInterfaceListData"]["networkInterface"]
    assert [(item["addressIpV4"], item["addressIpV6"]) for item in interfaces] == [
        ("10.0.0.7", None),
        ("10.0.0.8", "2001:db8::1"),
    ]
    user.send({"hostName": "web-01", "ipAddress": ["10.0.0.8"]})
    assert user.only()["networkInterfaceListData"]["networkInterface"] == interfaces


def test_every_sync_moves_the_modification_date_even_when_nothing_changed(user: Any) -> None:
    user.send(WEB)
    before = user.only()
    user.sandbox.call("clock", {"advance": 60})
    user.send(WEB)
    after = user.only()
    assert after["lastModifiedDate"] > before["lastModifiedDate"]
    assert after["createdDate"] == before["createdDate"]


def test_null_and_missing_keep_and_a_list_replaces(user: Any) -> None:
    user.send(WEB, {"lastLoggedOnUser": "ann", "domainRole": "x", "accounts": [{"username": "a"}, {"username": "b"}]})
    user.send(WEB, {"lastLoggedOnUser": None, "accounts": [{"username": "c"}]})
    record = user.only()
    assert (record["lastLoggedOnUser"], record["domainRole"]) == ("ann", "x")
    assert record["userAccountListData"]["userAccount"] == [{"name": "c"}]


def test_by_switch_null_clears_missing_clears_and_lists_merge(user: Any) -> None:
    user.throw(null_clears=True, lists="merge")
    user.send(WEB, {"lastLoggedOnUser": "ann", "domainRole": "x", "accounts": [{"username": "a"}]})
    user.send(WEB, {"lastLoggedOnUser": None, "accounts": [{"username": "c"}]})
    record = user.only()
    assert (record["lastLoggedOnUser"], record["domainRole"]) == (None, "x")
    assert record["userAccountListData"]["userAccount"] == [{"name": "a"}, {"name": "c"}]
    user.throw(missing_clears=True)
    user.send(WEB, {"lastLoggedOnUser": "ann"})
    record = user.only()
    assert (record["lastLoggedOnUser"], record["domainRole"]) == ("ann", None)
    assert record["userAccountListData"]["userAccount"] == []


def test_another_source_can_overrule_a_field(user: Any) -> None:
    user.send(WEB, {"businessMetaData": {"department": "Sales"}})
    user.throw(overruled=["businessInformation.department"])
    user.send(WEB, {"businessMetaData": {"department": "Engineering", "company": "ACME"}})
    assert user.only()["businessInformation"]["department"] == "Sales"
    assert user.only()["businessInformation"]["company"] == "ACME"
    user.throw(overruled=[])
    user.sandbox.call("overrule", {"set": {"businessInformation.department": "Forced"}})
    user.send(WEB, {"businessMetaData": {"department": "Engineering"}})
    assert user.only()["businessInformation"]["department"] == "Forced"


def test_two_connectors_keep_their_attributes_apart(user: Any) -> None:
    user.send(WEB, {"customConnectorAttributes": {"k": "one"}})
    user.send(WEB, {"customConnectorAttributes": {"k": "two"}}, connector=OTHER)
    shown = user.only()["customAttributes"]
    assert [(item["key"], item["value"]) for item in shown] == [("k", "one"), ("k", "two")]
    assert len({item["connectorName"] for item in shown}) == 2


def test_a_date_that_cannot_be_read_is_an_error_of_that_asset(user: Any) -> None:
    answer = user.sync({"identityAttributes": WEB, "coreAttributes": {"sourceCreatedDate": "last week"}})
    assert "sourceCreatedDate" in answer.json()["assetsError"]["NK-1"]


@pytest.mark.parametrize(
    "value", [1768473175000, "1768473175000", "2026-01-15T10:32:55Z", "2026-01-15T10:32:55.000Z", "2026-01-15"]
)
def test_source_dates_are_read_in_every_form(user: Any, value: Any) -> None:
    user.send(WEB, {"sourceCreatedDate": value})
    stamp = user.only()["inventoryListData"]["inventory"][0]["created"]
    assert stamp // 86_400_000 == 1768473175000 // 86_400_000
