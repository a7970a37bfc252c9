"""Colour as a function: the same renderers write plain and coloured text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

Style = Callable[[str, str], str]

_CODES: Mapping[str, str] = MappingProxyType(
    {
        "create": "32",
        "update": "33",
        "adopt": "36",
        "run": "35",
        "retire": "31",
        "forget": "31",
        "blocked": "1;31",
        "pending": "34",
        "overridden": "33",
        "unchanged": "2",
        "error": "1;31",
        "warning": "33",
        "info": "36",
        "pass": "32",
        "warn": "33",
        "fail": "1;31",
        "applied": "32",
        "failed": "1;31",
        "skipped": "2",
        "stale": "33",
        "uncertain": "1;33",
        "added": "32",
        "removed": "31",
        "dim": "2",
        "bold": "1",
    }
)


def no_style(role: str, text: str) -> str:  # noqa: ARG001
    return text


def ansi(role: str, text: str) -> str:
    """The text in the colour of its role; a role without one leaves it as it is."""
    code = _CODES.get(role)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def style_for(color: bool) -> Style:
    return ansi if color else no_style


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
