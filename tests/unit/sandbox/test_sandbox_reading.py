"""Facts section 3: search, count and get."""

from __future__ import annotations

from typing import Any

import pytest

SEARCH, COUNT, GET = "/rest/2.0/search/am/asset", "/rest/2.0/count/am/asset", "/rest/2.0/get/am/asset"


def test_nothing_found_is_a_204_without_a_body(user: Any) -> None:
    for answer in (user.post(SEARCH), user.get(GET, assetId="77")):
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-type" not in answer.headers


def test_a_count_of_nothing_is_a_zero_or_by_switch_a_204(user: Any) -> None:
    assert user.post(COUNT).json() == {"count": 0, "responseCode": "SUCCESS", "responseMessage": "Valid API Access"}
    user.throw(count_zero_status=204)
    assert user.post(COUNT).status_code == 204


def test_pages_walk_the_estate_once_in_ascending_order(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 25})
    user.send({"hostName": "imported"})
    seen: list[int] = []
    cursor, more = "0", 1
    while more:
        page = user.post(SEARCH, params={"pageSize": 10, "lastSeenAssetId": cursor}).json()
        assert type(page["hasMore"]) is int
        assert page["count"] == len(page["assetListData"]["asset"])
        seen += [record["assetId"] for record in page["assetListData"]["asset"]]
        cursor, more = page["lastSeenAssetId"], page["hasMore"]
        assert cursor == (seen[-1] if more else None)
    assert seen == list(range(5000001, 5000027))


def test_the_page_size_defaults_to_100_and_ends_at_300(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 301})
    assert user.post(SEARCH).json()["count"] == 100
    assert user.post(SEARCH, params={"pageSize": 300}).json()["count"] == 300
    refused = user.post(SEARCH, params={"pageSize": 301})
    assert (refused.status_code, refused.json()["responseCode"]) == (416, "FAILED")
    for wrong in ("0", "-1", "ten", "1.5"):
        assert user.post(SEARCH, params={"pageSize": wrong}).status_code == 400


def test_get_answers_in_the_envelope_of_search(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 3})
    answer = user.get(GET, assetId="5000002").json()
    assert (answer["count"], answer["hasMore"], answer["lastSeenAssetId"]) == (1, 0, None)
    assert answer["assetListData"]["asset"] == user.search(("asset.assetID", "EQUALS", "5000002"))
    assert user.get(GET).status_code == 400
    assert user.get(GET, assetId="x").status_code == 400


def test_get_by_path_is_the_frameworks_404(user: Any) -> None:
    answer = user.get(f"{GET}/5000001")
    assert answer.status_code == 404
    assert "No static resource" in answer.json()["message"]
    assert answer.json()["path"] == f"{GET}/5000001"


def test_the_wrong_method_is_the_frameworks_405(user: Any) -> None:
    answer = user.get(SEARCH)
    assert (answer.status_code, answer.headers["allow"], answer.json()["error"]) == (405, "POST", "Method Not Allowed")


def test_excluded_fields_come_back_as_null_and_identifiers_always(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 1})
    whole = user.only()
    (record,) = user.search(excludeFields="software,openPort,nonsense")
    assert set(record) == set(whole)
    assert record["softwareListData"] is None
    assert record["openPortListData"] is None
    assert record["hardware"] == whole["hardware"]
    (record,) = user.search(includeFields="hardware,tag")
    shown = {name for name, value in record.items() if value is not None}
    assert shown == {"assetId", "assetUUID", "hostId", "assetType", "assetName", "createdDate", "lastModifiedDate",
                     "sensorLastUpdatedDate", "hardware", "tagList"}  # fmt: skip
    assert user.get(GET, assetId="5000001", includeFields="tag").json()["assetListData"]["asset"][0]["hardware"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"filters": [{"field": "asset.lastSeen", "operator": "EQUALS", "value": "x"}]},
        {"filters": [{"field": "asset.name", "operator": "GREATER", "value": "x"}]},
        {"filters": [{"field": "asset.name", "operator": "LESS", "value": "x"}]},
        {"filters": [{"field": "asset.hasAiCriticalityScore", "operator": "NOT_EQUALS", "value": "true"}]},
        {"filters": [{"field": "asset.hasAiCriticalityScore", "operator": "EQUALS", "value": "maybe"}]},
        {"filters": [{"field": "asset.created", "operator": "IN", "value": "2026-01-01"}]},
        {"filters": [{"field": "asset.created", "operator": "EQUALS", "value": "yesterday"}]},
        {"filters": [{"field": "asset.assetID", "operator": "EQUALS", "value": "abc"}]},
        {"filters": [{"field": "asset.name", "operator": "EQUALS"}]},
        {"filters": [{"field": "asset.name", "operator": "EQUALS", "value": "x"}], "operation": "XOR"},
        {"filters": {"field": "asset.name"}},
        {"filters": ["x"]},
        {"field": "asset.name", "operator": "EQUALS", "value": "x"},
        [1],
    ],
)
def test_a_filter_that_the_fields_do_not_allow_is_a_400_that_says_failed(user: Any, body: Any) -> None:
    for path in (SEARCH, COUNT):
        answer = user.post(path, body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["responseCode"] == "FAILED"


@pytest.mark.parametrize("body", [None, {}, {"filters": []}, {"filter": "asset.name:web"}, {"ServiceRequest": {"x": 1}}])
def test_no_filters_or_an_unknown_body_match_everything(user: Any, body: Any) -> None:
    user.sandbox.call("seed", {"assets": 7})
    assert user.post(COUNT, body).json()["count"] == 7


def test_unknown_keys_are_a_400_where_the_switch_is_strict(user: Any) -> None:
    user.throw(strict_bodies=True)
    assert user.post(COUNT, {"filter": "asset.name:web"}).status_code == 400


def test_filters_compare_by_their_type(user: Any) -> None:
    records = [
        {"assetName": "Web-01", "biosSerialNumber": "S1", "totalMemory": 9, "riskScore": 90,
         "createdDate": "2026-01-01T10:00:00.500Z",
         "openPortListData": {"openPort": [{"port": 22}, {"port": 443}]}},
        {"assetName": "web-02", "biosSerialNumber": "S2", "totalMemory": 10, "riskScore": 700,
         "createdDate": "2026-02-01T10:00:00.000Z",
         "openPortListData": {"openPort": [{"port": 80}]}},
        {"assetName": "db-01", "biosSerialNumber": "", "totalMemory": 100, "riskScore": 0,
         "createdDate": "2026-03-01T10:00:00.000Z"},
    ]  # fmt: skip
    user.sandbox.call("seed", {"records": records})

    def names(*filters: tuple[str, str, str], operation: str = "AND") -> list[str]:
        return [record["assetName"] for record in user.search(*filters, operation=operation)]

    assert names(("asset.name", "EQUALS", "WEB-01")) == ["Web-01"]
    assert names(("asset.name", "CONTAINS", "WEB")) == ["Web-01", "web-02"]
    assert names(("asset.name", "NOT_EQUALS", "web-01")) == ["web-02", "db-01"]
    assert names(("asset.biosSerialNumber", "IN", "s2, S1,zz")) == ["Web-01", "web-02"]
    assert names(("asset.totalMemory", "GREATER", "9")) == ["web-02", "db-01"]
    assert names(("asset.totalMemory", "LESS_THAN_EQUAL", "10")) == ["Web-01", "web-02"]
    assert names(("asset.totalMemory", "IN", "9,100")) == ["Web-01", "db-01"]
    assert names(("asset.riskScore", "GREATER", "90")) == ["web-02"]
    assert names(("asset.openPorts.port", "EQUALS", "443")) == ["Web-01"]
    assert names(("asset.created", "EQUALS", "2026-01-01T10:00:00Z")) == ["Web-01"]
    assert names(("asset.createdDate", "LESSER", "2026-02-01T10:00Z")) == ["Web-01"]
    assert names(("asset.created", "GREATER_THAN_EQUAL", "2026-02-01")) == ["web-02", "db-01"]
    both = (("asset.name", "CONTAINS", "01"), ("asset.totalMemory", "EQUALS", "9"))
    assert names(*both) == ["Web-01"]
    assert names(*both, operation="OR") == ["Web-01", "db-01"]
    assert names(("asset.name", "EQUALS", "web-02"), ("asset.biosSerialNumber", "EQUALS", "S1"), operation="OR") == [
        "Web-01",
        "web-02",
    ]


def test_the_ai_criticality_filters_agree_with_what_comes_back(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 90})
    everything = user.search()
    high = user.search(("asset.aiCriticalityScoreConfidence", "EQUALS", "HIGH"))
    low = user.search(("asset.aiCriticalityScoreConfidence", "EQUALS", "LOW"))
    by_ai = user.search(("asset.hasAiCriticalityScore", "EQUALS", "true"))
    assert high
    assert low
    assert {record["criticality"]["aiCriticalityScoreConfidence"] for record in high} == {"HIGH"}
    assert len(high) + len(low) == len(by_ai) < len(everything)
    assert all(record["criticality"]["hasAiCriticalityScore"] for record in by_ai)
    assert {record["criticality"]["default"] for record in everything} == {True, False}


def test_an_index_gives_what_a_scan_gives(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 40})
    (wanted,) = user.search(("asset.assetID", "IN", "5000013"))
    for name, value in (("asset.name", wanted["assetName"]), ("asset.biosSerialNumber", wanted["biosSerialNumber"]),
                        ("asset.biosHardwareUUID", wanted["hwUUID"].upper()),
                        ("asset.netbiosName", wanted["netbiosName"])):  # fmt: skip
        assert user.search((name, "EQUALS", value)) == [wanted]
        assert user.search((name, "CONTAINS", value)) == [wanted]


def test_an_index_follows_drift_and_purge(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 3})
    old = user.search()[1]
    user.sandbox.call("drift", {"assetId": old["assetId"], "set": {"biosSerialNumber": "NEW"}})
    assert user.search(("asset.biosSerialNumber", "EQUALS", old["biosSerialNumber"])) == []
    assert user.search(("asset.biosSerialNumber", "EQUALS", "new"))[0]["assetId"] == old["assetId"]
    user.sandbox.call("drift", {"assetName": old["assetName"], "delete": True})
    assert user.search(("asset.biosSerialNumber", "EQUALS", "new")) == []
    assert user.post(COUNT).json()["count"] == 2
    assert [record["assetId"] for record in user.search()] == [5000001, 5000003]


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"])
def test_asset_last_updated_gives_only_what_moved_since(user: Any, form: str) -> None:
    user.sandbox.call("seed", {"assets": 5})
    user.send({"hostName": "new"})
    since = user.sandbox.gateway.clock.now().replace(second=0).strftime(form)
    assert [record["assetName"] for record in user.search(assetLastUpdated=since)] == ["new"]
    assert len(user.search(assetLastUpdated="2001-01-01T00:00Z")) == 6
    assert user.post(COUNT, params={"assetLastUpdated": since}).json()["count"] == 1
    assert user.post(SEARCH, params={"assetLastUpdated": "2026-13-01"}).status_code == 400


def test_filters_may_come_as_xml(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 5})
    row = '<Criteria field="asset.assetID" operator="IN"><value>5000002,5000004</value></Criteria>'
    text = f"<FilterRequest><filters>{row}</filters></FilterRequest>"
    headers = {**user.headers, "Content-Type": "application/xml"}
    found = user.http.post(SEARCH, content=text, headers=headers).json()["assetListData"]["asset"]
    assert [record["assetId"] for record in found] == [5000002, 5000004]
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    assert user.http.post(SEARCH, content=bomb, headers=headers).status_code == 400
    assert user.http.post(SEARCH, content="<x", headers=headers).status_code == 400
    assert user.http.post(SEARCH, content="x", headers={**user.headers, "Content-Type": "text/plain"}).status_code == 415


def test_fields_known_by_hearsay_only_need_the_switch(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 5})
    assert (
        user.post(SEARCH, {"filters": [{"field": "asset.address", "operator": "EQUALS", "value": "10.0.0.3"}]}).status_code == 400
    )
    user.throw(undocumented_fields=True)
    assert [record["assetId"] for record in user.search(("asset.address", "EQUALS", "10.0.0.3"))] == [5000003]


def test_a_generated_asset_has_every_quirk_that_clients_must_survive(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 60})
    records = user.search()
    assert {type(record["hostId"]) for record in records} == {int, str}
    assert any(", " in record["networkInterfaceListData"]["networkInterface"][0]["addressIpV4"] for record in records)
    assert {record["operatingSystem"]["productUrl"] for record in records} == {",,"}
    assert any(record["agent"]["lastActivity"] == 0 for record in records)
    assert any(record["operatingSystem"]["lifecycle"]["eolDate"] == "Not Announced" for record in records)
    assert all(type(port["port"]) is int for record in records for port in record["openPortListData"]["openPort"])
