"""A wrong manifest is checked as far as it can be read: one run tells everything, and tells nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from declarative.core.diagnostics import ordered
from declarative.kinds import lower
from declarative.manifest import load

PROJECT = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\nspec: {platform: EU1}\n"
CONNECTOR = "kind: Connector\nmetadata: {name: servicenow}\nspec: {connectorUuid: 489e8429-2e82-4599-a2a8-2b8f3d5c7a10}\n"
ASSET = """\
kind: Asset
metadata: {name: web-01}
spec:
  conector: servicenow
  identityAttributes:
    hostname: web-01
    sourceNativeKey: NK-1
    ipAddress: [10.0.0.999]
    macAddress: zz:zz
  coreAttributes:
    sourceCreatedDate: 2026-13-01
    networkInterfaces:
      - nope
      - {address: 1.2.3.400}
"""
REPORT = """\
kind: Report
metadata: {name: easm}
spec:
  request:
    name: R
    format: PDF
    templateName: T
    reportType: EASM_LEAD
    timezone: Asia/Kalkuta
    recipient: a@b
    includeMatchType: SOME
  scope: {assets: {query: nowhere}}
"""
QUERY = """\
kind: HostQuery
metadata: {name: h}
spec:
  operation: NAND
  filters:
    - {field: asset.nam, operator: EQUALS, value: x}
    - {field: asset.name, operator: EQUALS, valu: x}
    - {field: asset.name, operator: GREATER, value: x}
"""
INVENTORY = """\
kind: AssetInventory
metadata: {name: cmdb}
spec:
  from: {csv: ../cmdb.csv}
  conector: servicenow
  key: sn
  map:
    identityAttributes.hostnam: host
    coreAttributes.domain: {column: d, template: "{d}"}
  where:
    - {colum: x, equals: y}
    - {column: x}
  maxBadRows: some
  lifecycle: {ignore: [coreAttributes.nothing]}
"""


@pytest.fixture
def mistakes(tmp_path):
    """Everything that is said about a project of these documents: rule and line."""

    def of(*documents):
        (tmp_path / "manifests").mkdir()
        (tmp_path / "declarative.yaml").write_text(PROJECT)
        for number, text in enumerate(documents):
            (tmp_path / "manifests" / f"{number}.yaml").write_text("apiVersion: declarative/v1\n" + text)
        loaded = load(tmp_path, environ={})
        found = lower(loaded, now=datetime(2026, 6, 1, tzinfo=UTC)).diagnostics
        return [(one.rule, one.position.line) for one in ordered((*loaded.diagnostics, *found))]

    return of


def test_values_are_checked_beside_unknown_keys_and_wrong_types(mistakes):
    assert mistakes(CONNECTOR, ASSET) == [
        ("schema/unknown-key", 5),
        ("schema/unknown-key", 7),
        ("asset/ip-address", 9),
        ("asset/mac-address", 10),
        ("asset/date", 12),
        ("schema/type", 14),
        ("asset/ip-address", 15),
    ]


def test_the_zone_the_recipient_and_the_scope_of_a_report_are_checked_beside_a_wrong_enum(mistakes):
    assert mistakes(REPORT) == [
        ("report/time-zone", 10),
        ("report/recipient", 11),
        ("schema/enum", 12),
        ("reference/unknown-query", 13),
    ]


def test_the_other_filters_of_a_query_are_checked_beside_a_wrong_one(mistakes):
    assert mistakes(QUERY) == [
        ("schema/enum", 5),
        ("filter/unknown-field", 7),
        ("schema/unknown-key", 8),
        ("filter/operator", 9),
    ]


def test_the_columns_and_the_place_of_an_inventory_are_checked_beside_unknown_keys(mistakes):
    assert mistakes(INVENTORY, CONNECTOR) == [
        ("inventory/source", 5),
        ("schema/unknown-key", 6),
        ("inventory/mapping", 9),
        ("inventory/mapping", 10),
        ("schema/unknown-key", 12),
        ("inventory/condition", 13),
        ("schema/type", 14),
        ("asset/ignore-path", 15),
    ]


def test_a_wrong_connector_name_is_found_beside_a_wrong_key(mistakes):
    wrong = ASSET.replace("conector: servicenow", "connector: servicenov\n  colour: red")
    found = mistakes(CONNECTOR, wrong)
    assert ("reference/unknown-connector", 5) in found
    assert ("schema/unknown-key", 6) in found


def test_a_shared_native_key_is_found_although_one_of_the_two_manifests_is_wrong(mistakes):
    def asset(name, more=""):
        return (
            f"kind: Asset\nmetadata: {{name: {name}}}\nspec:\n  connector: servicenow\n"
            f"  identityAttributes: {{sourceNativeKey: NK-1}}\n{more}"
        )

    assert mistakes(CONNECTOR, asset("a"), asset("b", "  colour: red\n")) == [
        ("asset/shared-native-key", 6),
        ("schema/unknown-key", 7),
    ]


def test_an_identity_with_a_wrong_key_is_not_called_empty_as_well(mistakes):
    asset = "kind: Asset\nmetadata: {name: a}\nspec: {connector: servicenow, identityAttributes: {hostNam: a}}\n"
    assert mistakes(CONNECTOR, asset) == [("schema/unknown-key", 4)]


def test_a_value_refused_by_the_reader_is_not_judged_again(mistakes):
    asset = (
        "kind: Asset\nmetadata: {name: a}\nspec:\n  connector: !x servicenow\n  identityAttributes: {ipAddress: ['1.2\x07']}\n"
    )
    assert {rule for rule, _ in mistakes(CONNECTOR, asset)} == {"yaml/unknown-tag", "yaml/character"}


def test_two_manifests_of_one_address_are_both_checked(mistakes):
    wrong = ASSET.replace("conector", "connector").replace("hostname", "hostName").replace("      - nope\n", "")
    found = mistakes(CONNECTOR, wrong, wrong)
    assert [rule for rule, _ in found].count("asset/mac-address") == 2
    assert [rule for rule, _ in found].count("manifest/duplicate-address") == 1


def test_a_manifest_without_a_name_is_still_checked(mistakes):
    assert mistakes(CONNECTOR, ASSET.replace("name: web-01", "labels: {a: b}"))[2:5] == [
        ("schema/unknown-key", 7),
        ("asset/ip-address", 9),
        ("asset/mac-address", 10),
    ]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("NK-A", "nk-a", "has the same native key"),
        ("NK-A", "NK-\u0410", "has a native key that looks the same and is not"),
        ("NK-A", "NK\u2011A", "has a native key that looks the same and is not"),
        ("\uff2eK-A", "NK-A", "has a native key that looks the same and is not"),
        ("NK-A", "NK-\u0416", None),
    ],
)
def test_keys_that_people_take_for_one_another_are_refused(desired, asset, connector, first, second, said):
    made = [asset(name, {"sourceNativeKey": key}) for name, key in (("a", first), ("b", second))]
    found = [one for one in desired(connector, *made).diagnostics if one.rule == "asset/shared-native-key"]
    assert [said in one.message for one in found] == ([True] if said else [])


def test_a_file_that_is_all_mistakes_is_left_at_a_thousand_and_nothing_in_it_is_called_missing(mistakes):
    asset = "kind: Asset\nmetadata: {name: a}\nspec: {connector: servicenow, identityAttributes: {sourceNativeKey: N}}\n"
    noise = "kind: Asset\nmetadata: {name: x, labls: {}}\n"
    found = mistakes(asset, "---\napiVersion: declarative/v1\n".join([*[noise] * 1500, CONNECTOR]))
    assert [rule for rule, _ in found].count("manifest/more-findings") == 1
    assert found[-1][0] == "manifest/more-findings"
    assert 1000 <= len(found) < 1100
    assert "reference/unknown-connector" not in {rule for rule, _ in found}
