"""Checks: what a query's result must look like, evaluated while the records stream by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from declarative.core.diagnostics import Severity
from declarative.queries.dates import parse_filter_date, parse_response_date, span_text
from declarative.queries.model import Expect, FieldExpectation, Freshness
from declarative.queries.select import Record, pick, values_at

_SHOWN = 3
_NUMBER = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?", re.ASCII)
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,300})", re.ASCII)
# A source's clock may run a little ahead of ours; more than this is worth a word.
_CLOCK_SKEW = timedelta(minutes=5)


class ExpectStatus(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"


class ExpectResult(Struct, frozen=True):
    status: ExpectStatus
    message: str


class _Offenders(Struct):
    """Counts what breaks one expectation and remembers the first few."""

    total: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, record: Record, shown: str) -> None:
        self.total += 1
        if len(self.examples) < _SHOWN:
            self.examples.append(f"{_name(record)} ({shown})" if shown else _name(record))

    def __str__(self) -> str:
        more = self.total - len(self.examples)
        return ", ".join(self.examples) + (f", and {more} more" if more else "")


def evaluate(expect: Expect, *, count: int | None, records: Iterable[Record], now: datetime) -> ExpectResult:
    """Whether the result is as expected. `records` is read once, and only when a record expectation needs it.

    `count` None: count the records instead. All failed expectations are named in one message; a failure has the
    status of `expect.severity` (`fail` for error, else `warn`). Dates in expectations may be relative to `now`.
    """
    problems: list[str] = []
    seen = 0
    if expect.needs_records or count is None:
        seen, problems = _read(expect, records, now)
    total = seen if count is None else count
    problems = [*_count_problems(expect, total), *problems]
    if not problems:
        return ExpectResult(ExpectStatus.PASS, _passed(expect, total))
    status = ExpectStatus.FAIL if expect.severity is Severity.ERROR else ExpectStatus.WARN
    detail = "; ".join(problems)
    return ExpectResult(status, f"{expect.message}: {detail}" if expect.message else detail)


def _count_problems(expect: Expect, count: int) -> list[str]:
    found = f"{count} found"
    problems = []
    if expect.equals is not None and count != expect.equals:
        problems.append(f"{found}, exactly {expect.equals} expected")
    if expect.minimum is not None and count < expect.minimum:
        problems.append(f"{found}, at least {expect.minimum} expected")
    if expect.maximum is not None and count > expect.maximum:
        problems.append(f"{found}, at most {expect.maximum} expected")
    return problems


def _passed(expect: Expect, count: int) -> str:
    parts = [f"{count} found"]
    parts += [f"every {_wanted(rule)}" for rule in expect.every]
    parts += [f"none {_wanted(rule)}" for rule in expect.none]
    if expect.fresh is not None:
        parts.append(f"{expect.fresh.field} within {span_text(expect.fresh.within)}")
    return ", ".join(parts)


def _read(expect: Expect, records: Iterable[Record], now: datetime) -> tuple[int, list[str]]:
    broken = [_Offenders() for _ in expect.every]
    unwanted = [_Offenders() for _ in expect.none]
    stale = _Offenders()
    seen = 0
    for record in records:
        seen += 1
        for rule, offenders in zip(expect.every, broken, strict=True):
            bad = [value for value in values_at(record, rule.field) if not matches(value, rule.operator, rule.value, now)]
            if bad:
                offenders.add(record, _show(bad[0]))
        for rule, offenders in zip(expect.none, unwanted, strict=True):
            hit = [value for value in values_at(record, rule.field) if matches(value, rule.operator, rule.value, now)]
            if hit:
                offenders.add(record, _show(hit[0]))
        if expect.fresh is not None:
            _check_fresh(expect.fresh, record, now, stale)
    problems = [
        f"{offenders.total} of {seen} do not have {_wanted(rule)}: {offenders}"
        for rule, offenders in zip(expect.every, broken, strict=True)
        if offenders.total
    ]
    problems += [
        f"{offenders.total} of {seen} have {_wanted(rule)}: {offenders}"
        for rule, offenders in zip(expect.none, unwanted, strict=True)
        if offenders.total
    ]
    if expect.fresh is not None and stale.total:
        age = span_text(expect.fresh.within)
        problems.append(f"{stale.total} of {seen} have a {expect.fresh.field} older than {age}: {stale}")
    return seen, problems


def _check_fresh(fresh: Freshness, record: Record, now: datetime, stale: _Offenders) -> None:
    moments = [parse_response_date(value) for value in values_at(record, fresh.field)]
    known = [moment for moment in moments if moment is not None]
    if not known:
        stale.add(record, "never")
        return
    newest = max(known)
    if newest > now + _CLOCK_SKEW:
        stale.add(record, f"{newest.isoformat()} is in the future")
    elif newest < (fresh.since or now - fresh.within):
        stale.add(record, newest.astimezone(UTC).isoformat().replace("+00:00", "Z"))


def matches(value: Any, operator: str, wanted: str, now: datetime) -> bool:
    """Whether one value of a record meets an operator of the filters (facts 3.3).

    Text compares without case; numbers and dates as such, also across the API's several date styles. An absent
    value meets only NOT_EQUALS. Raises ValueError for an operator the filters do not have.
    """
    if operator == "NOT_EQUALS":
        return not matches(value, "EQUALS", wanted, now)
    if operator not in ("EQUALS", "IN", "CONTAINS", "GREATER", "LESSER", "GREATER_THAN_EQUAL", "LESS_THAN_EQUAL"):
        raise ValueError(f"unknown operator {operator!r}")
    if value is None:
        return False
    if operator == "IN":
        return any(matches(value, "EQUALS", item.strip(), now) for item in wanted.split(","))
    if operator == "CONTAINS":
        return wanted.casefold() in _text(value).casefold()
    return _compare(value, operator, wanted, now)


def _compare(value: Any, operator: str, wanted: str, now: datetime) -> bool:
    pair = _as_numbers(value, wanted) or _as_moments(value, wanted, now)
    if pair is None:
        text = _text(value).casefold(), wanted.casefold()
        return text[0] == text[1] if operator == "EQUALS" else _ordered(text[0], operator, text[1])
    return pair[0] == pair[1] if operator == "EQUALS" else _ordered(pair[0], operator, pair[1])


def _ordered(left: Any, operator: str, right: Any) -> bool:
    if operator == "GREATER":
        return bool(left > right)
    if operator == "LESSER":
        return bool(left < right)
    if operator == "GREATER_THAN_EQUAL":
        return bool(left >= right)
    return bool(left <= right)


def _as_numbers(value: Any, wanted: str) -> tuple[float, float] | None:
    """Both as numbers. Text is one only where it is a plain integer: `0123` is a serial number, `1.10` a version."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return (value, _number(wanted)) if _NUMBER.fullmatch(wanted) else None
    text = str(value).strip()
    if _INTEGER.fullmatch(text) and _INTEGER.fullmatch(wanted):
        return int(text), int(wanted)
    return None


def _number(text: str) -> float:
    # Integers stay integers: ids exceed what a float holds exactly (facts 3.8).
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _as_moments(value: Any, wanted: str, now: datetime) -> tuple[datetime, datetime] | None:
    if isinstance(value, bool):
        return None
    try:
        right = parse_filter_date(wanted, now)
    except ValueError:
        return None
    left = parse_response_date(value)
    return None if left is None else (left, right)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _wanted(rule: FieldExpectation) -> str:
    return f"{rule.field} {rule.operator} {rule.value}"


def _show(value: Any) -> str:
    return "absent" if value is None else f"is {_text(value)!r}"


def _name(record: Record) -> str:
    component = record.get("component")
    if isinstance(component, dict):
        return f"{component.get('name')} {component.get('version')} on asset {record.get('assetId')}"
    asset_id = pick(record, "assetId")
    name = pick(record, "assetName")
    return f"asset {asset_id} {name}" if name else f"asset {asset_id}"
