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


@pytest.mark.parametrize(("last_one", "severity"), [("hostName: a b", Severity.WARNING), ("macAddress: x", Severity.ERROR)])
def test_what_is_left_out_counts_for_the_exit_code(found, last_one, severity):
    interfaces = "    - hostName: a b\n" * MOST_FINDINGS + f"    - {last_one}\n"
    *listed, last = found(IDENTITY + "  coreAttributes:\n    networkInterfaces:\n" + interfaces)
    assert {one.severity for one in listed} == {Severity.WARNING}
    assert (last.rule, last.severity) == (MORE_FINDINGS, severity)


def test_no_rule_looks_at_what_is_left_of_a_document_that_was_not_gone_through(found):
    """Whatever stands in its other half may have any type."""
    ports = "    - port: {a: b}\n" * MANY
    assert {one.rule for one in found(IDENTITY + "  coreAttributes:\n    ports:\n" + ports)} == {"schema/type", MORE_FINDINGS}
