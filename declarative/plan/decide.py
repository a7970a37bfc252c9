"""The decision table of DESIGN 5: one desired asset, what was last sent for it, and its live record.

It is decided field by field, because the API is asynchronous and partly unreadable: a value that was sent an hour ago
and one that changed just now, in the same asset, mean different things when live differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from declarative.assets import marker
from declarative.assets.compare import Comparison, Verdict, compare, same_value
from declarative.assets.fields import CUSTOM
from declarative.assets.identity import BOUND, PINNED, Match
from declarative.assets.marker import managed_fields
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, DesiredAsset, LiveAsset
from declarative.assets.payload import applied_adopted, import_entry
from declarative.assets.quick import QUICK, custom_in_sync, looked_at
from declarative.core.canonical import packed
from declarative.plan.changes import change_of, create_of, differ, listed, still_retired, unmanaged, update_of, when
from declarative.plan.fingerprint import fingerprint_of
from declarative.plan.model import Action, Basis, Change, FieldChange

CONNECTOR = "connector"
"""Path of the change of an asset's connector: no field of the import, but a reason to send it."""
# Enumerations are slow to ask for a member in Python 3.11, and these are asked for with each field of each asset.
_EQUAL, _DIFFERENT = Verdict.EQUAL, Verdict.DIFFERENT
VANISHED_CAUSE = (
    "likely causes: no identification rule of the connector matched and `Create unmanaged asset` is off there, the asset was "
    "purged or merged, or the API user's scope does not include it"
)


class Circumstances(Struct, frozen=True):
    """What holds for the whole plan. `live_complete` False: not finding an asset proves nothing."""

    now: datetime
    settle: timedelta
    resend_overridden: bool = False
    live_complete: bool = True

    def settling(self, sent_at: datetime | None) -> bool:
        return sent_at is not None and self.now - sent_at < self.settle


class Decision(Struct, frozen=True):
    """`observed`: the state's record with what this plan saw (bound id, convergence); None: nothing new was seen.
    `lasting`: the same desired, applied and live will be decided so at any later time."""

    change: Change
    observed: AppliedAsset | None = None

    @property
    def lasting(self) -> bool:
        change = self.change
        seen = self.observed is None and change.matched_by in (BOUND, PINNED)
        return seen and change.action is Action.UNCHANGED and not change.reason and not change.warnings


class _State(StrEnum):
    CHANGED = "changed"  # not what was last sent
    DRIFTED = "drifted"  # was as sent, is no more
    PENDING = "pending"
    OVERRIDDEN = "overridden"
    RESENT = "resent"  # overridden, and the user wants it sent again


# What is sent, and how that is told, in this order.
_WORDS: Mapping[_State, Callable[[Sequence[str]], str]] = {
    _State.CHANGED: differ,
    _State.DRIFTED: lambda paths: f"drift: {differ(paths)}",
    _State.RESENT: lambda paths: f"sent again although another source won: {listed(paths)}",
}


class _Field(NamedTuple):
    """One that is not in sync."""

    path: str
    state: _State
    change: FieldChange


def decide(desired: DesiredAsset, applied: AppliedAsset | None, found: Match, given: Circumstances) -> Decision:
    """The change for one desired asset. Never raises for what is in the records."""
    if found.ambiguous or (found.live is None and found.reason and given.live_complete):
        return Decision(change_of(desired, Action.BLOCKED, found.reason, found, candidates=found.candidates))
    fields = managed_fields(desired)
    live = found.live
    if live is not None and applied is not None and not found.warnings and _quickly_in_sync(desired, fields, applied, live):
        return Decision(change_of(desired, Action.UNCHANGED, "", found))
    fields = dict(sorted(fields.items()))
    if live is None:
        return _decide_unseen(desired, applied, fields, found, given)
    if applied is None:
        return _decide_unknown(desired, live, fields, found)
    return _decide_known(desired, applied, live, fields, found, given)


# A live record, and none of ours


def _decide_unknown(desired: DesiredAsset, live: LiveAsset, fields: Mapping[str, Any], found: Match) -> Decision:
    compared = {path: compare(path, value, live.record, desired.connector) for path, value in fields.items()}
    marked = marker.DIGEST_PATH in compared and compared[marker.DIGEST_PATH].verdict is Verdict.EQUAL
    differing = [path for path, one in compared.items() if one.verdict is Verdict.DIFFERENT]
    unproven = [path for path, one in compared.items() if one.verdict is Verdict.UNREADABLE or one.partial]
    if marked and not differing:
        # The marker was sent with exactly this: what the state lost is known again, and nothing is left to do.
        return Decision(change_of(desired, Action.UNCHANGED, "as its marker says", found), applied_adopted(desired, live))
    seen = fingerprint_of(fields, live, desired.connector, compared)
    warnings = (*found.warnings, *still_retired(desired, fields, live))
    if not differing and not unproven:
        change = change_of(desired, Action.ADOPT, "live is as declared", found, warnings=warnings, fingerprint=seen)
        return Decision(change)
    blind = Basis.MARKER if marker.DIGEST_PATH in fields else Basis.APPLIED
    changes = [
        FieldChange(path, compared[path].live_value, value, _basis(compared[path], blind))
        for path, value in fields.items()
        if path in differing or path in unproven
    ]
    reason = differ(differing) if differing else f"{listed(unproven)} cannot be read back, and nothing is recorded as sent"
    return Decision(update_of(desired, reason, changes, found, warnings, fingerprint=seen))


def _basis(seen: Comparison, blind: Basis) -> Basis:
    return blind if seen.verdict is Verdict.UNREADABLE and seen.live_value is None else Basis.LIVE


# A live record, and ours


def _decide_known(
    desired: DesiredAsset, applied: AppliedAsset, live: LiveAsset, fields: Mapping[str, Any], found: Match, given: Circumstances
) -> Decision:
    looked = looked_at(fields, live.record, desired.connector)
    judged = list(_judged(fields, applied, looked, given))
    rewired = _connector_change(desired, applied)
    if rewired is not None:
        judged.insert(0, _Field(CONNECTOR, _State.CHANGED, rewired))
    warnings = (*found.warnings, *unmanaged(applied, fields, desired))
    observed = _observed(applied, desired, live, fields, looked)
    sent = [field for field in judged if field.state in _WORDS]
    overridden = [field.path for field in judged if field.state is _State.OVERRIDDEN]
    if overridden:
        warnings = (*warnings, f"another source wins: {listed(overridden)} (sent again only with --resend-overridden)")
    if sent:
        changes = [field.change for field in sent]
        seen = fingerprint_of(fields, live, desired.connector, looked)
        return Decision(update_of(desired, _update_reason(sent), changes, found, warnings, fingerprint=seen), observed)
    pending = [field.path for field in judged if field.state is _State.PENDING]
    shown = tuple(field.change for field in judged)
    if pending:
        reason = f"sent at {when(applied)}; {listed(pending)} not in the inventory yet"
        return Decision(change_of(desired, Action.PENDING, reason, found, fields=shown, warnings=warnings), observed)
    if overridden:
        reason = f"another source wins: {listed(overridden)}"
        return Decision(change_of(desired, Action.OVERRIDDEN, reason, found, fields=shown, warnings=warnings), observed)
    if applied.on_remove is not desired.on_remove:
        # The state has to know before the manifest is gone; only then is it too late to ask.
        reason = f"lifecycle.onRemove becomes {desired.on_remove}: recorded in the state, no call"
        seen = fingerprint_of(fields, live, desired.connector, looked)
        change = change_of(desired, Action.ADOPT, reason, found, warnings=warnings, fingerprint=seen)
        return Decision(change, observed)
    return Decision(change_of(desired, Action.UNCHANGED, "", found, warnings=warnings), observed)


def _quickly_in_sync(desired: DesiredAsset, fields: Mapping[str, Any], applied: AppliedAsset, live: LiveAsset) -> bool:
    """True only when every value is as sent and as live, and all of it was known; False says nothing.

    The common case of a large plan, so that it costs a look-up a field and hardly any normalising."""
    known = applied.fields
    same = applied.asset_id == live.asset_id and applied.on_remove is desired.on_remove and len(known) == len(fields)
    if not same or _connector_change(desired, applied) is not None:
        return False
    for path, value in fields.items():
        sent = known.get(path)
        if sent is None or (sent.value != value and not same_value(path, sent.value, value)):
            return False
        if not sent.converged and QUICK.get(path, _unknown) is not None:
            return False
    record = live.record
    custom: frozenset[str] | None = None
    for path, value in fields.items():
        quick = QUICK.get(path, _unknown)
        if quick is None or quick(value, record):
            continue
        if path.startswith(CUSTOM):
            custom = custom_in_sync(fields, record) if custom is None else custom
            if path in custom:
                continue
        if compare(path, value, record, applied.connector).verdict is not _EQUAL:
            return False
    return True


def _unknown(value: Any, record: Mapping[str, Any]) -> bool:  # noqa: ARG001
    return False


def _judged(
    fields: Mapping[str, Any], applied: AppliedAsset, looked: Mapping[str, Comparison], given: Circumstances
) -> Iterator[_Field]:
    for path, value in fields.items():
        sent, seen = applied.fields.get(path), looked[path]
        if sent is not None and seen.verdict is not _DIFFERENT and sent.value == value:
            continue
        judged = _judge(path, value, sent, seen, applied, given)
        if judged is not None:
            yield judged


def _judge(
    path: str, value: Any, sent: AppliedField | None, seen: Comparison, applied: AppliedAsset, given: Circumstances
) -> _Field | None:
    """None where it is in sync."""
    if sent is None or not same_value(path, sent.value, value):
        # Where live shows the new value already, what was last sent tells more than "Sales -> Sales".
        live_tells = seen.verdict is _DIFFERENT
        before = seen.live_value if live_tells else (None if sent is None else sent.value)
        basis = Basis.LIVE if live_tells else Basis.APPLIED
        return _Field(path, _State.CHANGED, FieldChange(path, before, value, basis))
    if seen.verdict is not _DIFFERENT:
        return None
    change = FieldChange(path, seen.live_value, value, Basis.LIVE)
    if sent.converged:
        return _Field(path, _State.DRIFTED, change)
    if given.settling(applied.sent_at):
        return _Field(path, _State.PENDING, change)
    if seen.tentative:
        return None
    return _Field(path, _State.RESENT if given.resend_overridden else _State.OVERRIDDEN, change)


def _observed(
    applied: AppliedAsset, desired: DesiredAsset, live: LiveAsset, fields: Mapping[str, Any], looked: Mapping[str, Comparison]
) -> AppliedAsset | None:
    """Only facts about what was sent, whatever this manifest says now: a plan of a branch must not bend the state of all."""
    awaited = [(path, sent.value) for path, sent in applied.fields.items() if not sent.converged and path in looked]
    arrived = {path for path, value in awaited if looked[path].verdict is _EQUAL and same_value(path, value, fields[path])}
    same_identity = dict(applied.identity) == dict(desired.identity.items())
    asset_id = live.asset_id if same_identity or applied.asset_id is None else applied.asset_id
    if not arrived and asset_id == applied.asset_id:
        return None
    kept = {path: AppliedField(sent.value, sent.converged or path in arrived) for path, sent in applied.fields.items()}
    return replace(applied, fields=kept, asset_id=asset_id)


# No live record


def _decide_unseen(
    desired: DesiredAsset, applied: AppliedAsset | None, fields: Mapping[str, Any], found: Match, given: Circumstances
) -> Decision:
    if applied is None:
        reason = "not in the inventory" if given.live_complete else "not in the state; live was not read"
        return Decision(create_of(desired, reason, _all_new(fields, given), found, found.warnings))
    differing = [
        path
        for path, value in fields.items()
        if path not in applied.fields or not same_value(path, applied.fields[path].value, value)
    ]
    rewired = _connector_change(desired, applied)
    warnings = (*found.warnings, *unmanaged(applied, fields, desired))
    if not given.live_complete:
        return Decision(_decide_by_state(desired, applied, fields, differing, found, warnings))
    if rewired is not None:
        reason = _connector_reason(desired, applied)
        return Decision(create_of(desired, reason, [rewired, *_all_new(fields, given)], found, warnings))
    if differing:
        state = "not in the inventory yet" if given.settling(applied.sent_at) else "not in the inventory"
        changes = _against_applied(applied, fields, differing)
        return Decision(create_of(desired, f"{differ(differing)}; {state}", changes, found, warnings))
    if given.settling(applied.sent_at):
        now = f"asset {applied.asset_id} is not in the inventory now" if applied.ever_seen else "not in the inventory yet"
        reason = f"sent at {when(applied)}, {now}"
        return Decision(change_of(desired, Action.PENDING, reason, found, warnings=warnings))
    gone = f"asset {applied.asset_id} vanished from the inventory" if applied.ever_seen else "accepted, but never arrived"
    reason = f"{gone} (last sent at {when(applied)})" if applied.sent_at else gone
    return Decision(create_of(desired, reason, _all_new(fields, given), found, (*warnings, VANISHED_CAUSE)))


def _decide_by_state(
    desired: DesiredAsset,
    applied: AppliedAsset,
    fields: Mapping[str, Any],
    differing: Sequence[str],
    found: Match,
    warnings: tuple[str, ...],
) -> Change:
    rewired = _connector_change(desired, applied)
    if not differing and rewired is None:
        return change_of(desired, Action.UNCHANGED, "as last sent; live was not read", found, warnings=warnings)
    changes = (*([rewired] if rewired is not None else []), *_against_applied(applied, fields, differing))
    payload = packed(import_entry(desired, on_update=True))
    reason = differ(differing) if differing else _connector_reason(desired, applied)
    return change_of(desired, Action.UPDATE, reason, found, fields=changes, warnings=warnings, payload=payload)


def _all_new(fields: Mapping[str, Any], given: Circumstances) -> list[FieldChange]:
    basis = Basis.LIVE if given.live_complete else Basis.APPLIED
    return [FieldChange(path, None, value, basis) for path, value in fields.items()]


def _against_applied(applied: AppliedAsset, fields: Mapping[str, Any], paths: Sequence[str]) -> list[FieldChange]:
    return [
        FieldChange(path, applied.fields[path].value if path in applied.fields else None, fields[path], Basis.APPLIED)
        for path in paths
    ]


def _connector_change(desired: DesiredAsset, applied: AppliedAsset) -> FieldChange | None:
    """An asset that goes to another connector has to be sent there; another name for the same connector is nothing."""
    before, after = applied.connector, desired.connector
    if (before.uuid, before.source) == (after.uuid, after.source):
        return None
    return FieldChange(CONNECTOR, _connector_words(before), _connector_words(after), Basis.APPLIED)


def _connector_reason(desired: DesiredAsset, applied: AppliedAsset) -> str:
    before, after = applied.connector, desired.connector
    if before.name == after.name:
        return f"the connector changed from {_connector_words(before)} to {_connector_words(after)}"
    return f"the connector changed from {before.name} to {after.name}"


def _connector_words(connector: ConnectorRef) -> str:
    return f"{connector.name} ({connector.source}, {connector.uuid})"


def _update_reason(sent: Sequence[_Field]) -> str:
    groups: dict[_State, list[str]] = {}
    for field in sent:
        groups.setdefault(field.state, []).append(field.path)
    return "; ".join(say(groups[state]) for state, say in _WORDS.items() if state in groups)
