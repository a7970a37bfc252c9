"""Facts section 4: software components."""

from __future__ import annotations

from typing import Any

import pytest

ALL = "/rest/2.0/am/asset/component"


@pytest.fixture
def estate(user: Any) -> Any:
    user.sandbox.call("seed", {"assets": 30})
    return user


def rows(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code in (200, 204), answer.text
    return answer.json()["assetComponentsList"] if answer.status_code == 200 else []


def matching(user: Any, *filters: tuple[str, str, str], path: str = ALL) -> list[dict[str, Any]]:
    block = {
        "filters": [{"field": f"component.{name}", "operator": operator, "value": value} for name, operator, value in filters]
    }
    return [row["component"] for row in rows(user.post(path, {"componentFilter": {**block, "operation": "AND"}}))]


def test_the_cursor_has_one_name_in_the_request_and_another_in_the_reply(estate: Any) -> None:
    whole = rows(estate.post(ALL))
    seen: list[dict[str, Any]] = []
    params: dict[str, Any] = {"pageSize": 4}
    while True:
        page = estate.post(ALL, params=params).json()
        seen += page["assetComponentsList"]
        assert page["lastAssetComponentId"] == seen[-1]["component"]["assetComponentId"]
        if not page["hasMore"]:
            break
        params["lastSeenAssetComponentId"] = page["lastAssetComponentId"]
    assert len(whole) > 8
    assert seen == whole
    ids = [row["component"]["assetComponentId"] for row in seen]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(("size", "status"), [(0, 400), (1, 200), (1000, 200), (1001, 400)])
def test_the_page_size_lies_between_1_and_1000(estate: Any, size: int, status: int) -> None:
    assert estate.post(ALL, params={"pageSize": size}).status_code == status


def test_one_asset_and_the_early_path(estate: Any) -> None:
    whole = rows(estate.post(ALL))
    asset_id = whole[0]["assetId"]
    own = [row for row in whole if row["assetId"] == asset_id]
    assert rows(estate.post(f"{ALL}/{asset_id}")) == own
    assert rows(estate.post("/rest/2.0/asset/component")) == whole
    assert estate.post(f"{ALL}/1").status_code == 204


def test_dates_come_with_a_space_and_are_understood_in_every_documented_form(estate: Any) -> None:
    component = rows(estate.post(ALL))[0]["component"]
    found = component["firstFoundAt"]
    assert found[10] == " "
    for value in (found, found.replace(" ", "T") + "Z"):
        assert component in matching(estate, ("firstFoundDate", "EQUALS", value))
    later = matching(estate, ("firstFoundDate", "GREATER_THAN_EQUAL", found[:10]))
    assert component in later
    assert component in matching(estate, ("firstFoundDate", "GREATER_THAN_EQUAL", found[:13].replace(" ", "T") + "Z"))
    assert component in matching(estate, ("firstFoundDate", "GREATER_THAN_EQUAL", found[:16].replace(" ", "T") + "Z"))
    assert component not in matching(estate, ("firstFoundDate", "LESSER", found[:10]))


def test_filters_of_components_and_of_their_assets_are_both_needed(estate: Any) -> None:
    whole = rows(estate.post(ALL))
    java = [row for row in whole if row["component"]["technology"] == "Java"]
    asset_id = java[0]["assetId"]
    body = {
        "componentFilter": {"filters": [{"field": "component.technology", "operator": "EQUALS", "value": "java"}]},
        "assetSoftwareFilter": {"filters": [{"field": "asset.assetID", "operator": "EQUALS", "value": str(asset_id)}]},
    }
    assert rows(estate.post(ALL, body)) == [row for row in java if row["assetId"] == asset_id]
    body["componentFilter"]["filters"][0]["value"] = "COBOL"
    assert estate.post(ALL, body).status_code == 204


@pytest.mark.parametrize(
    ("block", "field"),
    [("componentFilter", "asset.name"), ("componentFilter", "component.firstFoundAt"), ("assetSoftwareFilter", "tags.name")],
)
def test_a_field_in_the_wrong_block_is_a_400(estate: Any, block: str, field: str) -> None:
    body = {block: {"filters": [{"field": field, "operator": "EQUALS", "value": "x"}]}}
    assert estate.post(ALL, body).status_code == 400
