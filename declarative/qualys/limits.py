"""Rate limits as the headers tell them (facts 6.1, 6.2)."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import datetime

from declarative.plan.model import Quota
from declarative.qualys.answers import Answer
from declarative.qualys.timing import date_of

# A longer wait than this is no rate limit (the windows are an hour or a day), it is a broken or hostile header.
PLAUSIBLE_WAIT = 86_400.0
_LIMIT_CODES = re.compile(rb"(?<![0-9])19(60|65)(?![0-9])")
_RUNNING = ("x-concurrency-limit-running", "x-concurrencylimit-running")
_CONCURRENT = ("x-concurrency-limit-limit", "x-concurrencylimit-limit")


def quota_of(headers: Mapping[str, str]) -> Quota | None:
    """What the headers say, None where they say nothing. Values that are no plain number are as good as absent."""
    limit = _number(headers, "x-ratelimit-limit")
    remaining = _number(headers, "x-ratelimit-remaining")
    window = _number(headers, "x-ratelimit-window-sec")
    if limit is None and remaining is None and window is None:
        return None
    return Quota(limit=limit, remaining=remaining, window_seconds=window)


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the server asks to wait: the larger of X-RateLimit-ToWait-Sec and Retry-After (seconds or a date).

    None when neither is there, or neither makes sense (not positive, not a number, beyond a day). `now`: ours, for an answer
    that does not say when it was sent.
    """
    now = date_of(headers.get("date")) or now
    found = [
        seconds
        for seconds in (_seconds(headers.get("x-ratelimit-towait-sec")), _retry_after(headers.get("retry-after"), now))
        if seconds is not None and 0 < seconds <= PLAUSIBLE_WAIT
    ]
    return max(found, default=None)


def is_limit_refusal(answer: Answer, *, strict: bool) -> bool:
    """Whether a 409 is the limit of an older server and not a conflict (facts 6.2).

    `strict` wants proof (headers or the codes 1960, 1965), for calls that must not be sent twice; otherwise a 409 that
    does not explain itself in JSON counts as a limit too.
    """
    headers = answer.headers
    if headers.get("x-ratelimit-towait-sec") or headers.get("retry-after"):
        return True
    if _number(headers, "x-ratelimit-remaining") == 0 or _all_slots_taken(headers):
        return True
    if _LIMIT_CODES.search(answer.body[:4096]):
        return True
    return not strict and answer.body.lstrip()[:1] not in {b"{", b"["}


def concurrency_of(headers: Mapping[str, str]) -> int | None:
    """How many calls the gateway lets run at once; two spellings are in use."""
    return next((found for name in _CONCURRENT if (found := _number(headers, name)) is not None), None)


def _all_slots_taken(headers: Mapping[str, str]) -> bool:
    running = next((found for name in _RUNNING if (found := _number(headers, name)) is not None), None)
    allowed = concurrency_of(headers)
    return running is not None and allowed is not None and running >= allowed


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _seconds(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"\s*[0-9]{1,15}(\.[0-9]{1,6})?\s*", text):
        return None
    return float(text)


def _retry_after(text: str | None, now: datetime) -> float | None:
    seconds = _seconds(text)
    if seconds is not None:
        return seconds
    moment = date_of(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


class Meter:
    """What a client has used: calls, and the quota the last headers showed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._quota = Quota()

    def count(self) -> None:
        with self._lock:
            self._calls += 1

    def see(self, headers: Mapping[str, str]) -> None:
        quota = quota_of(headers)
        if quota is not None:
            with self._lock:
                self._quota = quota

    @property
    def calls(self) -> int:
        with self._lock:
            return self._calls

    @property
    def quota(self) -> Quota:
        with self._lock:
            return self._quota
