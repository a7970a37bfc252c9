"""assetsError in every shape somebody could mean."""

from __future__ import annotations

import pytest

from declarative.qualys.sync_errors import complaints

ASSETS = [
    {
        "identityAttributes": {"sourceNativeKey": "NK-0", "hostName": "web-00", "ipAddress": ["10.0.0.1", "fe80::1"]},
        "coreAttributes": {},
    },
    {
        "identityAttributes": {"sourceNativeKey": "NK-1", "hostName": "web-01", "serialNumber": "SN-1"},
        "coreAttributes": {"fqdn": "web-01.example.com"},
    },
    {"identityAttributes": {"sourceNativeKey": "NK-2", "hostName": "shared"}, "coreAttributes": {}},
    {"identityAttributes": {"sourceNativeKey": "NK-3", "hostName": "shared", "qualysAssetId": 5001}, "coreAttributes": {}},
]

NAMES_THE_SECOND = {
    "keyed by native key": {"NK-1": "bad"},
    "keyed by native key, object": {"NK-1": {"errorMessage": "bad", "code": 7}},
    "keyed by native key, list": {"NK-1": ["bad", "worse"]},
    "keyed by another case and blanks": {" nk-1 ": "bad"},
    "keyed by host name": {"web-01": {"message": "bad"}},
    "keyed by fqdn": {"web-01.example.com": "bad"},
    "keyed by serial": {"SN-1": "bad"},
    "keyed by path": {"assetData[1]": "bad", "failed": []},
    "keyed by dotted path": {"assetData.1": "bad"},
    "failed list of objects": {"failed": [{"sourceNativeKey": "NK-1", "errorMessage": "bad"}]},
    "errors list of objects": {"errors": [{"hostName": "web-01", "message": "bad"}]},
    "rejected list of names": {"rejected": ["NK-1"]},
    "wrapper with empty siblings": {"failed": [{"sourceNativeKey": "NK-1"}], "errors": [], "rejected": {}},
    "wrapper with a summary": {"message": "1 failed", "failedCount": 1, "failed": [{"sourceNativeKey": "NK-1", "error": "bad"}]},
    "plain list of objects": [{"sourceNativeKey": "NK-1", "errorMessage": "bad"}],
    "plain list of strings": ["NK-1"],
    "plain list of sentences": ["asset NK-1: serial number is too long"],
    "one object": {"sourceNativeKey": "NK-1", "errorMessage": "bad"},
    "identity nested": [{"identityAttributes": {"hostName": "web-01"}, "errors": ["bad"]}],
    "asset nested": {
        "failed": [{"asset": {"identityAttributes": {"sourceNativeKey": "NK-1"}, "hostName": "web-01"}, "reason": "bad"}]
    },
    "headed list": {"Invalid serial number": ["NK-1"]},
    "wrapper keyed": {"failed": {"NK-1": "bad"}},
    "sentence": "could not publish NK-1",
    "the message names it": [{"errorMessage": "hostName web-01: bad character"}],
}


@pytest.mark.parametrize("shape", NAMES_THE_SECOND)
def test_the_asset_is_found_and_no_other(shape):
    found = complaints(NAMES_THE_SECOND[shape], ASSETS)
    assert set(found.of) == {1}, found
    assert found.unplaced == []
    assert found.of[1]


@pytest.mark.parametrize(
    "nothing", [None, {}, [], "", False, {"failed": []}, {"errors": {}, "rejected": None}, {"failedCount": 0}]
)
def test_no_error_is_no_error(nothing):
    assert not complaints(nothing, ASSETS).any


UNCLEAR = [
    "internal error",
    ["internal error"],
    {"NK-99": "bad"},
    {"failed": [{"sourceNativeKey": "NK-99", "errorMessage": "bad"}]},
    {"failedCount": 2, "failed": [{"sourceNativeKey": "NK-1"}]},
    [{"sourceNativeKey": "NK-1"}, {"code": 7}],
    [17],
    True,
    {"hasErrors": True},
    {"99": "bad"},
    {"errors": [{}]},
    "the shared queue is full",
]


@pytest.mark.parametrize("error", UNCLEAR)
def test_what_names_no_asset_is_kept_as_unclear(error):
    found = complaints(error, ASSETS)
    assert found.unplaced, found


def test_an_identifier_two_assets_share_means_both():
    assert set(complaints({"shared": "bad"}, ASSETS).of) == {2, 3}


def test_the_native_key_is_stronger_than_a_shared_host_name():
    assert set(complaints([{"sourceNativeKey": "NK-2", "hostName": "shared"}], ASSETS).of) == {2}


def test_the_pinned_id_names_an_asset():
    assert set(complaints([{"assetId": 5001, "message": "gone"}], ASSETS).of) == {3}


@pytest.mark.parametrize(
    ("error", "places"),
    [
        ({"0": "bad"}, {0}),
        ({"0": "bad", "2": "bad"}, {0, 2}),
        ({"4": "bad"}, {3}),
        ({"1": "bad"}, {0, 1}),
        ([{"index": 2, "message": "bad"}], {1, 2}),
        ({"assetData[2]": "bad", "assetData[0]": "bad"}, {0, 2}),
    ],
)
def test_indexes_count_from_0_or_1_and_doubt_covers_both(error, places):
    assert set(complaints(error, ASSETS).of) == places


def test_a_key_inside_a_longer_word_is_not_that_key():
    assert complaints(["NK-10 is too long"], ASSETS).unplaced


def test_the_raw_text_is_kept_and_cut():
    found = complaints({"NK-1": "x" * 5000 + "\x1b[31m"}, ASSETS)
    assert len(found.raw) <= 400
    assert found.raw.startswith('{"NK-1":"xxx')
    assert "\x1b" not in found.of[1]


def test_a_deeply_nested_or_endless_answer_is_bounded():
    nested = "bad"
    for _ in range(5000):
        nested = [nested]
    assert complaints(nested, ASSETS).unplaced
