"""A verdict is remembered for the very same bytes, options, tool and day; and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.manifest import load
from declarative.manifest.verdict import VERDICT_FILE, recall, remember

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CONNECTOR = """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: snow}
spec: {connectorUuid: 5de2a9b0-1111-4222-8333-444455556666, source: SNOW}
"""
FOUND = (
    Diagnostic(Severity.WARNING, "a/b", "said", Position("manifests/a.yaml", 1, 2), hint="so"),
    Diagnostic(Severity.INFO, "c/d", "x"),
)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "manifests").mkdir()
    (tmp_path / "declarative.yaml").write_text(
        "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\nspec: {environments: {prod: {}}}\n"
    )
    (tmp_path / "manifests" / "a.yaml").write_text(CONNECTOR)
    return tmp_path


@pytest.fixture
def home(tmp_path):
    return {"HOME": str(tmp_path / "home")}


def kept(project, home, found=FOUND, now=NOW):
    loaded = load(project, environ=home, cache_above=-1)
    assert loaded.inputs is not None
    remember(project, None, {}, home, now, loaded.inputs, len(loaded.manifests), found)


def test_what_was_found_is_known_again(project, home):
    kept(project, home)
    known = recall(project, None, {}, home, NOW)
    assert known is not None
    assert (known.diagnostics, known.files, known.manifests) == (FOUND, ("declarative.yaml", "manifests/a.yaml"), 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "manifests" / "a.yaml").write_text(CONNECTOR + "# more\n"),
        lambda root: (root / "manifests" / "b.yaml").write_text(""),
        lambda root: (root / "manifests" / "a.yaml").rename(root / "manifests" / "b.yaml"),
        lambda root: (root / "manifests" / "a.yaml").unlink(),
        lambda root: (root / "declarative.yaml").write_text((root / "declarative.yaml").read_text() + "\n"),
        lambda root: (root / VERDICT_FILE).write_bytes((root / VERDICT_FILE).read_bytes()[:-1] + b" "),
        lambda root: (root / VERDICT_FILE).write_bytes(b""),
        lambda root: (root / "home" / ".cache" / "declarative" / "cache.key").write_bytes(b"x" * 32),
    ],
)
def test_any_change_forgets_it(project, home, change):
    kept(project, home)
    change(project)
    assert recall(project, None, {}, home, NOW) is None


def test_a_file_that_was_only_touched_is_the_same_file(project, home):
    kept(project, home)
    (project / "manifests" / "a.yaml").touch()
    assert recall(project, None, {}, home, NOW) is not None


def test_another_environment_or_variable_is_another_question(project, home):
    kept(project, home)
    assert recall(project, "prod", {}, home, NOW) is None
    assert recall(project, None, {"x": "1"}, home, NOW) is None


def test_it_holds_for_a_week_and_never_for_an_earlier_day(project, home):
    kept(project, home)
    assert recall(project, None, {}, home, NOW + timedelta(days=6)) is not None
    assert recall(project, None, {}, home, NOW + timedelta(days=7)) is None
    assert recall(project, None, {}, home, NOW - timedelta(seconds=1)) is None


def test_a_finding_about_the_future_is_judged_anew_each_time(project, home):
    kept(project, home, (Diagnostic(Severity.ERROR, "asset/date-future", "x"),))
    assert recall(project, None, {}, home, NOW) is None


def test_manifests_that_ask_the_environment_are_read_each_time(project, home):
    (project / "manifests" / "a.yaml").write_text(CONNECTOR.replace("SNOW", "${env.SITE}"))
    assert load(project, environ={**home, "SITE": "SNOW"}, cache_above=-1).inputs is None
