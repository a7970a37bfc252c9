"""Cells as text. Every format speaks one language, so that the same rows mean the same in each: blank is empty, numbers
and dates are written plainly, lists are JSON."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from typing import Any

import orjson

BLANKS = " \t\r\n\v\f\u00a0\ufeff"


def text_of(value: Any) -> str | None:
    """The text of a cell, None for an empty one. Surrounding blanks say nothing."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip(BLANKS) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return None if math.isnan(value) else _number(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip(BLANKS) or None
    if isinstance(value, (list, tuple, dict)):
        return orjson.dumps(value, default=str).decode() if value else None
    return str(value)


def _number(value: float) -> str:
    # A whole number that passed through a column of floats is a whole number again: 8.0 in Parquet is 8 in CSV.
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


def key_problem(key: str) -> str | None:
    """Why a key cannot be part of an address."""
    if len(key) > 512:
        return f"the key has {len(key)} characters; 512 are the most"
    return None if key.isprintable() else "the key holds a character that cannot be seen"
