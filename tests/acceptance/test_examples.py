"""Every example project does what its README promises: valid, formatted, planned as recorded, applied, then nothing to do."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
GOLDEN = ROOT / "tests" / "golden" / "examples"
PROJECTS = sorted(path.parent.name for path in EXAMPLES.glob("*/declarative.yaml"))
ENVIRONMENT = {"multi-environment": "production"}


def prepared(name: str, workplace: Any) -> Any:
    """The workplace with an example in it, and the estate the example is about in the gateway."""
    shutil.rmtree(workplace.folder)
    shutil.copytree(EXAMPLES / name, workplace.folder, ignore=shutil.ignore_patterns(".declarative"))
    estate = workplace.folder / "estate.json"
    if estate.exists():
        workplace.gateway.call("seed", json.loads(estate.read_text(encoding="utf-8")))
    if name in ENVIRONMENT:
        workplace.environ["DECLARATIVE_ENVIRONMENT"] = ENVIRONMENT[name]
    return workplace


@pytest.fixture
def at_gateway(workplace: Any, gateway: Any) -> Any:
    workplace.gateway = gateway
    return workplace


@pytest.fixture(params=PROJECTS)
def example(request: Any, at_gateway: Any) -> tuple[str, Any]:
    name = request.param
    if name == "team-postgres":
        at_gateway.environ["DECLARATIVE_STATE"] = request.getfixturevalue("postgres_url")
    return name, prepared(name, at_gateway)


def normalised(text: str) -> str:
    """A plan without what differs from run to run: where the gateway was, which state, which version, and their digests."""
    plan = json.loads(text)
    plan["tool"]["version"] = plan["target"]["baseUrl"] = plan["state"]["lineage"] = "*"
    plan["digest"] = plan["manifestDigest"] = "*"
    return json.dumps(plan, indent=2, ensure_ascii=False) + "\n"


def golden(name: str, text: str) -> None:
    """`UPDATE_GOLDEN=1` writes the file instead, to be read by a person before committing."""
    path = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no golden file {path.name}: run with UPDATE_GOLDEN=1 and read what it wrote"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs: if it is meant, run with UPDATE_GOLDEN=1"


def test_an_example_is_valid_formatted_planned_as_recorded_applied_and_then_has_nothing_to_do(example: Any) -> None:
    name, project = example
    valid = project.ok("validate")
    assert " 0 " not in valid.out
    project.ok("fmt", "--check", "--diff")
    planned = project.ok("plan", "--out", "plan.json", "--json")
    golden(name, normalised(planned.out))
    project.ok("apply", "plan.json", "--wait")
    finished = project.run("plan", "--detailed-exitcode")
    assert finished.code == 0, finished.text


def test_every_example_has_a_readme_that_names_its_files_rightly() -> None:
    for name in PROJECTS:
        readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
        named = re.findall(r"`([\w./-]+\.(?:yaml|json)|CODEOWNERS)`", readme)
        missing = [path for path in named if not (EXAMPLES / name / path).exists() and "NAME" not in path]
        assert not missing, (name, missing)


def test_an_environment_must_be_chosen_and_each_says_what_differs(at_gateway: Any) -> None:
    project = prepared("multi-environment", at_gateway)
    forgotten = project.run("plan", env={"DECLARATIVE_ENVIRONMENT": None})
    assert forgotten.code == 4, forgotten.text
    assert "connectorUuid" in forgotten.err
    staging = project.ok("plan", "--json", env={"DECLARATIVE_ENVIRONMENT": "staging"})
    golden("multi-environment.staging", normalised(staging.out))
    project.ok("plan", "--out", "plan.json")
    assert project.run("apply", "plan.json", env={"DECLARATIVE_ENVIRONMENT": "staging"}).code == 6


def test_an_estate_without_manifests_is_imported_and_adopted(at_gateway: Any) -> None:
    project = prepared("adopt-an-estate", at_gateway)
    imported = project.ok("import", "--filter", "asset.name=CONTAINS=mail", "--out", "manifests/imported")
    assert [line.split()[0] for line in imported.out.splitlines()] == ["Asset/mail-01", "Asset/mail-02"]
    plan = project.ok("plan", "--json").json
    assert plan["summary"]["unchanged"] == 2
    assert {change["address"]: change["action"] for change in plan["changes"]} == {
        "Asset/erp-01": "adopt",
        "Asset/erp-02": "update",
    }


def test_a_failed_check_of_the_checks_only_project_ends_with_5_and_a_warning_with_0(at_gateway: Any) -> None:
    project = prepared("checks-only", at_gateway)
    fine = project.ok("check", "--json").json
    assert {check["address"]: check["status"] for check in fine["checks"]} == {
        "ComponentQuery/no-forgotten-components": "pass",
        "HostQuery/ai-scores-are-confident": "warn",
        "HostQuery/critical-hosts-are-attributed": "pass",
        "HostQuery/inventory-is-not-empty": "pass",
    }
    project.gateway.call("drift", {"assetId": 7100001, "set": {"businessInformation": {"department": None}}})
    failed = project.run("check", "-o", "junit=report.xml")
    assert failed.code == 5, failed.text
    assert "A critical host belongs to a department" in (project.folder / "report.xml").read_text(encoding="utf-8")


def test_the_quickstart_is_made_of_the_vendor_s_samples() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((EXAMPLES / "quickstart").rglob("*.yaml")))
    for sample in (
        "sourceCreatedDate",
        "sourceLastUpdatedDate",
        "Phoenix Technologies LTD 6.00",
        "+5:30",
        "18.6298° N",
        "ITAM_EASM_REPORT_TEMPLATE",
        "asset.riskScore>90",
        "asset.hasAiCriticalityScore",
        "asset.aiCriticalityScoreConfidence",
        "component.firstFoundDate",
        "component.lastFoundDate",
        "2025-10-14 06:04:15",
    ):
        assert sample in text, sample
