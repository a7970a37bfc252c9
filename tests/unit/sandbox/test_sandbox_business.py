"""The two write calls for business data."""

from __future__ import annotations

from typing import Any

import pytest

UPDATE = "/rest/2.0/update/am/asset/business/metadata"
UPSERT = "/rest/2.0/upsert/am/businessapp/metadata"
APP = {"businessAppId": "APP-1", "name": "Payroll", "created": 1, "lastUpdated": 2, "businessCriticality": "1 - Most Critical"}


def test_metadata_is_written_by_asset_id_and_seen_in_the_search(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 2})
    before = user.search()[0]
    assert user.post(UPSERT, {"data": [APP]}).status_code == 200
    metadata = {"department": "Finance", "operationalStatus": "Retired", "assignedLocation": {"city": "Pune", "street": "1 Lane"},
                "businessAppIds": ["APP-1", "APP-2"]}  # fmt: skip
    assert user.post(UPDATE, {"data": [{"qualysAssetId": "5000001", "metadata": metadata}]}).json()["count"] == 1
    after, other = user.search()
    assert after["businessInformation"]["department"] == "Finance"
    assert after["businessInformation"]["operationalStatus"] == "Retired"
    assert after["assignedLocation"] == {**before["assignedLocation"], "city": "Pune"}
    apps = after["businessAppListData"]["businessApp"]
    assert [(app["id"], app["name"], app["businessCriticality"]) for app in apps] == [
        ("APP-1", "Payroll", "1 - Most Critical"),
        ("APP-2", None, None),
    ]
    assert after["lastModifiedDate"] > before["lastModifiedDate"]
    assert other["lastModifiedDate"] < after["lastModifiedDate"]


@pytest.mark.parametrize(
    ("path", "row", "said"),
    [
        (UPDATE, {"metadata": {}}, "qualysAssetId"),
        (UPDATE, {"qualysAssetId": "7", "metadata": {}}, "No asset found"),
        (UPDATE, {"qualysAssetId": "5000001"}, "metadata"),
        (UPDATE, {"qualysAssetId": "5000001", "metadata": {"department": "x" * 129}}, "128"),
        (UPDATE, {"qualysAssetId": "5000001", "metadata": {"ownedBy": "x" * 256}}, "255"),
        (UPDATE, {"qualysAssetId": "5000001", "metadata": {"businessAppIds": ["x" * 41]}}, "40"),
        (UPSERT, {"businessAppId": "APP-1", "name": "n", "created": 1}, "lastUpdated"),
        (UPSERT, {**APP, "businessAppId": "x" * 41}, "40"),
    ],
)
def test_what_breaks_the_documented_limits_is_refused_whole(user: Any, path: str, row: dict[str, Any], said: str) -> None:
    user.sandbox.call("seed", {"assets": 2})
    before = user.search()
    good = APP if path == UPSERT else {"qualysAssetId": "5000002", "metadata": {"department": "Finance"}}
    answer = user.post(path, {"data": [good, row]})
    assert (answer.status_code, answer.json()["responseCode"]) == (400, "FAILED")
    assert said in answer.json()["responseMessage"]
    assert user.search() == before
