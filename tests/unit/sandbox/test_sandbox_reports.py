"""Facts section 5: reports are created anew by every call, and downloaded by name."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

CREATE, DOWNLOAD = "/rest/2.0/am/report", "/rest/2.0/am/report/download"
MINIMAL = {"name": "EASM Summary Report", "format": "PDF", "templateName": "ITAM_EASM_REPORT_TEMPLATE", "reportType": "EASM_LEAD"}


def test_every_call_creates_another_report_and_is_recorded(user: Any) -> None:
    first, second = (user.post(CREATE, MINIMAL).json() for _ in range(2))
    assert set(first) == {"data", "message", "error"}
    assert (first["message"], first["error"]) == ("Request successfully created.", None)
    assert uuid.UUID(first["data"]["fileUuid"]).version == 1
    assert first["data"]["fileUuid"] != second["data"]["fileUuid"]
    made = user.sandbox.call("reports")["reports"]
    assert [row["fileUuid"] for row in made] == [first["data"]["fileUuid"], second["data"]["fileUuid"]]
    assert made[0]["request"] == MINIMAL


@pytest.mark.parametrize(
    "change",
    [
        {"name": None}, {"format": None}, {"templateName": ""}, {"reportType": None}, {"format": "CSV"}, {"reportType": "OTHER"},
        {"riskScoreAdded": "true"}, {"maxNumberOfDownloads": "5"}, {"maxNumberOfDownloads": True}, {"assetList": [1, 2]},
        {"includeMatchType": "Some"}, {"emailNotification": 1},
    ],
)  # fmt: skip
def test_a_missing_or_wrongly_typed_field_is_refused_in_the_reports_own_envelope(user: Any, change: dict[str, Any]) -> None:
    answer = user.post(CREATE, {**MINIMAL, **change})
    assert answer.status_code == 400
    assert answer.json()["data"] is None
    assert next(iter(change)) in answer.json()["error"]
    assert user.sandbox.call("reports")["reports"] == []


def test_the_sample_of_the_release_note_is_accepted(user: Any) -> None:
    sample = {
        **MINIMAL, "description": "EASM SUMMARY REPORT", "timezone": "Asia/Calcutta", "filter": "asset.riskScore>90",
        "assetList": "78427696,78140051", "tagList": "52213635", "includeMatchType": "Any", "excludeMatchType": "Any",
        "excludeTagIds": "47656726", "selectedSwType": "all", "groupByPivot": "ALL", "riskScoreAdded": True,
        "hasVMDRAndRiskScoreEnabled": True, "recipient": "a@example.com", "emailSubject": "s", "customMessage": "email",
        "notificationType": "email", "emailNotification": "1", "maxNumberOfDownloads": 1073741824, "useReportNameAsFilename": "1",
        "displayTemplateName": "EASM_LEAD", "generatedFor": "EASM",
    }  # fmt: skip
    user.throw(strict_bodies=True)
    assert user.post(CREATE, sample).status_code == 200


def test_the_download_is_a_pdf_that_names_the_report(user: Any) -> None:
    made = user.post(CREATE, {**MINIMAL, "name": "Q1 (EMEA)"}).json()
    answer = user.get(DOWNLOAD, reportName="Q1 (EMEA)")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.4")
    assert answer.content.endswith(b"%%EOF\n")
    assert made["data"]["fileUuid"].encode() in answer.content
    start = int(answer.content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert answer.content[start:].startswith(b"xref\n")


def test_a_report_that_is_not_ready_or_not_there_has_no_file(user: Any) -> None:
    assert user.get(DOWNLOAD, reportName="none").status_code == 404
    assert user.get(DOWNLOAD).status_code == 400
    user.throw(report_delay=60, report_not_ready_status=409)
    user.post(CREATE, MINIMAL)
    assert user.get(DOWNLOAD, reportName=MINIMAL["name"]).status_code == 409
    user.sandbox.call("clock", {"advance": 61})
    assert user.get(DOWNLOAD, reportName=MINIMAL["name"]).status_code == 200


def test_of_several_reports_of_one_name_the_newest_finished_is_served(user: Any) -> None:
    old = user.post(CREATE, MINIMAL).json()["data"]["fileUuid"]
    user.throw(report_delay=60)
    new = user.post(CREATE, MINIMAL).json()["data"]["fileUuid"]
    assert old.encode() in user.get(DOWNLOAD, reportName=MINIMAL["name"]).content
    user.sandbox.call("clock", {"advance": 61})
    assert new.encode() in user.get(DOWNLOAD, reportName=MINIMAL["name"]).content
