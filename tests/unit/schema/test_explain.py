"""Explanations come from the schema files; comparisons from the field table."""

from __future__ import annotations

import pytest

from declarative.core.errors import UsageError
from declarative.schema.explain import complete_path, explain, explain_kinds
from declarative.schema.explain_text import explanation_text, kinds_text
from declarative.schema.paths import field_paths
from declarative.schema.registry import kinds


def test_a_mapping_is_explained_with_its_fields():
    found = explain("Asset.spec.coreAttributes.biosInfo")
    assert found.path == "Asset.spec.coreAttributes.biosInfo"
    assert found.type == "a mapping"
    assert [child.name for child in found.children][:2] == ["biosDescription", "manufacturer"]


def test_a_leaf_says_how_it_is_compared_and_whether_it_can_be_read_back():
    found = explain("Asset.spec.coreAttributes.biosInfo.timeZone").comparison
    assert found is not None
    assert found.how == "as an offset: +5:30 equals +05:30"
    assert found.readable.startswith("yes")
    assert found.response == ("timeZone",)
    blind = explain("Asset.spec.identityAttributes.sourceNativeKey").comparison
    assert blind is not None
    assert blind.readable.startswith("no")


@pytest.mark.parametrize(
    "written",
    [
        "Asset.spec.coreAttributes.ports[].port",
        "asset.spec.coreattributes.ports.port",
        "Asset.coreAttributes.ports[0].port",
        "Asset.spec.coreAttributes.ports.0.port",
    ],
)
def test_a_field_is_found_however_its_list_is_written(written):
    found = explain(written)
    assert found.path == "Asset.spec.coreAttributes.ports[].port"
    assert found.comparison is not None
    assert found.comparison.response == ("openPortListData.openPort[].port",)


def test_default_values_and_legal_values_are_told():
    found = explain("Asset.spec.lifecycle.onRemove")
    assert found.default == "forget"
    assert found.values == ("forget", "retire")


def test_the_filter_fields_of_a_query_are_listed_with_their_operators():
    hosts = {child.name: child for child in explain("HostQuery.spec.filters.field").children}
    assert "HIGH, LOW" in hosts["asset.aiCriticalityScoreConfidence"].meaning
    components = {child.name for child in explain("ComponentQuery.spec.componentFilter.filters.field").children}
    assert "component.lastFoundDate" in components
    assert not any(name.startswith("asset.") for name in components)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("Asst", 'did you mean "Asset"?'),
        ("Asset.spec.coreAttribute", 'did you mean "Asset.spec.coreAttributes"?'),
        ("Asset.biosInfo", 'did you mean "Asset.spec.coreAttributes.biosInfo"?'),
        ("Asset.spec.connector.x", "known here: nothing"),
    ],
)
def test_an_unknown_path_is_refused_with_the_one_that_was_meant(wrong, hint):
    with pytest.raises(UsageError) as refused:
        explain(wrong)
    assert refused.value.hint == hint


def test_every_field_of_every_kind_can_be_explained_as_text():
    for kind in kinds():
        for path in sorted(field_paths(kind)):
            text = explanation_text(explain(f"{kind}.spec.{path}"), color=False)
            assert text.startswith(f"{kind}.spec.")
            assert "\x1b" not in text


def test_every_asset_field_that_is_sent_has_a_comparison_or_fields_that_have_one():
    for path in field_paths("Asset"):
        if path.startswith(("identityAttributes.", "coreAttributes.")):
            found = explain(f"Asset.spec.{path}")
            assert found.comparison is not None or found.children, path


def test_the_kinds_are_listed_with_what_they_are():
    text = kinds_text(explain_kinds(), color=True)
    assert all(kind in text for kind in kinds())


def test_a_half_typed_path_is_completed():
    assert complete_path("Conn") == ("Connector",)
    assert complete_path("Asset.spec.coreAttributes.bios") == ("Asset.spec.coreAttributes.biosInfo",)
    assert complete_path("Nothing.spec.") == ()
