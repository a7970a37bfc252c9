from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.core.canonical import canonical_bytes, canonical_parts, digest_of, digest_of_parts, is_written, packed, readable
from declarative.plan.model import Action

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(TEXTS, inner),
)


def plainly(value: Any) -> bytes:
    """Canonical JSON by its definition, as any language's own encoder would write it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


@given(VALUES)
def test_every_value_is_written_as_the_definition_says(value: Any) -> None:
    assert canonical_bytes(value) == plainly(value)


@given(VALUES)
def test_what_is_read_by_people_is_written_as_python_writes_it(value: Any) -> None:
    assert readable(value) == json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


@pytest.mark.parametrize("value", ["".join(map(chr, range(0xD800))), "\ue000\uffff\U00010000\U0010ffff", *map(chr, range(256))])
def test_every_character_is_written_as_the_definition_says(value: str) -> None:
    assert canonical_bytes({value: value}) == plainly({value: value})


@pytest.mark.parametrize("value", [1e16, 1e-7, 123456789012345680.0, 5e-324, -0.0, 2**64, -(2**63) - 1, Action.CREATE, {1: 2}])
def test_what_encoders_write_differently_is_written_as_the_definition_says(value: Any) -> None:
    assert canonical_bytes({"deep": [({"value": value},)]}) == plainly({"deep": [({"value": value},)]})
    assert readable({"deep": [({"value": value},)]}) == json.dumps({"deep": [({"value": value},)]}, indent=2)


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), b"bytes", {1, 2}, "\ud800", {"\udfff": 1}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    for write in (canonical_bytes, lambda one: readable(one).encode()):
        with pytest.raises((TypeError, ValueError)):
            write({"deep": [value]})


@given(st.dictionaries(TEXTS, VALUES), TEXTS, st.lists(VALUES))
def test_in_parts_it_is_the_same(members: dict[str, Any], name: str, items: list[Any]) -> None:
    members.pop(name, None)
    whole = {**members, name: items}
    assert b"".join(canonical_parts(members, name, map(canonical_bytes, items))) == canonical_bytes(whole)
    assert digest_of_parts(canonical_parts(members, name, map(canonical_bytes, items))) == digest_of(whole)


@given(st.dictionaries(TEXTS, VALUES))
def test_a_packed_object_is_the_same_object(value: dict[str, Any]) -> None:
    value = json.loads(plainly(value))
    kept = packed(value)
    assert kept == value
    assert canonical_bytes(kept) == plainly(value)
    assert canonical_bytes({"deep": [kept, 0.5]}) == plainly({"deep": [value, 0.5]})


@given(VALUES, VALUES)
def test_bytes_are_those_of_one_value_and_no_other(value: Any, other: Any) -> None:
    assert is_written(value, canonical_bytes(value))
    assert is_written(value, canonical_bytes(other)) is (canonical_bytes(value) == canonical_bytes(other))
