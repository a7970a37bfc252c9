"""What is left of a wrong manifest: its well-typed part, so that one run also finds what else is wrong with the values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from declarative.core.diagnostics import MORE_FINDINGS
from declarative.manifest.locate import unescape
from declarative.manifest.nodes import copied
from declarative.schema.validate import Violation, lacks_only, violations

# These say what a mapping lacks; what it holds may still be right.
_OF_THE_WHOLE = frozenset({"schema/required", "schema/conflict"})


def remainder(kind: str, value: dict[str, Any], found: Iterable[Violation]) -> dict[str, Any] | None:
    """A copy without the keys and values that the schema refuses; a refused item of a list becomes null, so that the others
    keep their places. None where nothing is left that a rule could look at."""
    known = list(found)
    if any(violation.rule == MORE_FINDINGS for violation in known):
        return None
    left: dict[str, Any] = copied(value)
    refused = {violation.pointer for violation in known if violation.rule not in _OF_THE_WHOLE}
    for pointer in sorted(refused, reverse=True):
        _take_out(left, pointer)
    if not isinstance(left.get("metadata"), dict) or not isinstance(left.get("spec"), dict):
        return None
    if lacks_only(kind, left):
        return left
    rest = (one for one in violations(kind, left) if one.rule not in _OF_THE_WHOLE)
    return left if all(one.pointer in refused for one in rest) else None


def _take_out(value: Any, pointer: str) -> None:
    *parents, last = (unescape(part) for part in pointer.split("/")[1:]) if pointer else ("",)
    for part in parents:
        value = value[int(part)] if isinstance(value, list) else value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value.pop(last, None)
    elif isinstance(value, list):
        value[int(last)] = None
