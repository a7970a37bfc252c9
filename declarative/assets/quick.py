"""Cheap, sufficient tests for equality, one a field: raw values side by side, without normalising.

In a large plan nearly every field is as it was sent, letter for letter. A test that says True is right; False only means
that `compare` has to look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from declarative.assets.compare import Comparison, Verdict, compare
from declarative.assets.fields import CUSTOM, TABLE, FieldSpec, Form, Readability, SubField
from declarative.assets.model import ConnectorRef
from declarative.assets.normalise import timezone
from declarative.assets.records import STEPS, Record

QuickTest = Callable[[Any, Record], bool]

_FEW = 12
_CUSTOM = len(CUSTOM)
_NUMBERS = (Form.INTEGER, Form.MEASURE)


def _scalar(spec: FieldSpec) -> QuickTest | None:
    number = spec.form in _NUMBERS
    tests = [found for response in spec.response if (found := _at(STEPS[response], number=number)) is not None]
    if spec.form is Form.TIMEZONE:
        tests.append(_same_zone(*spec.response))
    if len(tests) < 2:
        return tests[0] if tests else None

    def test(value: Any, record: Record) -> bool:
        for one in tests:  # noqa: SIM110  (a generator costs more than the work)
            if one(value, record):
                return True
        return False

    return test


def _at(steps: tuple[str, ...], *, number: bool) -> QuickTest | None:
    if len(steps) > 2 or any(step.endswith("[]") for step in steps):
        return None
    return _top(steps[0], number=number) if len(steps) == 1 else _nested(*steps, number=number)


def _same_zone(name: str) -> QuickTest:
    """One offset is nearly always written in two ways, and there are few."""
    form = lru_cache(maxsize=256)(timezone)

    def test(value: Any, record: Record) -> bool:
        live = record.get(name)
        return live.__class__ is str and value.__class__ is str and form(live) == form(value) is not None

    return test


def _top(name: str, *, number: bool) -> QuickTest:
    if number:
        return lambda value, record: (live := record.get(name)) is not None and (live == value or str(live) == value)
    return lambda value, record: record.get(name) == value


def _nested(outer: str, inner: str, *, number: bool) -> QuickTest:
    def test(value: Any, record: Record) -> bool:
        node = record.get(outer)
        if node.__class__ is not dict:
            return False
        live = node.get(inner)
        return live is not None and (live == value or (number and str(live) == value))

    return test


def _addresses(value: Any, record: Record) -> bool:
    return _all_in(value, [record.get("address"), *_of_interfaces(record, "addressIpV4", "addressIpV6")])


def _mac_addresses(value: Any, record: Record) -> bool:
    return _all_in(value, _of_interfaces(record, "macAddress"))


def _of_interfaces(record: Record, *names: str) -> list[str]:
    wrapper = record.get("networkInterfaceListData")
    found: list[str] = []
    for nic in (wrapper.get("networkInterface") or ()) if wrapper.__class__ is dict else ():
        for joined in map(nic.get, names) if nic.__class__ is dict else ():
            if joined.__class__ is str:
                found.extend(joined.split(", "))
    return found


def _all_in(value: Any, have: list[Any]) -> bool:
    if value.__class__ is str:
        return value in have
    return value.__class__ is list and bool(value) and all(item in have for item in value)


def _records(spec: FieldSpec) -> QuickTest:
    outer, inner = STEPS[spec.response[0]]
    listed = inner.removesuffix("[]")
    places = {sub.name: _places(sub, spec) for sub in spec.sub}

    def test(value: Any, record: Record) -> bool:
        wrapper = record.get(outer)
        items = wrapper.get(listed) if wrapper.__class__ is dict else None
        if items.__class__ is not list or value.__class__ is not list or not 0 < len(value) <= _FEW or len(items) > _FEW:
            return False
        for wanted in value:  # noqa: SIM110  (a generator costs more than the work)
            if not _shown(items, wanted, places):
                return False
        return True

    return test


def _places(sub: SubField, spec: FieldSpec) -> tuple[str, ...]:
    """Where the sub-field has to be looked at; nowhere, where it proves nothing."""
    if spec.readability is Readability.LOSSY:
        return sub.response
    return sub.response[:1] if sub.readability is Readability.READABLE else ()


def _shown(items: list[Any], wanted: Any, places: Mapping[str, tuple[str, ...]]) -> bool:
    for item in items:  # noqa: SIM110
        if item.__class__ is dict and wanted.__class__ is dict and _shows(item, wanted, places):
            return True
    return False


def _shows(item: Record, wanted: Mapping[str, Any], places: Mapping[str, tuple[str, ...]]) -> bool:
    looked = False
    for name, value in wanted.items():
        responses = places.get(name)
        if responses is None:
            return False
        for response in responses:
            if _same(item.get(response), value):
                looked = looked or bool(value)
                break
        else:
            if responses:
                return False
    # Where nothing is said that is surely read back, the rest has to be looked at after all.
    return looked


def _same(live: Any, value: Any) -> bool:
    if live == value:
        return live is not None
    if live is None:
        return bool(value == "")
    return bool(str(live) == value or (value.__class__ is list and len(value) == 1 and value[0] == live))


def custom_in_sync(fields: Mapping[str, Any], record: Record) -> frozenset[str]:
    """Paths of custom attributes that stand in the record once, as declared."""
    seen: dict[str, Any] = {}
    entries = record.get("customAttributes")
    for entry in entries if entries.__class__ is list else ():
        if entry.__class__ is dict:
            path = f"{CUSTOM}{entry.get('key')}"
            seen[path] = None if path in seen else entry.get("value")
    return frozenset(path for path, value in seen.items() if value is not None and fields.get(path) == value)


def _custom(key: str, value: Any, record: Record) -> bool:
    """Whether an attribute of that name is there, and each one of that name has the value."""
    found = False
    entries = record.get("customAttributes")
    for entry in entries if entries.__class__ is list else ():
        if entry.__class__ is dict and entry.get("key") == key:
            live = entry.get("value")
            if live != value or live.__class__ is not value.__class__:
                return False
            found = True
    return found and value is not None


def _test(spec: FieldSpec) -> QuickTest | None:
    if spec.form is Form.RECORDS:
        return _records(spec)
    if spec.form is Form.IP_SET:
        return _addresses
    if spec.form is Form.MAC_SET:
        return _mac_addresses
    return None if spec.subset or "*" in spec.path else _scalar(spec)


LOOKS: Mapping[str, QuickTest] = {path: test for path, spec in TABLE.items() if (test := _test(spec)) is not None}
"""By path: whether a look shows that live is as declared."""

QUICK: Mapping[str, QuickTest | None] = {**LOOKS, **{path: None for path, spec in TABLE.items() if not spec.readable}}
"""By path. None: the field needs no look while the manifest says what was sent, because its live value proves nothing."""

AS_DECLARED = Comparison(Verdict.EQUAL)


def look(path: str, value: Any, record: Record, connector: ConnectorRef) -> Comparison:
    """`compare`, but what a look shows to be as declared is just that: then there is no live value beside it."""
    test = LOOKS.get(path)
    plainly = test(value, record) if test is not None else path.startswith(CUSTOM) and _custom(path[_CUSTOM:], value, record)
    return AS_DECLARED if plainly else compare(path, value, record, connector)


def looked_at(fields: Mapping[str, Any], record: Record, connector: ConnectorRef) -> dict[str, Comparison]:
    """`look`, at each of the fields."""
    return {path: look(path, value, record, connector) for path, value in fields.items()}


def shows(path: str, value: Any, record: Record, connector: ConnectorRef) -> bool:
    """Whether the record shows a field as declared: by a look where that is enough, else by comparing."""
    return look(path, value, record, connector).verdict is Verdict.EQUAL
