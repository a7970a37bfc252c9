"""Pages of a scan: what is left undecoded says the same as what a search decodes, and nothing wrong slips through."""

from __future__ import annotations

import json

import pytest

from declarative.assets.sight import cut, pack
from declarative.core.errors import ApiError
from declarative.qualys.answers import STRICT_BELOW, UnreadableError, decode
from declarative.qualys.sights import decode_sights
from declarative.queries.model import Filter, FilterDocument

SEARCH = "/rest/2.0/search/am/asset"


def record(asset_id, **more):
    return {"assetId": asset_id, "riskScore": 7, "assetName": f"wéb-{asset_id}", "biosSerialNumber": None, **more}


def answer(records, **members):
    """Large enough to be read the quick way."""
    rows = [{**row, "tagList": "x" * STRICT_BELOW} for row in records]
    body = {"responseCode": "SUCCESS", "count": len(rows), "hasMore": 1, "lastSeenAssetId": 9, "assetListData": {"asset": rows}}
    return json.dumps({**body, **members}, ensure_ascii=False, separators=(",", ":")).encode()


def small(records):
    return json.dumps({"assetListData": {"asset": records}}).encode()


def rows_of(body):
    return decode_sights(body)["assetListData"]["asset"]


def test_a_sight_holds_what_decisions_can_see_and_no_more():
    one = record(1, networkInterfaceListData={"networkInterface": [{"macAddress": "a"}]})
    (sight,) = rows_of(answer([one]))
    assert sight.asset_id == 1
    assert sight.packed == pack(one)
    assert sight.whole() == cut(one)
    assert "riskScore" not in sight.whole()


def test_small_answers_say_the_same_as_large_ones():
    assert rows_of(small([record(1), record(2)])) == rows_of(answer([record(1), record(2)]))


def test_the_members_that_steer_paging_come_along():
    members = decode_sights(answer([record(1)], responseMessage="fine"))
    wanted = {"responseCode": "SUCCESS", "responseMessage": "fine", "count": 1, "hasMore": 1, "lastSeenAssetId": 9}
    assert {name: members[name] for name in wanted} == wanted


@pytest.mark.parametrize("value", [None, [], "text", {"asset": None}, {"asset": {}}])
def test_what_is_no_list_of_records_is_left_for_the_reader_of_pages(value):
    assert decode_sights(answer([], assetListData=value, padding="x" * STRICT_BELOW))["assetListData"] in (value, {"asset": []})


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body: body.replace(b'"riskScore":7', b'"riskScore":07'), id="a number that is none"),
        pytest.param(lambda body: body.replace("é".encode(), b"\xff"), id="not UTF-8"),
        pytest.param(lambda body: body.replace(b'"tagList":"x', b'"tagList":"\xff'), id="not UTF-8 where nobody looks"),
        pytest.param(lambda body: body.replace(b"riskScore", b"\\ud800"), id="half a character"),
        pytest.param(lambda body: body[:-10], id="cut off"),
        pytest.param(lambda body: b"<html>" + body, id="a web page"),
        pytest.param(lambda body: body.replace(b'"hasMore":1', b'"hasMore":1,"hasMore":0'), id="steered twice"),
    ],
)
def test_what_a_search_does_not_read_a_scan_does_not_read_either(spoil):
    body = spoil(answer([record(1), record(2)]))
    with pytest.raises(UnreadableError):
        decode(body)
    with pytest.raises(UnreadableError):
        decode_sights(body)


def test_a_record_that_nests_too_deep_is_not_looked_into():
    def nested(name):
        return answer([record(1)]).replace(name, name + b":" + b"[" * 200 + b"]" * 200 + b',"x"', 1)

    (unseen,) = rows_of(nested(b'"riskScore"'))
    assert unseen.whole() == cut(record(1))
    (seen,) = rows_of(nested(b'"biosSerialNumber"'))
    with pytest.raises(ApiError, match="asset 1 that cannot be read: JSON nested deeper"):
        seen.whole()


@pytest.mark.parametrize("rows", [[record("x")], [{"assetName": "nameless"}], ["text"]])
@pytest.mark.parametrize(
    "written", [small, lambda rows: json.dumps({"assetListData": {"asset": rows}, "x": "x" * 70_000}).encode()]
)
def test_records_without_an_id_are_refused(gateway, connect, rows, written):
    gateway.script(SEARCH, gateway.reply(200, written(rows)))
    with pytest.raises(ApiError, match=r"no usable id|no list"):
        list(connect(read_only=True).scan())


def test_filters_go_into_the_body_and_nothing_is_asked_for_ahead_of_them(gateway, connect):
    gateway.script(SEARCH, gateway.reply(200, answer([record(8)])), gateway.reply(200, answer([record(9)], hasMore=0)))
    document = FilterDocument((Filter("asset.name", "CONTAINS", "web"),))
    found = connect(read_only=True).scan(document, page_size=1)
    assert [sight.asset_id for sight in next(found)] == [8]
    (request,) = gateway.to(SEARCH)
    assert request.json == {"filters": [{"field": "asset.name", "operator": "CONTAINS", "value": "web"}], "operation": "AND"}
    assert [sight.asset_id for sight in next(found)] == [9]


def test_pages_follow_the_cursor(gateway, connect):
    gateway.script(
        SEARCH, gateway.reply(200, answer([record(8), record(9)])), gateway.reply(200, answer([record("11")], hasMore=0))
    )
    found = list(connect(read_only=True).scan(page_size=2, updated_since="2026-01-01T00:00Z", exclude=("software",)))
    assert [[sight.asset_id for sight in page] for page in found] == [[8, 9], ["11"]]
    first, second = gateway.to(SEARCH)
    assert first.query == {
        "pageSize": "2",
        "lastSeenAssetId": "0",
        "assetLastUpdated": "2026-01-01T00:00Z",
        "excludeFields": "software",
    }
    assert second.query["lastSeenAssetId"] == "9"
    assert first.json == {}
