"""JSON that is the same for the same value, readable, and safe to print."""

from __future__ import annotations

import json
from typing import Any

from declarative.core.canonical import readable
from declarative.render.escape import json_text


def json_bytes(value: Any) -> bytes:
    """Indented UTF-8 JSON with a final newline. Keys stay in the given order, which every codec fixes.

    Control and bidi characters inside strings are written as JSON escapes: the same value, but nothing acts on a
    terminal. Raises ValueError/TypeError for what JSON cannot hold.
    """
    return json_text(readable(value)).encode("utf-8") + b"\n"


def json_line(value: Any) -> str:
    """One record on one line, for JSON Lines; no newline at its end."""
    return json_text(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str))
