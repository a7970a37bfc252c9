"""Members of JSON objects, each once: of two equal keys every reader takes another one."""

from __future__ import annotations

from typing import Any


class DuplicateKeyError(ValueError):
    """A key stands twice in one object."""


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads(..., object_pairs_hook=...)`. Raises DuplicateKeyError naming the first key that comes again."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise DuplicateKeyError(f"the key {name[:80]!r} stands twice in one object")
        members[name] = value
    return members
