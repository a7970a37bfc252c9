"""The retry matrix, cell by cell over real HTTP: how often each class of call is tried, and what is said in the end."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from declarative.assets.model import ConnectorRef
from declarative.core.errors import ApiError, AuthError
from declarative.core.secrets import Secret
from declarative.qualys.budget import WaitBudget
from declarative.qualys.client import Means, connect_reader, connect_writer
from declarative.qualys.credentials import PasswordCredentials
from declarative.qualys.model import ReportOutcomeStatus, SyncStatus
from declarative.qualys.wire import Settings
from declarative.sandbox import SandboxOptions, running

COUNT = "/rest/2.0/count/am/asset"
SYNC = "/rest/2.0/am/connector/asset/data/sync"
REPORT = "/rest/2.0/am/report"
CONNECTOR = ConnectorRef("c", "489e8429-2e82-4599-a2a8-000000000001", "WEBHOOK")
WHO = PasswordCredentials("sandbox", Secret("sandbox"))
EASM = {"name": "EASM weekly", "format": "PDF", "templateName": "ITAM_EASM_REPORT_TEMPLATE", "reportType": "EASM_LEAD"}
NOBODY_LISTENS = "http://127.0.0.1:9"


def asset(number):
    return {"identityAttributes": {"sourceNativeKey": f"NK-{number}", "hostName": f"h{number}"}, "coreAttributes": {}}


def verdict(path, client):
    """Of one call: "done", or how it failed: "not sent", "rejected", "unknown", "auth"; reads tell only "failed" and "auth"."""
    try:
        if path == COUNT:
            client.count()
            return "done"
        if path == SYNC:
            status = client.sync(CONNECTOR, [asset(1)], request_id="r").results[0].status
            return "done" if status is SyncStatus.ACCEPTED else str(status).replace("_", " ")
        status = client.create_report(EASM).status
        return "done" if status is ReportOutcomeStatus.CREATED else str(status).replace("_", " ")
    except AuthError:
        return "auth"
    except ApiError:
        return "failed"


NO = {"responseMessage": "no good", "responseCode": "FAILED"}
XML = "application/xml"
# What lasts: (read, sync, report), each as tries and verdict.
MATRIX = {
    "429": (lambda g: g.reply(429), (40, "failed"), (40, "not sent"), (40, "not sent")),
    "429, seconds": (
        lambda g: g.reply(429, headers={"X-RateLimit-ToWait-Sec": "3"}), (40, "failed"), (40, "not sent"), (40, "not sent"),
    ),
    "429, zero": (lambda g: g.reply(429, headers={"Retry-After": "0"}), (40, "failed"), (40, "not sent"), (40, "not sent")),
    "429, longer than the patience": (
        lambda g: g.reply(429, headers={"Retry-After": "86000"}), (1, "failed"), (1, "not sent"), (1, "not sent"),
    ),
    "409, the wait": (
        lambda g: g.reply(409, NO, headers={"X-RateLimit-ToWait-Sec": "3"}), (40, "failed"), (40, "not sent"), (40, "not sent"),
    ),
    "409, a code": (lambda g: g.reply(409, "<CODE>1965</CODE>", kind=XML), (40, "failed"), (40, "not sent"), (40, "not sent")),
    "409, nothing left": (
        lambda g: g.reply(409, NO, headers={"X-RateLimit-Remaining": "0"}), (40, "failed"), (40, "not sent"), (40, "not sent"),
    ),
    # Without any sign of a limit: what may be repeated is taken for one, a report is not.
    "409, bare": (lambda g: g.reply(409), (40, "failed"), (40, "not sent"), (1, "unknown")),
    "409, in words": (lambda g: g.reply(409, NO), (1, "failed"), (1, "rejected"), (1, "rejected")),
    "401": (lambda g: g.reply(401), (2, "auth"), (2, "auth"), (2, "auth")),
    "403": (lambda g: g.reply(403, NO), (1, "auth"), (1, "auth"), (1, "auth")),
    "400": (lambda g: g.reply(400, NO), (1, "failed"), (1, "rejected"), (1, "rejected")),
    "404": (lambda g: g.reply(404, NO), (1, "failed"), (1, "rejected"), (1, "rejected")),
    "404, a web page": (lambda g: g.html(404), (1, "failed"), (1, "rejected"), (1, "unknown")),
    "413": (lambda g: g.reply(413, NO), (1, "failed"), (1, "rejected"), (1, "rejected")),
    "302": (lambda g: g.reply(302, headers={"Location": "/x"}), (1, "failed"), (1, "rejected"), (1, "unknown")),
    "308": (lambda g: g.reply(308, headers={"Location": "/x"}), (1, "failed"), (1, "rejected"), (1, "rejected")),
    "408": (lambda g: g.reply(408, NO), (8, "failed"), (8, "unknown"), (1, "unknown")),
    "425": (lambda g: g.reply(425, NO), (8, "failed"), (8, "unknown"), (1, "unknown")),
    "500": (lambda g: g.reply(500, NO), (8, "failed"), (8, "unknown"), (1, "unknown")),
    "500 about the token": (
        lambda g: g.reply(500, {"message": "JWT parsing failed"}), (2, "auth"), (2, "auth"), (1, "unknown"),
    ),
    "503, seconds": (
        lambda g: g.reply(503, headers={"Retry-After": "3"}), (8, "failed"), (8, "unknown"), (1, "unknown"),
    ),
    "504": (lambda g: g.reply(504), (8, "failed"), (8, "unknown"), (1, "unknown")),
    "a web page with 200": (lambda g: g.html(200), (8, "failed"), (8, "unknown"), (1, "unknown")),
    "200 without a body": (lambda g: g.reply(200), (8, "failed"), (8, "unknown"), (1, "unknown")),
    "half an answer": (lambda g: g.truncated(NO), (8, "failed"), (8, "unknown"), (1, "unknown")),
    "reset before processing": (lambda g: g.reset_before(), (8, "failed"), (8, "unknown"), (1, "unknown")),
    "reset after processing": (lambda g: g.reset_after(), (8, "failed"), (8, "unknown"), (1, "unknown")),
}  # fmt: skip


@pytest.mark.parametrize(("column", "path"), [(1, COUNT), (2, SYNC), (3, REPORT)], ids=["read", "sync", "report"])
@pytest.mark.parametrize("fault", MATRIX)
def test_what_lasts_is_tried_so_often_and_ends_as_the_matrix_says(gateway, connect, clock, fault, column, path):
    row = MATRIX[fault]
    gateway.always(path, row[0](gateway))
    said = verdict(path, connect(max_wait=20_000))
    assert (len(gateway.to(path)), said) == row[column]
    assert sum(clock.sleeps) <= 20_000


@pytest.mark.parametrize(("path", "said"), [(COUNT, "failed"), (SYNC, "not sent"), (REPORT, "not sent")])
def test_where_nobody_listens_four_tries_are_enough(connect, heard, path, said):
    """The login comes first, and fails: a write is then surely not sent."""
    assert verdict(path, connect(url=NOBODY_LISTENS)) == said
    assert len(heard.calls) == 4


def test_a_wait_of_zero_is_no_leave_to_hammer(gateway, connect, clock):
    gateway.always(COUNT, gateway.reply(429, headers={"Retry-After": "0", "X-RateLimit-ToWait-Sec": "0"}))
    assert verdict(COUNT, connect(max_wait=300)) == "failed"
    assert len(gateway.to(COUNT)) < 15
    assert clock.sleeps[5] > 30


def test_the_patience_is_shared_by_all_workers(gateway, connect, clock):
    gateway.always(SYNC, gateway.reply(429, headers={"Retry-After": "5"}))
    gateway.always(COUNT, gateway.reply(503))
    # The workers share a clock that only sleeping moves, so what one sleeps is time that passes for the calls of the others.
    client = connect(max_wait=60, settings=Settings(deadline=1_000))
    with ThreadPoolExecutor(6) as workers:
        said = list(workers.map(lambda number: verdict((SYNC, COUNT)[number % 2], client), range(12)))
    assert set(said) == {"not sent", "failed"}
    assert 50 <= sum(clock.sleeps) <= 60


def test_the_patience_is_shared_by_the_clients_of_a_run(gateway, clock, credentials):
    for path in (COUNT, SYNC):
        gateway.always(path, gateway.reply(429, headers={"Retry-After": "5"}))
    means = Means(clock=clock, rng=random.Random(1), environ={}, waits=WaitBudget(30))
    with connect_reader(gateway.url, credentials, means) as reader, connect_writer(gateway.url, credentials, means) as writer:
        assert verdict(COUNT, reader) == "failed"
        assert verdict(SYNC, writer) == "not sent"
    assert len(gateway.to(SYNC)) == 1
    assert 20 <= sum(clock.sleeps) <= 30


# -- against the emulated gateway, which shares no code with the client


@pytest.fixture(scope="module")
def estate():
    with running(SandboxOptions(assets=5)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(estate):
    estate.call("reset", {})
    return estate


@pytest.fixture
def writer(sandbox, clock):
    class Both:
        """Sleeping moves the gateway's clock too."""

        now, monotonic = clock.now, clock.monotonic

        def sleep(self, seconds):
            clock.sleep(seconds)
            sandbox.call("clock", {"advance": seconds})

    with connect_writer(sandbox.url, WHO, Means(clock=Both(), rng=random.Random(1), environ={})) as client:
        yield client


def test_a_poisoned_asset_is_found_and_the_others_arrive(sandbox, writer):
    sandbox.call("faults", {"kind": "status", "status": 400, "path": "*/data/sync", "bodyContains": '"NK-11"'})
    outcome = writer.sync(CONNECTOR, [asset(number) for number in range(20)], request_id="r")
    assert [number for number, result in enumerate(outcome.results) if result.status is not SyncStatus.ACCEPTED] == [11]
    sandbox.call("process", {})
    assert writer.count() == 5 + 19


@pytest.mark.parametrize("to_wait", ["always", "late", "never"])
@pytest.mark.parametrize("limit_status", [409, 429])
def test_writes_wait_for_the_quota_and_happen_once(sandbox, writer, limit_status, to_wait):
    sandbox.call("switches", {"limit_per_window": 1, "window": 50.0, "limit_status": limit_status, "to_wait": to_wait})
    assert verdict(COUNT, writer) == "done"
    assert verdict(REPORT, writer) == "done"
    assert verdict(SYNC, writer) == "done"
    sandbox.call("switches", {"limit_per_window": None})
    assert len(sandbox.call("reports")["reports"]) == 1
    sandbox.call("process", {})
    assert writer.count() == 6


def test_a_token_that_is_always_revoked_ends_as_a_refused_login(sandbox, writer):
    sandbox.call("faults", {"kind": "revoke", "path": "/rest/*"})
    assert [verdict(path, writer) for path in (COUNT, SYNC, REPORT)] == ["auth"] * 3
    assert sandbox.call("reports")["reports"] == []


@pytest.mark.parametrize("path", [COUNT, SYNC, REPORT])
def test_another_host_hears_nothing_whatever_a_redirect_says(sandbox, writer, path):
    with running(SandboxOptions()) as other:
        sandbox.call("faults", {"kind": "redirect", "path": path, "location": f"{other.url}{path}"})
        assert verdict(path, writer) in {"failed", "rejected", "unknown"}
        assert other.call("calls")["calls"] == []
