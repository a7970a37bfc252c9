"""The fast validator may accept only what the reference accepts."""

from __future__ import annotations

import copy
import os

import jsonschema
import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from declarative.schema import registry
from declarative.schema.messages import types_of
from declarative.schema.validate import is_valid, pointer_to, violations

# More of them in a soak: DECLARATIVE_EXAMPLES=1000.
laws = settings(
    max_examples=int(os.environ.get("DECLARATIVE_EXAMPLES", "80")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["", "x\n", "7d", "7d\n", "٣d", "2026-01-15", "2026-01-15\n", "EQUALS", "declarative/v1", "https://a.b", "1.0"]
    )
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6
)


def near(root, node):
    """Values near what the schema wants: mostly right, wrong in places."""
    node = registry.resolve(root, node)
    right = [st.sampled_from(node["examples"])] if node.get("examples") else []
    types = types_of(node)
    if "object" in types and node.get("properties"):
        fields = {name: near(root, child) for name, child in node["properties"].items()}
        required = {name: fields[name] for name in node.get("required", ())}
        optional = {name: child for name, child in fields.items() if name not in required}
        right.append(st.fixed_dictionaries(required, optional=optional))
    if "array" in types and "items" in node:
        right.append(st.lists(near(root, node["items"]), max_size=2))
    if "enum" in node:
        right.append(st.sampled_from(node["enum"]))
    return st.one_of(*right, *right, *right, ANYTHING) if right else ANYTHING


def documents():
    return st.sampled_from(registry.kinds()).flatmap(
        lambda kind: st.tuples(st.just(kind), near(registry.schema_for(kind), registry.schema_for(kind)) | ANYTHING)
    )


@st.composite
def damaged(draw):
    """A right manifest with one value replaced, one key dropped or one key added."""
    kind = draw(st.sampled_from(registry.kinds()))
    document = copy.deepcopy(registry.schema_for(kind)["examples"][0])
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = draw(st.sampled_from(keys))
        below = node[key]
        if isinstance(below, (dict, list)) and below and draw(st.booleans()):
            node = below
            continue
        break
    match draw(st.sampled_from(["replace", "drop", "add"])):
        case "replace":
            node[key] = draw(ANYTHING)
        case "drop":
            del node[key]
        case "add" if isinstance(node, dict):
            node[draw(st.text(max_size=6))] = draw(ANYTHING)
    return kind, document


def verdicts(kind, document):
    schema = dict(registry.schema_for(kind))
    return jsonschema_rs.Draft202012Validator(schema).is_valid(document), violations(kind, document) == ()


@laws
@given(documents() | damaged())
def test_the_fast_validator_and_the_reference_give_the_same_verdict(case):
    kind, document = case
    fast, told = verdicts(kind, document)
    assert fast == told
    assert is_valid(kind, document) == told
    reference = jsonschema.Draft202012Validator(dict(registry.schema_for(kind))).is_valid(document)
    # Python's `$` lets a line break stand at the end of a text; ours, like ECMA 262's, does not.
    assert reference == told or (reference and any(v.rule == "schema/pattern" for v in violations(kind, document)))


@laws
@given(damaged())
def test_every_violation_points_to_a_place_of_the_document(case):
    kind, document = case
    places = set()

    def visit(value, path):
        places.add(pointer_to(path))
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, child in items:
            visit(child, (*path, key))

    visit(document, ())
    found = violations(kind, document)
    assert {violation.pointer for violation in found} <= places
    assert found == violations(kind, copy.deepcopy(document))
    assert len(set(found)) == len(found)
