"""How deep JSON may nest before nobody looks into it: what walks it calls itself at every level."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 64
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def is_too_deep(text: bytes, value: Any) -> bool:
    """Whether `value`, which `text` says, has more than MAX_DEPTH levels."""
    return _may_nest_deeper(text) and _nests_deeper(value)


def _may_nest_deeper(text: bytes) -> bool:
    """Cheap: peel the innermost brackets off, level by level. Brackets inside strings can only raise a false alarm."""
    brackets = text.translate(None, _ALL_BUT_BRACKETS)
    for _ in range(MAX_DEPTH):
        peeled = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(peeled) == len(brackets):
            return bool(peeled)
        brackets = peeled
    return bool(brackets)


def _nests_deeper(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
