"""Limits (facts section 6) and faults on demand."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest

from declarative.sandbox import SandboxOptions, running

COUNT, SEARCH, REPORT = "/rest/2.0/count/am/asset", "/rest/2.0/search/am/asset", "/rest/2.0/am/report"
MINIMAL = {"name": "R", "format": "PDF", "templateName": "T", "reportType": "EASM_LEAD"}


def statuses(user: Any, number: int, path: str = COUNT) -> list[int]:
    return [user.post(path).status_code for _ in range(number)]


def test_the_quota_is_announced_and_enforced_and_the_wait_is_missing_at_first(user: Any) -> None:
    user.throw(limit_per_window=2, window=60)
    answers = [user.post(COUNT) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0", "0"]
    assert answers[0].headers["x-ratelimit-limit"] == "2"
    assert answers[0].headers["x-ratelimit-window-sec"] == "60"
    assert "x-ratelimit-towait-sec" not in answers[2].headers
    assert 0 < int(answers[3].headers["x-ratelimit-towait-sec"]) <= 60
    user.login()  # exempt
    user.sandbox.call("clock", {"advance": 61})
    assert user.post(COUNT).status_code == 200


def test_the_older_servers_form_is_a_409_with_xml(user: Any) -> None:
    user.throw(limit_per_window=0, limit_status=409, to_wait="always")
    answer = user.post(COUNT)
    assert answer.status_code == 409
    assert "<CODE>1965</CODE>" in answer.text
    assert int(answer.headers["x-ratelimit-towait-sec"]) >= 1


def test_too_many_calls_at_once_are_refused(user: Any) -> None:
    user.throw(concurrency=1, latency=0.3)
    found: list[int] = []
    workers = [threading.Thread(target=lambda: found.extend(statuses(user, 1))) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert 429 in found
    assert statuses(user, 1) == [200]


def test_without_limits_no_header_is_sent(user: Any) -> None:
    assert not [name for name in user.post(COUNT).headers if "limit" in name]


def test_a_fault_hits_the_call_it_names_and_no_other(user: Any) -> None:
    user.sandbox.call("faults", {"faults": [{"kind": "status", "path": COUNT, "nth": 2, "status": 502}]})
    assert statuses(user, 1, SEARCH) == [204]
    assert statuses(user, 3) == [200, 502, 200]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"every": 2}, [200, 503, 200, 503, 200, 503]),
        ({"nth": [1, 4]}, [503, 200, 200, 503, 200, 200]),
        ({"times": 2}, [503, 503, 200, 200, 200, 200]),
        ({"after": 3}, [200, 200, 200, 503, 503, 503]),
        ({"after": 1, "times": 1}, [200, 503, 200, 200, 200, 200]),
        ({"method": "GET"}, [200] * 6),
        ({"bodyContains": "needle"}, [200] * 6),
    ],
)
def test_calls_are_picked_by_number(user: Any, rule: dict[str, Any], expected: list[int]) -> None:
    user.sandbox.call("faults", {"kind": "status", **rule})
    assert statuses(user, 6) == expected


def test_drawn_faults_are_the_same_for_the_same_seed(user: Any) -> None:
    def play(seed: int) -> list[int]:
        user.sandbox.call("reset", {"seed": seed})
        user.sandbox.call("faults", {"kind": "status", "probability": 0.5})
        return statuses(user, 24)

    assert play(1) == play(1) != play(2)
    assert set(play(1)) == {200, 503}


@pytest.mark.parametrize(("processed", "made"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("kind", ["reset", "status", "html"])
def test_an_answer_can_be_lost_before_or_after_the_call_took_effect(user: Any, kind: str, processed: bool, made: int) -> None:
    user.sandbox.call("faults", {"kind": kind, "path": REPORT, "processed": processed, "times": 1})
    if kind == "reset":
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            user.post(REPORT, MINIMAL)
    else:
        assert user.post(REPORT, MINIMAL).status_code == 503
    assert len(user.sandbox.call("reports")["reports"]) == made
    assert user.post(REPORT, MINIMAL).status_code == 200


def test_a_truncated_answer_promises_more_than_comes(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 20})
    user.sandbox.call("faults", {"kind": "truncated", "times": 1})
    with pytest.raises(httpx.RemoteProtocolError, match=r"without sending complete"):
        user.post(SEARCH)
    assert user.post(SEARCH).status_code == 200


def test_a_trickled_answer_arrives_whole_in_the_end(user: Any) -> None:
    user.sandbox.call("faults", {"kind": "trickle", "seconds": 0.2, "times": 1})
    began = time.monotonic()
    assert user.post(COUNT).json()["count"] == 0
    assert time.monotonic() - began >= 0.2


def test_a_slow_call_is_only_slow(user: Any) -> None:
    user.sandbox.call("faults", {"kind": "slow", "seconds": 0.2})
    began = time.monotonic()
    assert statuses(user, 1) == [200]
    assert time.monotonic() - began >= 0.2


def test_has_more_can_be_dropped(user: Any) -> None:
    user.sandbox.call("seed", {"assets": 3})
    user.sandbox.call("faults", {"kind": "dropHasMore", "nth": 1})
    assert "hasMore" not in user.post(SEARCH).json()
    assert user.post(SEARCH).json()["hasMore"] == 0


def test_tokens_can_be_revoked_in_the_middle(user: Any) -> None:
    user.sandbox.call("faults", {"kind": "revoke", "nth": 2})
    assert statuses(user, 3) == [200, 401, 401]
    user.login()
    assert statuses(user, 1) == [200]


def test_a_duplicated_call_takes_effect_twice(user: Any) -> None:
    user.sandbox.call("faults", {"kind": "duplicate", "path": REPORT})
    user.post(REPORT, MINIMAL)
    assert len(user.sandbox.call("reports")["reports"]) == 2


def test_a_status_fault_carries_headers_body_and_redirects(user: Any) -> None:
    user.sandbox.call("faults", {"faults": [
        {"kind": "status", "status": 429, "headers": {"Retry-After": "3"}, "nth": 1},
        {"kind": "redirect", "location": "http://elsewhere.example/", "nth": 2},
        {"kind": "status", "status": 200, "body": "<html>hi</html>", "nth": 3},
    ]})  # fmt: skip
    first, second, third = (user.post(COUNT) for _ in range(3))
    assert (first.status_code, first.headers["retry-after"], first.json()["responseCode"]) == (429, "3", "FAILED")
    assert (second.status_code, second.headers["location"]) == (302, "http://elsewhere.example/")
    assert (third.status_code, third.text, third.headers["content-type"]) == (200, "<html>hi</html>", "text/html")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("keyed", {"NK-2": "bad"}),
        ("array", [{"sourceNativeKey": "NK-2", "hostName": None, "errorMessage": "bad"}]),
        ("failed", {"failed": [{"sourceNativeKey": "NK-2", "hostName": None, "errorMessage": "bad"}]}),
    ],
)
def test_one_asset_of_a_batch_can_be_refused(user: Any, shape: str, expected: Any) -> None:
    user.sandbox.call("faults", {"kind": "assetsError", "keys": ["NK-2"], "message": "bad", "shape": shape})
    entries = [{"identityAttributes": {"sourceNativeKey": f"NK-{number}", "hostName": f"h{number}"}} for number in (1, 2, 3)]
    assert user.sync(*entries).json()["assetsError"] == expected
    assert user.sync(entries[1]).json()["assetsError"] == expected
    user.sandbox.call("process", {})
    assert [record["assetName"] for record in user.search()] == ["h1", "h3"]


@pytest.mark.parametrize("body", [{"kind": "nonsense"}, {"kind": "status", "statuss": 1}, {"kind": "status", "nth": 0},
                                  {"kind": "slow", "seconds": "1"}, {"faults": [{}]}, {"profile": "rainy"}])  # fmt: skip
def test_a_fault_that_makes_no_sense_is_refused_and_none_is_added(user: Any, body: dict[str, Any]) -> None:
    answer = user.http.post("/_sandbox/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert user.sandbox.call("faults")["faults"] == []


@pytest.mark.parametrize("profile", ["flaky", "throttled", "maintenance", "hostile"])
def test_a_patient_client_gets_through_every_profile(profile: str) -> None:
    with running(SandboxOptions(fault_profile=profile, assets=5, seed=3)) as sandbox, httpx.Client(base_url=sandbox.url) as http:
        token, good, bad = "", 0, 0
        while good < 20:
            assert good + bad < 400, "no call gets through"
            try:
                if not token:
                    answer = http.post("/auth", data={"username": "sandbox", "password": "sandbox"})
                    token = answer.text if answer.status_code == 201 else ""
                    bad += not token
                    continue
                answer = http.post(SEARCH, headers={"Authorization": f"Bearer {token}"})
                whole = (
                    answer.status_code == 200
                    and answer.headers["content-type"] == "application/json"
                    and "hasMore" in answer.json()
                )
                good, bad = good + whole, bad + (not whole)
                if answer.status_code == 401:
                    token = ""
            except httpx.TransportError:
                bad += 1
        assert bad, "the profile did nothing"
