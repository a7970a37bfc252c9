from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from declarative.assets.fields import CUSTOM, Form, Readability, all_fields, describe, flatten
from declarative.assets.normalise import NORMALISERS

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "asset.schema.json").read_text())


def schema_paths() -> set[str]:
    spec = SCHEMA["properties"]["spec"]["properties"]
    found: set[str] = set()
    for section in ("identityAttributes", "coreAttributes"):
        for name, node in spec[section]["properties"].items():
            if "properties" in node:
                found |= {f"{section}.{name}.{inner}" for inner in node["properties"]}
            elif name == "customConnectorAttributes":
                found.add(CUSTOM + "*")
            else:
                found.add(f"{section}.{name}")
    return found


def test_the_table_and_the_manifest_schema_name_the_same_fields() -> None:
    assert {spec.path for spec in all_fields()} == schema_paths()


def test_the_lists_of_the_schema_have_the_sub_fields_of_the_table() -> None:
    core = SCHEMA["properties"]["spec"]["properties"]["coreAttributes"]["properties"]
    for spec in all_fields():
        if spec.form is Form.RECORDS:
            assert {sub.name for sub in spec.sub} == set(core[spec.path.split(".")[1]]["items"]["properties"]), spec.path


@pytest.mark.parametrize("spec", list(all_fields()), ids=lambda spec: spec.path)
def test_every_row_says_what_explain_and_the_documentation_need(spec: Any) -> None:
    assert spec.meaning.endswith(".")
    assert spec.source.startswith("facts ")
    assert (spec.readability is Readability.WRITE_ONLY) == (not spec.response)
    assert spec.confidence in "DSG-"
    assert spec.form is Form.RECORDS or spec.form in NORMALISERS
    assert spec.readability is Readability.READABLE or spec.note, "says why it cannot be compared"


def test_flatten_takes_a_list_as_one_field_and_each_custom_attribute_as_its_own() -> None:
    fields = flatten(
        {"hostName": "web-01", "ipAddress": ["10.0.0.7"], "fqdn": None},
        {
            "businessMetaData": {"department": "Sales", "company": None},
            "ports": [{"port": "22"}],
            "customConnectorAttributes": {"a.b": "1", "c": "2"},
            "future": {"x": 1},
            "biosInfo": {},
        },
    )
    assert fields == {
        "identityAttributes.hostName": "web-01",
        "identityAttributes.ipAddress": ["10.0.0.7"],
        "coreAttributes.businessMetaData.department": "Sales",
        "coreAttributes.ports": [{"port": "22"}],
        "coreAttributes.customConnectorAttributes.a.b": "1",
        "coreAttributes.customConnectorAttributes.c": "2",
        "coreAttributes.future": {"x": 1},
    }


def test_custom_attributes_share_a_row_and_an_unknown_path_has_none() -> None:
    custom = describe("coreAttributes.customConnectorAttributes.key1")
    assert custom is not None
    assert custom.path == "coreAttributes.customConnectorAttributes.*"
    assert describe("coreAttributes.nonsense") is None
