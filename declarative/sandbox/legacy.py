"""The older /am/v1 calls with query-language filters: as much of them as clients that still use them need (facts 7 and 10.2)."""

from __future__ import annotations

import re
from typing import Any

from .fields import ASSET_FIELDS, OPERATORS, Field, Group
from .filters import BadFilterError

_CLAUSE = re.compile(
    r"""\s*(?P<not>not\s+)?(?P<field>[A-Za-z][A-Za-z0-9_.]*)\s*
        (?P<sign>:|>=|<=|>|<)\s*
        (?P<value>`[^`]*`|"[^"]*"|'[^']*'|[^\s()\[\]`"']+)\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_SIGNS = {">": "GREATER", "<": "LESSER", ">=": "GREATER_THAN_EQUAL", "<=": "LESS_THAN_EQUAL"}
_NEGATED = {"EQUALS": "NOT_EQUALS", "GREATER": "LESS_THAN_EQUAL", "LESSER": "GREATER_THAN_EQUAL",
            "GREATER_THAN_EQUAL": "LESSER", "LESS_THAN_EQUAL": "GREATER"}  # fmt: skip


def filter_document(query: str) -> dict[str, Any]:
    """A query such as ``asset.name:web and operatingSystem.category1:`Linux` `` as a filter document.

    One level of `and` or `or`, `not` before a clause, a value bare (contained), quoted or in backticks (equal), and comparisons.
    Anything beyond is a 400: better than a wrong answer. Raises BadFilterError.
    """
    if not query.strip():
        return {}
    clauses: list[dict[str, str]] = []
    joins: set[str] = set()
    at = 0
    while True:
        found = _CLAUSE.match(query, at)
        if found is None:
            raise BadFilterError(f"Invalid query near {query[at : at + 30]!r}")
        clauses.append(_clause(found))
        at = found.end()
        if at == len(query):
            break
        join = re.compile(r"(and|or)\s", re.IGNORECASE).match(query, at)
        if join is None:
            raise BadFilterError(f"Invalid query near {query[at : at + 30]!r}")
        joins.add(join[1].upper())
        at = join.end()
    if len(joins) > 1:
        raise BadFilterError("and with or in one query is not emulated")
    return {"filters": clauses, "operation": joins.pop() if joins else "AND"}


def _clause(found: re.Match[str]) -> dict[str, str]:
    field = _field(found["field"])
    text = found["value"]
    exact = text[0] in "`\"'"
    value = text[1:-1] if exact else text
    operator = _SIGNS.get(found["sign"]) or ("EQUALS" if exact or "CONTAINS" not in OPERATORS[field.group] else "CONTAINS")
    if found["not"]:
        if operator not in _NEGATED or (field.group is Group.BOOLEAN and value not in {"true", "false"}):
            raise BadFilterError(f"not cannot stand before {found['field']}")
        if field.group is Group.BOOLEAN:
            return {"field": field.name, "operator": "EQUALS", "value": "false" if value == "true" else "true"}
        operator = _NEGATED[operator]
    return {"field": field.name, "operator": operator, "value": value}


def _field(name: str) -> Field:
    """The query language leaves the prefix `asset.` away now and then."""
    field = ASSET_FIELDS.get(name) or ASSET_FIELDS.get(f"asset.{name}")
    if field is None:
        raise BadFilterError(f"Invalid field in the query: {name}")
    return field
