"""One field of a desired asset against one live record.

Presence is ownership: only declared fields are compared, and where other sources may add (addresses, ports, ...) live
may have more. A field that the service rewrites is equal or unreadable, never different: what it made of a value proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from declarative.assets.fields import CUSTOM, FieldSpec, Readability, SubField, Wire, describe
from declarative.assets.model import ConnectorRef
from declarative.assets.normalise import NORMALISERS, Form, Normaliser, is_ip, nocase, opaque, short_hostname
from declarative.assets.records import Record, live_values, mappings


class Verdict(StrEnum):
    EQUAL = "equal"
    DIFFERENT = "different"
    UNREADABLE = "unreadable"


class Comparison(NamedTuple):
    """`live_value` is in the shape of the import, so that a plan can show it beside the desired one; None: nothing there.

    `partial`: equal as far as it can be read, but parts of the declared value cannot. `tentative`: where the value
    stands in the record is a guess, so DIFFERENT counts only after EQUAL has once been seen.
    """

    verdict: Verdict
    live_value: Any = None
    partial: bool = False
    tentative: bool = False


# Enumerations are slow to ask for a member in Python 3.11, and these are asked for with each field of each asset.
_EQUAL, _DIFFERENT, _UNREADABLE = Verdict
_WRITE_ONLY, _LOSSY = Readability.WRITE_ONLY, Readability.LOSSY
_RECORDS, _HOSTNAME = Form.RECORDS, Form.HOSTNAME
_BLIND = Comparison(_UNREADABLE)


def compare(path: str, desired: Any, record: Record, connector: ConnectorRef) -> Comparison:
    """How `desired` (a value of `flatten`) compares with the record of the search."""
    spec = describe(path)
    if spec is None or spec.readability is _WRITE_ONLY:
        return _BLIND
    if path.startswith(CUSTOM):
        return _compare_custom(path.removeprefix(CUSTOM), desired, record, connector)
    if spec.form is _RECORDS:
        return _compare_records(spec, desired, record)
    if spec.subset:
        return _compare_set(spec, desired, record)
    return _compare_scalar(spec, desired, record)


def same_value(path: str, one: Any, other: Any) -> bool:
    """Whether two declared values mean the same: lists as sets, `8080` as `"8080"`, dates and addresses in any form."""
    return bool(one == other) or canonical(path, one) == canonical(path, other)


def canonical(path: str, value: Any) -> Hashable:
    """The normal form of a declared value; equal normal forms mean the same."""
    spec = describe(path)
    if spec is None:
        return opaque(value)
    if spec.form is not _RECORDS:
        return NORMALISERS[spec.form](value)
    if not isinstance(value, (list, tuple)):
        return opaque(value)
    return frozenset(_canonical_record(spec, item) for item in value) or None


def _canonical_record(spec: FieldSpec, item: Any) -> Hashable:
    if not isinstance(item, Mapping):
        return opaque(item)
    forms: Mapping[str, Normaliser] = {sub.name: NORMALISERS[sub.form] for sub in spec.sub}
    held = ((key, forms.get(key, opaque)(value)) for key, value in item.items())
    return frozenset(pair for pair in held if pair[1] is not None)


# Scalars


def _compare_scalar(spec: FieldSpec, desired: Any, record: Record) -> Comparison:
    form = NORMALISERS[spec.form]
    values = live_values(spec, record)
    want = form(desired)
    present = [(value, normal) for value in values if (normal := form(value)) is not None]
    for value, normal in present:
        if normal == want:
            return Comparison(_EQUAL, value)
    shown = present[0][0] if present else None
    if want is None and not present:
        return Comparison(_EQUAL)
    if spec.readability is _LOSSY:
        return _compare_lossy(spec, want, present, shown)
    return Comparison(_DIFFERENT, shown, tentative=spec.tentative)


def _compare_lossy(spec: FieldSpec, want: Hashable, present: list[tuple[Any, Hashable]], shown: Any) -> Comparison:
    if spec.form is _HOSTNAME and want is not None:
        # Only a bare name may stand for a qualified one: `a.x` and `a.y` are two hosts.
        for value, normal in present:
            if (("." in str(normal)) != ("." in str(want))) and short_hostname(value) == short_hostname(want):
                return Comparison(_EQUAL, value)
    return Comparison(_UNREADABLE, shown)


# Sets: addresses, ids


def _compare_set(spec: FieldSpec, desired: Any, record: Record) -> Comparison:
    form = NORMALISERS[spec.form]
    want = _set(form(desired))
    have = _set(form(live_values(spec, record)))
    shown = sorted(have) or None
    if want <= have:
        return Comparison(_EQUAL, shown)
    verdict = _UNREADABLE if spec.readability is _LOSSY else _DIFFERENT
    return Comparison(verdict, shown)


def _set(value: Hashable) -> frozenset[Any]:
    return value if isinstance(value, frozenset) else frozenset()


# Lists of records


def _compare_records(spec: FieldSpec, desired: Any, record: Record) -> Comparison:
    live = mappings(live_values(spec, record))
    wanted = mappings(desired)
    shown = [import_record(spec, item) for item in live] or None
    lookup = _RecordLookup(spec, live)
    found = [lookup.find(item) for item in wanted]
    if all(verdict is _EQUAL for verdict in found):
        return Comparison(_EQUAL, shown)
    if _DIFFERENT not in found:
        return Comparison(_EQUAL, shown, partial=True)
    verdict = _UNREADABLE if spec.readability is _LOSSY else _DIFFERENT
    return Comparison(verdict, shown)


class _RecordLookup:
    """Live records of one list, normalised once, found by the first sub-field a desired record declares."""

    def __init__(self, spec: FieldSpec, live: Iterable[Record]) -> None:
        self._subs = {sub.name: sub for sub in spec.sub}
        self._live = [{sub.name: _live_forms(sub, item) for sub in spec.sub if sub.response} for item in live]
        self._by_first: dict[str, dict[Hashable, list[dict[str, frozenset[Hashable]]]]] = {}

    def find(self, wanted: Record) -> Verdict:
        """EQUAL: a live record shows all of it; UNREADABLE: one shows all that can be read; else DIFFERENT."""
        firm: dict[str, frozenset[Hashable]] = {}
        soft: dict[str, frozenset[Hashable]] = {}
        blind = False
        for name, value in wanted.items():
            sub = self._subs.get(name)
            want = _as_set(NORMALISERS[sub.form](value)) if sub else frozenset()
            if sub is None or (want and sub.readability is _WRITE_ONLY):
                blind = True
            elif want:
                (soft if sub.readability is _LOSSY else firm)[name] = want
        if not firm and soft:
            firm, soft = soft, {}
        matching = [item for item in self._candidates(firm) if _shows(item, firm)]
        if not matching:
            return _DIFFERENT
        whole = not blind and any(_shows(item, soft) for item in matching)
        return _EQUAL if whole else _UNREADABLE

    def _candidates(self, firm: Mapping[str, frozenset[Hashable]]) -> list[dict[str, frozenset[Hashable]]]:
        if not firm:
            return self._live
        name = next(iter(firm))
        index = self._by_first.get(name)
        if index is None:
            index = self._by_first[name] = {}
            for item in self._live:
                for form in item.get(name, ()):
                    index.setdefault(form, []).append(item)
        return index.get(min(firm[name], key=str), [])


def _as_set(form: Hashable) -> frozenset[Hashable]:
    if isinstance(form, frozenset):
        return form
    return frozenset() if form is None else frozenset((form,))


def _live_forms(sub: SubField, item: Record) -> frozenset[Hashable]:
    normalise = NORMALISERS[sub.form]
    found: frozenset[Hashable] = frozenset()
    for name in sub.response:
        value = item.get(name)
        if value is not None:
            found |= _as_set(normalise(value))
    return found


def _shows(item: Mapping[str, frozenset[Hashable]], wanted: Mapping[str, frozenset[Hashable]]) -> bool:
    return all(want <= item.get(name, frozenset()) for name, want in wanted.items())


_FAMILY_MARK = {"ipv4Address": ".", "ipv6Address": ":"}
_MAC_ADDRESS = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2})+")


def import_record(spec: FieldSpec, item: Record) -> dict[str, Any]:
    """A live record of a list in the names of the import; placeholders, and what is no address where one is meant, left out."""
    shaped: dict[str, Any] = {}
    for sub in spec.sub:
        for name in sub.response:
            value = _import_value(sub, item.get(name))
            if value is not None:
                shaped[sub.name] = value
                break
    if "ipv4Address" in shaped or "ipv6Address" in shaped:
        shaped.pop("address", None)
    return shaped


def _import_value(sub: SubField, value: Any) -> Any:
    form = NORMALISERS[sub.form](value)
    if isinstance(form, frozenset):
        mark = _FAMILY_MARK.get(sub.name, "")
        members = sorted(member for member in form if is_ip(member) and mark in member)
        return (members if sub.wire is Wire.STRINGS else ", ".join(members)) or None
    if sub.form is Form.MAC and not _MAC_ADDRESS.fullmatch(str(form)):
        return None
    return None if form is None else value


# Custom connector attributes


def custom_values(key: str, record: Record, connector: ConnectorRef) -> list[Any]:
    """Values of the custom attribute: those under the connector's own name if there are such, else all.

    The name that the search gives a connector is not known to be the one of the manifest (facts 9: sample-based)."""
    entries = mappings(record.get("customAttributes"))
    found = [entry for entry in entries if entry.get("key") == key and entry.get("value") is not None]
    names = {nocase(connector.name), nocase(connector.source)} - {None}
    own = [entry for entry in found if nocase(entry.get("connectorName")) in names]
    return [entry["value"] for entry in own or found]


def _compare_custom(key: str, desired: Any, record: Record, connector: ConnectorRef) -> Comparison:
    form = NORMALISERS[Form.TEXT]
    values = [value for value in custom_values(key, record, connector) if form(value) is not None]
    want = form(desired)
    if (want is None and not values) or any(form(value) == want for value in values):
        return Comparison(_EQUAL, desired if values else None)
    return Comparison(_DIFFERENT, values[0] if values else None, tentative=True)
