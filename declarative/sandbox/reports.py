"""Reports: what the create call accepts, and a real PDF to download (facts 5)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MANDATORY = ("name", "format", "templateName", "reportType")
BOOLEANS = ("riskScoreAdded", "hasVMDRAndRiskScoreEnabled")
INTEGERS = ("maxNumberOfDownloads",)
STRINGS = (
    *MANDATORY, "description", "timezone", "query", "filter", "resourceTag", "assetList", "tagList", "includeMatchType",
    "excludeMatchType", "excludeTagIds", "softwareTypes", "selectedSwType", "groupByPivot", "recipient", "emailSubject",
    "customMessage", "notificationType", "emailNotification", "customEmailTemplate", "useReportNameAsFilename",
    "displayTemplateName", "generatedFor",
)  # fmt: skip
LIMITED = {
    "format": ("PDF",),
    "reportType": ("EASM_LEAD",),
    "includeMatchType": ("Any", "All"),
    "excludeMatchType": ("Any", "All"),
}


@dataclass(frozen=True, slots=True)
class Report:
    file_uuid: str
    name: str
    created: datetime
    ready: datetime
    request: Mapping[str, Any]


class Reports:
    """Every creation is kept, also those of the same name: nothing here is idempotent."""

    def __init__(self) -> None:
        self._made: list[Report] = []

    def __iter__(self) -> Iterator[Report]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def restore(self, report: Report) -> None:
        self._made.append(report)

    def create(self, request: Mapping[str, Any], now: datetime, delay: float) -> Report:
        report = Report(_time_uuid(now, len(self._made)), request["name"], now, now + timedelta(seconds=delay), dict(request))
        self._made.append(report)
        return report

    def named(self, name: str, now: datetime) -> tuple[Report | None, bool]:
        """The newest finished report of that name, else an unfinished one; and whether it is finished."""
        same = [report for report in self._made if report.name == name]
        finished = [report for report in same if report.ready <= now]
        if finished:
            return finished[-1], True
        return (same[-1] if same else None), False


def fault_of_report(body: Any, *, strict: bool) -> str | None:
    """Why the create call refuses this body."""
    if not isinstance(body, dict):
        return "Request body must be a JSON object"
    for name in MANDATORY:
        if body.get(name) in (None, ""):
            return f"{name} is mandatory"
    for name, value in body.items():
        fault = _fault_of_field(name, value, strict)
        if fault:
            return fault
    return None


def _fault_of_field(name: str, value: Any, strict: bool) -> str | None:
    if value is None:
        return None
    if name in STRINGS and not isinstance(value, str):
        return f"{name} must be a string"
    if name in BOOLEANS and not isinstance(value, bool):
        return f"{name} must be a boolean"
    if name in INTEGERS and (isinstance(value, bool) or not isinstance(value, int)):
        return f"{name} must be an integer"
    if name in LIMITED and value not in LIMITED[name]:
        return f"{name} must be one of {', '.join(LIMITED[name])}"
    if strict and name not in (*STRINGS, *BOOLEANS, *INTEGERS):
        return f"Unrecognized field {name}"
    return None


def _time_uuid(now: datetime, serial: int) -> str:
    """A version 1 UUID from the sandbox clock, so that the same run gives the same ids."""
    ticks = int(now.timestamp() * 10_000_000) + 0x01B21DD213814000
    fields = (
        ticks & 0xFFFFFFFF,
        (ticks >> 32) & 0xFFFF,
        (ticks >> 48) & 0x0FFF | 0x1000,
        0x80 | (serial >> 8) & 0x3F,
        serial & 0xFF,
    )
    return str(uuid.UUID(fields=(*fields, 0x63AD41EC1BB5)))


def pdf(report: Report) -> bytes:
    """A minimal valid PDF of one page that shows the report's name and fileUuid."""
    lines = (report.name, report.file_uuid, "Made by the declarative sandbox. Not a Qualys report.")
    shown = " ".join(f"({_escaped(line)}) Tj 0 -24 Td" for line in lines)
    content = f"BT /F1 14 Tf 72 720 Td {shown} ET".encode("latin-1", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, item in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, item)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
