"""Answers as values, and reading JSON that nobody promised to be sane."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import orjson

from declarative.core.members import DuplicateKeyError, unique_members
from declarative.core.nesting import MAX_DEPTH, is_too_deep
from declarative.core.secrets import Redactor

EXCERPT = 600
# Below this size every key is checked for duplicates. Above it a page of records stays with the fast decoder, and only
# the keys that steer paging are looked at: the last of two equal keys inside a record is what every client reads.
STRICT_BELOW = 64 * 1024
_STEERING = ("hasMore", "lastSeenAssetId", "assetListData", "lastAssetComponentId", "assetComponentsList")
_HTML = re.compile(rb"\s*(<!--.{0,400}?-->\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)


class UnreadableError(ValueError):
    """The body is not the JSON it should be; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer. `data` is the decoded JSON where it was asked for; None for an empty body.

    `streamed` counts the bytes that went to a file instead of into `body`.
    """

    status: int
    headers: httpx.Headers
    body: bytes = field(default=b"", repr=False)
    data: Any = field(default=None, repr=False)
    streamed: int | None = None

    @property
    def content_type(self) -> str:
        return media_type(self.headers)

    @property
    def is_html(self) -> bool:
        return self.content_type == "text/html" or looks_like_html(self.body)


def masked(answer: Answer, redact: Redactor) -> Answer:
    """The answer without known secrets, for one whose text may be shown: a server may repeat what it was sent.

    Masking comes before any cutting, or half a secret could stay.
    """
    try:
        text = answer.body.decode()
    except UnicodeDecodeError:
        text = answer.body.decode("latin-1")
        clean_text = redact(text)
        return answer if clean_text == text else replace(answer, body=clean_text.encode("latin-1", "replace"))
    clean_text = redact(text)
    return answer if clean_text == text else replace(answer, body=clean_text.encode())


def media_type(headers: httpx.Headers) -> str:
    return str(headers.get("content-type", "")).split(";")[0].strip().lower()


def looks_like_html(body: bytes) -> bool:
    return _HTML.match(body) is not None


def decode(body: bytes) -> Any:
    """The JSON value of an answer. Raises UnreadableError: not UTF-8, not JSON, cut off, too deep, or a key twice."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise UnreadableError("an empty body where JSON was expected")
    if looks_like_html(text):
        raise UnreadableError("an HTML page where JSON was expected")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"not readable as JSON: {error}") from None
    if is_too_deep(text, value):
        raise UnreadableError(f"JSON nested deeper than {MAX_DEPTH} levels")
    if len(text) < STRICT_BELOW or _steered_twice(text, value):
        _refuse_duplicates(text)
    return value


def _steered_twice(text: bytes, value: Any) -> bool:
    """Whether a steering key may stand twice; its name inside a record is a false alarm that costs a slower look."""
    present = [name for name in _STEERING if isinstance(value, dict) and name in value]
    return any(text.count(f'"{name}"'.encode()) > 1 for name in present)


def _refuse_duplicates(text: bytes) -> None:
    try:
        json.loads(text, object_pairs_hook=unique_members)
    except DuplicateKeyError as error:
        raise UnreadableError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not readable as JSON: {error}") from None


def said(body: bytes) -> str:
    """What an answer says about itself, short: the message of a known envelope (facts 6.4, 5), else its text."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if isinstance(value, dict):
        for name in ("responseMessage", "message", "error", "errorMessage", "title", "detail"):
            found = value.get(name)
            if isinstance(found, dict):
                found = found.get("message")
            if isinstance(found, str) and found.strip():
                return clean(found)
    if looks_like_html(body):
        title = re.search(rb"<title[^>]*>(.*?)</title>", body[:20000], re.IGNORECASE | re.DOTALL)
        named = clean(title.group(1).decode("utf-8", "replace")) if title else ""
        return f"an HTML page{f' titled {named!r}' if named else ''}"
    return clean(body[: EXCERPT * 2].decode("utf-8", "replace"))


def clean(text: str, limit: int = EXCERPT) -> str:
    """Foreign text on one line, without control characters, cut to what a person reads."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else line[: limit - 3] + "..."
