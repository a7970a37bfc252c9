"""A new project is right from the start."""

from __future__ import annotations

import pytest

from declarative.core.errors import UsageError
from declarative.schema import registry, scaffold


@pytest.fixture
def project(tmp_path):
    for path, text in scaffold.project_files("acme").items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_new_project_has_one_commented_manifest_a_kind(project):
    texts = [path.read_text(encoding="utf-8") for path in (project / "manifests").iterdir()]
    texts.append((project / "declarative.yaml").read_text(encoding="utf-8"))
    assert sorted(
        line.removeprefix("kind: ") for text in texts for line in text.splitlines() if line.startswith("kind: ")
    ) == list(registry.kinds())
    assert all("  # " in text for text in texts)


def test_the_editors_schema_line_leads_to_a_schema_of_the_project(project):
    for path in [project / "declarative.yaml", *(project / "manifests").iterdir()]:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        reference = first.removeprefix("# yaml-language-server: $schema=")
        assert reference != first
        assert (path.parent / reference).resolve().is_file()


def test_a_name_that_no_project_can_have_is_refused():
    with pytest.raises(UsageError):
        scaffold.project_files("no/slash")


def test_export_writes_every_schema_as_it_is(tmp_path):
    written = scaffold.export(tmp_path / "out")
    assert {path.name for path in written} == set(registry.files())
    assert (tmp_path / "out" / "asset.schema.json").read_text(encoding="utf-8") == registry.files()["asset.schema.json"]


def test_export_into_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError):
        scaffold.export(tmp_path / "out")
