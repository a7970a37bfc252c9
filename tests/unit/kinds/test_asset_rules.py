"""What is checked in assets beyond the schema: each rule with a value that breaks it and values that do not."""

from __future__ import annotations

import pytest

from declarative.core.diagnostics import Severity
from declarative.manifest.model import RuleSetting

IDENTITY, CORE = "/spec/identityAttributes", "/spec/coreAttributes"


@pytest.mark.parametrize(
    ("core", "rule", "pointer"),
    [
        ({"address": "192.0.2.256"}, "asset/ip-address", "/address"),
        ({"address": "192.0.2.01"}, "asset/ip-address", "/address"),
        (
            {"networkInterfaces": [{}, {"ipv4Address": ["192.0.2.1", "2001:db8::1"]}]},
            "asset/ip-address",
            "/networkInterfaces/1/ipv4Address/1",
        ),
        ({"networkInterfaces": [{"ipv6Address": ["192.0.2.1"]}]}, "asset/ip-address", "/networkInterfaces/0/ipv6Address/0"),
        ({"networkInterfaces": [{"macAddress": "00:50:56:aa:e2"}]}, "asset/mac-address", "/networkInterfaces/0/macAddress"),
        ({"fqdn": "web"}, "asset/fqdn", "/fqdn"),
        ({"dnsName": "web-.example.com"}, "asset/fqdn", "/dnsName"),
        ({"dnsName": f"{'a' * 64}.example.com"}, "asset/fqdn", "/dnsName"),
        ({"networkInterfaces": [{"hostName": "<sample hostname>"}]}, "asset/host-name", "/networkInterfaces/0/hostName"),
        ({"biosInfo": {"hardwareUuid": "489e8429-2e82-4599-a2a8-xxxxxxxxxxxx"}}, "asset/uuid", "/biosInfo/hardwareUuid"),
        ({"biosInfo": {"timeZone": "half past five"}}, "asset/time-zone", "/biosInfo/timeZone"),
        ({"ports": [{"port": "http"}]}, "asset/port", "/ports/0/port"),
        ({"ports": [{"port": 65536}]}, "asset/port", "/ports/0/port"),
        ({"volumes": [{"size": "100 GB"}]}, "asset/not-a-number", "/volumes/0/size"),
        ({"processor": {"speed": "2.4 GHz"}}, "asset/not-a-number", "/processor/speed"),
        ({"sourceCreatedDate": "2026-02-30"}, "asset/date", "/sourceCreatedDate"),
        ({"sourceCreatedDate": 1768473175}, "asset/date-unit", "/sourceCreatedDate"),
        ({"sourceLastUpdatedDate": "2026-06-26"}, "asset/date-future", "/sourceLastUpdatedDate"),
        ({"sourceCreatedDate": "2026-01-16", "sourceLastUpdatedDate": "2026-01-15"}, "asset/date-order", "/sourceCreatedDate"),
        ({"softwares": []}, "asset/empty-list", "/softwares"),
    ],
)
def test_a_wrong_core_attribute_is_found_at_its_place(desired, connector, asset, found, core, rule, pointer):
    assert found(desired(connector, asset(core=core))) == [(rule, CORE + pointer)]


@pytest.mark.parametrize(
    "core",
    [
        {"address": "2001:db8::1"},
        {"address": ""},
        {"networkInterfaces": [{"macAddress": "00-50-56-AA-E2-DA", "ipv4Address": "192.0.2.1"}]},
        {"networkInterfaces": [{"macAddress": "0050.56aa.e2da"}, {"macAddress": "0:50:56:aa:e2:da"}]},
        {"fqdn": "WEB_01.corp.example.com."},
        {"dnsName": "bücher.example.com"},
        {"biosInfo": {"hardwareUuid": "{422A2B16-4C8B-588A-A20C-C1851AD7E376}"}},
        *({"biosInfo": {"timeZone": zone}} for zone in ("+5:30", "+05:30", "-0800", "UTC", "IST", "Asia/Calcutta", "UTC+02:00")),
        {"ports": [{"port": "0"}, {"port": 65535}, {"port": None}]},
        {"volumes": [{"size": "", "free": 7}]},
        {"sourceCreatedDate": "2026-06-25T11:59:59Z"},
        {"sourceCreatedDate": 0, "sourceLastUpdatedDate": "2026-01-15T10:32:55+02"},
    ],
)
def test_a_right_core_attribute_is_left_alone(desired, connector, asset, core):
    assert desired(connector, asset(core=core)).diagnostics == ()


@pytest.mark.parametrize(
    "identity",
    [
        {},
        {"instanceUuidSource": "EC2", "networkUuid": "9f1c2a34-77aa-4f0e-9d55-3b1f0c2d4e5f"},
        {"hostName": "", "ipAddress": [None, " "]},
    ],
)
def test_an_asset_without_a_usable_identity_is_refused(desired, connector, asset, found, identity):
    state = desired(connector, asset(identity=identity))
    assert ("asset/no-identity", IDENTITY) in found(state)
    assert state.diagnostics[0].severity is Severity.ERROR


def test_an_asset_without_a_native_key_is_warned_about(desired, connector, asset):
    (found,) = desired(connector, asset(identity={"hostName": "web-01"})).diagnostics
    assert (found.rule, found.severity) == ("asset/no-native-key", Severity.WARNING)


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\x07", "\u00ad"])
def test_an_identity_with_a_hidden_character_is_refused(desired, connector, asset, found, hidden):
    state = desired(connector, asset(identity={"sourceNativeKey": f"NK{hidden}1", "hostName": "h"}))
    assert found(state) == [("asset/hidden-character", f"{IDENTITY}/sourceNativeKey")]


def test_an_identity_in_another_script_is_welcome(desired, connector, asset):
    assert desired(connector, asset(identity={"sourceNativeKey": "機器-01", "hostName": "žižkov"})).diagnostics == ()


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("serialNumber", "To be filled by O.E.M.", ""),
        ("serialNumber", "System  Serial Number", ""),
        ("serialNumber", "0", ""),
        ("hostName", "localhost", ""),
        ("hardwareUuid", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", ""),
        ("macAddress", "00:00:00:00:00:00", ""),
        ("macAddress", ["00:50:56:aa:e2:da", "ff-ff-ff-ff-ff-ff"], "/1"),
        ("ipAddress", ["192.0.2.1", "127.0.0.1"], "/1"),
        ("ipAddress", ["169.254.10.1"], "/0"),
    ],
)
def test_an_identity_that_many_machines_share_is_warned_about(desired, connector, asset, found, name, value, place):
    state = desired(connector, asset(identity={"sourceNativeKey": "k", name: value}))
    assert found(state) == [("asset/placeholder-identity", f"{IDENTITY}/{name}{place}")]


def test_long_business_data_is_warned_about(desired, connector, asset, found):
    core = {"businessMetaData": {"department": "x" * 129, "ownedBy": "x" * 255}, "assignedLocation": {"name": "x" * 256}}
    assert found(desired(connector, asset(core=core))) == [
        ("asset/long-value", f"{CORE}/businessMetaData/department"),
        ("asset/long-value", f"{CORE}/assignedLocation/name"),
    ]


def test_the_two_halves_of_an_asset_must_agree(desired, connector, asset, found):
    core = {"hostName": "WEB-01", "biosInfo": {"serialNumber": "SN-2"}}
    state = desired(connector, asset(identity={"sourceNativeKey": "k", "hostName": "web-01", "serialNumber": "SN-1"}, core=core))
    assert found(state) == [("asset/contradiction", f"{CORE}/biosInfo/serialNumber")]


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("coreAttributes.lastLoggedOnUser", True),
        ("spec.coreAttributes.biosInfo", True),
        ("coreAttributes.customConnectorAttributes.key1", True),
        ("coreAttributes.lastLoggedOnUsr", False),
        ("lastLoggedOnUser", False),
        ("coreAttributes.customConnectorAttributes.", False),
    ],
)
def test_an_ignored_path_must_exist(desired, connector, asset, found, path, fine):
    state = desired(connector, asset(lifecycle={"ignore": [path]}))
    assert found(state) == ([] if fine else [("asset/ignore-path", "/spec/lifecycle/ignore/0")])


def test_an_unknown_connector_is_told_with_the_one_that_was_meant(desired, manifest, connector):
    spec = {"connector": "servicenwo", "identityAttributes": {"sourceNativeKey": "k"}}
    state = desired(connector, manifest("Asset", "a", spec))
    (found,) = state.diagnostics
    assert state.assets == ()
    assert (found.rule, found.pointer, found.hint) == (
        "reference/unknown-connector",
        "/spec/connector",
        'did you mean "servicenow"?',
    )
    assert found.address == "Asset/a"
    assert str(found.position) == "manifests/asset-a.yaml:2:3"


def test_two_assets_with_one_native_key_are_refused_naming_both_places(desired, connector, asset):
    pair = asset("a", identity={"sourceNativeKey": "NK-1"}), asset("b", identity={"sourceNativeKey": "nk-1"})
    (found,) = desired(connector, *pair).diagnostics
    assert (found.rule, found.address) == ("asset/shared-native-key", "Asset/b")
    assert "Asset/a at manifests/asset-a.yaml:2:4" in found.message


def test_one_native_key_under_two_connectors_is_fine(desired, manifest, connector):
    other = manifest("Connector", "cmdb", {"connectorUuid": "0d3f6b3e-6a0e-4b8e-9a53-0a5b5c7f1d11"})
    pair = [
        manifest("Asset", name, {"connector": name, "identityAttributes": {"sourceNativeKey": "NK-1"}})
        for name in ("servicenow", "cmdb")
    ]
    assert desired(connector, other, *pair).diagnostics == ()


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("serialNumber", "SN 1", "sn1"),
        ("hardwareUuid", "422a2b16-4c8b-588a-a20c-c1851ad7e376", "{422A2B16-4C8B-588A-A20C-C1851AD7E376}"),
        ("qualysAssetId", 5000001, 5000001),
    ],
)
def test_two_assets_with_one_identity_are_refused(desired, connector, asset, found, name, first, second):
    pair = asset("a", identity={"sourceNativeKey": "1", name: first}), asset("b", identity={"sourceNativeKey": "2", name: second})
    assert found(desired(connector, *pair)) == [("asset/shared-identity", f"{IDENTITY}/{name}")]


def test_two_connectors_with_one_uuid_are_warned_about(desired, connector, manifest, found):
    twin = manifest("Connector", "twin", {**connector.spec, "connectorUuid": connector.spec["connectorUuid"].upper()})
    assert found(desired(connector, twin)) == [("connector/duplicate", "/spec/connectorUuid")]


def test_a_project_sets_a_rules_severity(desired, connector, asset):
    wrong = asset(core={"fqdn": "web"})
    off = desired(connector, wrong, rules={"asset/fqdn": RuleSetting(None, "short names are our habit")})
    softer = desired(connector, wrong, rules={"asset/fqdn": RuleSetting(Severity.WARNING, "short names are our habit")})
    assert off.diagnostics == ()
    assert [found.severity for found in softer.diagnostics] == [Severity.WARNING]


def test_a_rule_without_which_a_manifest_has_no_meaning_cannot_be_turned_off(desired, asset):
    state = desired(asset(), rules={"reference/unknown-connector": RuleSetting(None, "no")})
    assert [(found.rule, found.severity) for found in state.diagnostics] == [
        ("project/unknown-rule", Severity.WARNING),
        ("reference/unknown-connector", Severity.ERROR),
    ]


def test_a_setting_for_a_rule_that_does_not_exist_is_told(desired):
    (found,) = desired(rules={"asset/fqnd": RuleSetting(None, "no")}).diagnostics
    assert (found.rule, found.hint) == ("project/unknown-rule", 'did you mean "asset/fqdn"?')


def test_a_move_leads_from_no_manifest_to_one(desired, connector, asset, found):
    assert found(desired(connector, asset("new"), moved={"Asset/old": "Asset/new"})) == []
    assert found(desired(connector, asset("new"), asset("old"), moved={"Asset/old": "Asset/new"})) == [
        ("project/moved", "/spec/moved/0/from")
    ]
    assert found(desired(connector, asset("new"), moved={"Asset/old": "Asset/nwe"})) == [("project/moved", "/spec/moved/0/to")]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("AssetInventory/cmdb", "AssetInventory/cmdb2", "from"),
        ("AssetInventory/cmdb", "AssetInventory/nowhere", "from"),
        ("AssetInventory/cmdb[a1]", "AssetInventory/cmdb2", "to"),
    ],
)
def test_an_inventory_moves_row_by_row(desired, connector, inventory, old, new, part):
    (told,) = desired(connector, inventory("cmdb2"), moved={old: new}).diagnostics
    assert (told.rule, told.pointer) == ("project/moved", f"/spec/moved/0/{part}")
    assert "each of its rows has one" in told.message
    assert told.hint is not None
    assert "AssetInventory/OLD[KEY]" in told.hint


def test_a_row_moves_to_a_row_of_an_inventory_that_is_there(desired, connector, inventory, found):
    def moved(new):
        return found(desired(connector, inventory("cmdb2"), moved={"AssetInventory/cmdb[a1]": new}))

    assert moved("AssetInventory/cmdb2[a1]") == []
    assert moved("AssetInventory/cmdb3[a1]") == [("project/moved", "/spec/moved/0/to")]
