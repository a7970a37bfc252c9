"""Cells as text. Every format speaks one language, so that the same rows mean the same in each: blank is empty, numbers
and dates are written plainly, lists are JSON."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

BLANKS = " \t\r\n\v\f\u00a0\ufeff"
_NO_TEXT = "\0"
_SHOWN_BYTES = 32
_MOST_PLACES = 40
EXACT_DIGITS = 16


def text_of(value: Any) -> str | None:
    """The text of a cell, None for an empty one. Surrounding blanks say nothing. What is no text makes its row a bad one: see
    `cell_problem`."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip(BLANKS) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return None if math.isnan(value) else plain_number(repr(value))
    if isinstance(value, Decimal):
        return None if value.is_nan() else plain_number(str(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return _of_bytes(bytes(value))
    if isinstance(value, (list, tuple, dict)):
        return _of_members(value) if value else None
    return str(value)


def plain_number(written: str) -> str:
    """A number as one writes it, whatever it passed through: without an exponent, and without zeros after its last digit."""
    try:
        number = Decimal(written)
    except InvalidOperation:  # an exponent that no computer reckons with
        return written
    if not number.is_finite() or abs(number.adjusted()) > _MOST_PLACES:
        return written
    digits = format(number, "f")
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if digits == "-0" else digits


def no_text(what: str) -> str:
    """A cell that is no text, and what it is. One that begins with this character makes its row a bad one in any case."""
    return f"{_NO_TEXT}{what}"


def cell_problem(text: str) -> str | None:
    """What a cell holds in place of text."""
    return text.removeprefix(_NO_TEXT) if text.startswith(_NO_TEXT) and len(text) > 1 else None


def _of_bytes(data: bytes) -> str | None:
    try:
        return data.decode().strip(BLANKS) or None
    except UnicodeDecodeError:
        shown = data[:_SHOWN_BYTES].hex() + ("..." if len(data) > _SHOWN_BYTES else "")
        return no_text(f"bytes that are no UTF-8 text ({shown}); let the source write them as text")


def _of_members(value: Any) -> str:
    wrong: list[str] = []

    def said(member: Any) -> str | None:
        text = text_of(member)
        problem = cell_problem(text or "")
        wrong.extend(() if problem is None else (problem,))
        return text

    try:
        written = orjson.dumps(value, default=said).decode()
    except TypeError as error:
        return no_text(f"a value that cannot be written as JSON ({error})")
    return no_text(wrong[0]) if wrong else written


def exact_json(text: str | bytes, **reading: Any) -> Any:
    """JSON in which a number too long for a machine's is text: a key is often a long one. Raises ValueError."""
    try:
        return json.loads(text, parse_int=_exact_int, parse_float=_exact_float, **reading)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _exact_int(digits: str) -> int | str:
    return int(digits) if len(digits) < EXACT_DIGITS else digits


def _exact_float(digits: str) -> float | str:
    return float(digits) if len(digits) < EXACT_DIGITS else plain_number(digits)


def key_problem(key: str) -> str | None:
    """Why a key cannot be part of an address."""
    if len(key) > 512:
        return f"the key has {len(key)} characters; 512 are the most"
    return None if key.isprintable() else "the key holds a character that cannot be seen"
