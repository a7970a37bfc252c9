"""Reports: never twice, and files that are whole or not there."""

from __future__ import annotations

import os

import pytest

from declarative.core.errors import ApiError, AuthError
from declarative.qualys.model import ReportOutcomeStatus
from declarative.qualys.wire import Settings

REPORT = "/rest/2.0/am/report"
DOWNLOAD = "/rest/2.0/am/report/download"
CREATED, REJECTED, NOT_SENT, UNKNOWN = (
    ReportOutcomeStatus.CREATED,
    ReportOutcomeStatus.REJECTED,
    ReportOutcomeStatus.NOT_SENT,
    ReportOutcomeStatus.UNKNOWN,
)
BODY = {"name": "EASM Summary Report", "format": "PDF", "reportType": "EASM_LEAD", "templateName": "ITAM_EASM_REPORT_TEMPLATE"}
UUID = "f5fde510-1b8a-11f1-a10e-63ad41ec1bb5"
FINE = {"data": {"fileUuid": UUID}, "message": "Request successfully created.", "error": None}
PDF = b"%PDF-1.7 " + bytes(range(256)) * 40


@pytest.mark.parametrize("status", [200, 201])
def test_a_report_is_created_with_the_request_as_given(gateway, connect, status):
    gateway.script(REPORT, gateway.reply(status, FINE))
    outcome = connect().create_report(BODY)
    assert (outcome.status, outcome.file_uuid) == (CREATED, UUID)
    assert gateway.to(REPORT)[0].json == BODY


def test_each_creation_has_a_connection_of_its_own(gateway, connect):
    gateway.always(REPORT, gateway.reply(200, FINE))
    client = connect()
    client.create_report(BODY)
    client.create_report(BODY)
    numbers = [request.connection for request in gateway.seen]
    assert len(set(numbers)) == 3


MAYBE_PROCESSED = {
    "reset after processing": lambda g: g.reset_after(),
    "reset before processing": lambda g: g.reset_before(),
    "500": lambda g: g.reply(500, {"message": "boom"}),
    "500 about a JWT": lambda g: g.reply(500, {"message": "JWT parsing failed"}),
    "502": lambda g: g.html(502),
    "503 that says when to retry": lambda g: g.reply(503, headers={"Retry-After": "1"}),
    "504": lambda g: g.reply(504),
    "520": lambda g: g.reply(520),
    "408": lambda g: g.reply(408),
    "truncated": lambda g: g.truncated(FINE),
    "HTML with 200": lambda g: g.html(200),
    "empty 200": lambda g: g.reply(200),
    "204": lambda g: g.reply(204),
    "no uuid": lambda g: g.reply(200, {"data": None, "message": "Request successfully created.", "error": None}),
    "a list": lambda g: g.reply(200, []),
    "a key twice": lambda g: g.reply(200, '{"data":{"fileUuid":"a"},"data":{"fileUuid":"b"}}'),
    "wrong charset": lambda g: g.reply(200, '{"data":{"fileUuid":"é"}}'.encode("utf-16")),
    "HTML 403 page of nobody knows who": lambda g: g.html(404),
    "302": lambda g: g.reply(302, headers={"Location": "https://elsewhere.example/"}),
    "409 without any explanation": lambda g: g.reply(409, "conflict?", kind="text/html"),
    "garbage": lambda g: g.raw(b"\x00\x01\x02 not http at all\r\n\r\n"),
    "silence": lambda g: g.silence(2),
}


@pytest.mark.parametrize("fault", MAYBE_PROCESSED)
def test_what_may_have_been_processed_is_unknown_and_never_sent_again(gateway, connect, fault):
    gateway.always(REPORT, MAYBE_PROCESSED[fault](gateway))
    outcome = connect(settings=Settings(read=0.5 if fault == "silence" else 20)).create_report(BODY)
    assert outcome.status is UNKNOWN
    assert outcome.error
    assert len(gateway.to(REPORT)) == 1


SURELY_NOT = {
    "429": lambda g: g.reply(429),
    "429 with junk": lambda g: g.reply(429, headers={"Retry-After": "soon", "X-RateLimit-ToWait-Sec": "-5"}),
    "409 with the wait": lambda g: g.reply(409, {"x": 1}, headers={"X-RateLimit-ToWait-Sec": "7"}),
    "409 with the code": lambda g: g.reply(409, "<CODE>1965</CODE>", kind="application/xml"),
    "401": lambda g: g.reply(401),
}


@pytest.mark.parametrize("fault", SURELY_NOT)
def test_what_was_surely_not_processed_is_sent_again(gateway, connect, fault):
    gateway.script(REPORT, SURELY_NOT[fault](gateway), gateway.reply(200, FINE))
    assert connect().create_report(BODY).status is CREATED
    assert len(gateway.to(REPORT)) == 2


def test_a_host_that_is_not_there_is_tried_again_and_then_not_sent(connect, gateway, heard):
    client = connect(url="http://127.0.0.1:9", credentials=_token())
    outcome = client.create_report(BODY)
    assert outcome.status is NOT_SENT
    assert len(heard.calls) == 4


def _token():
    from declarative.core.secrets import Secret
    from declarative.qualys.credentials import TokenCredentials

    return TokenCredentials(Secret("ready-made-token"))


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"data": None, "message": "no", "error": "format HTML is not supported"}),
        (422, {"message": "format HTML is not supported"}),
        (409, {"message": "format HTML is not supported"}),
        (404, {"error": "format HTML is not supported"}),
        (200, {"data": None, "error": "format HTML is not supported", "message": None}),
    ],
)
def test_a_refusal_in_words_is_rejected_once(gateway, connect, answer):
    gateway.always(REPORT, gateway.reply(*answer))
    outcome = connect().create_report(BODY)
    assert outcome.status is REJECTED
    assert "format HTML is not supported" in outcome.error or "no" in outcome.error
    assert len(gateway.to(REPORT)) == 1


def test_a_second_401_stops_as_a_refused_login(gateway, connect):
    gateway.always(REPORT, gateway.reply(401))
    with pytest.raises(AuthError):
        connect().create_report(BODY)
    assert len(gateway.to(REPORT)) == 2


def test_a_limit_beyond_the_patience_was_not_sent(gateway, connect, clock):
    gateway.always(REPORT, gateway.reply(429, headers={"Retry-After": "3600"}))
    outcome = connect().create_report(BODY)
    assert outcome.status is NOT_SENT
    assert "3600" in outcome.error or "3601" in outcome.error
    assert clock.sleeps == []


# -- download


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_arrives_whole_under_its_name(gateway, connect, tmp_path):
    gateway.script(DOWNLOAD, gateway.reply(200, PDF, kind="application/pdf"))
    told = []
    place = tmp_path / "report.pdf"
    got = connect(read_only=True).download_report("EASM Summary & Co", place, progress=lambda *at: told.append(at))
    assert place.read_bytes() == PDF
    assert (got.path, got.size, got.content_type) == (place, len(PDF), "application/pdf")
    assert told[-1] == (len(PDF), len(PDF))
    assert gateway.to(DOWNLOAD)[0].query == {"reportName": "EASM Summary & Co"}
    assert files_in(tmp_path) == ["report.pdf"]
    assert place.stat().st_mode & 0o077 == 0


def test_a_download_replaces_an_older_file_only_when_it_is_whole(gateway, connect, tmp_path):
    place = tmp_path / "report.pdf"
    place.write_bytes(b"old")
    gateway.always(DOWNLOAD, gateway.truncated({"x": "y" * 1000}))
    with pytest.raises(ApiError):
        connect(read_only=True).download_report("r", place)
    assert place.read_bytes() == b"old"
    assert files_in(tmp_path) == ["report.pdf"]


def test_a_broken_transfer_is_started_again_from_nothing(gateway, connect, tmp_path):
    cut = gateway.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 5000\r\n\r\n" + b"junk" * 100)
    gateway.script(DOWNLOAD, cut, gateway.html(200), gateway.reply(200, PDF, kind="application/pdf"))
    connect(read_only=True).download_report("r", tmp_path / "r.pdf")
    assert (tmp_path / "r.pdf").read_bytes() == PDF


def test_nothing_of_a_longer_broken_try_stays_in_the_file(gateway, connect, tmp_path):
    cut = gateway.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 90000\r\n\r\n" + b"junk" * 20_000)
    gateway.script(DOWNLOAD, cut, gateway.reply(200, b"%PDF-short", kind="application/pdf"))
    connect(read_only=True).download_report("r", tmp_path / "r.pdf")
    assert (tmp_path / "r.pdf").read_bytes() == b"%PDF-short"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "body": {"message": "report is not available"}},
        {"status": 400, "body": {"message": "report is not available"}},
        {"status": 202},
        {"status": 204},
        {"status": 200, "body": {"message": "report is not available"}},
        {"status": 200, "body": {"message": "report is not available"}, "kind": "application/pdf"},
        {"status": 200, "body": b"", "kind": "application/pdf"},
    ],
)
def test_a_report_that_is_not_ready_says_what_to_do(gateway, connect, tmp_path, answer):
    gateway.always(DOWNLOAD, gateway.reply(**answer))
    with pytest.raises(ApiError) as caught:
        connect(read_only=True).download_report("EASM", tmp_path / "r.pdf")
    assert "'EASM'" in caught.value.message
    assert "try again in some minutes" in caught.value.hint
    assert len(gateway.to(DOWNLOAD)) == 1
    assert files_in(tmp_path) == []


def test_a_folder_gets_a_file_that_cannot_leave_it(gateway, connect, tmp_path):
    gateway.always(DOWNLOAD, gateway.reply(200, PDF, kind="application/pdf"))
    got = connect(read_only=True).download_report("../../etc/EASM: weekly", tmp_path)
    assert got.path.parent == tmp_path
    assert files_in(tmp_path) == ["_.._etc_EASM_ weekly.pdf"]


def test_a_download_larger_than_the_cap_is_refused(gateway, connect, tmp_path):
    gateway.always(DOWNLOAD, gateway.reply(200, PDF, kind="application/pdf"))
    with pytest.raises(ApiError, match="larger than 1,000 bytes"):
        connect(read_only=True, settings=Settings(max_download=1000)).download_report("r", tmp_path / "r.pdf")
    assert files_in(tmp_path) == []


def test_a_place_that_cannot_be_written_is_an_error_in_words(gateway, connect, tmp_path):
    gateway.always(DOWNLOAD, gateway.reply(200, PDF, kind="application/pdf"))
    with pytest.raises(ApiError, match="could not be written"):
        connect(read_only=True).download_report("r", tmp_path / "missing" / "r.pdf")


def test_a_pipe_is_no_place_for_a_file_and_stays_a_pipe(gateway, connect, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ApiError, match="a device or a pipe is no place for it"):
        connect(read_only=True).download_report("r", tmp_path / "pipe")
    assert gateway.to(DOWNLOAD) == []
    assert (tmp_path / "pipe").is_fifo()
