"""A document with thousands of mistakes: the first thousand of each room are listed, the others are told in one line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from declarative.core.diagnostics import MORE_FINDINGS, MOST_FINDINGS, Severity, ordered
from declarative.kinds import lower
from declarative.manifest import load

MANY = 3 * MOST_FINDINGS
PROJECT = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: p}\nspec: {platform: EU1}\n"
CONNECTOR = (
    "apiVersion: declarative/v1\nkind: Connector\nmetadata: {name: c}\n"
    "spec: {connectorUuid: 489e8429-2e82-4599-a2a8-2b8f3d5c7a10}\n"
)
ASSET = "apiVersion: declarative/v1\nkind: Asset\nmetadata: {name: a}\nspec:\n  connector: c\n"
IDENTITY = "  identityAttributes: {sourceNativeKey: NK}\n"


@pytest.fixture
def found(tmp_path):
    """Everything that is said about a project of one connector and this asset."""

    def of(asset):
        (tmp_path / "manifests").mkdir()
        (tmp_path / "declarative.yaml").write_text(PROJECT)
        (tmp_path / "manifests" / "c.yaml").write_text(CONNECTOR)
        (tmp_path / "manifests" / "a.yaml").write_text(ASSET + asset)
        loaded = load(tmp_path, environ={})
        return ordered((*loaded.diagnostics, *lower(loaded, now=datetime(2026, 6, 1, tzinfo=UTC)).diagnostics))

    return of


@pytest.mark.parametrize(
    ("rule", "asset"),
    [
        ("yaml/duplicate-key", IDENTITY + "  coreAttributes:\n    hostName: a\n" + "    hostName: b\n" * MANY),
        ("schema/type", IDENTITY + "  coreAttributes:\n    softwares:\n" + "    - 1\n" * MANY),
        (
            "variable/missing",
            IDENTITY
            + "  coreAttributes:\n    customConnectorAttributes:\n"
            + "".join(f"      k{n}: ${{var.x}}\n" for n in range(MANY)),
        ),
        ("asset/ip-address", "  identityAttributes:\n    sourceNativeKey: NK\n    ipAddress:\n" + "    - x\n" * MANY),
    ],
)
def test_the_first_thousand_are_listed_and_one_line_tells_of_the_rest(found, rule, asset):
    *listed, last = found(asset)
    assert [one.rule for one in listed] == [rule] * MOST_FINDINGS
    assert last.rule == MORE_FINDINGS
    assert last.is_error
    assert last.position.line == listed[-1].position.line + 1
    if rule != "schema/type":
        assert f"{MANY - MOST_FINDINGS:,} more" in last.message


@pytest.mark.parametrize(("wrong", "severity"), [("hostName: a b", Severity.WARNING), ("macAddress: x", Severity.ERROR)])
def test_what_is_left_out_counts_for_the_exit_code(found, wrong, severity):
    *listed, last = found(IDENTITY + "  coreAttributes:\n    networkInterfaces:\n" + f"    - {wrong}\n" * (MOST_FINDINGS + 1))
    assert {one.severity for one in listed} == {severity}
    assert (last.rule, last.severity) == (MORE_FINDINGS, severity)


def test_errors_are_listed_before_warnings(found):
    interfaces = "    - hostName: a b\n" * MOST_FINDINGS + "    - macAddress: x\n"
    told = found(IDENTITY + "  coreAttributes:\n    networkInterfaces:\n" + interfaces)
    assert [one.rule for one in told if one.is_error] == ["asset/mac-address"]
    assert [one.severity for one in told if one.rule == MORE_FINDINGS] == [Severity.WARNING]
    assert len(told) == MOST_FINDINGS + 1


def test_the_findings_of_a_file_are_bounded_however_many_documents_they_are_in(found):
    asset = "---\n" + ASSET.replace("name: a", "name: a{n}") + "  identityAttributes: {sourceNativeKey: K{n}, fqdn: x}\n"
    told = found(IDENTITY + "".join(asset.replace("{n}", str(n)) for n in range(2 * MOST_FINDINGS)))
    assert [one.rule for one in told].count("asset/fqdn") == MOST_FINDINGS
    (more,) = [one for one in told if one.rule == MORE_FINDINGS]
    assert more.message == f"1,000 findings of this file are listed; {MOST_FINDINGS:,} more were found"
    assert more.position.file == "manifests/a.yaml"


@pytest.mark.parametrize(
    "asset",
    [
        IDENTITY.replace("NK", "NK, fqdn: " + "x" * 100_000),
        IDENTITY + "  lifecycle: {ignore: [" + "x" * 100_000 + "]}\n",
        IDENTITY + "  coreAttributes: {" + "x" * 1_000 + ": 1}\n",
        IDENTITY + "  coreAttributes: {sourceCreatedDate: '" + "9" * 100_000 + "'}\n",
        IDENTITY.replace("NK", "NK, ipAddress: ['" + "1, " * 50_000 + "']"),
        IDENTITY + "  coreAttributes: {isContainer: '" + "x" * 100_000 + "'}\n",
    ],
)
def test_a_long_value_is_quoted_by_its_beginning(found, asset):
    told = found(asset)
    assert told
    for one in told:
        assert len(one.message) < 300, one.message
        assert len(one.hint or "") < 300, one.hint
        assert one.position.line > 4


def test_no_rule_looks_at_what_is_left_of_a_document_that_was_not_gone_through(found):
    """Whatever stands in its other half may have any type."""
    ports = "    - port: {a: b}\n" * MANY
    assert {one.rule for one in found(IDENTITY + "  coreAttributes:\n    ports:\n" + ports)} == {"schema/type", MORE_FINDINGS}
