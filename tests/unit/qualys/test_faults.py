"""Every fault at every kind of call: what comes of it, after how many tries, in how much time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from declarative.assets.model import ConnectorRef
from declarative.core.errors import ApiError, AuthError
from declarative.qualys.answers import Answer
from declarative.qualys.budget import WaitBudget
from declarative.qualys.limits import asked_wait, is_limit_refusal, quota_of
from declarative.qualys.model import ReportOutcomeStatus, SyncStatus
from declarative.qualys.wire import Settings

COUNT = "/rest/2.0/count/am/asset"
SEARCH = "/rest/2.0/search/am/asset"
GET = "/rest/2.0/get/am/asset"
COMPONENT = "/rest/2.0/am/asset/component"
SYNC = "/rest/2.0/am/connector/asset/data/sync"
REPORT = "/rest/2.0/am/report"
CONNECTOR = ConnectorRef("c", "489e8429-2e82-4599-a2a8-000000000001", "WEBHOOK")
ASSET = {"identityAttributes": {"sourceNativeKey": "NK-1"}, "coreAttributes": {}}

FINE = {
    COUNT: {"count": 1, "responseCode": "SUCCESS"},
    SEARCH: {
        "count": 1,
        "hasMore": 0,
        "lastSeenAssetId": 7,
        "responseCode": "SUCCESS",
        "assetListData": {"asset": [{"assetId": 7}]},
    },
    GET: {"count": 1, "hasMore": 0, "responseCode": "SUCCESS", "assetListData": {"asset": [{"assetId": 7}]}},
    COMPONENT: {"count": 1, "hasMore": 0, "assetComponentsList": [{"assetId": 7, "component": {"assetComponentId": 9}}]},
    SYNC: {"responseCode": "SUCCESSFULLY_PUBLISHED", "message": "ok", "assetsError": {}},
    REPORT: {"data": {"fileUuid": "u-1"}, "error": None},
}
CALLS = {
    COUNT: lambda client: client.count() == 1,
    SEARCH: lambda client: [record["assetId"] for page in client.search() for record in page.records] == [7],
    GET: lambda client: client.get(7) == {"assetId": 7},
    COMPONENT: lambda client: len(list(client.components())) == 1,
    SYNC: lambda client: client.sync(CONNECTOR, [ASSET], request_id="r").results[0].status is SyncStatus.ACCEPTED,
    REPORT: lambda client: client.create_report({"name": "r"}).status is ReportOutcomeStatus.CREATED,
}
READS = (COUNT, SEARCH, GET, COMPONENT)

# fault: (how, whether it may have been processed)
FAULTS = {
    "reset before": (lambda g, fine: g.reset_before(), True),
    "reset after": (lambda g, fine: g.reset_after(), True),
    "silence": (lambda g, fine: g.silence(2), True),
    "trickle": (lambda g, fine: g.trickle(2, every=0.15), True),
    "truncated": (lambda g, fine: g.truncated(fine), True),
    "half JSON": (lambda g, fine: g.reply(200, '{"count": 1, "hasM'), True),
    "HTML 200": (lambda g, fine: g.html(200), True),
    "HTML 502": (lambda g, fine: g.html(502), True),
    "500": (lambda g, fine: g.reply(500, {"message": "x"}), True),
    "503": (lambda g, fine: g.reply(503), True),
    "504": (lambda g, fine: g.reply(504), True),
    "520": (lambda g, fine: g.reply(520), True),
    "empty 200": (lambda g, fine: g.reply(200), True),
    "utf-16": (lambda g, fine: g.reply(200, '{"count": 1}'.encode("utf-16"), kind="application/json; charset=utf-16"), True),
    "latin-1": (lambda g, fine: g.reply(200, '{"count": 1, "x": "é"}'.encode("latin-1")), True),
    "deep JSON": (lambda g, fine: g.reply(200, b"[" * 100 + b"]" * 100), True),
    "very deep JSON": (lambda g, fine: g.reply(200, b'{"a":' * 100_000), True),
    "duplicate key": (lambda g, fine: g.reply(200, '{"count": 1, "count": 2, "hasMore": 0}'), True),
    "too large": (lambda g, fine: g.reply(200, b" " * 200_000), True),
    "bad gzip": (lambda g, fine: g.reply(200, b"not gzip", headers={"Content-Encoding": "gzip"}), True),
    "no HTTP": (lambda g, fine: g.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), True),
    "408": (lambda g, fine: g.reply(408), True),
    "429": (lambda g, fine: g.reply(429), False),
    "429 seconds": (lambda g, fine: g.reply(429, headers={"X-RateLimit-ToWait-Sec": "3"}), False),
    "429 date": (lambda g, fine: g.reply(429, headers={"Retry-After": "Wed, 01 Jul 2026 00:00:09 GMT"}), False),
    "429 junk": (lambda g, fine: g.reply(429, headers={"Retry-After": "-1", "X-RateLimit-ToWait-Sec": "1e9"}), False),
    "429 huge": (lambda g, fine: g.reply(429, headers={"Retry-After": "1000000000"}), False),
    "409 limit": (lambda g, fine: g.reply(409, {"x": 1}, headers={"x-ratelimit-towait-sec": "2"}), False),
    "409 limit by code": (lambda g, fine: g.reply(409, "<CODE>1960</CODE>", kind="application/xml"), False),
    "401 once": (lambda g, fine: g.reply(401), False),
}
SLOW = {"silence", "trickle"}


def limits_for(fault):
    """Short times only where time is the fault: a busy machine must not add faults of its own."""
    return Settings(read=0.3, deadline=0.4) if fault in SLOW else Settings(read=20, deadline=20, max_answer=100_000)


class TickingClock:
    """Sleeps without waiting, and still sees real time pass."""

    def __init__(self):
        import time

        self._time = time
        self.sleeps = []

    def now(self):
        return datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=sum(self.sleeps))

    def monotonic(self):
        return self._time.monotonic() + sum(self.sleeps)

    def sleep(self, seconds):
        self.sleeps.append(seconds)


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_then_fine(gateway, connect, fault, path):
    how, maybe_processed = FAULTS[fault]
    gateway.script(path, how(gateway, FINE[path]))
    gateway.always(path, gateway.reply(200, FINE[path]))
    client = connect(clock=TickingClock(), settings=limits_for(fault))
    worked = CALLS[path](client)
    if path == REPORT and maybe_processed:
        assert not worked
        assert len(gateway.to(path)) == 1
    else:
        assert worked
        assert len(gateway.to(path)) == 2 or (fault in SLOW and len(gateway.to(path)) > 2)


LASTING = [fault for fault in FAULTS if fault not in SLOW | {"401 once"}]


@pytest.mark.parametrize("path", [COUNT, SYNC, REPORT])
@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_lasts_ends_within_the_budget(gateway, connect, clock, fault, path):
    how, maybe_processed = FAULTS[fault]
    gateway.always(path, how(gateway, FINE[path]))
    client = connect(settings=limits_for(fault), max_wait=300)
    if path == COUNT:
        with pytest.raises(ApiError) as caught:
            client.count()
        assert caught.value.request.method == "POST"
        assert caught.value.request.attempts == len(gateway.to(path))
    elif path == SYNC:
        status = client.sync(CONNECTOR, [ASSET], request_id="r").results[0].status
        assert status is (SyncStatus.UNKNOWN if maybe_processed else SyncStatus.NOT_SENT)
    else:
        status = client.create_report({"name": "r"}).status
        assert status is (ReportOutcomeStatus.UNKNOWN if maybe_processed else ReportOutcomeStatus.NOT_SENT)
        assert len(gateway.processed) <= 2  # the login and at most one creation
    assert sum(clock.sleeps) <= 300


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("status", [400, 404, 405, 415, 422])
def test_a_refusal_is_final(gateway, connect, path, status):
    gateway.always(path, gateway.reply(status, {"responseMessage": "no good", "responseCode": "FAILED"}))
    client = connect()
    if path in READS:
        with pytest.raises(ApiError, match="no good"):
            CALLS[path](client)
    else:
        assert not CALLS[path](client)
    assert len(gateway.to(path)) == 1


@pytest.mark.parametrize("path", CALLS)
def test_permission_and_login_trouble_is_an_auth_error_everywhere(gateway, connect, path):
    gateway.always(path, gateway.reply(403))
    with pytest.raises(AuthError):
        CALLS[path](connect())
    gateway.always(path, gateway.reply(401))
    with pytest.raises(AuthError):
        CALLS[path](connect())


@pytest.mark.parametrize("path", CALLS)
def test_a_redirect_is_never_followed(gateway, connect, path):
    gateway.always(path, gateway.reply(307, headers={"Location": f"{gateway.url}/elsewhere"}))
    client = connect()
    if path in READS:
        with pytest.raises(ApiError, match="HTTP 307") as caught:
            CALLS[path](client)
        assert "redirects are not followed" in caught.value.hint
    else:
        assert not CALLS[path](client)
    assert gateway.to("/elsewhere") == []


def test_the_wait_the_server_asks_for_is_kept_and_announced(gateway, connect, clock, heard):
    gateway.script(COUNT, gateway.reply(429, headers={"X-RateLimit-ToWait-Sec": "42", "Retry-After": "7"}))
    gateway.always(COUNT, gateway.reply(200, FINE[COUNT]))
    connect(read_only=True).count()
    assert 42 <= clock.sleeps[0] <= 43
    assert heard.waits[0].seconds == clock.sleeps[0]
    assert "rate limit" in heard.waits[0].reason
    assert "as the server asked" in heard.waits[0].reason


def test_a_wait_missing_at_first_and_there_at_the_next_try(gateway, connect, clock):
    gateway.script(COUNT, gateway.reply(429), gateway.reply(429, headers={"x-ratelimit-towait-sec": "30"}))
    gateway.always(COUNT, gateway.reply(200, FINE[COUNT]))
    connect(read_only=True).count()
    assert 0 < clock.sleeps[0] <= 4
    assert 30 <= clock.sleeps[1] <= 31


def test_a_wait_beyond_the_patience_stops_at_once_and_says_so(gateway, connect, clock):
    gateway.always(COUNT, gateway.reply(429, headers={"Retry-After": "3000"}))
    with pytest.raises(ApiError, match="would exceed the limit of 900 s") as caught:
        connect(read_only=True).count()
    assert "--max-wait" in caught.value.hint
    assert clock.sleeps == []


def test_the_patience_is_summed_over_calls(gateway, connect, clock):
    gateway.always(COUNT, gateway.reply(429, headers={"Retry-After": "20"}))
    client = connect(read_only=True, max_wait=50)
    for _ in range(3):
        with pytest.raises(ApiError):
            client.count()
    assert sum(clock.sleeps) <= 50
    assert len(clock.sleeps) == 2


def test_jitter_spreads_the_waits(gateway, connect, clock):
    gateway.always(COUNT, gateway.reply(503))
    for seed in (1, 2):
        with pytest.raises(ApiError):
            connect(read_only=True, rng=random.Random(seed)).count()
    first, second = clock.sleeps[:7], clock.sleeps[7:]
    assert first != second
    assert all(0.5 * base <= wait <= base for base, wait in zip([0.5, 1, 2, 4, 8, 16, 32], first, strict=True))


def test_a_conflict_that_explains_itself_is_no_limit(gateway, connect):
    gateway.always(COUNT, gateway.reply(409, {"responseMessage": "conflict"}, headers={"X-RateLimit-Remaining": "200"}))
    with pytest.raises(ApiError, match="conflict"):
        connect(read_only=True).count()
    assert len(gateway.to(COUNT)) == 1


def test_a_drained_quota_on_a_good_answer_is_only_noted(gateway, connect, clock):
    headers = {"X-RateLimit-Limit": "300", "x-ratelimit-remaining": "0", "X-RATELIMIT-WINDOW-SEC": "3600"}
    gateway.always(COUNT, gateway.reply(200, FINE[COUNT], headers=headers))
    client = connect(read_only=True)
    client.count()
    assert (client.quota.limit, client.quota.remaining, client.quota.window_seconds) == (300, 0, 3600)
    assert clock.sleeps == []


def test_the_observer_hears_every_call_with_status_and_time(gateway, connect, heard):
    gateway.script(SYNC, gateway.reset_after(), gateway.reply(200, FINE[SYNC]))
    connect().sync(CONNECTOR, [ASSET], request_id="req-5")
    told = [(call.method, call.path, call.status, call.request_id) for call in heard.calls]
    assert told == [("POST", "/auth", 201, None), ("POST", SYNC, None, "req-5"), ("POST", SYNC, 200, "req-5")]
    assert heard.calls[1].error


# -- the pieces


NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5),
        ({"retry-after": "5", "X-RATELIMIT-TOWAIT-SEC": "9"}, 9),
        ({"Retry-After": "Wed, 01 Jul 2026 00:01:00 GMT"}, 60),
        ({"Retry-After": "Wed, 01 Jul 2026 05:00:30 GMT", "Date": "Wed, 01 Jul 2026 05:00:00 GMT"}, 30),
        ({"Retry-After": "Tue, 30 Jun 2026 05:00:30 GMT", "Date": "Tue, 30 Jun 2026 05:00:00 GMT"}, 30),
        ({"Retry-After": "Wed, 01 Jul 2026 00:01:00 GMT", "Date": "soon"}, 60),
        ({"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}, None),
        ({"Retry-After": "0", "X-RateLimit-ToWait-Sec": "0"}, None),
        ({"Retry-After": "Wed, 01 Jul 2099 00:01:00 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "999999999999999999999999"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "2.5"}, 2.5),
        ({"X-RateLimit-ToWait-Sec": "100000"}, None),
    ],
)
def test_only_a_sane_header_becomes_a_wait(headers, wait):
    assert asked_wait(httpx.Headers([(name.encode(), value.encode()) for name, value in headers.items()]), NOW) == wait


def test_quota_headers_that_are_no_numbers_are_absent():
    assert quota_of(httpx.Headers({"X-RateLimit-Limit": "-1", "X-RateLimit-Remaining": "many"})) is None


@pytest.mark.parametrize("spelling", ["X-Concurrency-Limit", "X-ConcurrencyLimit"])
def test_a_409_with_all_slots_taken_is_a_limit(spelling):
    headers = httpx.Headers({f"{spelling}-Limit": "2", f"{spelling}-Running": "2"})
    assert is_limit_refusal(Answer(409, headers, b'{"message": "x"}'), strict=True)


def test_the_budget_never_gives_more_than_it_has():
    budget = WaitBudget(10)
    assert [budget.take(4), budget.take(4), budget.take(4), budget.take(2)] == [True, True, False, True]
    assert budget.left == 0
