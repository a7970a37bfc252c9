"""Facts 2.6: what decides create, merge or drop."""

from __future__ import annotations

from typing import Any

import pytest

from declarative.sandbox import DEFAULT_RULES

CONNECTOR = "489e8429-2e82-4599-a2a8-0123456789ab"
OTHER = "11111111-2222-4333-8444-555555555555"


def outcomes(user: Any) -> list[tuple[str, str]]:
    return [(row["outcome"], row["rule"]) for row in user.sandbox.call("identification")["identification"]]


def test_the_native_key_of_a_connector_comes_before_every_rule(user: Any) -> None:
    user.send({"sourceNativeKey": "NK-1", "serialNumber": "SN-1"})
    user.send({"sourceNativeKey": "NK-2", "serialNumber": "SN-2"})
    user.send({"sourceNativeKey": "NK-1", "serialNumber": "SN-2"})
    assert outcomes(user) == [("created", "none"), ("created", "none"), ("merged", "sourceNativeKey")]


def test_another_connectors_native_key_means_nothing(user: Any) -> None:
    user.send({"sourceNativeKey": "NK-1", "hostName": "a"})
    user.send({"sourceNativeKey": "NK-1", "hostName": "b"}, connector=OTHER)
    assert len(user.search()) == 2


@pytest.mark.parametrize(
    ("name", "value", "again"),
    [
        ("serialNumber", "SN-1", "sn-1"),
        ("hardwareUuid", "ABCDEF00-0000-4000-8000-00000000000A", "abcdef00-0000-4000-8000-00000000000a"),
        ("instanceUuid", "i-0a1b", "I-0A1B"),
        ("macAddress", "00:50:56:AA:E2:DA", ["00-50-56-aa-e2-da"]),
        ("fqdn", "web.corp.example", "WEB.corp.example."),
        ("hostName", "web-01", "WEB-01"),
        ("netBiosName", "WEB01", "web01"),
        ("ipAddress", ["10.0.0.7"], ["10.0.0.9", "10.0.0.7"]),
        ("ipAddress", ["2001:db8::1"], ["2001:0DB8:0:0:0:0:0:1"]),
    ],
)
def test_one_match_by_any_rule_merges_whatever_the_spelling(user: Any, name: str, value: Any, again: Any) -> None:
    user.throw(rules=[*DEFAULT_RULES, "ipAddress"])
    user.send({name: value})
    user.send({name: again})
    assert outcomes(user) == [("created", "none"), ("merged", name)]
    assert len(user.search()) == 1


def test_two_hosts_behind_one_address_stay_two_unless_a_rule_says_otherwise(user: Any) -> None:
    user.send({"hostName": "a", "ipAddress": ["10.0.0.7"]})
    user.send({"hostName": "b", "ipAddress": ["10.0.0.7"]})
    assert outcomes(user) == [("created", "none"), ("created", "none")]


def test_a_pinned_asset_id_wins_over_the_rules(user: Any) -> None:
    user.send({"hostName": "a"})
    user.send({"hostName": "b"})
    first, second = user.search()
    user.send({"qualysAssetId": first["assetId"], "hostName": "b"}, {"lastLoggedOnUser": "ann"})
    assert outcomes(user)[-1] == ("merged", "qualysAssetId")
    assert user.search(("asset.assetID", "EQUALS", str(first["assetId"])))[0]["lastLoggedOnUser"] == "ann"
    assert second["assetId"] != first["assetId"]


def test_a_rule_of_two_fields_needs_both(user: Any) -> None:
    user.throw(rules=[["ipAddress", "macAddress"]])
    user.send({"ipAddress": ["10.0.0.7"], "macAddress": "00:50:56:aa:e2:da"})
    user.send({"ipAddress": ["10.0.0.7"], "macAddress": "00:50:56:aa:e2:db"})
    user.send({"ipAddress": ["10.0.0.7"], "macAddress": "00:50:56:aa:e2:da"})
    assert [outcome for outcome, _ in outcomes(user)] == ["created", "created", "merged"]


def test_when_several_match_the_next_rule_may_still_find_exactly_one(user: Any) -> None:
    user.sandbox.call(
        "seed", {"records": [{"biosSerialNumber": "DUP", "assetName": "a"}, {"biosSerialNumber": "DUP", "assetName": "b"}]}
    )
    user.send({"serialNumber": "DUP", "hostName": "b"})
    assert outcomes(user) == [("merged", "hostName")]


def test_several_matches_and_no_better_rule_are_skipped_or_by_switch_the_first_is_taken(user: Any) -> None:
    records = [{"biosSerialNumber": "DUP", "assetName": "a"}, {"biosSerialNumber": "DUP", "assetName": "b"}]
    ids = user.sandbox.call("seed", {"records": records})["assetIds"]
    user.send({"serialNumber": "DUP"})
    row = user.sandbox.call("identification")["identification"][-1]
    assert (row["outcome"], row["candidates"], row["assetId"]) == ("dropped", ids, None)
    user.throw(ambiguous="first")
    user.send({"serialNumber": "DUP"})
    row = user.sandbox.call("identification")["identification"][-1]
    assert (row["outcome"], row["assetId"]) == ("merged", ids[0])


def test_an_accepted_asset_vanishes_where_unmanaged_assets_are_not_created(user: Any) -> None:
    user.sandbox.call("connectors", {"connectors": [{"uuid": CONNECTOR, "name": "CMDB", "allowUnmanaged": False}]})
    user.send({"hostName": "ghost"})
    assert outcomes(user) == [("dropped", "none")]
    assert user.search() == []


def test_a_generated_asset_is_found_by_each_of_its_identifiers(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 5000, "seed": 4})
    user.throw(rules=[*DEFAULT_RULES, "ipAddress"])
    record = user.search(("asset.assetID", "EQUALS", "5004321"))[0]
    interface = record["networkInterfaceListData"]["networkInterface"][0]
    identities = {
        "serialNumber": record["biosSerialNumber"],
        "hardwareUuid": record["hwUUID"],
        "macAddress": interface["macAddress"],
        "fqdn": record["dnsName"],
        "hostName": record["assetName"],
        "netBiosName": record["netbiosName"],
        "ipAddress": [record["address"]],
    }
    for name, value in identities.items():
        user.send({name: value})
    assert outcomes(user) == [("merged", name) for name in identities]
    assert {row["assetId"] for row in user.sandbox.call("identification")["identification"]} == {5004321}
