"""The import call: one batch in, the fate of every asset out (facts 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from declarative.assets.model import ConnectorRef
from declarative.core.errors import AuthError
from declarative.qualys.answers import Answer, clean
from declarative.qualys.model import SyncOutcome, SyncResult, SyncStatus
from declarative.qualys.sync_errors import Complaints, complaints
from declarative.qualys.transport import JSON, Transport, json_body
from declarative.qualys.verdicts import CallClass, Failure, Fate
from declarative.qualys.wire import Request

PATH = "/rest/2.0/am/connector/asset/data/sync"
PUBLISHED = "SUCCESSFULLY_PUBLISHED"
# A 400 that is about the call, not about an asset: splitting would only repeat it.
_ABOUT_THE_CALL = re.compile(
    r"\bconnector(uuid)?\b|subscription|\bcustomer\b|\btoken\b|\bsource\b|licen[cs]e|permission", re.IGNORECASE
)
_STATUS = {Fate.NOT_SENT: SyncStatus.NOT_SENT, Fate.REJECTED: SyncStatus.REJECTED, Fate.UNKNOWN: SyncStatus.UNKNOWN}


def sync(transport: Transport, connector: ConnectorRef, assets: Sequence[Mapping[str, Any]], *, request_id: str) -> SyncOutcome:
    """Sends the batch, in smaller calls where the API refuses it whole.

    Raises AuthError only when nothing of the batch can have been processed.
    """
    if not assets:
        return SyncOutcome(())
    return _Batch(transport, connector, assets, request_id).run()


class _Piece(Struct, frozen=True):
    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start

    def halves(self) -> tuple[_Piece, _Piece]:
        middle = self.start + (self.size + 1) // 2
        return _Piece(self.start, middle), _Piece(middle, self.stop)


class _Batch:
    """One `sync` call while it runs."""

    def __init__(
        self, transport: Transport, connector: ConnectorRef, assets: Sequence[Mapping[str, Any]], request_id: str
    ) -> None:
        self._transport = transport
        self._connector = connector
        self._assets = assets
        self._request_id = request_id
        self._results: list[SyncResult | None] = [None] * len(assets)
        self._message = ""
        self._largest = len(assets)
        # Enough refusals to find a few bad assets, far too few to eat an hour's quota on a batch that is all bad.
        self._refusals_left = 4 * len(assets).bit_length() + 4

    def run(self) -> SyncOutcome:
        pending = [_Piece(0, len(self._assets))]
        while pending:
            piece = pending.pop()
            if piece.size > self._largest:
                pending.extend(reversed(_cut(piece, self._largest)))
                continue
            outcome = self._send(piece)
            if isinstance(outcome, Answer):
                self._judge(piece, outcome)
                continue
            smaller = self._split(piece, outcome)
            if smaller:
                pending.extend(reversed(smaller))
                continue
            self._settle_all(piece, _STATUS[outcome.fate], self._words(outcome) + self._doubt(piece, outcome))
            if outcome.auth or outcome.login is not None or outcome.fate is not Fate.REJECTED:
                self._give_up(pending, outcome, piece)
                break
        return SyncOutcome(tuple(result for result in self._results if result is not None), self._message)

    def _send(self, piece: _Piece) -> Answer | Failure:
        assets = self._assets[piece.start : piece.stop]
        request = self._request(piece, assets)
        return self._transport.send(request, CallClass.SYNC)

    def _request(self, piece: _Piece, assets: Sequence[Mapping[str, Any]]) -> Request:
        request_id = self._id_of(piece)
        meta = {
            "requestId": request_id,
            "connectorUuid": self._connector.uuid,
            "source": self._connector.source,
            "assetCount": len(assets),
        }
        body = json_body({"connectorMetaData": meta, "assetData": list(assets)})
        return Request("POST", PATH, {}, body, JSON, request_id)

    def _id_of(self, piece: _Piece) -> str:
        """The same piece of the same batch always has the same id, so that a replay is recognisable."""
        whole = piece.size == len(self._assets)
        return self._request_id if whole else f"{self._request_id}-{piece.start}-{piece.stop}"

    def _split(self, piece: _Piece, failure: Failure) -> tuple[_Piece, ...]:
        if not _is_divisible(piece, failure) or self._refusals_left <= 0:
            return ()
        if failure.status == 413:
            self._largest = (piece.size + 1) // 2
        self._refusals_left -= 1
        return piece.halves()

    def _doubt(self, piece: _Piece, failure: Failure) -> str:
        """What to add where splitting was given up: the refusal may be about others of the call."""
        if not _is_divisible(piece, failure):
            return ""
        return (
            f" (refused together with {piece.size - 1} more; so much of the batch is refused that they were not sent one by one)"
        )

    def _judge(self, piece: _Piece, answer: Answer) -> None:
        data = answer.data if isinstance(answer.data, Mapping) else {}
        code = data.get("responseCode")
        self._message = clean(str(data.get("message") or data.get("responseMessage") or "")) or self._message
        found = complaints(data.get("assetsError"), self._assets[piece.start : piece.stop])
        fine = _published(code) or (answer.status == 207 and bool(found.of) and not found.unplaced and not _failed(code))
        for place in range(piece.size):
            error = self._error_of(place, found, fine=fine, code=code)
            status = SyncStatus.ACCEPTED if error is None else SyncStatus.REJECTED
            self._settle(piece, piece.start + place, status, error, taken=True)

    def _error_of(self, place: int, found: Complaints, *, fine: bool, code: Any) -> str | None:
        if place in found.of:
            message = found.of[place]
            return (
                message
                if message in found.raw and len(found.raw) <= len(message) + 4
                else f"{message} [assetsError: {found.raw}]"
            )
        if found.unplaced:
            return f"the API reported an error that names no asset of this call: {found.unplaced[0]} [assetsError: {found.raw}]"
        if not fine:
            tail = f" [assetsError: {found.raw}]" if found.any else ""
            return f"the API did not publish the call: responseCode {clean(str(code), 80)}: {self._message or 'no message'}{tail}"
        return None

    def _settle(self, piece: _Piece, place: int, status: SyncStatus, error: str | None, *, taken: bool = False) -> None:
        self._results[place] = SyncResult(status, self._id_of(piece), error, taken)

    def _settle_all(self, piece: _Piece, status: SyncStatus, error: str) -> None:
        for place in range(piece.start, piece.stop):
            self._settle(piece, place, status, error)

    def _give_up(self, pending: Sequence[_Piece], failure: Failure, failed: _Piece) -> None:
        """The rest was never sent: the whole it was cut from had been refused."""
        if failure.auth and failure.fate is not Fate.UNKNOWN and failed.size == len(self._assets):
            error = failure.error(self._request(failed, ()))
            if isinstance(error, AuthError):
                raise error
        for piece in pending:
            self._settle_all(piece, SyncStatus.NOT_SENT, f"not sent, because the call before it failed: {self._words(failure)}")

    def _words(self, failure: Failure) -> str:
        status = f"HTTP {failure.status}: " if failure.status is not None else ""
        tries = f" (after {failure.attempts} attempts)" if failure.attempts > 1 else ""
        return f"{status}{failure.text or 'no explanation'}{tries}"


def _is_divisible(piece: _Piece, failure: Failure) -> bool:
    """Whether smaller calls may fare better than the refused one."""
    if piece.size == 1 or failure.fate is not Fate.REJECTED or failure.auth:
        return False
    return failure.status == 413 or (failure.status in {400, 422} and not _ABOUT_THE_CALL.search(failure.text))


def _cut(piece: _Piece, size: int) -> list[_Piece]:
    return [_Piece(start, min(start + size, piece.stop)) for start in range(piece.start, piece.stop, size)]


def _published(code: Any) -> bool:
    return isinstance(code, str) and code.upper() == PUBLISHED


def _failed(code: Any) -> bool:
    return isinstance(code, str) and not any(word in code.upper() for word in ("SUCCESS", "PARTIAL"))
