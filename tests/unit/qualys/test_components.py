"""Software components: two names for one cursor, two filter blocks."""

from __future__ import annotations

import pytest

from declarative.core.errors import ApiError
from declarative.queries.model import Filter, FilterDocument

COMPONENT = "/rest/2.0/am/asset/component"


def answer(rows, more=0, last="rows"):
    listed = [
        {"assetId": asset, "component": {"assetComponentId": number, "name": "libx", "firstFoundAt": "2026-01-02 03:04:05"}}
        for asset, number in rows
    ]
    last = (rows[-1][1] if rows else None) if last == "rows" else last
    return {
        "responseCode": "SUCCESS",
        "count": len(rows),
        "hasMore": more,
        "lastAssetComponentId": last,
        "assetComponentsList": listed,
    }


def test_the_cursor_comes_back_under_one_name_and_goes_out_under_another(gateway, connect):
    gateway.script(
        COMPONENT, gateway.reply(200, answer([(1, 10), (2, 1735285554050)], 1)), gateway.reply(200, answer([(1, 1735285554060)]))
    )
    pages = list(connect(read_only=True).components())
    assert [[row["component"]["assetComponentId"] for row in page.records] for page in pages] == [
        [10, 1735285554050],
        [1735285554060],
    ]
    assert [request.query for request in gateway.to(COMPONENT)] == [
        {"pageSize": "500"},
        {"pageSize": "500", "lastSeenAssetComponentId": "1735285554050"},
    ]


def test_both_filter_blocks_are_sent_and_empty_ones_left_out(gateway, connect):
    gateway.always(COMPONENT, gateway.reply(204))
    found_before = FilterDocument((Filter("component.lastFoundDate", "LESS_THAN_EQUAL", "2025-10-18T06:21:51Z"),))
    on_web = FilterDocument((Filter("asset.name", "CONTAINS", "web"),), "OR")
    client = connect(read_only=True)
    list(client.components(found_before, on_web))
    list(client.components(FilterDocument(), None))
    first, second = gateway.to(COMPONENT)
    assert first.json == {
        "componentFilter": {
            "filters": [{"field": "component.lastFoundDate", "operator": "LESS_THAN_EQUAL", "value": "2025-10-18T06:21:51Z"}],
            "operation": "AND",
        },
        "assetSoftwareFilter": {"filters": [{"field": "asset.name", "operator": "CONTAINS", "value": "web"}], "operation": "OR"},
    }
    assert second.json == {}


def test_the_components_of_one_asset_have_their_own_path(gateway, connect):
    gateway.always(f"{COMPONENT}/42", gateway.reply(200, answer([(42, 7)])))
    assert len(list(connect(read_only=True).components(asset_id=42, page_size=5000, after=3))) == 1
    assert gateway.to(f"{COMPONENT}/42")[0].query == {"pageSize": "1000", "lastSeenAssetComponentId": "3"}


@pytest.mark.parametrize(
    "nothing", [(204, None), (200, answer([])), (200, {"count": 0, "hasMore": 0, "assetComponentsList": None})]
)
def test_nothing_found_gives_no_page(gateway, connect, nothing):
    gateway.always(COMPONENT, gateway.reply(*nothing))
    assert list(connect(read_only=True).components()) == []


def test_the_last_row_is_the_cursor_where_the_answer_names_none(gateway, connect):
    gateway.script(COMPONENT, gateway.reply(200, answer([(1, 10), (2, 12)], 1, last=None)), gateway.reply(204))
    assert next(connect(read_only=True).components()).cursor == 12


def test_a_row_without_a_component_is_an_error(gateway, connect):
    gateway.always(COMPONENT, gateway.reply(200, {"count": 1, "hasMore": 0, "assetComponentsList": [{"assetId": 1}]}))
    with pytest.raises(ApiError, match="no usable id"):
        list(connect(read_only=True).components())
