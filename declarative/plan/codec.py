"""The plan as JSON (DESIGN 3.4), its digest, and the saved file.

Same plan, same bytes: keys sorted, no clock but `createdAt`, `expiresAt` and what relative dates became (`dates`). The file
holds everything that apply needs; `digest` is what a reviewer approves, `checksum` tells that not a byte of the rest was altered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from declarative.core.canonical import canonical_bytes, canonical_parts, digest_of, digest_of_parts, fitted, packed, packed_as_is
from declarative.core.clock import from_iso, to_iso
from declarative.core.diagnostics import Diagnostic, Position
from declarative.core.errors import InvalidError
from declarative.core.members import unique_members
from declarative.plan.decode import plan_of
from declarative.plan.model import FORMAT_VERSION, Action, Change, Check, FieldChange, LimitBreach, Plan

MAX_FILE_BYTES = 2 * 1024**3
"""Of a plan file. 100,000 new assets of 60 lines take 560 MB."""
_PLAN_AGAIN = "plan again, with --out FILE"


class SavedPlan(Struct, frozen=True):
    """A plan read from its file. `plan_id` tells two files apart even where both approve the same changes (`digest`)."""

    plan: Plan
    digest: str
    created_at: datetime
    expires_at: datetime
    plan_id: str = ""


def digest(plan: Plan) -> str:
    """`sha256:` over the canonical change set: what will be written where, and what it was decided on.

    Not in it: the clock, the state's serial, the quota, unchanged objects, words for people, and by which key an object
    was found (once bound, it is found by its id). Two plans that do the same to the same live
    objects of the same target have one digest, so that it can be approved on one machine and expected on another.
    """
    essence = (canonical_bytes(_essence(change)) for change in plan.changes if change.action.is_change)
    return _digest(plan, essence)


def _digest(plan: Plan, essence: Iterable[bytes]) -> str:
    about = {
        "formatVersion": FORMAT_VERSION,
        "project": plan.project,
        "environment": plan.environment,
        "target": plan.base_url,
        "blocked": [change.address for change in plan.changes if change.action is Action.BLOCKED],
    }
    return digest_of_parts(canonical_parts(about, "changes", essence))


def as_approved(plan: Plan) -> Plan:
    """The plan without what its digest does not cover and apply would go by: whoever approved the digest has not seen that."""
    return replace(plan, changes=tuple(replace(change, record=None) for change in plan.changes))


def to_json(plan: Plan, *, list_all: bool = False, known: str | None = None) -> dict[str, Any]:
    """The plan in the published form (`schemas/plan.schema.json`). `list_all`: unchanged objects too. `known`: its digest, where
    that was worked out already."""
    listed = [change for change in plan.changes if list_all or change.action is not Action.UNCHANGED]
    about = _about(plan, known or digest(plan))
    return {**about, "changes": [_change_json(change, whole=False) for change in listed]}


def saved(plan: Plan, *, created_at: datetime, expires_at: datetime, known: str | None = None) -> bytes:
    """The file of `--out`: canonical JSON and a newline, every change with what apply sends. Holds no secret. `known`: the
    plan's digest, where that was worked out already."""
    about = _about(plan, known or digest(plan))
    about |= {"createdAt": to_iso(created_at), "expiresAt": to_iso(expires_at)}
    listed = [fitted(canonical_bytes(_change_json(change, whole=True))) for change in plan.changes]
    about["checksum"] = digest_of_parts(canonical_parts(about, "changes", listed))
    return b"".join((*canonical_parts(about, "changes", listed), b"\n"))


def load(data: bytes) -> SavedPlan:
    """Reads what `saved` wrote. Raises InvalidError, with one clear message, for anything else."""
    document, is_sorted = _parse(data)
    version = document.get("formatVersion")
    if not isinstance(version, str) or (document.get("tool") or {}) == {}:
        raise InvalidError("this is not a plan file of declarative", hint=_PLAN_AGAIN)
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        message = f"the plan file has format version {version}; this version of declarative reads {FORMAT_VERSION}"
        raise InvalidError(message, hint="apply it with the version that made it, or plan again")
    checksum = document.pop("checksum", None)
    if checksum is None:
        raise InvalidError("this is a plan printed with `-o json`, not a saved plan", hint=_PLAN_AGAIN)
    if not _is_whole(data, document, checksum):
        raise InvalidError("the plan file was altered after it was made: its checksum does not fit", hint=_PLAN_AGAIN)
    try:
        plan = _quickly(document) if is_sorted else None
        if plan is None:
            plan = plan_of(document, packed)
            if digest(plan) != document["digest"]:
                message = "the plan file was altered after it was made: its digest does not fit its changes"
                raise InvalidError(message, hint=_PLAN_AGAIN)
        created_at, expires_at = from_iso(document["createdAt"]), from_iso(document["expiresAt"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidError(f"the plan file cannot be understood: {error!r}", hint=_PLAN_AGAIN) from error
    return SavedPlan(plan, document["digest"], created_at, expires_at, str(checksum))


def _quickly(document: Mapping[str, Any]) -> Plan | None:
    """The plan of a document whose keys are sorted, where its digest fits: of what the document says, which need not be made
    of the plan again. None where somebody has to look closer: another tool writes some things as we would not."""
    items = document["changes"]
    plan = plan_of(document, packed_as_is)
    if not all(map(_is_as_ours, items)):
        return None
    kept = (
        {key: value for key, value in item.items() if key in _ESSENTIAL}
        for item, change in zip(items, plan.changes, strict=True)
        if change.action.is_change
    )
    found = _digest(plan, (orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in kept))
    return plan if found == document["digest"] else None


def _is_as_ours(item: Mapping[str, Any]) -> bool:
    """Whether a change has nothing that `_apply_json` would leave out, and no more in its parts than we know of."""
    connector = item.get("connector")
    return (
        all(item[name] is not None for name in _FOR_APPLY if name in item)
        and all(item[name] for name in ("candidates", "dependsOn") if name in item)
        and all(len(field) == len(FieldChange.__struct_fields__) for field in item["fields"])
        and (connector is None or connector["marker"].__class__ is bool)
    )


def _is_whole(data: bytes, document: Mapping[str, Any], checksum: Any) -> bool:
    """Whether the checksum is that of all the rest: of the bytes as we wrote them, or of what they say as another tool has."""
    member = b'"checksum":' + canonical_bytes(checksum) + b","
    # Inside of a text quotes are escaped, and what follows it has no such name: the last one is the file's own.
    at = data.rfind(member)
    if at > 0 and data.endswith(b"\n"):
        bytes_of = memoryview(data)
        if checksum == digest_of_parts((bytes_of[:at], bytes_of[at + len(member) : -1])):
            return True
    return bool(checksum == digest_of(document))


def _parse(data: bytes) -> tuple[dict[str, Any], bool]:
    """What the file says, and whether it is written with sorted keys, no space, and fractions as orjson has them."""
    if len(data) > MAX_FILE_BYTES:
        raise InvalidError(f"the plan file is larger than {MAX_FILE_BYTES} bytes", hint=_PLAN_AGAIN)
    try:
        document = orjson.loads(data)  # the strict one: no NaN, no number without bounds, no half of a character
        is_sorted = _is_as_written(document, data)
        if not is_sorted:
            document = json.loads(data, object_pairs_hook=unique_members)
    except RecursionError as error:
        raise InvalidError("this is not a plan file: it is nested too deep", hint=_PLAN_AGAIN) from error
    except ValueError as error:
        raise InvalidError(f"this is not a plan file, or it is cut short: {error}", hint=_PLAN_AGAIN) from error
    if not isinstance(document, dict):
        raise InvalidError("this is not a plan file of declarative", hint=_PLAN_AGAIN)
    return document, is_sorted


def _is_as_written(document: Any, data: bytes) -> bool:
    """Whether it says the same as the bytes, so that no key stands twice in them and no number was rounded."""
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE) == data
    except TypeError:
        return False


# Writing


def _about(plan: Plan, known: str) -> dict[str, Any]:
    """Everything, with no changes in the place where they belong."""
    return {
        "formatVersion": FORMAT_VERSION,
        "tool": {"name": "declarative", "version": plan.tool_version},
        "project": plan.project,
        "environment": plan.environment,
        "target": {"baseUrl": plan.base_url},
        "manifestDigest": plan.manifest_digest,
        "digest": known,
        "state": {"lineage": plan.state.lineage, "serial": plan.state.serial},
        "summary": _summary(plan),
        "calls": {"read": plan.calls.read, "sync": plan.calls.sync, "report": plan.calls.report},
        "changes": [],
        "checks": [_check_json(check) for check in plan.checks],
        "diagnostics": [_diagnostic_json(diagnostic) for diagnostic in plan.diagnostics],
        "limits": list(plan.limits),
        "breaches": [_breach_json(breach) for breach in plan.breaches],
        "narrowed": list(plan.narrowed),
        "readStrategy": plan.read_strategy,
        "quota": {
            "limit": plan.quota.limit,
            "remaining": plan.quota.remaining,
            "windowSeconds": plan.quota.window_seconds,
        },
        "refresh": plan.refresh,
        "dates": list(plan.dates),
    }


def _summary(plan: Plan) -> dict[str, int]:
    counts = dict.fromkeys((action.value for action in Action), 0)
    for change in plan.changes:
        counts[change.action.value] += 1
    counts[Action.UNCHANGED.value] += plan.passed
    return counts


_FOR_APPLY = ("payload", "fingerprint", "dependsOn", "scope", "connector")
# Not the words for people, and not what only spares work.
_ESSENTIAL = frozenset(("address", "kind", "action", "assetId", "fields", "candidates", *_FOR_APPLY))


def _essence(change: Change) -> dict[str, Any]:
    return {key: value for key, value in _change_json(change, whole=True).items() if key in _ESSENTIAL}


def _change_json(change: Change, *, whole: bool) -> dict[str, Any]:
    """`whole`: with everything that only apply needs, empty values left out."""
    shown: dict[str, Any] = {
        "address": change.address,
        "kind": change.kind,
        "action": change.action.value,
        "reason": change.reason,
        "assetId": change.asset_id,
        "matchedBy": change.matched_by,
        "source": _position_json(change.source),
        "fields": [
            {"path": field.path, "before": field.before, "after": field.after, "basis": field.basis.value}
            for field in change.fields
        ],
        "warnings": list(change.warnings),
    }
    if change.candidates:
        shown["candidates"] = list(change.candidates)
    if whole:
        shown.update(_apply_json(change))
    return shown


def _apply_json(change: Change) -> dict[str, Any]:
    held: dict[str, Any] = {
        "payload": change.payload,
        "fingerprint": change.fingerprint,
        "recordDigest": change.record,
        "dependsOn": list(change.depends_on) or None,
        "scope": None if change.scope is None else list(change.scope),
    }
    if change.connector is not None:
        held["connector"] = {
            "name": change.connector.name,
            "uuid": change.connector.uuid,
            "source": change.connector.source,
            "marker": change.connector.marker,
        }
    return {key: value for key, value in held.items() if value is not None}


def _position_json(position: Position | None) -> Mapping[str, Any] | None:
    return None if position is None else {"file": position.file, "line": position.line, "column": position.column}


def _check_json(check: Check) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "address": check.address,
        "status": check.status,
        "count": check.count,
        "message": check.message,
    }
    if check.position is not None:
        shown["source"] = _position_json(check.position)
    return shown


def _diagnostic_json(diagnostic: Diagnostic) -> dict[str, Any]:
    at = diagnostic.position
    shown: dict[str, Any] = {
        "severity": diagnostic.severity.value,
        "rule": diagnostic.rule,
        "message": diagnostic.message,
        "file": None if at is None else at.file,
        "line": None if at is None else at.line,
        "column": None if at is None else at.column,
    }
    extra = {"address": diagnostic.address, "hint": diagnostic.hint, "pointer": diagnostic.pointer or None}
    return shown | {key: value for key, value in extra.items() if value is not None}


def _breach_json(breach: LimitBreach) -> dict[str, Any]:
    return {
        "name": breach.name,
        "value": breach.value,
        "limit": breach.limit,
        "override": breach.override,
        "message": breach.message,
    }
