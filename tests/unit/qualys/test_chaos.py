"""Any run of faults at any call: what the client says about a write is true of the server."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from declarative.assets.model import ConnectorRef
from declarative.core.errors import ApiError, AuthError
from declarative.core.secrets import Secret
from declarative.qualys.budget import WaitBudget
from declarative.qualys.client import Means, connect_writer
from declarative.qualys.credentials import PasswordCredentials
from declarative.qualys.model import ReportOutcomeStatus, SyncStatus
from declarative.qualys.wire import Settings

COUNT = "/rest/2.0/count/am/asset"
SYNC = "/rest/2.0/am/connector/asset/data/sync"
REPORT = "/rest/2.0/am/report"
CONNECTOR = ConnectorRef("c", "489e8429-2e82-4599-a2a8-000000000001", "WEBHOOK")
FINE = {
    COUNT: {"count": 41, "responseCode": "SUCCESS"},
    SYNC: {"responseCode": "SUCCESSFULLY_PUBLISHED", "assetsError": {}},
    REPORT: {"data": {"fileUuid": "u-1"}, "error": None},
}


def processed_then(gateway, status, body=None, kind="application/json"):
    """Did the work, then something on the way back spoiled the answer."""
    reply = gateway.reply(status, body, kind=kind)

    def behave(exchange):
        if status >= 300:
            exchange.gateway.processed.append(exchange.request)
        reply(exchange)

    return behave


FAULTS = {
    "reset before": lambda g, path: g.reset_before(),
    "reset after": lambda g, path: g.reset_after(),
    "truncated": lambda g, path: g.truncated(FINE[path]),
    "html 200": lambda g, path: g.html(200),
    "garbage": lambda g, path: g.raw(b"\x16\x03\x01 not http"),
    "502 unprocessed": lambda g, path: g.reply(502),
    "502 processed": lambda g, path: processed_then(g, 502),
    "503 html processed": lambda g, path: processed_then(g, 503, "<html>down</html>", "text/html"),
    "500 jwt": lambda g, path: g.reply(500, {"message": "JWT parsing failed"}),
    "504 processed": lambda g, path: processed_then(g, 504),
    "empty 200": lambda g, path: g.reply(200),
    "429": lambda g, path: g.reply(429),
    "429 wait": lambda g, path: g.reply(429, headers={"X-RateLimit-ToWait-Sec": "11"}),
    "429 hostile": lambda g, path: g.reply(429, headers={"Retry-After": "99999999999"}),
    "409 limit": lambda g, path: g.reply(409, headers={"X-RateLimit-ToWait-Sec": "3"}),
    "401": lambda g, path: g.reply(401),
    "403": lambda g, path: g.reply(403, {"message": "no"}),
    "400": lambda g, path: g.reply(400, {"message": "no"}),
    "302": lambda g, path: g.reply(302, headers={"Location": "/elsewhere"}),
    "login down": None,
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from([COUNT, SYNC, REPORT]),
    faults=st.lists(st.sampled_from(sorted(FAULTS)), max_size=12),
    seed=st.integers(0, 99),
)
def test_what_the_client_says_is_true_of_the_server(gateway_factory, clock_factory, path, faults, seed):
    gateway, clock = gateway_factory(), clock_factory()
    try:
        for fault in faults:
            if fault == "login down":
                gateway.script("/auth", gateway.reply(503))
            else:
                gateway.script(path, FAULTS[fault](gateway, path))
        gateway.always(path, gateway.reply(200, FINE[path]))
        with connect_writer(
            gateway.url,
            PasswordCredentials("u", Secret("s3cret-Canary")),
            Means(clock=clock, rng=random.Random(seed), waits=WaitBudget(200), environ={}, settings=Settings(read=20)),
        ) as client:
            said = outcome_of(client, path)
        done = sum(request.path == path for request in gateway.processed)
        check(path, said, done)
        assert sum(clock.sleeps) <= 200
        assert gateway.to("/elsewhere") == []
    finally:
        gateway.close()


def outcome_of(client, path):
    try:
        if path == COUNT:
            return client.count()
        if path == SYNC:
            return client.sync(CONNECTOR, [{"identityAttributes": {"sourceNativeKey": "NK-1"}}], request_id="r").results[0].status
        return client.create_report({"name": "r"}).status
    except (ApiError, AuthError) as error:
        return error


def check(path, said, done):
    if path == COUNT:
        assert said == 41 or isinstance(said, ApiError | AuthError)
        return
    if path == REPORT:
        assert done <= 1, "a report was created twice"
        untouched = {ReportOutcomeStatus.NOT_SENT, ReportOutcomeStatus.REJECTED}
    else:
        # A rejection speaks for the asset, whatever became of an earlier try: it is sent again by the next plan.
        untouched = {SyncStatus.NOT_SENT}
    if isinstance(said, AuthError) or said in untouched:
        assert done == 0, f"said {said!r}, but it was processed"
    if said in {ReportOutcomeStatus.CREATED, SyncStatus.ACCEPTED}:
        assert done >= 1


@pytest.fixture
def gateway_factory(gateway):
    return type(gateway)


@pytest.fixture
def clock_factory(clock):
    return type(clock)


def test_the_check_bites():
    with pytest.raises(AssertionError):
        check(REPORT, ReportOutcomeStatus.CREATED, 2)
    with pytest.raises(AssertionError):
        check(SYNC, SyncStatus.NOT_SENT, 1)
