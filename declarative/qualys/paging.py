"""Reading page by page, whatever the server does to the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from msgspec import Struct

from declarative.qualys.answers import Answer
from declarative.qualys.model import Page
from declarative.qualys.transport import Transport
from declarative.qualys.verdicts import CallClass, Failure
from declarative.qualys.wire import Request

T = TypeVar("T")

# How often a page whose answer lacks hasMore is asked for before the size of the page has to tell (facts 3.5).
HASMORE_TRIES = 3


class Shape(Struct, frozen=True):
    """How an endpoint pages: the names differ between endpoints, and between request and response (facts 3.5, 4)."""

    rows: Callable[[Mapping[str, Any]], Any]
    row_id: Callable[[Any], Any]
    last: str
    row: type = dict


class _Raw(Struct, frozen=True):
    rows: list[Any]
    ids: list[int]
    more: bool | None
    last: int | None


def whole(value: Any) -> int | None:
    """An id: an integer, or its digits as text; never a boolean or a float."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    return None


def pages(
    transport: Transport,
    request_for: Callable[[int | None, int], Request],
    shape: Shape,
    *,
    size: int,
    after: int | None,
    most: int | None,
) -> Iterator[Page]:
    """Pages from the exclusive cursor on, no row twice. A page too large (416) is halved and asked for again.

    Raises ApiError or AuthError; ApiError too when the cursor stands still.
    """
    cursor, ahead, count = after, set[int](), 0
    while most is None or count < most:
        raw, size, request, answer = _fetch(transport, request_for, shape, cursor, size)
        if raw is None:
            return
        fresh: dict[int, Any] = {
            number: row
            for number, row in zip(raw.ids, raw.rows, strict=True)
            if number not in ahead and (cursor is None or number > cursor)
        }
        following = _next(raw, cursor)
        if raw.more and following is None:
            raise transport.malformed(request, answer, f"the cursor stands still at {cursor} although there should be more")
        if fresh or raw.more:
            yield Page(tuple(fresh.values()), following if raw.more else None)
        if not raw.more or following is None:
            return
        cursor, count = following, count + 1
        ahead = {number for number in {*ahead, *fresh} if number > following}


def one_ahead(found: Iterator[T]) -> Iterator[T]:
    """The same, each fetched while the one before it is being worked on. Never more than one at a time, so that the order of
    calls stays; whoever stops early has asked for one that nobody looks at."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(next, found, None)
        while (one := coming.result()) is not None:
            coming = pool.submit(next, found, None)
            yield one


def _next(raw: _Raw, cursor: int | None) -> int | None:
    """The smaller of what the server says and what was seen: a row may come twice then, but none is left out."""
    seen = max(raw.ids, default=None)
    return min((found for found in (raw.last, seen) if found is not None and (cursor is None or found > cursor)), default=None)


def _fetch(
    transport: Transport, request_for: Callable[[int | None, int], Request], shape: Shape, cursor: int | None, size: int
) -> tuple[_Raw | None, int, Request, Answer]:
    tries = 0
    while True:
        request = request_for(cursor, size)
        outcome = transport.send(request, CallClass.READ)
        if isinstance(outcome, Failure):
            if outcome.status == 416 and size > 1:
                size //= 2
                continue
            raise outcome.error(request)
        if outcome.data is None:
            return None, size, request, outcome
        raw = _parse(transport, request, outcome, shape)
        tries += 1
        if raw.more is not None:
            return raw, size, request, outcome
        if tries >= HASMORE_TRIES:
            return _Raw(raw.rows, raw.ids, len(raw.rows) >= size, raw.last), size, request, outcome


def envelope(transport: Transport, request: Request, answer: Answer) -> Mapping[str, Any]:
    """The members of a CSAM answer. Raises ApiError for anything else, and for a failure inside a 200."""
    if not isinstance(answer.data, dict):
        raise transport.malformed(request, answer, "the answer is not a JSON object")
    code = answer.data.get("responseCode")
    if isinstance(code, str) and code.upper() in {"FAILED", "FAILURE", "ERROR"}:
        raise transport.malformed(
            request, answer, f"the API answered {code}: {answer.data.get('responseMessage') or 'no message'}"
        )
    return answer.data


def _parse(transport: Transport, request: Request, answer: Answer, shape: Shape) -> _Raw:
    members = envelope(transport, request, answer)
    try:
        rows = shape.rows(members)
    except (TypeError, AttributeError):
        rows = None
    rows = [] if rows is None and not members.get("count") else rows
    if not isinstance(rows, list) or not all(isinstance(row, shape.row) for row in rows):
        raise transport.malformed(request, answer, "the list of records is missing or is no list")
    ids = [_id(shape, row) for row in rows]
    known = [number for number in ids if number is not None]
    if len(known) != len(ids):
        raise transport.malformed(request, answer, "a record has no usable id")
    return _Raw(rows, known, _flag(members.get("hasMore")), whole(members.get(shape.last)))


def _id(shape: Shape, row: Any) -> int | None:
    try:
        return whole(shape.row_id(row))
    except (TypeError, AttributeError, KeyError):
        return None


def _flag(value: Any) -> bool | None:
    """hasMore is documented as an integer (facts 3.5); None where it is missing or nonsense."""
    if isinstance(value, int):
        return value > 0
    return {"1": True, "true": True, "0": False, "false": False}.get(value.lower()) if isinstance(value, str) else None
