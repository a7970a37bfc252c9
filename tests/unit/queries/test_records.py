"""Columns people name, held against the records the API is known to give."""

import pytest

from declarative.queries.model import Target
from declarative.queries.records import complete_columns, record_paths, unknown_columns
from declarative.queries.select import DEFAULT_COLUMNS


@pytest.mark.parametrize("target", list(Target))
def test_the_default_columns_are_known(target):
    assert unknown_columns(target, DEFAULT_COLUMNS[target]) == ()
    assert len(set(record_paths(target))) == len(record_paths(target))


@pytest.mark.parametrize(
    "column",
    ["openPort.port", "openPortListData.openPort.port", "tagList.tag.tagName", "cloudProvider.aws.ec2.instanceId", "criticality",
     "criticality.default", "softwareListData", "whois.registrar"],
)  # fmt: skip
def test_a_known_path_is_known_with_and_without_its_wrapper(column):
    assert unknown_columns(Target.HOSTS, [column]) == ()


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        ("asetName", "assetName"),
        ("assetname", "assetName"),
        ("aiCriticalityScoreConfidence", "criticality.aiCriticalityScoreConfidence"),
        ("asset.name", "assetName"),
        ("criticality.scor", "criticality.score"),
        ("zzz", None),
    ],
)
def test_a_column_no_record_has_comes_with_the_one_that_was_meant(column, meant):
    assert unknown_columns(Target.HOSTS, ["assetId", column]) == ((column, meant),)


def test_a_filter_name_of_components_is_answered_with_the_name_of_the_answer():
    assert unknown_columns(Target.COMPONENTS, ["component.firstFoundDate"]) == (
        ("component.firstFoundDate", "component.firstFoundAt"),
    )


def test_a_shell_is_offered_the_rest_of_a_list_of_columns():
    assert complete_columns(Target.HOSTS, "assetId,criticality.hasAi") == ("assetId,criticality.hasAiCriticalityScore",)
    assert "component.name" in complete_columns(Target.COMPONENTS, "component.n")
