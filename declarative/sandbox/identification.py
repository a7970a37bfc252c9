"""Which asset an import means: native key, pinned id, then the rules in order (facts 2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .identifiers import normal
from .options import Switches
from .store import Store

Outcome = Literal["merged", "created", "dropped"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rule` names what decided; `candidates` are all assets that the deciding rule found."""

    asset_id: int | None
    rule: str
    candidates: tuple[int, ...] = ()
    refused: bool = False  # several matched and the default rule says to skip


def identify(entry: Mapping[str, Any], connector: str, store: Store, switches: Switches) -> Verdict:
    identity: Mapping[str, Any] = entry.get("identityAttributes") or {}
    native = identity.get("sourceNativeKey")
    if native not in (None, ""):
        known = store.by_native(connector, str(native))
        if known is not None:
            return Verdict(known, "sourceNativeKey", (known,))
    pinned = _number(identity.get("qualysAssetId"))
    if pinned is not None and pinned in store:
        return Verdict(pinned, "qualysAssetId", (pinned,))
    several: Verdict | None = None
    for rule in switches.rules:
        found = _matches(rule, identity, store)
        if len(found) == 1:
            return Verdict(found[0], "+".join(rule), tuple(found))
        if found and several is None:
            several = Verdict(
                found[0] if switches.ambiguous == "first" else None, "+".join(rule), tuple(found), switches.ambiguous == "skip"
            )
    return several or Verdict(None, "none")


def _matches(rule: tuple[str, ...], identity: Mapping[str, Any], store: Store) -> list[int]:
    """Assets on which every attribute of the rule matches; of an attribute with several values one is enough."""
    found: set[int] | None = None
    for kind in rule:
        given = identity.get(kind)
        values = given if isinstance(given, list) else [given]
        hits = {
            asset_id
            for value in values
            if value not in (None, "", " ")
            for asset_id in store.by_identifier(kind, normal(kind, value))
        }
        found = hits if found is None else found & hits
    return sorted(found or ())


def _number(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        return None
