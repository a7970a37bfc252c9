"""The schema files themselves: complete, described, and within what editors understand."""

from __future__ import annotations

import json

import jsonschema
import pytest

from declarative.schema import registry
from declarative.schema.validate import violations

REPORT_PARAMETERS = {
    "name": "string",
    "description": "string",
    "timezone": "string",
    "format": "string",
    "templateName": "string",
    "query": "string",
    "filter": "string",
    "reportType": "string",
    "resourceTag": "string",
    "assetList": "string",
    "tagList": "string",
    "includeMatchType": "string",
    "excludeMatchType": "string",
    "excludeTagIds": "string",
    "softwareTypes": "string",
    "selectedSwType": "string",
    "groupByPivot": "string",
    "riskScoreAdded": "boolean",
    "hasVMDRAndRiskScoreEnabled": "boolean",
    "recipient": "string",
    "emailSubject": "string",
    "customMessage": "string",
    "notificationType": "string",
    "emailNotification": "string",
    "maxNumberOfDownloads": "integer",
    "customEmailTemplate": "string",
    "useReportNameAsFilename": "string",
    "displayTemplateName": "string",
    "generatedFor": "string",
}

# What editors built on draft 7 understand; `$defs` is an ordinary place for them, reached by `$ref`.
KEYWORDS = {
    *("$schema", "$defs", "$ref", "title", "description", "type", "properties", "required", "additionalProperties", "items"),
    *("enum", "const", "pattern", "minimum", "maximum", "minLength", "default", "examples", "not", "allOf", "if", "then"),
    *("patternErrorMessage", "errorMessage"),
}


def subschemas(node, path=""):
    """Every schema of a file with its path; property names and examples are not schemas."""
    yield path, node
    for key in ("properties", "$defs"):
        for name, child in node.get(key, {}).items():
            yield from subschemas(child, f"{path}/{key}/{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from subschemas(node[key], f"{path}/{key}")


NAMES = [*(kind.lower() for kind in registry.kinds()), "manifest", "plan", "result"]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_file_is_valid_draft_2020_12_and_uses_only_keywords_that_editors_understand(name):
    schema = registry.document(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    for path, node in subschemas(schema):
        assert set(node) <= KEYWORDS, path


@pytest.mark.parametrize("name", NAMES)
def test_every_property_has_a_description_and_examples_that_are_valid_by_itself(name):
    schema = registry.document(name)
    for path, node in subschemas(schema):
        whole = registry.resolve(schema, node)
        assert whole["description"].endswith((".", "`.")), path
        assert whole["examples"], path
        if name == "manifest":
            continue
        for example in whole["examples"]:
            rooted = {**whole, "$defs": schema.get("$defs", {})}
            assert not list(jsonschema.Draft202012Validator(rooted).iter_errors(example)), (path, example)


def test_every_kind_speaks_the_same_envelope():
    for kind in registry.kinds():
        schema = registry.schema_for(kind)
        assert list(schema["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
        assert schema["properties"]["apiVersion"]["const"] == registry.API_VERSION
        assert schema["properties"]["kind"]["const"] == kind
        assert list(schema["properties"]["metadata"]["properties"]) == ["name", "labels", "annotations"]
        assert (
            schema["properties"]["metadata"]["properties"]["name"]["pattern"]
            == (registry.schema_for("Asset")["properties"]["metadata"]["properties"]["name"]["pattern"])
        )


def test_the_report_has_every_parameter_of_the_release_note_with_its_type():
    request = registry.schema_for("Report")["properties"]["spec"]["properties"]["request"]
    assert set(request["properties"]) == set(REPORT_PARAMETERS)
    for name, type_ in REPORT_PARAMETERS.items():
        declared = request["properties"][name]["type"]
        assert type_ in ([declared] if isinstance(declared, str) else declared), name
    assert request["required"] == ["name", "format", "templateName", "reportType"]


def test_the_editor_schema_dispatches_to_a_file_of_every_kind():
    manifest = registry.document("manifest")
    targets = {rule["if"]["properties"]["kind"]["const"]: rule["then"]["$ref"] for rule in manifest["allOf"]}
    assert set(targets) == set(registry.kinds())
    assert set(targets.values()) <= set(registry.files())


@pytest.mark.parametrize("kind", registry.kinds())
def test_the_example_of_a_kind_is_a_valid_manifest(kind):
    for example in registry.schema_for(kind)["examples"]:
        assert violations(kind, json.loads(json.dumps(example))) == ()


def test_an_unknown_kind_or_file_is_a_key_error():
    for wrong in ("asset", "Assets", "plan", "../pyproject"):
        with pytest.raises(KeyError):
            registry.schema_for(wrong)
    with pytest.raises(KeyError):
        registry.document("nothing")
