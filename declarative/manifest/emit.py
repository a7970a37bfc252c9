"""Values out: YAML text that this reader, and every older one, reads back as the same value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from declarative.manifest.locate import escape
from declarative.manifest.scalars import ScalarRefusedError, core

_SAFE = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+()-]*(?: [A-Za-z0-9_./@+()-]+)*")
# What YAML 1.1 readers take for something else than text: booleans, base 60, dates, numbers with `_`.
_HAZARDS = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null|~)|[-+.]?[0-9].*|[-+]?\.(?:inf|nan)|<<|=|---.*|\.\.\..*", re.DOTALL)
_INDENT = "  "

Comment = Callable[[str], str | None]
"""The comment for the value at a JSON pointer; None for no comment."""


def yaml_text(value: Any, comment: Comment = lambda _: None) -> str:
    """Block YAML of a plain value, keys in the order given, a line break at the end."""
    return "".join(f"{line}\n" for line in _lines(value, "", comment))


def scalar_text(value: Any) -> str:
    """One scalar, quoted where any reader might take it for something else."""
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _is_plain(text: str) -> bool:
    if not _SAFE.fullmatch(text) or _HAZARDS.fullmatch(text):
        return False
    try:
        return core(text) == text
    except ScalarRefusedError:
        return False


def _lines(value: Any, pointer: str, comment: Comment) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [line for key, child in value.items() for line in _entry(key, child, f"{pointer}/{escape(key)}", comment)]
    if _is_list(value) and value:
        return [line for index, child in enumerate(value) for line in _item(child, f"{pointer}/{index}", comment)]
    return [_empty_or_scalar(value)]


def _entry(key: str, value: Any, pointer: str, comment: Comment) -> list[str]:
    name = scalar_text(key)
    said = _said(comment(pointer))
    if (isinstance(value, Mapping) or _is_list(value)) and value:
        return [f"{name}:{said}", *(_INDENT + line for line in _lines(value, pointer, comment))]
    return [f"{name}: {_empty_or_scalar(value)}{said}"]


def _item(value: Any, pointer: str, comment: Comment) -> list[str]:
    said = _said(comment(pointer))
    if (isinstance(value, Mapping) or _is_list(value)) and value:
        first, *others = _lines(value, pointer, comment)
        if said:
            return [f"-{said}", *(_INDENT + line for line in (first, *others))]
        return [f"- {first}", *(_INDENT + line for line in others)]
    return [f"- {_empty_or_scalar(value)}{said}"]


def _said(text: str | None) -> str:
    return f"  # {text}" if text else ""


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _empty_or_scalar(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if _is_list(value) else scalar_text(value)
