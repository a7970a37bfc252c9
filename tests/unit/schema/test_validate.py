"""What is wrong with a manifest is said in words, at its place, once."""

from __future__ import annotations

import json

import pytest

from declarative.schema.validate import violations

# The sample payload of release note 3.7.1 as JSON, pasted; its masked values stand as the vendor masked them.
VENDOR_ASSET = """
{
  "identityAttributes": {
    "hostName": "<sample hostname>", "fqdn": null, "ipAddress": ["xx.xx.xx.xx"], "netBiosName": null, "macAddress": null,
    "hardwareUuid": null, "serialNumber": null, "sourceNativeKey": "xxxxx-xxx"
  },
  "coreAttributes": {
    "lastLoggedOnUser": "Username", "netBiosName": null, "hostName": "<sample hostname>", "fqdn": null, "address": "xx.xx.xx.xx",
    "biosInfo": {
      "biosDescription": "Phoenix Technologies LTD 6.00", "manufacturer": "", "totalMemory": 8192, "timeZone": "+5:30",
      "model": "VMware Virtual Platform", "serialNumber": null, "biosAssetTag": "NoAssetTag", "hardwareUuid": null
    },
    "softwares": [{"name": "Microsoft windows 11", "version": "2011"}],
    "sourceLastUpdatedDate": 1768473175000, "sourceCreatedDate": 1768473175000,
    "processor": {"description": "intel", "speed": "64", "numberOfCpu": 2},
    "customConnectorAttributes": {"key1": "New", "key2": "New2", "key3": "value3", "key4": "value4", "key5": "value5"},
    "businessMetaData": {
      "status": "Running", "environment": "Development", "company": "Qualys", "department": "CSAM", "ownedBy": "User",
      "managedBy": "User", "supportedBy": "User", "supportGroup": "Application"
    },
    "assignedLocation": {
      "name": "eela", "street": "punawale", "city": "pune", "state": "maharastra", "zip": "411033", "country": "india",
      "latitude": "18.6298° N", "longitude": "73.7997° E"
    },
    "networkInterfaces": [{
      "interfaceName": "Primary network interface", "macAddress": null, "address": "xx.xx.xx.xx", "hostName": "T490",
      "ipv4Address": ["xx.xx.xx.xx"], "type": "PUBLIC"
    }],
    "ports": [{"port": "8080", "protocol": "TCP", "detectedService": "", "description": "TCP port"}],
    "services": [{"name": "Services", "description": "xyz", "status": "ACTIVE"}],
    "volumes": [{"name": "c", "size": "100", "free": "10"}],
    "accounts": [{"username": "username"}],
    "businessApps": 608042025011
  }
}
"""

VENDOR_REPORT = """
{
  "name": "EASM Summary Report", "description": "EASM SUMMARY REPORT", "timezone": "Asia/Calcutta", "format": "PDF",
  "templateName": "ITAM_EASM_REPORT_TEMPLATE", "filter": "asset.riskScore>90", "reportType": "EASM_LEAD",
  "assetList": "78427696,78140051", "tagList": "52213635", "includeMatchType": "Any", "excludeMatchType": "Any",
  "excludeTagIds": "47656726", "selectedSwType": "all", "groupByPivot": "ALL", "riskScoreAdded": true,
  "hasVMDRAndRiskScoreEnabled": true, "recipient": "[email protected]", "emailSubject": "emailSubject", "customMessage": "email",
  "notificationType": "email", "emailNotification": "1", "maxNumberOfDownloads": 1073741824, "useReportNameAsFilename": "1",
  "displayTemplateName": "EASM_LEAD", "generatedFor": "EASM"
}
"""


def manifest(kind, spec, **metadata):
    return {"apiVersion": "declarative/v1", "kind": kind, "metadata": {"name": "x", **metadata}, "spec": spec}


def asset(**parts):
    return manifest("Asset", {"connector": "c", "identityAttributes": {"sourceNativeKey": "k"}, **parts})


def only(kind, instance):
    (found,) = violations(kind, instance)
    return found


def test_the_vendors_import_sample_validates_when_pasted():
    assert violations("Asset", manifest("Asset", {"connector": "snow", **json.loads(VENDOR_ASSET)})) == ()


def test_the_vendors_report_sample_validates_when_pasted():
    assert violations("Report", manifest("Report", {"request": json.loads(VENDOR_REPORT)})) == ()


def test_the_vendors_query_samples_validate_when_pasted():
    first = {"filters": [{"field": "asset.hasAiCriticalityScore", "operator": "EQUALS", "value": "true"}]}
    second = {
        "componentFilter": {
            "filters": [
                {"value": "2025-10-18 06:21:51", "field": "component.lastFoundDate", "operator": "LESS_THAN_EQUAL"},
                {"value": "2024-12-19", "field": "component.lastFoundDate", "operator": "GREATER"},
            ],
            "operation": "AND",
        }
    }
    assert violations("HostQuery", manifest("HostQuery", first)) == ()
    assert violations("ComponentQuery", manifest("ComponentQuery", second)) == ()


@pytest.mark.parametrize(
    "value", [1768473175000, "1768473175000", "2026-01-15", "2026-01-15T10:32:55Z", "2026-01-15T10:32:55.123+05:30", None]
)
def test_a_source_date_is_iso_or_epoch_milliseconds(value):
    assert violations("Asset", asset(coreAttributes={"sourceCreatedDate": value, "sourceLastUpdatedDate": value})) == ()


@pytest.mark.parametrize(
    ("parts", "pointer", "rule", "message", "hint"),
    [
        (
            {"coreAttributes": {"isContainer": "yes"}},
            "/spec/coreAttributes/isContainer",
            "schema/type",
            'expected true or false, found text "yes"',
            "write true or false, without quotes",
        ),
        (
            {"identityAttributes": {"ipAddress": "192.0.2.1"}},
            "/spec/identityAttributes/ipAddress",
            "schema/type",
            'expected a list, found text "192.0.2.1"',
            'write it as a list: ["192.0.2.1"]',
        ),
        (
            {"identityAttributes": {"qualysAssetId": "12"}},
            "/spec/identityAttributes/qualysAssetId",
            "schema/type",
            'expected an integer, found text "12"',
            "write the number without quotes: 12",
        ),
        (
            {"identityAttributes": {"serialNumber": 123}},
            "/spec/identityAttributes/serialNumber",
            "schema/type",
            "expected text, found the number 123",
            'put it in quotes: "123"',
        ),
        (
            {"identityAttributes": None},
            "/spec/identityAttributes",
            "schema/type",
            "expected a mapping, found nothing (null)",
            "remove the key, or give it a value",
        ),
        (
            {"lifecycle": {"onRemove": "retired"}},
            "/spec/lifecycle/onRemove",
            "schema/enum",
            '"retired" is not one of forget, retire',
            'did you mean "retire"?',
        ),
        (
            {"connector": ""},
            "/spec/connector",
            "schema/length",
            "must not be empty",
            "remove the key, or give it a value",
        ),
        (
            {"coreAttributes": {"biosInfo": {"totalMemory": -1}}},
            "/spec/coreAttributes/biosInfo/totalMemory",
            "schema/range",
            "expected at least 0, found -1",
            None,
        ),
        (
            {"coreAttributes": {"sourceCreatedDate": "yesterday"}},
            "/spec/coreAttributes/sourceCreatedDate",
            "schema/pattern",
            'expected an ISO 8601 date such as 2026-01-15T10:32:55Z, or epoch milliseconds; found "yesterday"',
            None,
        ),
    ],
)
def test_a_wrong_value_is_told_in_words_with_what_to_write_instead(parts, pointer, rule, message, hint):
    found = only("Asset", asset(**parts))
    assert (found.pointer, found.rule, found.message, found.hint, found.at_key) == (pointer, rule, message, hint, False)


def test_an_unknown_key_is_told_at_the_key_with_the_one_that_was_meant():
    found = only("Asset", asset(identityAttributes={"sourceNativeKey": "k", "hostname": "h"}))
    assert (found.pointer, found.at_key) == ("/spec/identityAttributes/hostname", True)
    assert (found.message, found.hint) == ('unknown key "hostname"', 'did you mean "hostName"?')


def test_a_key_at_the_wrong_level_is_sent_to_its_place():
    found = only("Asset", asset(department="Sales"))
    assert found.hint == '"department" belongs in spec.coreAttributes.businessMetaData'


def test_a_key_with_a_slash_or_tilde_is_escaped_in_the_pointer():
    found = only("Asset", asset(**{"a/b~c": 1}))
    assert found.pointer == "/spec/a~1b~0c"


def test_a_missing_key_is_told_at_its_mapping_with_an_example():
    found = only("Connector", manifest("Connector", {}))
    assert (found.pointer, found.message) == ("/spec", 'missing key "connectorUuid"')
    assert found.hint is not None
    assert found.hint.startswith('for example: connectorUuid: "')


def test_all_missing_keys_are_told_each_once():
    found = violations("Report", manifest("Report", {"request": {}}))
    assert [violation.message for violation in found] == [
        'missing key "format"',
        'missing key "name"',
        'missing key "reportType"',
        'missing key "templateName"',
    ]


def test_everything_wrong_is_told_in_the_order_of_the_document():
    instance = {
        "spec": {"connectorUuid": "no", "source": 5, "extra": 1},
        "metadata": {"name": "-"},
        "apiVersion": "declarative/v2",
        "kind": "Connector",
    }
    pointers = [violation.pointer for violation in violations("Connector", instance)]
    assert pointers == ["/spec/connectorUuid", "/spec/source", "/spec/extra", "/metadata/name", "/apiVersion"]


def test_a_name_with_a_line_break_at_its_end_is_refused():
    assert only(
        "Connector", manifest("Connector", {"connectorUuid": "489e8429-2e82-4599-a2a8-2b8f3d5c7a10"}, name="x\n")
    ).rule == ("schema/pattern")


def test_platform_and_address_exclude_each_other_in_our_words():
    found = only("Project", manifest("Project", {"platform": "EU1", "baseUrl": "https://gateway.example.com"}))
    assert (found.rule, found.message) == (
        "schema/conflict",
        "platform and baseUrl both say where the gateway is: keep one of them",
    )


@pytest.mark.parametrize("instance", [None, [], "text", 3, {}, {"spec": None}, {"metadata": [], "spec": "x"}])
def test_what_is_no_manifest_at_all_is_told_too(instance):
    assert violations("Asset", instance)


def test_no_message_is_longer_than_a_few_lines_whatever_the_value():
    found = only("Asset", asset(connector={"x" * 500: ["y" * 5000]}))
    assert len(found.message) < 200


def test_an_unknown_kind_is_a_key_error():
    with pytest.raises(KeyError):
        violations("Asst", {})
