"""What the rules say about a manifest by itself, worked out while its value is at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from declarative.kinds import asset_rules
from declarative.kinds.unopened import AT_HAND, core_names, names_in, without_nulls


class AssetNote(Struct, frozen=True):
    """An asset that no rule finds anything wrong with, and what is asked for most often of it.

    `connector`: its name; `known`: the identity's `AT_HAND`; `names`: of its core attributes; `ignore` and `on_remove` as in
    the manifest, None where they are not there."""

    connector: str
    known: tuple[str | int | None, ...]
    names: tuple[str, ...]
    ignore: Sequence[str | None] | None
    on_remove: str | None


class RuleNoter(Struct, frozen=True):
    """`manifest.model.Noter` over the rules, as of `now`."""

    now: datetime

    def note(self, kind: str, value: Mapping[str, Any]) -> list[Any] | None:
        """The time and the members of an AssetNote; None where a rule has something to say, or there is nothing to note."""
        if kind != "Asset":
            return None
        spec: Mapping[str, Any] = value.get("spec") or {}
        if next(iter(asset_rules.check(spec, self.now)), None) is not None:
            return None
        identity = spec.get("identityAttributes") or {}
        lifecycle = spec.get("lifecycle") or {}
        at_hand = [without_nulls(identity.get(name)) for name in AT_HAND]
        names = " ".join(core_names(spec))  # one text is read quicker than ten
        return [self.now.timestamp(), spec.get("connector"), at_hand, names, lifecycle.get("ignore"), lifecycle.get("onRemove")]


def noted(note: Any, now: datetime) -> AssetNote | None:
    """What was noted, where it still holds. What was right stays right as time goes on ("not in the future" alone asks for
    it); a clock that was set back starts anew."""
    if note is None or note[0] > now.timestamp():
        return None
    _, connector, known, names, ignore, on_remove = note
    return AssetNote(connector, tuple(known), names_in(names), ignore, on_remove)
