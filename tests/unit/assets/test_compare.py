from __future__ import annotations

from typing import Any

import pytest

from declarative.assets.compare import Verdict, compare, same_value
from declarative.assets.model import ConnectorRef

CONNECTOR = ConnectorRef("servicenow", "uuid", "SNOW")
EQUAL, DIFFERENT, UNREADABLE = Verdict.EQUAL, Verdict.DIFFERENT, Verdict.UNREADABLE


def verdict(path: str, desired: Any, record: dict[str, Any]) -> Verdict:
    return compare(path, desired, record, CONNECTOR).verdict


def nics(*records: dict[str, Any]) -> dict[str, Any]:
    return {"networkInterfaceListData": {"networkInterface": list(records)}}


CORE = "coreAttributes."
ID = "identityAttributes."


@pytest.mark.parametrize(
    ("path", "desired", "record", "expected"),
    [
        (ID + "qualysAssetId", 5, {"assetId": 5}, EQUAL),
        (ID + "sourceNativeKey", "NK", {}, UNREADABLE),
        (ID + "hostName", "web-01", {"assetName": "WEB-01"}, EQUAL),
        (ID + "hostName", "web-01", {"assetName": "web-01.corp.example"}, EQUAL),
        (ID + "hostName", "web-01", nics({"hostname": "web-01"}), EQUAL),
        (ID + "hostName", "web-01", {"assetName": "web-02"}, UNREADABLE),
        (ID + "fqdn", "web-01.corp.example", {"dnsName": "web-01.corp.example."}, EQUAL),
        (ID + "fqdn", "web-01.corp.example", {"assetName": "web-01"}, EQUAL),
        (ID + "fqdn", "web-01.corp.example", {"assetName": "web-01.other.example"}, UNREADABLE),
        (ID + "netBiosName", "WEB01", {"netbiosName": "web01"}, EQUAL),
        (ID + "netBiosName", "WEB01", {"netbiosName": "web02"}, DIFFERENT),
        (ID + "ipAddress", ["10.0.0.7"], {"address": "10.0.0.7"}, EQUAL),
        (ID + "ipAddress", ["10.0.0.7"], nics({"addressIpV4": "10.0.0.9, 10.0.0.7"}), EQUAL),
        (ID + "ipAddress", ["2001:DB8::0:1"], nics({"addressIpV6": "2001:db8::1"}), EQUAL),
        (ID + "ipAddress", ["10.0.0.7", "10.0.0.8"], {"address": "10.0.0.7"}, DIFFERENT),
        (ID + "ipAddress", ["10.0.0.7"], {}, DIFFERENT),
        (ID + "ipAddress", [], {"address": "10.0.0.7"}, EQUAL),
        (ID + "macAddress", "00-50-56-AA-E2-DA", nics({"macAddress": "00:50:56:aa:e2:da"}, {"macAddress": "x"}), EQUAL),
        (ID + "serialNumber", "sn 1", {"biosSerialNumber": "SN1"}, EQUAL),
        (ID + "serialNumber", "SN1", {"biosSerialNumber": ""}, DIFFERENT),
        (ID + "hardwareUuid", "422A2B16-4C8B-588A-A20C-C1851AD7E376", {"hwUUID": "422a2b16-4c8b-588a-a20c-c1851ad7e376"}, EQUAL),
        (ID + "instanceUuid", "i-1", {}, UNREADABLE),
        (CORE + "address", "10.0.0.7", nics({"addressIpV4": "10.0.0.7"}), EQUAL),
        (CORE + "operatingSystem", "CentOS 7", {"operatingSystem": {"osName": "The CentOS Project CentOS 7 (1810)"}}, UNREADABLE),
        (CORE + "operatingSystem", "centos  7", {"operatingSystem": {"fullName": "CentOS 7"}}, EQUAL),
        (CORE + "isContainer", True, {"isContainerHost": False}, UNREADABLE),
        (CORE + "sourceCreatedDate", 1768473175000, {"createdDate": "2020-01-01T00:00:00Z"}, UNREADABLE),
        (CORE + "biosInfo.manufacturer", "", {"hardware": {"manufacturer": "Epson"}}, UNREADABLE),
        (CORE + "biosInfo.manufacturer", "", {"hardware": {"manufacturer": None}}, EQUAL),
        (CORE + "biosInfo.totalMemory", 8192, {"totalMemory": 8192}, EQUAL),
        (CORE + "biosInfo.totalMemory", 8192, {"totalMemory": 0}, DIFFERENT),
        (CORE + "biosInfo.timeZone", "+5:30", {"timeZone": "+05:30"}, EQUAL),
        (CORE + "biosInfo.biosAssetTag", "NoAssetTag", {"biosAssetTag": "No Asset Tag"}, EQUAL),
        (CORE + "biosInfo.biosDescription", "", {"biosDescription": None}, EQUAL),
        (CORE + "biosInfo.biosDescription", "", {"biosDescription": "Phoenix"}, DIFFERENT),
        (CORE + "processor.speed", "64", {"processor": {"speed": 64}}, EQUAL),
        (CORE + "processor.numberOfCpu", 2, {"cpuCount": 2}, EQUAL),
        (CORE + "processor.numberOfCpu", 2, {"processor": {"numCPUs": 2}, "cpuCount": 1}, EQUAL),
        (CORE + "processor.numberOfCpu", 2, {"processor": None, "cpuCount": 1}, DIFFERENT),
        (CORE + "businessMetaData.department", "Sales", {"businessInformation": {"department": "Sales"}}, EQUAL),
        (CORE + "businessMetaData.department", "Sales", {"businessInformation": {"department": "sales"}}, DIFFERENT),
        (CORE + "businessMetaData.department", "Sales", {"businessInformation": None}, DIFFERENT),
        (CORE + "businessMetaData.status", "Running", {"businessInformation": {"operationalStatus": "Running"}}, EQUAL),
        (CORE + "assignedLocation.street", "Main", {"assignedLocation": {"name": "x"}}, UNREADABLE),
        (CORE + "businessApps", 608042025011, {"businessAppListData": {"businessApp": [{"id": "608042025011"}]}}, EQUAL),
        (CORE + "businessApps", 608042025011, {}, UNREADABLE),
        (CORE + "somethingNew", "x", {"somethingNew": "x"}, UNREADABLE),
    ],
)  # fmt: skip
def test_a_field_is_compared_by_what_can_be_known_about_it(
    path: str, desired: Any, record: dict[str, Any], expected: Verdict
) -> None:
    assert verdict(path, desired, record) is expected


PORTS = {
    "openPortListData": {"openPort": [{"port": 22, "protocol": "TCP", "detectedService": "ssh"}, {"port": 53, "protocol": "UDP"}]}
}


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ([{"port": "22", "protocol": "tcp"}], EQUAL),
        ([{"port": 53, "protocol": "UDP"}, {"port": "22"}], EQUAL),
        ([{"port": "22", "protocol": "TCP", "detectedService": ""}], EQUAL),
        ([{"port": "22", "protocol": "UDP"}], DIFFERENT),
        ([{"port": "22"}, {"port": "80"}], DIFFERENT),
        ([], EQUAL),
    ],
)
def test_every_declared_port_must_be_live_and_live_may_have_more(ports: list[dict[str, Any]], expected: Verdict) -> None:
    assert verdict(CORE + "ports", ports, PORTS) is expected


def test_the_live_value_of_a_list_is_shown_in_the_names_of_the_import() -> None:
    seen = compare(CORE + "ports", [{"port": "80"}], PORTS, CONNECTOR)
    assert seen.live_value == [{"port": 22, "protocol": "TCP", "detectedService": "ssh"}, {"port": 53, "protocol": "UDP"}]


VOLUMES = {"volumeListData": {"volume": [{"name": "C:", "size": 107374182400, "free": 5}]}}


def test_a_volume_size_that_differs_proves_nothing_because_its_unit_is_not_known() -> None:
    seen = compare(CORE + "volumes", [{"name": "c:", "size": "100", "free": "10"}], VOLUMES, CONNECTOR)
    assert seen.verdict is EQUAL
    assert seen.partial


def test_a_volume_that_is_missing_differs_and_one_that_is_as_declared_is_whole() -> None:
    assert verdict(CORE + "volumes", [{"name": "D:", "size": "100"}], VOLUMES) is DIFFERENT
    seen = compare(CORE + "volumes", [{"name": "C:", "size": "107374182400"}], VOLUMES, CONNECTOR)
    assert (seen.verdict, seen.partial) == (EQUAL, False)


def test_network_interfaces_compare_addresses_as_sets_and_leave_out_what_is_never_returned() -> None:
    record = nics(
        {"interfaceName": "ens192", "addressIpV4": "10.0.0.7, 10.0.0.8", "macAddress": "00:50:56:aa:e2:da", "hostname": "Web"}
    )
    desired = [
        {"interfaceName": "ens192", "ipv4Address": ["10.0.0.8", "10.0.0.7"], "macAddress": "005056AAE2DA", "hostName": "web"}
    ]
    assert compare(CORE + "networkInterfaces", desired, record, CONNECTOR)[::2] == (EQUAL, False)
    with_type = [{**desired[0], "type": "PUBLIC"}]
    seen = compare(CORE + "networkInterfaces", with_type, record, CONNECTOR)
    assert (seen.verdict, seen.partial) == (EQUAL, True)
    assert verdict(CORE + "networkInterfaces", [{"interfaceName": "ens192", "address": "10.0.0.9"}], record) is DIFFERENT


def test_software_names_are_the_catalogues_and_never_differ() -> None:
    record = {"softwareListData": {"software": [{"fullName": "Python 2.7.5 64-Bit", "version": "2.7"}]}}
    assert verdict(CORE + "softwares", [{"name": "python 2.7.5 64-bit", "version": "2.7"}], record) is EQUAL
    assert verdict(CORE + "softwares", [{"name": "Python", "version": "2.7"}], record) is UNREADABLE
    assert verdict(CORE + "softwares", [{"name": "Python"}], {"softwareListData": None}) is UNREADABLE


def test_accounts_and_services_are_found_by_name() -> None:
    assert (
        verdict(CORE + "accounts", [{"username": "root"}], {"userAccountListData": {"userAccount": [{"name": "root"}]}}) is EQUAL
    )
    services = {"serviceList": {"service": [{"name": "sshd", "description": "x", "status": "Active"}]}}
    assert verdict(CORE + "services", [{"name": "sshd", "status": "ACTIVE"}], services) is EQUAL
    assert verdict(CORE + "services", [{"name": "sshd", "status": "STOPPED"}], services) is DIFFERENT


CUSTOM = CORE + "customConnectorAttributes.team"


def test_a_custom_attribute_is_read_under_any_connector_but_rather_its_own() -> None:
    def attributes(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"customAttributes": [{"key": "team", "value": value, "connectorName": name} for name, value in pairs]}

    assert verdict(CUSTOM, "web", attributes(("Qualys", "web"))) is EQUAL
    assert verdict(CUSTOM, "web", attributes(("Qualys", "web"), ("ServiceNow", "db"))) is DIFFERENT
    assert verdict(CUSTOM, "web", attributes(("Qualys", "db"), ("SNOW", "web"))) is EQUAL
    missing = compare(CUSTOM, "web", {"customAttributes": None}, CONNECTOR)
    assert (missing.verdict, missing.tentative) == (DIFFERENT, True)


@pytest.mark.parametrize(
    ("path", "one", "other", "same"),
    [
        (CORE + "ports", [{"port": "22"}, {"port": 53}], [{"port": "53"}, {"port": 22}], True),
        (CORE + "ports", [{"port": "22", "description": ""}], [{"port": 22}], True),
        (CORE + "ports", [{"port": "22"}], [{"port": "22", "protocol": "TCP"}], False),
        (CORE + "networkInterfaces", [{"type": "PUBLIC"}], [{"type": "PRIVATE"}], False),
        (CORE + "softwares", [{"name": "a", "isSystemApp": True}], [{"name": "a", "isSystemApp": False}], False),
        (ID + "ipAddress", ["10.0.0.7", "10.0.0.8"], ["10.0.0.8", "10.0.0.7"], True),
        (CORE + "sourceCreatedDate", 1768473175000, "2026-01-15T10:32:55Z", True),
        (CORE + "sourceCreatedDate", 1768473175000, "2026-01-15T10:32:56Z", False),
        (CORE + "businessMetaData.department", "Sales", "sales", False),
        (CORE + "operatingSystem", "CentOS 7", "CentOS 8", False),
        (CORE + "isContainer", True, False, False),
        (CORE + "assignedLocation.zip", "02134", "2134", False),
        (CORE + "unknown", {"a": [1]}, {"a": ["1"]}, True),
    ],
)
def test_a_change_of_meaning_in_the_manifest_is_one_and_a_change_of_writing_is_none(
    path: str, one: Any, other: Any, same: bool
) -> None:
    assert same_value(path, one, other) is same
    assert same_value(path, other, one) is same


@pytest.mark.parametrize(
    "junk", [None, "x", 7, [], {}, [None], ["x"], {"openPort": None}, {"openPort": [None, 3]}, {"openPort": {}}]
)
def test_a_record_of_an_unexpected_shape_is_compared_without_a_crash(junk: Any) -> None:
    record = dict.fromkeys(
        ("openPortListData", "customAttributes", "businessInformation", "networkInterfaceListData", "address"), junk
    )
    for path, desired in [
        (CORE + "ports", [{"port": "1"}]),
        (CUSTOM, "x"),
        (CORE + "businessMetaData.company", "x"),
        (ID + "ipAddress", ["10.0.0.7"]),
    ]:
        assert verdict(path, desired, record) is DIFFERENT
