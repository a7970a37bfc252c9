"""Search, count and get over a real socket."""

from __future__ import annotations

import pytest

from declarative.core.errors import ApiError
from declarative.queries.model import Filter, FilterDocument

SEARCH = "/rest/2.0/search/am/asset"
COUNT = "/rest/2.0/count/am/asset"
GET = "/rest/2.0/get/am/asset"


def ids_of(pages):
    return [[record["assetId"] for record in page.records] for page in pages]


def test_pages_follow_the_cursor_until_hasmore_is_zero(gateway, connect, page):
    gateway.script(
        SEARCH, gateway.reply(200, page([1, 2], 1)), gateway.reply(200, page([5, 9], 1)), gateway.reply(200, page([11]))
    )
    found = list(connect(read_only=True).search(page_size=2))
    assert ids_of(found) == [[1, 2], [5, 9], [11]]
    assert [each.cursor for each in found] == [2, 9, None]
    assert [request.query["lastSeenAssetId"] for request in gateway.to(SEARCH)] == ["0", "2", "9"]


def test_nothing_found_gives_no_page(gateway, connect):
    gateway.script(SEARCH, gateway.reply(204))
    assert list(connect(read_only=True).search()) == []


def test_a_204_after_a_full_page_ends_the_search(gateway, connect, page):
    gateway.script(SEARCH, gateway.reply(200, page([1, 2], 1)), gateway.reply(204))
    assert ids_of(connect(read_only=True).search()) == [[1, 2]]


def test_steering_goes_into_the_query_and_filters_into_the_body(gateway, connect, page):
    gateway.script(SEARCH, gateway.reply(200, page([1])))
    document = FilterDocument((Filter("asset.name", "CONTAINS", "web"),))
    list(
        connect(read_only=True).search(
            document, page_size=500, after=7, updated_since="2026-01-01T00:00Z", exclude=("software", "service")
        )
    )
    request = gateway.to(SEARCH)[0]
    assert request.query == {
        "pageSize": "300",
        "lastSeenAssetId": "7",
        "assetLastUpdated": "2026-01-01T00:00Z",
        "excludeFields": "software,service",
    }
    assert request.json == {"filters": [{"field": "asset.name", "operator": "CONTAINS", "value": "web"}], "operation": "AND"}
    assert request.headers["content-type"] == "application/json"


def test_a_page_too_large_is_halved_and_asked_for_from_the_same_cursor(gateway, connect, page):
    gateway.script(
        SEARCH,
        gateway.reply(200, page([1, 2, 3], 1)),
        gateway.reply(416, {"responseCode": "FAILED"}),
        gateway.reply(416, {"responseCode": "FAILED"}),
        gateway.reply(200, page([4], 1)),
        gateway.reply(200, page([5])),
    )
    assert ids_of(connect(read_only=True).search(page_size=100)) == [[1, 2, 3], [4], [5]]
    asked = [(request.query["pageSize"], request.query["lastSeenAssetId"]) for request in gateway.to(SEARCH)]
    assert asked == [("100", "0"), ("100", "3"), ("50", "3"), ("25", "3"), ("25", "4")]


def test_a_page_of_one_that_is_too_large_is_an_error(gateway, connect):
    gateway.always(SEARCH, gateway.reply(416, {"responseCode": "FAILED", "responseMessage": "page size"}))
    with pytest.raises(ApiError, match="HTTP 416"):
        list(connect(read_only=True).search(page_size=8))
    assert [request.query["pageSize"] for request in gateway.to(SEARCH)] == ["8", "4", "2", "1"]


def test_a_missing_hasmore_is_asked_for_again(gateway, connect, page):
    gateway.script(
        SEARCH, gateway.reply(200, page([1, 2], "gone")), gateway.reply(200, page([1, 2], 1)), gateway.reply(200, page([3]))
    )
    assert ids_of(connect(read_only=True).search(page_size=2)) == [[1, 2], [3]]


def test_a_hasmore_that_never_comes_is_told_by_the_size_of_the_page(gateway, connect, page):
    lacking = [gateway.reply(200, page([1, 2], "gone"))] * 3 + [gateway.reply(200, page([3], "gone"))] * 3
    gateway.script(SEARCH, *lacking)
    found = list(connect(read_only=True).search(page_size=2))
    assert ids_of(found) == [[1, 2], [3]]
    assert found[-1].cursor is None


@pytest.mark.parametrize(("flag", "more"), [(1, True), (0, False), (True, True), (False, False), ("1", True), ("false", False)])
def test_hasmore_is_read_in_every_spelling(gateway, connect, page, flag, more):
    gateway.script(SEARCH, gateway.reply(200, page([1], flag)), gateway.reply(204))
    assert next(connect(read_only=True).search()).cursor == (1 if more else None)


def test_a_cursor_that_stands_still_is_an_error_and_no_endless_loop(gateway, connect, page):
    gateway.always(SEARCH, gateway.reply(200, page([1, 2], 1)))
    with pytest.raises(ApiError, match="cursor stands still at 2"):
        list(connect(read_only=True).search())
    assert len(gateway.to(SEARCH)) == 2


def test_an_asset_that_comes_twice_is_given_once(gateway, connect, page):
    gateway.script(SEARCH, gateway.reply(200, page([1, 2, 2], 1)), gateway.reply(200, page([2, 3])))
    assert ids_of(connect(read_only=True).search()) == [[1, 2], [3]]


def test_a_server_whose_cursor_lags_behind_loses_no_asset(gateway, connect, page):
    gateway.script(SEARCH, gateway.reply(200, page([5, 9, 7], 1, lastSeenAssetId=7)), gateway.reply(200, page([8, 9, 12], 0)))
    assert ids_of(connect(read_only=True).search()) == [[5, 9, 7], [8, 12]]


def test_a_null_last_id_is_told_from_the_records(gateway, connect, page):
    gateway.script(SEARCH, gateway.reply(200, page([4], 1, lastSeenAssetId=None)), gateway.reply(204))
    assert next(connect(read_only=True).search()).cursor == 4


def test_max_pages_stops_with_a_cursor_to_go_on_from(gateway, connect, page):
    gateway.script(SEARCH, gateway.reply(200, page([1, 2], 1)), gateway.reply(200, page([3], 1)))
    client = connect(read_only=True)
    found = list(client.search(max_pages=1))
    assert [each.cursor for each in found] == [2]
    assert client.calls_made == 1


def test_numbers_beyond_2_to_53_are_kept(gateway, connect, page):
    huge = 2**53 + 1
    gateway.script(SEARCH, gateway.reply(200, page([huge])))
    assert ids_of(connect(read_only=True).search()) == [[huge]]


def test_a_record_without_an_id_is_an_error(gateway, connect, page):
    gateway.always(SEARCH, gateway.reply(200, page([1], assetListData={"asset": [{"assetName": "x"}]})))
    with pytest.raises(ApiError, match="no usable id"):
        list(connect(read_only=True).search())


def test_a_failure_inside_a_200_is_an_error_with_its_text(gateway, connect):
    gateway.always(SEARCH, gateway.reply(200, {"responseCode": "FAILED", "responseMessage": "the index is being rebuilt"}))
    with pytest.raises(ApiError, match="the index is being rebuilt"):
        list(connect(read_only=True).search())


def test_an_unknown_field_shows_the_api_s_own_words(gateway, connect):
    gateway.script(SEARCH, gateway.reply(400, {"responseCode": "FAILED", "responseMessage": "Invalid field asset.lastSeen"}))
    with pytest.raises(ApiError) as caught:
        list(connect(read_only=True).search(FilterDocument((Filter("asset.lastSeen", "EQUALS", "x"),))))
    assert "Invalid field asset.lastSeen" in caught.value.message
    assert caught.value.request is not None
    assert caught.value.request.status == 400
    assert len(gateway.to(SEARCH)) == 1


def test_count_reads_the_number(gateway, connect):
    gateway.script(COUNT, gateway.reply(200, {"count": 10000, "responseCode": "SUCCESS"}))
    assert connect(read_only=True).count() == 10000
    assert gateway.to(COUNT)[0].json == {}


@pytest.mark.parametrize("zero", [(204, None), (200, {"count": 0, "responseCode": "SUCCESS"})])
def test_a_count_of_zero_comes_in_two_forms(gateway, connect, zero):
    gateway.script(COUNT, gateway.reply(*zero))
    assert connect(read_only=True).count() == 0


@pytest.mark.parametrize("wrong", [{}, {"count": None}, {"count": -1}, {"count": "many"}, [1]])
def test_an_answer_without_a_count_is_never_zero(gateway, connect, wrong):
    gateway.always(COUNT, gateway.reply(200, wrong))
    with pytest.raises(ApiError):
        connect(read_only=True).count()


def test_get_gives_one_record_by_id(gateway, connect, page):
    gateway.script(GET, gateway.reply(200, page([8194990])))
    record = connect(read_only=True).get(8194990)
    assert record == {"assetId": 8194990, "assetName": "host-8194990"}
    assert (gateway.to(GET)[0].method, gateway.to(GET)[0].query, gateway.to(GET)[0].body) == ("GET", {"assetId": "8194990"}, b"")


def test_get_of_an_unknown_id_is_none(gateway, connect):
    gateway.script(GET, gateway.reply(204))
    assert connect(read_only=True).get(1) is None


def test_get_refuses_a_record_about_another_asset(gateway, connect, page):
    gateway.always(GET, gateway.reply(200, page([2])))
    with pytest.raises(ApiError, match="not about asset 1"):
        connect(read_only=True).get(1)
