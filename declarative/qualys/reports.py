"""Reports: one creation at most, and the file by its name (facts 5)."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Self

import httpx
import orjson

from declarative.core.errors import ApiError, AuthError, FailedRequest
from declarative.core.files import is_stream
from declarative.qualys.answers import Answer, looks_like_html, masked, media_type, said
from declarative.qualys.model import ReportFile, ReportOutcome, ReportOutcomeStatus
from declarative.qualys.transport import JSON, Transport, json_body
from declarative.qualys.verdicts import CallClass, Failure, Fate
from declarative.qualys.wire import Request

CREATE = "/rest/2.0/am/report"
DOWNLOAD = "/rest/2.0/am/report/download"
Progress = Callable[[int, int | None], None]
_STATUS = {
    Fate.NOT_SENT: ReportOutcomeStatus.NOT_SENT,
    Fate.REJECTED: ReportOutcomeStatus.REJECTED,
    Fate.UNKNOWN: ReportOutcomeStatus.UNKNOWN,
}
_NOT_READY = "a report is made in the background: try again in some minutes; the name must be exactly the one it was created with"


def create(transport: Transport, request: Mapping[str, Any]) -> ReportOutcome:
    """At most one POST whose processing cannot be excluded, on a connection of its own.

    Raises AuthError when the login or the account was refused, so that nothing was processed.
    """
    call = Request("POST", CREATE, {}, json_body(dict(request)), JSON, own_connection=True)
    outcome = transport.send(call, CallClass.REPORT)
    if isinstance(outcome, Answer):
        return _created(outcome)
    error = outcome.error(call)
    if isinstance(error, AuthError) and outcome.fate is not Fate.UNKNOWN:
        raise error
    return ReportOutcome(_STATUS[outcome.fate], error=error.message)


def _created(answer: Answer) -> ReportOutcome:
    data = answer.data if isinstance(answer.data, dict) else {}
    inner = data.get("data")
    uuid = inner.get("fileUuid") if isinstance(inner, dict) else None
    if isinstance(uuid, str) and uuid.strip():
        return ReportOutcome(ReportOutcomeStatus.CREATED, file_uuid=uuid.strip())
    if data.get("error") or str(data.get("responseCode", "")).upper() in {"FAILED", "FAILURE", "ERROR"}:
        return ReportOutcome(ReportOutcomeStatus.REJECTED, error=f"HTTP {answer.status}: {said(answer.body)}")
    return ReportOutcome(
        ReportOutcomeStatus.UNKNOWN, error=f"HTTP {answer.status} without a fileUuid and without an error: {said(answer.body)}"
    )


def download(transport: Transport, name: str, into: Path, progress: Progress | None) -> ReportFile:
    """Streams the file beside its place and renames it there, mode 0600. `into` may be a folder.

    Raises ApiError when there is no such report, it is not ready, or the answer is no file; OSError of the disk as
    ApiError too. Never leaves a part of a file.
    """
    try:
        place = into / _file_name(name) if into.is_dir() else into
        with _PartFile(place, progress) as part:
            request = Request("GET", DOWNLOAD, {"reportName": name}, headers={"Accept": "*/*"}, sink=part)
            answer = _fetch(transport, request, name, part)
            part.finish()
            return ReportFile(place, answer.streamed or 0, answer.content_type or None)
    except OSError as error:
        raise unwritable(into, error) from None


def unwritable(place: Path, error: OSError) -> ApiError:
    return ApiError(
        f"the report could not be written to {place}: {error.strerror or error}",
        request=FailedRequest("GET", DOWNLOAD),
        hint="is there room, and may you write there?",
    )


def _fetch(transport: Transport, request: Request, name: str, part: _PartFile) -> Answer:
    outcome = transport.send(request, CallClass.READ)
    if isinstance(outcome, Failure):
        error = outcome.error(request)
        if outcome.status in {400, 404, 409, 410} and isinstance(error, ApiError):
            raise ApiError(f"the report {name!r} cannot be downloaded: {error.message}", request=error.request, hint=_NOT_READY)
        raise error
    start = part.start_of_file()
    if outcome.streamed and not _is_message(start):
        return outcome
    words = said(masked(replace(outcome, body=outcome.body or start), transport.redactor).body)
    failed = FailedRequest("GET", DOWNLOAD, outcome.status, body=words)
    what = failed.body or "there is nothing in it"
    raise ApiError(f"the report {name!r} is not ready: HTTP {outcome.status} is no file: {what}", request=failed, hint=_NOT_READY)


class _PartFile:
    """A file that appears under its name whole or not at all."""

    def __init__(self, place: Path, progress: Progress | None) -> None:
        if is_stream(place):
            raise OSError(errno.EINVAL, "a device or a pipe is no place for it")
        self._place = place
        self._progress = progress
        self._total: int | None = None
        self._size = 0
        handle, name = tempfile.mkstemp(prefix=f".{place.name[:40]}.", suffix=".part", dir=place.parent)
        self._file: IO[bytes] = os.fdopen(handle, "wb")
        self._name = Path(name)
        self._done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self._done:
            self._name.unlink(missing_ok=True)

    def start(self, status: int, headers: httpx.Headers) -> bool:
        """A 200 that is neither JSON nor a web page is the file. Each try starts from nothing."""
        kind = media_type(headers)
        if status != 200 or kind in {"application/json", "text/html"} or kind.endswith("+json"):
            return False
        self._file.seek(0)
        self._file.truncate()
        self._size = 0
        length = headers.get("content-length", "")
        plain = "content-encoding" not in headers
        self._total = int(length) if plain and re.fullmatch(r"[0-9]{1,15}", length) else None
        return True

    def write(self, part: bytes) -> None:
        try:
            self._file.write(part)
        except OSError as error:
            raise unwritable(self._place, error) from None
        self._size += len(part)
        if self._progress is not None:
            self._progress(self._size, self._total)

    def start_of_file(self) -> bytes:
        self._file.flush()
        with self._name.open("rb") as written:
            return written.read(64 * 1024)

    def finish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._name.replace(self._place)
        self._done = True


def _is_message(start: bytes) -> bool:
    """Whether a body is an answer in words after all, whatever its content type says."""
    if looks_like_html(start):
        return True
    try:
        return isinstance(orjson.loads(start), dict)
    except orjson.JSONDecodeError:
        return False


def _file_name(name: str) -> str:
    """The report's name as a file name that cannot leave its folder."""
    safe = re.sub(r"[^\w.\- ]+", "_", name).strip(" .")[:120] or "report"
    return safe if re.search(r"\.[A-Za-z0-9]{2,5}$", safe) else f"{safe}.pdf"
