"""From the JSON of a saved plan back to its values; the inverse of `codec`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from declarative.assets.model import shared_connector
from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.plan.model import (
    Action,
    Basis,
    Calls,
    Change,
    Check,
    FieldChange,
    LimitBreach,
    Plan,
    Quota,
    StateMark,
)

Json = Mapping[str, Any]

_ACTIONS = {action.value: action for action in Action}
_BASES = {basis.value: basis for basis in Basis}


def plan_of(document: Json, packed: Callable[[Json], Json]) -> Plan:
    """`packed`: makes a payload small.

    Raises KeyError, TypeError, ValueError or AttributeError for a document of another shape.
    """
    quota = document["quota"]
    listed = sum(1 for item in document["changes"] if item["action"] == Action.UNCHANGED.value)
    return Plan(
        project=document["project"],
        environment=document["environment"],
        base_url=document["target"]["baseUrl"],
        tool_version=document["tool"]["version"],
        manifest_digest=document["manifestDigest"],
        state=StateMark(**document["state"]),
        changes=tuple(_change(item, packed) for item in document["changes"]),
        calls=Calls(**document["calls"]),
        checks=tuple(_check(item) for item in document["checks"]),
        diagnostics=tuple(_diagnostic(item) for item in document["diagnostics"]),
        breaches=tuple(LimitBreach(**item) for item in document["breaches"]),
        limits=tuple(document["limits"]),
        narrowed=tuple(document["narrowed"]),
        read_strategy=document["readStrategy"],
        quota=Quota(quota["limit"], quota["remaining"], quota["windowSeconds"]),
        refresh=document["refresh"],
        dates=tuple(document.get("dates", ())),
        passed=int(document["summary"][Action.UNCHANGED.value]) - listed,
    )


def _change(item: Json, packed: Callable[[Json], Json]) -> Change:
    connector = item.get("connector")
    scope, payload = item.get("scope"), item.get("payload")
    return Change(
        address=item["address"],
        kind=item["kind"],
        action=_ACTIONS[item["action"]],
        reason=item["reason"],
        asset_id=item["assetId"],
        matched_by=item["matchedBy"],
        source=_position(item["source"]),
        fields=tuple(
            FieldChange(field["path"], field["before"], field["after"], _BASES[field["basis"]])
            for field in _listed(item["fields"], "fields")
        ),
        warnings=tuple(item["warnings"]),
        payload=packed(payload) if isinstance(payload, dict) and connector is not None else payload,
        connector=None if connector is None else shared_connector(**connector),
        fingerprint=item.get("fingerprint"),
        candidates=tuple(_listed(item.get("candidates", []), "candidates")),
        depends_on=tuple(_listed(item.get("dependsOn", []), "dependsOn")),
        scope=None if scope is None else tuple(_listed(scope, "scope")),
        record=item.get("recordDigest"),
    )


def _listed(found: Any, name: str) -> list[Any]:
    if not isinstance(found, list):
        raise TypeError(f"`{name}` is no list")
    return found


def _position(item: Json | None) -> Position | None:
    return None if item is None else Position(item["file"], item["line"], item["column"])


def _check(item: Json) -> Check:
    return Check(item["address"], item["status"], item["count"], item["message"], _position(item.get("source")))


def _diagnostic(item: Json) -> Diagnostic:
    file = item["file"]
    return Diagnostic(
        severity=Severity(item["severity"]),
        rule=item["rule"],
        message=item["message"],
        position=None if file is None else Position(file, item["line"], item["column"]),
        pointer=item.get("pointer", ""),
        address=item.get("address"),
        hint=item.get("hint"),
    )
