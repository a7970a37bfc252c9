"""Requests and replies as the gateway sees them, free of any web framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson

from .clock import iso_millis

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # names in lower case
    body: bytes = field(default=b"", repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    content_type: str | None = JSON
    headers: tuple[tuple[str, str], ...] = ()
    note: Mapping[str, Any] = field(default_factory=dict)  # for the call log only

    def with_headers(self, *extra: tuple[str, str]) -> Reply:
        return Reply(self.status, self.body, self.content_type, (*self.headers, *extra), self.note)


class RefusedError(Exception):
    """Ends a call with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def json_reply(status: int, value: Any, **note: Any) -> Reply:
    return Reply(status, orjson.dumps(value), note=note)


def text_reply(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), "text/plain;charset=UTF-8")


def failed(status: int, message: str) -> Reply:
    """The product's own error form (facts 6.4)."""
    return json_reply(status, {"responseMessage": message, "responseCode": "FAILED"})


def spring(status: int, message: str, path: str, now: datetime) -> Reply:
    """The framework's error form for what never reaches the product: 401, 404, 405, 415 (facts 6.4)."""
    return json_reply(
        status,
        {"timestamp": iso_millis(now), "status": status, "error": HTTPStatus(status).phrase, "message": message, "path": path},
    )


def nothing() -> Reply:
    """204: found nothing, and says it with no body at all."""
    return Reply(204, b"", None)
