"""Cheap, sufficient tests for equality, one a field: raw values side by side, without normalising.

In a large plan nearly every field is as it was sent, letter for letter. A test that says True is right; False only means
that `compare` has to look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from declarative.assets.compare import Verdict, compare
from declarative.assets.fields import CUSTOM, TABLE, FieldSpec, Form, Readability
from declarative.assets.model import ConnectorRef
from declarative.assets.records import STEPS, Record

QuickTest = Callable[[Any, Record], bool]

_FEW = 12
_NUMBERS = (Form.INTEGER, Form.MEASURE)


def _scalar(spec: FieldSpec) -> QuickTest | None:
    steps = STEPS[spec.response[0]]
    if len(steps) > 2 or any(step.endswith("[]") for step in steps):
        return None
    number = spec.form in _NUMBERS
    if len(steps) == 1:
        return _top(steps[0], number=number)
    return _nested(*steps, number=number)


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
    have = [record.get("address")]
    wrapper = record.get("networkInterfaceListData")
    for nic in (wrapper.get("networkInterface") or ()) if wrapper.__class__ is dict else ():
        for joined in (nic.get("addressIpV4"), nic.get("addressIpV6")) if nic.__class__ is dict else ():
            if joined.__class__ is str:
                have.extend(joined.split(", "))
    if value.__class__ is str:
        return value in have
    return value.__class__ is list and bool(value) and all(item in have for item in value)


def _records(spec: FieldSpec) -> QuickTest:
    outer, inner = STEPS[spec.response[0]]
    listed = inner.removesuffix("[]")
    # The first place where a sub-field may stand; "" for what needs no look.
    first = {sub.name: sub.response[0] if sub.readability is Readability.READABLE else "" for sub in spec.sub}

    def test(value: Any, record: Record) -> bool:
        wrapper = record.get(outer)
        items = wrapper.get(listed) if wrapper.__class__ is dict else None
        if items.__class__ is not list or value.__class__ is not list or not 0 < len(value) <= _FEW or len(items) > _FEW:
            return False
        for wanted in value:  # noqa: SIM110  (a generator costs more than the work)
            if not _shown(items, wanted, first):
                return False
        return True

    return test


def _shown(items: list[Any], wanted: Any, first: Mapping[str, str]) -> bool:
    for item in items:  # noqa: SIM110
        if item.__class__ is dict and wanted.__class__ is dict and _shows(item, wanted, first):
            return True
    return False


def _shows(item: Record, wanted: Mapping[str, Any], first: Mapping[str, str]) -> bool:
    for name, value in wanted.items():
        response = first.get(name)
        if response is None or (response and not _same(item.get(response), value)):
            return False
    return True


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


def _table() -> Mapping[str, QuickTest | None]:
    quick: dict[str, QuickTest | None] = {}
    for path, spec in TABLE.items():
        test: QuickTest | None = None
        if not spec.readable:
            quick[path] = None
            continue
        if spec.form is Form.RECORDS:
            test = _records(spec)
        elif spec.form is Form.IP_SET:
            test = _addresses
        elif not spec.subset and "*" not in path:
            test = _scalar(spec)
        if test is not None:
            quick[path] = test
    return quick


QUICK: Mapping[str, QuickTest | None] = _table()
"""By path. None: the field needs no look while the manifest says what was sent, because its live value proves nothing."""


def shows(path: str, value: Any, record: Record, connector: ConnectorRef) -> bool:
    """Whether the record shows a field as declared: by a look where that is enough, else by comparing."""
    return plainly_equal(path, value, record) or compare(path, value, record, connector).verdict is Verdict.EQUAL


def plainly_equal(path: str, value: Any, record: Record) -> bool:
    """Whether a look is enough to see that the record shows a readable field as declared; False says nothing."""
    test = QUICK.get(path)
    return test is not None and test(value, record)
