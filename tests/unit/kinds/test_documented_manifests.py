"""Every manifest of the documentation pages on manifests and rules is valid, in every environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import declarative
from declarative.core.diagnostics import ordered
from declarative.kinds import lower
from declarative.manifest import load
from declarative.manifest.format import format_text

DOCS = Path(declarative.__file__).parents[1] / "docs"


def blocks(page):
    return re.findall(r"^```yaml\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def documented(tmp_path):
    """The page's examples as one project: the Project, the manifests, and the overlay, which comes last."""
    manifests, project, overlay = blocks("manifests.md")
    for path, text in (
        ("declarative.yaml", project),
        ("manifests/a.yaml", manifests),
        ("overlays/prod/a.yaml", overlay),
        ("teams/web/assets/none.yaml", ""),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("environment", [None, "prod"])
def test_the_documented_project_raises_no_finding(documented, now, environment):
    loaded = load(documented, environment=environment)
    assert ordered((*loaded.diagnostics, *lower(loaded, now=now).diagnostics)) == ()
    (asset,) = lower(loaded, now=now).assets
    assert asset.identity["serialNumber"] == "0123456"
    assert asset.identity["macAddress"] == "10:20:30:40:50:10"
    assert asset.core["assignedLocation"] == {"country": "NO", "zip": "02134"}
    assert asset.core["softwares"] == [{"name": "nginx", "version": "1.10"}]
    data = asset.core.get("businessMetaData", {})
    assert data == ({} if environment is None else {"department": "Operations", "environment": "Production"})


def test_the_documented_rule_settings_are_accepted(tmp_path, now):
    (text,) = blocks("rules.md")
    (tmp_path / "declarative.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "manifests").mkdir()
    loaded = load(tmp_path)
    assert ordered((*loaded.diagnostics, *lower(loaded, now=now).diagnostics)) == ()
    assert loaded.project.rules["report/format"].severity is None


@pytest.mark.parametrize("page", ["manifests.md", "rules.md"])
def test_the_documented_manifests_are_formatted(page):
    for text in blocks(page):
        assert format_text(text, page).text == text
