"""The import call: what was sent, and what became of each asset."""

from __future__ import annotations

import pytest

from declarative.assets.model import ConnectorRef
from declarative.core.errors import AuthError
from declarative.qualys.model import SyncStatus

SYNC = "/rest/2.0/am/connector/asset/data/sync"
CONNECTOR = ConnectorRef("servicenow", "489e8429-2e82-4599-a2a8-000000000001", "SNOW")
A, R, N, U = SyncStatus.ACCEPTED, SyncStatus.REJECTED, SyncStatus.NOT_SENT, SyncStatus.UNKNOWN


def assets(count):
    return [
        {
            "identityAttributes": {"sourceNativeKey": f"NK-{n}", "hostName": f"web-{n:02}"},
            "coreAttributes": {"address": f"10.0.0.{n}"},
        }
        for n in range(count)
    ]


def published(errors=None, **changes):
    return {
        "message": "All Assets are successfully published for sync.",
        "responseCode": "SUCCESSFULLY_PUBLISHED",
        "assetsError": errors or {},
        **changes,
    }


def statuses(outcome):
    return [result.status for result in outcome.results]


def keys_of(request):
    return [asset["identityAttributes"]["sourceNativeKey"] for asset in request.json["assetData"]]


def test_the_envelope_is_the_release_note_s(gateway, connect):
    gateway.script(SYNC, gateway.reply(200, published()))
    outcome = connect().sync(CONNECTOR, assets(2), request_id="req-1")
    assert statuses(outcome) == [A, A]
    assert outcome.message == "All Assets are successfully published for sync."
    assert gateway.to(SYNC)[0].json == {
        "connectorMetaData": {
            "requestId": "req-1",
            "connectorUuid": "489e8429-2e82-4599-a2a8-000000000001",
            "source": "SNOW",
            "assetCount": 2,
        },
        "assetData": assets(2),
    }


def test_nothing_to_sync_is_no_call(gateway, connect):
    assert connect().sync(CONNECTOR, [], request_id="r").results == ()
    assert gateway.seen == []


def test_one_failed_asset_leaves_the_rest_accepted(gateway, connect):
    gateway.script(SYNC, gateway.reply(200, published({"NK-1": "serial number too long"})))
    outcome = connect().sync(CONNECTOR, assets(3), request_id="r")
    assert statuses(outcome) == [A, R, A]
    assert "serial number too long" in outcome.results[1].error


def test_an_error_for_a_foreign_asset_leaves_nobody_accepted(gateway, connect):
    gateway.script(SYNC, gateway.reply(200, published({"NK-77": "who is this"})))
    outcome = connect().sync(CONNECTOR, assets(2), request_id="r")
    assert statuses(outcome) == [R, R]
    assert all("names no asset of this call" in result.error and "NK-77" in result.error for result in outcome.results)


@pytest.mark.parametrize("code", ["FAILED", "PUBLISHED_PARTIALLY", None, 7])
def test_a_200_with_another_code_is_a_failure(gateway, connect, code):
    gateway.script(SYNC, gateway.reply(200, published(responseCode=code, message="queue is full")))
    outcome = connect().sync(CONNECTOR, assets(2), request_id="r")
    assert statuses(outcome) == [R, R]
    assert "queue is full" in outcome.results[0].error


def test_a_207_with_named_failures_accepts_the_others(gateway, connect):
    failed = {"failed": [{"sourceNativeKey": "NK-0", "errorMessage": "bad MAC"}]}
    gateway.script(SYNC, gateway.reply(207, {"message": "partly", "assetsError": failed}))
    assert statuses(connect().sync(CONNECTOR, assets(2), request_id="r")) == [R, A]


@pytest.mark.parametrize("extra", [{"assetsError": {}}, {"responseCode": "FAILED", "assetsError": {"NK-0": "x"}}])
def test_a_207_that_does_not_say_who_failed_accepts_nobody(gateway, connect, extra):
    gateway.script(SYNC, gateway.reply(207, {"message": "partly", **extra}))
    assert statuses(connect().sync(CONNECTOR, assets(2), request_id="r")) == [R, R]


def test_too_large_halves_and_the_rest_goes_out_in_that_size(gateway, connect):
    def behave(exchange):
        reply = (
            gateway.reply(413, "too large", kind="text/plain")
            if len(exchange.request.json["assetData"]) > 3
            else gateway.reply(200, published())
        )
        reply(exchange)

    gateway.always(SYNC, behave)
    outcome = connect().sync(CONNECTOR, assets(12), request_id="r")
    assert statuses(outcome) == [A] * 12
    assert [len(keys_of(request)) for request in gateway.to(SYNC)] == [12, 6, 3, 3, 3, 3]
    sent = [key for request in gateway.to(SYNC)[2:] for key in keys_of(request)]
    assert sent == [f"NK-{n}" for n in range(12)]


@pytest.mark.parametrize("poison", [0, 5, 15, 16])
def test_a_poisoned_batch_is_split_until_only_that_asset_fails(gateway, connect, poison):
    def behave(exchange):
        bad = f"NK-{poison}" in keys_of(exchange.request)
        answer = (
            gateway.reply(400, {"responseCode": "FAILED", "responseMessage": "Invalid asset"})
            if bad
            else gateway.reply(200, published())
        )
        answer(exchange)

    gateway.always(SYNC, behave)
    outcome = connect().sync(CONNECTOR, assets(17), request_id="r")
    assert [n for n, result in enumerate(outcome.results) if result.status is not A] == [poison]
    assert "Invalid asset" in outcome.results[poison].error
    assert len(gateway.to(SYNC)) <= 11


def test_each_part_has_an_id_of_its_own_that_a_replay_repeats(gateway, connect):
    def behave(exchange):
        bad = "NK-3" in keys_of(exchange.request)
        (gateway.reply(400, {"message": "no"}) if bad else gateway.reply(200, published()))(exchange)

    gateway.always(SYNC, behave)
    client = connect()
    first = client.sync(CONNECTOR, assets(4), request_id="req-9")
    again = client.sync(CONNECTOR, assets(4), request_id="req-9")
    assert [result.request_id for result in first.results] == ["req-9-0-2", "req-9-0-2", "req-9-2-3", "req-9-3-4"]
    assert [result.request_id for result in again.results] == [result.request_id for result in first.results]
    sent = [request.json["connectorMetaData"]["requestId"] for request in gateway.to(SYNC)]
    assert len(set(sent[: len(sent) // 2])) == len(sent) // 2


def test_a_batch_that_is_all_bad_costs_a_bounded_number_of_calls(gateway, connect):
    gateway.always(SYNC, gateway.reply(400, {"responseMessage": "Invalid asset"}))
    outcome = connect().sync(CONNECTOR, assets(200), request_id="r")
    assert statuses(outcome) == [R] * 200
    assert len(gateway.to(SYNC)) < 90
    assert outcome.results[0].error == "HTTP 400: Invalid asset"
    assert "refused together with" in outcome.results[-1].error


def test_a_400_about_the_connector_is_not_split(gateway, connect):
    gateway.always(SYNC, gateway.reply(400, {"responseMessage": "connectorUuid is not known"}))
    outcome = connect().sync(CONNECTOR, assets(50), request_id="r")
    assert statuses(outcome) == [R] * 50
    assert len(gateway.to(SYNC)) == 1


def test_a_400_about_a_native_key_is_split(gateway, connect):
    gateway.always(SYNC, gateway.reply(400, {"responseMessage": "sourceNativeKey and customConnectorAttributes are too long"}))
    connect().sync(CONNECTOR, assets(2), request_id="r")
    assert len(gateway.to(SYNC)) == 3


def test_an_unknown_outcome_is_replayed_with_the_same_id(gateway, connect):
    gateway.script(SYNC, gateway.reset_after(), gateway.reply(502), gateway.html(), gateway.reply(200, published()))
    outcome = connect().sync(CONNECTOR, assets(1), request_id="req-2")
    assert statuses(outcome) == [A]
    assert {request.json["connectorMetaData"]["requestId"] for request in gateway.to(SYNC)} == {"req-2"}
    assert len(gateway.to(SYNC)) == 4


def test_trouble_that_does_not_pass_leaves_the_outcome_unknown(gateway, connect, clock):
    gateway.always(SYNC, gateway.reply(503))
    outcome = connect().sync(CONNECTOR, assets(2), request_id="r")
    assert statuses(outcome) == [U, U]
    assert "HTTP 503" in outcome.results[0].error
    assert len(gateway.to(SYNC)) == 8
    assert sum(clock.sleeps) < 200


def test_an_outcome_once_unknown_stays_so_when_the_limit_ends_the_tries(gateway, connect):
    gateway.script(SYNC, gateway.reset_after())
    gateway.always(SYNC, gateway.reply(429))
    assert statuses(connect(max_wait=30).sync(CONNECTOR, assets(1), request_id="r")) == [U]


def test_a_limit_that_outlasts_the_patience_was_surely_not_sent(gateway, connect):
    gateway.always(SYNC, gateway.reply(429, headers={"X-RateLimit-ToWait-Sec": "3000"}))
    outcome = connect(max_wait=900).sync(CONNECTOR, assets(2), request_id="r")
    assert statuses(outcome) == [N, N]
    assert len(gateway.to(SYNC)) == 1


def test_after_a_part_that_cannot_be_sent_the_rest_is_not_tried(gateway, connect):
    gateway.script(SYNC, gateway.reply(413), gateway.reply(200, published()))
    gateway.always(SYNC, gateway.reply(429, headers={"Retry-After": "86000"}))
    outcome = connect().sync(CONNECTOR, assets(4), request_id="r")
    assert statuses(outcome) == [A, A, N, N]


def test_a_refused_login_is_raised_when_nothing_was_sent(gateway, connect):
    gateway.always("/auth", gateway.reply(401))
    with pytest.raises(AuthError, match="refused"):
        connect().sync(CONNECTOR, assets(1), request_id="r")
    assert gateway.to(SYNC) == []


def test_a_missing_permission_is_raised(gateway, connect):
    gateway.always(SYNC, gateway.reply(403, {"responseMessage": "App API is not enabled"}))
    with pytest.raises(AuthError, match="App API is not enabled"):
        connect().sync(CONNECTOR, assets(2), request_id="r")


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_login_refused_after_an_unclear_try_leaves_the_outcome_unknown(gateway, connect, refusal):
    gateway.script(SYNC, gateway.reset_after())
    gateway.always(SYNC, gateway.reply(refusal))
    assert statuses(connect().sync(CONNECTOR, assets(1), request_id="r")) == [U]


def test_a_login_lost_in_the_middle_keeps_what_was_accepted(gateway, connect):
    gateway.script(SYNC, gateway.reply(413), gateway.reply(200, published()))
    gateway.always(SYNC, gateway.reply(401))
    outcome = connect().sync(CONNECTOR, assets(4), request_id="r")
    assert statuses(outcome) == [A, A, N, N]


def test_an_unreachable_host_was_surely_not_sent(connect, heard):
    outcome = connect(url="http://127.0.0.1:9").sync(CONNECTOR, assets(2), request_id="r")
    assert statuses(outcome) == [N, N]
    assert len(heard.calls) == 4
