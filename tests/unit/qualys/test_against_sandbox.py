"""The client against the emulated gateway, which shares no code with it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from declarative.assets.model import ConnectorRef
from declarative.core.errors import ApiError, AuthError
from declarative.core.secrets import Secret
from declarative.qualys.client import Means, connect_reader, connect_writer
from declarative.qualys.credentials import ClientCredentials, PasswordCredentials
from declarative.qualys.model import ReportOutcomeStatus, SyncStatus
from declarative.queries.model import Filter, FilterDocument
from declarative.sandbox import SandboxOptions, running

CONNECTOR = ConnectorRef("servicenow", "489e8429-2e82-4599-a2a8-0123456789ab", "SNOW")
WHO = PasswordCredentials("sandbox", Secret("sandbox"))
ACCEPTED, REJECTED, UNKNOWN = SyncStatus.ACCEPTED, SyncStatus.REJECTED, SyncStatus.UNKNOWN
REPORT = {"name": "EASM weekly", "format": "PDF", "templateName": "ITAM_EASM_REPORT_TEMPLATE", "reportType": "EASM_LEAD"}


def means(clock):
    return Means(clock=clock, rng=random.Random(1), environ={})


@pytest.fixture(scope="module")
def estate():
    with running(SandboxOptions(assets=250, seed=7)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(estate):
    estate.call("reset", {})
    return estate


@pytest.fixture
def client(sandbox, clock):
    with connect_writer(sandbox.url, WHO, means(clock)) as writer:
        yield writer


def asset(n, **identity):
    return {
        "identityAttributes": {
            "sourceNativeKey": f"NK-{n}",
            "hostName": f"web-{n}.example.com",
            "serialNumber": f"SN-{n}",
            **identity,
        },
        "coreAttributes": {},
    }


def calls_to(sandbox, path):
    return [call for call in sandbox.call("calls")["calls"] if call["path"].endswith(path)]


def test_a_whole_estate_is_read_in_pages(sandbox, client):
    pages = list(client.search(page_size=100))
    ids = [record["assetId"] for page in pages for record in page.records]
    assert [len(page.records) for page in pages] == [100, 100, 50]
    assert ids == sorted(set(ids))
    assert client.count() == len(ids) == 250
    assert client.get(ids[17])["assetId"] == ids[17]
    assert client.get(1) is None


def test_a_search_goes_on_from_a_cursor(client):
    first = next(client.search(page_size=30, max_pages=1))
    rest = [record["assetId"] for page in client.search(page_size=300, after=first.cursor) for record in page.records]
    assert len(first.records) + len(rest) == 250


def test_assets_that_change_come_and_go_between_two_pages_move_no_other(sandbox, client):
    before = [record["assetId"] for page in client.search(page_size=300) for record in page.records]
    pages = client.search(page_size=50)
    seen = [record["assetId"] for record in next(pages).records]
    sandbox.call("drift", {"assetId": before[3], "delete": True})
    for changed in (before[10], before[200]):
        sandbox.call("drift", {"assetId": changed, "set": {"assetName": "renamed-meanwhile"}})
    client.sync(CONNECTOR, [asset(1)], request_id="meanwhile")
    sandbox.call("process", {})
    seen += [record["assetId"] for page in pages for record in page.records]
    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)


def test_a_filter_that_matches_nothing_is_empty_everywhere(client):
    nobody = FilterDocument((Filter("asset.name", "EQUALS", "no-such-host"),))
    assert list(client.search(nobody)) == []
    assert client.count(nobody) == 0


def test_an_unknown_field_shows_the_gateway_s_words(client):
    with pytest.raises(ApiError, match="HTTP 400") as caught:
        client.count(FilterDocument((Filter("asset.nonsense", "EQUALS", "x"),)))
    assert "asset.nonsense" in caught.value.message


def test_a_smaller_maximum_is_found_by_halving(sandbox, client):
    sandbox.call("switches", {"max_page_size": 60})
    assert sum(len(page.records) for page in client.search(page_size=200)) == 250


def test_components_are_paged_and_narrowed_to_one_asset(client):
    rows = [row for page in client.components(page_size=100) for row in page.records]
    assert len({row["component"]["assetComponentId"] for row in rows}) == len(rows) > 100
    asset_id = rows[0]["assetId"]
    own = [row for page in client.components(asset_id=asset_id) for row in page.records]
    assert own == [row for row in rows if row["assetId"] == asset_id]


def test_an_import_arrives_and_is_found(sandbox, client):
    outcome = client.sync(CONNECTOR, [asset(1), asset(2)], request_id="req-1")
    assert [result.status for result in outcome.results] == [ACCEPTED, ACCEPTED]
    sandbox.call("process", {})
    found = client.count(FilterDocument((Filter("asset.biosSerialNumber", "IN", "SN-1,SN-2"),)))
    assert found == 2


@pytest.mark.parametrize("shape", ["keyed", "array", "failed"])
@pytest.mark.parametrize("status", [200, 207])
def test_partly_refused_imports_are_told_apart(sandbox, client, shape, status):
    sandbox.call("switches", {"partial_status": status})
    sandbox.call("faults", {"faults": [{"kind": "assetsError", "keys": ["NK-2"], "shape": shape, "message": "bad serial"}]})
    outcome = client.sync(CONNECTOR, [asset(1), asset(2), asset(3)], request_id="req-1")
    assert [result.status for result in outcome.results] == [ACCEPTED, REJECTED, ACCEPTED]
    assert "bad serial" in outcome.results[1].error


def test_a_batch_limit_is_found_by_halving(sandbox, client):
    sandbox.call("switches", {"max_batch": 3})
    outcome = client.sync(CONNECTOR, [asset(n) for n in range(10)], request_id="req-1")
    assert {result.status for result in outcome.results} == {ACCEPTED}
    sandbox.call("process", {})
    assert client.count() == 260


def test_a_lost_answer_to_an_import_is_replayed_without_a_second_asset(sandbox, client):
    sandbox.call("faults", {"faults": [{"kind": "reset", "path": "*/data/sync", "times": 2, "processed": True}]})
    assert client.sync(CONNECTOR, [asset(1)], request_id="req-1").results[0].status is ACCEPTED
    sandbox.call("process", {})
    assert client.count() == 251


def test_a_lost_answer_to_a_report_is_unknown_and_there_is_one_report(sandbox, client):
    sandbox.call("faults", {"faults": [{"kind": "reset", "path": "*/am/report", "processed": True}]})
    assert client.create_report(REPORT).status is ReportOutcomeStatus.UNKNOWN
    assert len(calls_to(sandbox, "/am/report")) == 1


def test_a_report_is_created_and_downloaded(sandbox, client, tmp_path):
    outcome = client.create_report(REPORT)
    assert outcome.status is ReportOutcomeStatus.CREATED
    assert len(outcome.file_uuid) == 36
    got = client.download_report("EASM weekly", tmp_path)
    assert got.path.read_bytes().startswith(b"%PDF")
    assert got.size == got.path.stat().st_size


@pytest.mark.parametrize("status", [202, 204, 404, 409])
def test_a_report_still_in_the_making_is_not_ready(sandbox, client, tmp_path, status):
    sandbox.call("switches", {"report_delay": 600.0, "report_not_ready_status": status})
    client.create_report(REPORT)
    with pytest.raises(ApiError) as caught:
        client.download_report("EASM weekly", tmp_path / "r.pdf")
    assert "try again in some minutes" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_report_the_gateway_refuses_is_rejected_with_its_words(client):
    outcome = client.create_report({"name": "x"})
    assert outcome.status is ReportOutcomeStatus.REJECTED
    assert "HTTP 400" in outcome.error


@pytest.mark.parametrize("limit_status", [409, 429])
@pytest.mark.parametrize("to_wait", ["always", "late", "never"])
def test_a_used_up_quota_is_waited_out(sandbox, clock, limit_status, to_wait):
    sandbox.call("switches", {"limit_per_window": 2, "window": 50.0, "limit_status": limit_status, "to_wait": to_wait})

    class Both:
        """Sleeping moves the sandbox's clock too."""

        now, monotonic = clock.now, clock.monotonic

        def sleep(self, seconds):
            clock.sleep(seconds)
            sandbox.call("clock", {"advance": seconds})

    with connect_reader(sandbox.url, WHO, means(Both())) as reader:
        assert [reader.count() for _ in range(5)] == [250] * 5
        assert reader.quota.limit == 2
    assert 50 <= sum(clock.sleeps) <= 250


def test_a_revoked_token_is_renewed_in_the_middle(sandbox, client):
    assert client.count() == 250
    sandbox.call("faults", {"faults": [{"kind": "revoke", "times": 1}]})
    assert client.count() == 250
    assert len(calls_to(sandbox, "/auth")) == 2


def test_wrong_credentials_are_refused_in_words(sandbox, clock):
    with (
        connect_reader(sandbox.url, PasswordCredentials("sandbox", Secret("wrong!")), means(clock)) as reader,
        pytest.raises(AuthError, match="username or password refused"),
    ):
        reader.count()


def test_client_credentials_work_and_their_refusal_is_explained(sandbox, clock):
    who = ClientCredentials("sandbox-client", Secret("sandbox-secret"))
    with connect_reader(sandbox.url, who, means(clock)) as reader:
        assert reader.count() == 250
    sandbox.call("switches", {"client_tokens_rejected": True})
    with connect_reader(sandbox.url, who, means(clock)) as reader, pytest.raises(AuthError) as caught:
        reader.count()
    assert "refuse tokens of client credentials" in caught.value.hint


@pytest.mark.parametrize("kind", ["status", "reset", "dropHasMore", "html", "truncated"])
def test_a_scan_under_faults_loses_no_asset(sandbox, client, kind):
    sandbox.call("faults", {"faults": [{"kind": kind, "path": "*/search/am/asset", "every": 3}]})
    ids = [record["assetId"] for page in client.search(page_size=20) for record in page.records]
    assert len(ids) == len(set(ids)) == 250


def test_workers_share_one_client(client):
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: client.count(), range(24)))
    assert counts == [250] * 24
    assert client.calls_made == 24
