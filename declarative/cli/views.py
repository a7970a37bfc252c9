"""Small views that several commands share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def json_view(value: Any) -> str:
    from declarative.render.plan_json import json_bytes

    return json_bytes(value).decode()


def table_view(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    from declarative.render.table import write_rows

    parts: list[str] = []
    write_rows("table", rows, columns, parts.append)
    return "".join(parts)
