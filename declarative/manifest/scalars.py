"""What a scalar means: the YAML 1.2 core rules, bent by the JSON Schema type of its place.

At a place that takes text, a plain scalar stays exactly as written: `0123456`, `NO`, `1.10`, `10:20:30:40:50:10`.
At a place that takes text or numbers, it becomes a number only where nothing would be lost by that.
"""

from __future__ import annotations

import math
import re

from msgspec import Struct

from declarative.core.quoting import shown

Scalar = str | int | float | bool | None

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_QUOTE = 'quote it where text is meant: "..."'
_NUMBER_START = frozenset("-+.0123456789")

MAX_DIGITS = 18
"""Every integer of up to 18 digits survives the 64-bit integers of the stores and tools downstream."""


class Refusal(Struct, frozen=True):
    """Why a scalar (or a node) is refused: a rule id, what is wrong, and what to do next."""

    rule: str
    message: str
    hint: str | None = None


class ScalarRefusedError(ValueError):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def core(text: str) -> Scalar:
    """The value of a plain scalar by the YAML 1.2 core schema.

    Raises ScalarRefusedError for numbers that no JSON value can hold: over 18 digits, infinite, not a number.
    """
    if text in NULLS:
        return None
    if text[0] in _NUMBER_START:
        return _number(text)
    return _BOOLEANS.get(text, text)


def _number(text: str) -> Scalar:
    if _INTEGER.fullmatch(text):
        return _integer(text, 10, text.lstrip("-+"))
    if _OCTAL.fullmatch(text):
        return _integer(text, 8, text[2:])
    if _HEXADECIMAL.fullmatch(text):
        return _integer(text, 16, text[2:])
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _NOT_FINITE.fullmatch(text):
        raise ScalarRefusedError(Refusal("yaml/number", f"`{shown(text)}` is not a number that JSON can hold", _QUOTE))
    return text


def _integer(text: str, base: int, digits: str) -> int:
    # Checked before int(): Python's own limit for long digit strings is another exception, and other bases are quadratic.
    if len(digits.lstrip("0")) <= MAX_DIGITS:
        value = int(text, 10) if base == 10 else int(digits, base)
        if abs(value) < 10**MAX_DIGITS:
            return value
    raise ScalarRefusedError(
        Refusal("yaml/integer-range", f"the integer {shown(text, 30)} has more than {MAX_DIGITS} digits", _QUOTE)
    )


def _float(text: str) -> float:
    value = float(text)
    if math.isfinite(value):
        return value
    raise ScalarRefusedError(Refusal("yaml/number", f"the number {shown(text, 30)} is too large", _QUOTE))


def text_or(text: str, kinds: frozenset[str]) -> Scalar:
    """The value of a plain scalar where the schema takes text and also other types (`kinds`): another type only
    where writing the value back would give the very same characters."""
    if text in NULLS:
        return None
    try:
        value = core(text)
    except ScalarRefusedError:
        return text
    if isinstance(value, bool):
        return value if "boolean" in kinds else text
    if isinstance(value, int):
        return value if kinds & {"integer", "number"} and str(value) == text else text
    if isinstance(value, float):
        return value if "number" in kinds and repr(value) == text else text
    return text


def written(value: Scalar) -> str:
    """The text a value has when it is put inside a longer text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
