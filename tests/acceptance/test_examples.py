"""Every example project does what the tool promises: valid, formatted, applied, and then nothing left to do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = sorted(path.parent.name for path in EXAMPLES.glob("*/declarative.yaml"))


@pytest.fixture(params=PROJECTS)
def example(request: Any, workplace: Any) -> Any:
    shutil.rmtree(workplace.folder)
    shutil.copytree(EXAMPLES / request.param, workplace.folder, ignore=shutil.ignore_patterns(".declarative"))
    return workplace


def test_an_example_validates_and_is_formatted(example: Any) -> None:
    example.ok("validate")
    example.ok("fmt", "--check", "--diff")


def test_an_example_applies_and_its_second_plan_is_empty(example: Any) -> None:
    example.ok("plan", "--out", "plan.json")
    example.ok("apply", "plan.json", "--wait")
    finished = example.run("plan", "--detailed-exitcode")
    assert finished.code == 0, finished.text


def test_the_quickstart_is_made_of_the_vendor_s_samples(workplace: Any) -> None:
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
