"""The older /am/v1 reads, called as clients of that age call them: everything in the query string."""

from __future__ import annotations

from typing import Any

import pytest

COUNT, LIST, FILTER, ONE = (
    "/am/v1/assets/host/count",
    "/am/v1/assets/host/list",
    "/am/v1/assets/host/filter/list",
    "/am/v1/asset/host/id",
)


@pytest.fixture
def estate(user: Any) -> Any:
    user.sandbox.call("seed", {"assets": 40})
    return user


def names(user: Any, query: str) -> list[str]:
    answer = user.post(FILTER, params={"filter": query})
    assert answer.status_code in (200, 204), answer.text
    return [record["assetName"] for record in answer.json()["assetListData"]["asset"]] if answer.content else []


def test_pages_counts_and_single_assets_have_the_envelope_of_today(estate: Any) -> None:
    assert estate.post(COUNT).json()["count"] == 40
    first = estate.post(LIST, params={"pageSize": 30}).json()
    rest = estate.post(LIST, params={"pageSize": 30, "lastSeenAssetId": first["lastSeenAssetId"]}).json()
    assert (first["count"], first["hasMore"], rest["count"], rest["hasMore"]) == (30, 1, 10, 0)
    assert estate.post(ONE, params={"assetId": 5000007}).json()["assetListData"]["asset"][0]["assetId"] == 5000007
    assert estate.post(ONE, params={"assetId": 1}).status_code == 204
    assert estate.post(LIST, params={"lastModifiedDate": "2026-02-01T00:00:00Z"}).status_code == 204


def test_queries_say_what_filter_documents_say(estate: Any) -> None:
    whole = estate.search()

    def having(test: Any) -> list[str]:
        return [record["assetName"] for record in whole if test(record)]

    linux = having(lambda record: record["operatingSystem"]["category1"] == "Linux")
    assert 0 < len(linux) < 40
    assert names(estate, "operatingSystem.category1:`Linux`") == linux
    assert names(estate, "operatingSystem.category1:Lin") == linux
    assert names(estate, 'not operatingSystem.category1:"Linux"') == having(lambda record: record["assetName"] not in linux)
    assert (
        names(estate, "asset.riskScore > 500")
        == names(estate, "not riskScore<=500")
        == having(lambda record: record["riskScore"] > 500)
    )
    assert names(estate, "asset.assetID:5000003 or assetID:5000004") == having(
        lambda record: record["assetId"] in (5000003, 5000004)
    )
    both = "operatingSystem.category1:`Linux` AND asset.riskScore>=500"
    assert names(estate, both) == having(lambda record: record["assetName"] in linux and record["riskScore"] >= 500)
    assert estate.post(COUNT, params={"filter": both}).json()["count"] == len(names(estate, both))


@pytest.mark.parametrize(
    "query",
    ["nonsense", "asset.nothing:1", "a:1 and", "(asset.name:x)", "asset.name:x and asset.name:y or asset.name:z", "asset.name>x"],
)
def test_a_query_beyond_what_is_emulated_is_a_400_and_never_a_wrong_answer(estate: Any, query: str) -> None:
    answer = estate.post(FILTER, params={"filter": query})
    assert (answer.status_code, answer.json()["responseCode"]) == (400, "FAILED")
