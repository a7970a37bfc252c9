"""The published schema of scenario files says what the sandbox takes, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.sandbox import Switches
from declarative.sandbox.faults import PROFILES, Fault, FaultPlan, fault_from
from declarative.sandbox.messages import Request
from declarative.sandbox.options import camel

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[3] / "schemas" / "scenario.schema.json").read_text())
PROPERTIES = SCHEMA["properties"]
SWITCHES, FAULT = PROPERTIES["switches"], PROPERTIES["faults"]["items"]


def values(node: dict[str, Any]) -> st.SearchStrategy[Any]:
    if node.get("type") == "boolean":
        return st.booleans()
    return st.sampled_from([*node["examples"], *node.get("enum", [])])


def objects(node: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of the schema's properties, each of one of the values that it shows."""
    named = {name: values(child) for name, child in node["properties"].items()}
    needed = node.get("required", [])
    return st.fixed_dictionaries(
        {name: named[name] for name in needed}, optional={name: made for name, made in named.items() if name not in needed}
    )


def described(node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in node.get("properties", {}).items():
        yield name, child
        yield from described(child)
        yield from described(child.get("items", {}))


def test_the_schema_is_sound_and_every_property_has_meaning_and_an_example_that_fits() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for name, node in described(SCHEMA):
        assert node.get("description"), name
        for example in node["examples"]:
            jsonschema.validate(example, node)


def test_the_schema_names_exactly_what_the_code_has() -> None:
    assert set(SWITCHES["properties"]) == {camel(item.name) for item in fields(Switches)}
    assert set(FAULT["properties"]) == {camel(item.name) for item in fields(Fault)}
    assert PROPERTIES["profile"]["enum"] == list(PROFILES)


def test_the_defaults_fit_the_schema() -> None:
    jsonschema.validate(json.loads(json.dumps(Switches().shown())), SWITCHES)


@settings(max_examples=60, deadline=None)
@given(objects(SWITCHES))
def test_switches_that_fit_the_schema_are_taken(wanted: dict[str, Any]) -> None:
    changed = json.loads(json.dumps(Switches().changed(wanted).shown()))
    for name, value in wanted.items():
        assert changed[name] == ([[rule] if isinstance(rule, str) else rule for rule in value] if name == "rules" else value)


@settings(max_examples=60, deadline=None)
@given(objects(FAULT), st.integers(1, 5))
def test_faults_that_fit_the_schema_are_taken_and_never_break_the_picking(row: dict[str, Any], calls: int) -> None:
    plan = FaultPlan(1)
    plan.add([fault_from(row)])
    hits = sum(plan.pick(Request("POST", "/rest/2.0/search/am/asset")) is not None for _ in range(calls))
    assert hits <= row.get("times", calls)


@pytest.mark.parametrize("name", list(SWITCHES["properties"]))
def test_each_switch_refuses_what_its_schema_refuses(name: str) -> None:
    validator = jsonschema.Draft202012Validator(SWITCHES["properties"][name])
    for value in (None, True, 0, -1, 1, 200, 404, 1.5, "first", "late", "keyed", [], ["nose"], ["hostName"], {}):
        try:
            Switches().changed({name: value})
            taken = True
        except Exception:  # noqa: BLE001
            taken = False
        assert taken == validator.is_valid(value), (name, value)
