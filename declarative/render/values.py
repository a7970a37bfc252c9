"""Values as text, and lists compared as sets: what was added, what was taken away, what changed within."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from declarative.render.escape import plain
from declarative.render.style import count

_CUT = 100
# Pairing changed objects within two lists is quadratic; beyond this, whole items are shown instead.
_PAIRED = 60


def shown(value: Any, *, width: int | None = _CUT) -> str:
    """A value on one line, as JSON, escaped. `width` cuts long ones and says how long they are; None never cuts."""
    if value is None:
        return "(none)"
    text = plain(json.dumps(value, ensure_ascii=False, default=str))
    if width is not None and len(text) > width:
        keep = text[: width - 1].rstrip("\\")
        return f"{keep}... ({_size(value)})"
    return text


def _size(value: Any) -> str:
    if isinstance(value, str):
        return f"{len(value)} characters"
    if isinstance(value, Mapping):
        return count(len(value), "key")
    if isinstance(value, Sequence):
        return count(len(value), "item")
    return "cut"


class ItemChange(Struct, frozen=True):
    """One item that is in both lists, with a part of it changed. `item` tells which, `path` the part."""

    item: str
    path: str
    before: Any
    after: Any


class ListDifference(Struct, frozen=True):
    """Two lists compared as bags: their order means nothing."""

    added: tuple[Any, ...]
    removed: tuple[Any, ...]
    changed: tuple[ItemChange, ...]
    kept: int


def list_difference(before: Sequence[Any], after: Sequence[Any]) -> ListDifference:
    """What tells the two lists apart, repeated items counted."""
    old, new = [_key(item) for item in before], [_key(item) for item in after]
    common = Counter(old) & Counter(new)
    removed = _without(before, old, common)
    added = _without(after, new, common)
    changed: tuple[ItemChange, ...] = ()
    if removed and added and max(len(removed), len(added)) <= _PAIRED:
        removed, added, changed = _paired(removed, added)
    return ListDifference(tuple(added), tuple(removed), changed, sum(common.values()))


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True, ensure_ascii=False, default=str)


def _without(items: Sequence[Any], keys: Sequence[str], common: Counter[str]) -> list[Any]:
    left = Counter(common)
    result = []
    for item, key in zip(items, keys, strict=True):
        if left[key]:
            left[key] -= 1
        else:
            result.append(item)
    return result


# What an item of a list is known by, strongest first: the natural keys of the import's lists (facts 2.3).
_NAMES = ("port", "protocol", "name", "username", "interfaceName", "macAddress", "key", "id")


def _paired(removed: list[Any], added: list[Any]) -> tuple[list[Any], list[Any], tuple[ItemChange, ...]]:
    """Takes out pairs of objects that carry the same name, and says what changed within them."""
    old = {_name(item): item for item in removed}
    new = {_name(item): item for item in added}
    if len(old) != len(removed) or len(new) != len(added):
        return removed, added, ()
    within = {name: _within(name, old[name], new[name]) for name in new if name and name in old}
    # Unequal, yet nothing to point at (a nested list in another order): shown whole rather than not at all.
    told = {name for name, changes in within.items() if changes}
    return (
        [item for item in removed if _name(item) not in told],
        [item for item in added if _name(item) not in told],
        tuple(change for changes in within.values() for change in changes),
    )


def _name(item: Any) -> str:
    if not isinstance(item, Mapping):
        return ""
    parts = [str(item[key]) for key in _NAMES if item.get(key) not in (None, "")]
    return "/".join(parts[:2]) if "port" in item else next(iter(parts), "")


def _within(name: str, before: Any, after: Any) -> list[ItemChange]:
    # deepdiff takes 0.7 s to import, so it is imported where two unequal objects have really been found.
    from deepdiff import DeepDiff

    tree = DeepDiff(before, after, ignore_order=True, view="tree")
    changes = [
        ItemChange(name, ".".join(str(part) for part in level.path(output_format="list")), _none(level.t1), _none(level.t2))
        for kind in sorted(tree)
        for level in tree[kind]
    ]
    return sorted(changes, key=lambda change: change.path)


def _none(value: Any) -> Any:
    return None if type(value).__name__ == "NotPresent" else value


def leaves(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """The paths of an object with their values; lists are values. Empty objects are left out."""
    found: list[tuple[str, Any]] = []
    for key, below in value.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(below, Mapping):
            found += leaves(below, path)
        else:
            found.append((path, below))
    return found
