from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from declarative.assets.compare import Verdict, compare
from declarative.assets.fields import flatten
from declarative.assets.model import ConnectorRef, LiveAsset
from declarative.assets.reverse import manifest_of, needs_pin, suggest_name

CONNECTOR = ConnectorRef("servicenow", "uuid", "SNOW")
SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "asset.schema.json").read_text())

FULL: dict[str, Any] = {
    "assetId": 5,
    "assetName": "web-01",
    "dnsName": "web-01.corp.example",
    "netbiosName": "WEB01",
    "address": "10.0.0.7",
    "timeZone": "+05:30",
    "biosSerialNumber": "SN-1",
    "biosAssetTag": "TAG 7",
    "biosDescription": "Phoenix",
    "hwUUID": "422a2b16-4c8b-588a-a20c-c1851ad7e376",
    "totalMemory": 8192,
    "cpuCount": 2,
    "lastLoggedOnUser": "root",
    "domainRole": "Member Server",
    "operatingSystem": {"osName": "CentOS 7", "version": "1810", "architecture": "x86_64"},
    "hardware": {"manufacturer": "VMware", "model": "Virtual Platform"},
    "processor": {"description": "Xeon", "speed": 2400, "numCPUs": 2},
    "softwareListData": {"software": [{"fullName": "Python 2.7", "version": "2.7"}, {"discoveredName": "git", "version": ",,"}]},
    "openPortListData": {"openPort": [{"port": 22, "protocol": "TCP", "detectedService": "ssh", "description": ""}]},
    "serviceList": {"service": [{"name": "sshd", "description": "SSH", "status": "Active"}]},
    "volumeListData": {"volume": [{"name": "C:", "size": 63814234112, "free": 29584035840}]},
    "userAccountListData": {"userAccount": [{"name": "root"}, {"name": "root"}, {"name": " "}]},
    "networkInterfaceListData": {
        "networkInterface": [
            {"hostname": "web-01", "addressIpV4": "10.0.0.7, 10.0.0.8", "addressIpV6": "2001:db8::1",
             "macAddress": "00:50:56:AA:E2:DA", "interfaceName": "ens192",
             "dnsAddress": "10.0.0.2, 10.0.0.3", "gatewayAddress": "10.0.0.1"},
            {"hostname": "", "addressIpV4": None, "macAddress": "xx:xx:xx", "interfaceName": ""},
        ]
    },
    "businessInformation": {"company": "Acme", "department": "Sales", "operationalStatus": "Running", "environment": ""},
    "assignedLocation": {"name": "HQ", "city": "Pune", "state": "MH", "country": "IN"},
    "businessAppListData": {"businessApp": [{"id": "42", "name": "Shop"}]},
    "customAttributes": [
        {"key": "rack", "value": "12", "connectorName": "ServiceNow"},
        {"key": "theirs", "value": "x", "connectorName": "Qualys"},
        {"key": "declarative_key", "value": "NK", "connectorName": "ServiceNow"},
    ],
    "softwareComponent": None,
}  # fmt: skip


def test_a_record_with_every_list_filled_becomes_a_manifest_with_every_list_filled() -> None:
    spec = manifest_of(LiveAsset(5, FULL), CONNECTOR, name="web-01")["spec"]
    assert spec["identityAttributes"] == {
        "hostName": "web-01",
        "fqdn": "web-01.corp.example",
        "netBiosName": "WEB01",
        "ipAddress": ["10.0.0.7", "10.0.0.8", "2001:db8::1"],
        "macAddress": "00:50:56:aa:e2:da",
        "serialNumber": "SN-1",
        "hardwareUuid": "422a2b16-4c8b-588a-a20c-c1851ad7e376",
    }
    core = spec["coreAttributes"]
    assert core["softwares"] == [{"name": "Python 2.7", "version": "2.7"}, {"name": "git"}]
    assert core["ports"] == [{"port": "22", "protocol": "TCP", "detectedService": "ssh"}]
    assert core["services"] == [{"name": "sshd", "description": "SSH", "status": "Active"}]
    assert core["volumes"] == [{"name": "C:", "size": "63814234112", "free": "29584035840"}]
    assert core["accounts"] == [{"username": "root"}]
    assert core["networkInterfaces"] == [
        {
            "interfaceName": "ens192", "macAddress": "00:50:56:AA:E2:DA", "hostName": "web-01",
            "ipv4Address": ["10.0.0.7", "10.0.0.8"],
            "ipv6Address": ["2001:db8::1"], "gatewayAddress": "10.0.0.1", "dnsAddress": "10.0.0.2, 10.0.0.3",
        }
    ]  # fmt: skip
    assert core["customConnectorAttributes"] == {"rack": "12"}
    assert core["businessMetaData"] == {"status": "Running", "company": "Acme", "department": "Sales"}
    assert core["businessApps"] == ["42"]
    assert "lastLoggedOnUser" not in core


def test_the_manifest_passes_the_schema() -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(manifest_of(LiveAsset(5, FULL), CONNECTOR, name="web-01"))


@pytest.mark.parametrize(
    "record", [FULL, {"assetId": 5}, {"assetId": 5, "assetName": "10.0.0.7", "timeZone": "IST", "hwUUID": "xx"}]
)
def test_what_is_imported_equals_the_record_it_came_from(record: dict[str, Any]) -> None:
    spec = manifest_of(LiveAsset(5, record), CONNECTOR, name="x")["spec"]
    for path, value in flatten(spec["identityAttributes"], spec.get("coreAttributes", {})).items():
        assert compare(path, value, record, CONNECTOR).verdict is Verdict.EQUAL, path


def test_an_asset_without_an_identifier_of_its_own_needs_a_pin() -> None:
    anonymous = LiveAsset(5, {"assetId": 5, "assetName": "localhost", "address": "127.0.0.1"})
    assert needs_pin(anonymous)
    assert not needs_pin(LiveAsset(5, FULL))
    assert manifest_of(anonymous, CONNECTOR, name="x", pin=True)["spec"]["identityAttributes"] == {"qualysAssetId": 5}


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"assetName": "Web 01.corp.example"}, "web-01"),
        ({"assetName": "10.0.0.7"}, "10.0.0.7"),
        ({"assetName": " ", "dnsName": "db.corp.example"}, "db"),
        ({"assetName": "日本"}, "asset-5"),
        ({}, "asset-5"),
        ({"assetName": "_x_"}, "x"),
    ],
)
def test_a_manifest_is_named_after_its_asset(record: dict[str, Any], name: str) -> None:
    assert suggest_name(LiveAsset(5, record)) == name
