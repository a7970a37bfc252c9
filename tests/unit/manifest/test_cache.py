"""The warm cache: quicker, and never believed without reason."""

from __future__ import annotations

import pytest

from declarative.core.errors import InvalidError
from declarative.manifest import documents, kept, load
from declarative.manifest.cache import CACHE_FILE

CONNECTOR = """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: snow}
spec: {connectorUuid: 5de2a9b0-1111-4222-8333-444455556666, source: SNOW}
"""
PROJECT = """\
apiVersion: declarative/v1
kind: Project
metadata: {name: p}
spec:
  platform: EU1
"""
BROKEN = CONNECTOR.replace("snow", "broken").replace("source", "sauce")


@pytest.fixture
def home(tmp_path_factory):
    return {"HOME": str(tmp_path_factory.mktemp("home"))}


@pytest.fixture
def reads(monkeypatch):
    """The documents that were really read."""
    seen = []
    original = documents.read_value
    monkeypatch.setattr(documents, "read_value", lambda document, limits: seen.append(document) or original(document, limits))
    return seen


def cached(root, home):
    return load(root, environ=home, cache_above=0)


def test_an_unchanged_file_is_not_read_again_and_says_the_same(project, home, reads):
    root = project({"manifests/a.yaml": CONNECTOR + "---\n" + BROKEN})
    first = cached(root, home)
    assert len(reads) == 2
    second = cached(root, home)
    # What was wrong is read again, so that it can be explained again.
    assert len(reads) == 3
    assert (second.manifests, second.diagnostics, second.digest) == (first.manifests, first.diagnostics, first.digest)
    assert str(second.manifests[0].locate("/spec/source")) == str(first.manifests[0].locate("/spec/source"))


def test_a_renamed_file_is_found_by_its_content_and_told_by_its_new_name(project, home, reads):
    root = project({"manifests/a.yaml": CONNECTOR})
    cached(root, home)
    (root / "manifests" / "a.yaml").rename(root / "manifests" / "b.yaml")
    (manifest,) = cached(root, home).manifests
    assert len(reads) == 1
    assert str(manifest.position) == "manifests/b.yaml:1:1"


def test_variables_are_resolved_anew_each_time(project, home):
    root = project({"manifests/a.yaml": CONNECTOR.replace("SNOW", "'${env.SOURCE}'")})
    assert load(root, environ={**home, "SOURCE": "A"}, cache_above=0).manifests[0].spec["source"] == "A"
    assert load(root, environ={**home, "SOURCE": "B"}, cache_above=0).manifests[0].spec["source"] == "B"


def test_a_cache_that_another_user_made_is_ignored(project, home, reads, tmp_path_factory):
    root = project({"manifests/a.yaml": CONNECTOR})
    cached(root, {"HOME": str(tmp_path_factory.mktemp("other"))})
    cached(root, home)
    assert len(reads) == 2


def test_a_cache_whose_content_was_altered_is_ignored(project, home):
    root = project({"manifests/a.yaml": CONNECTOR})
    cached(root, home)
    data = (root / CACHE_FILE).read_bytes()
    assert b'"snow"' in data
    (root / CACHE_FILE).write_bytes(data.replace(b'"snow"', b'"evil"'))
    assert cached(root, home).manifests[0].name == "snow"


def test_a_file_that_changes_between_a_look_and_the_next_is_told(project, home):
    root = project({"manifests/a.yaml": CONNECTOR})
    cached(root, home)
    (manifest,) = cached(root, home).manifests
    (root / "manifests" / "a.yaml").write_text(CONNECTOR.replace("SNOW", "RAIN"))
    with pytest.raises(InvalidError, match=r"manifests/a\.yaml was changed while it was being read"):
        _ = manifest.spec


def test_what_changes_elsewhere_in_a_file_leaves_a_documents_value_as_it_was(project, home):
    """And its places in the file cannot be told any more: lines may have moved."""
    root = project({"manifests/a.yaml": CONNECTOR + "---\n" + CONNECTOR.replace("snow", "rain")})
    cached(root, home)
    rain, snow = cached(root, home).manifests
    text = (root / "manifests" / "a.yaml").read_text()
    (root / "manifests" / "a.yaml").write_text(text.replace("SNOW", "HAIL", 1))
    assert rain.spec["source"] == "SNOW"
    for look in (lambda: snow.spec, lambda: rain.locate("/spec/source")):
        with pytest.raises(InvalidError, match="was changed while it was being read"):
            look()


def test_more_than_a_few_documents_of_a_file_are_read_at_once_and_say_the_same(project, home, monkeypatch):
    names = [f"snow{at}" for at in range(3 * kept._FEW)]
    root = project({"manifests/a.yaml": "---\n".join(CONNECTOR.replace("snow", name) for name in names)})
    cached(root, home)
    manifests = cached(root, home).manifests
    parts = []
    read_part = kept.read_part
    monkeypatch.setattr(kept, "read_part", lambda *where: parts.append(where) or read_part(*where))
    assert sorted(manifest.value["metadata"]["name"] for manifest in manifests) == sorted(names)
    assert len(parts) == kept._FEW


def test_however_often_a_file_was_asked_for_what_stays_in_it_is_read(project, home):
    names = [f"snow{at}" for at in range(3 * kept._FEW)]
    root = project({"manifests/a.yaml": "---\n".join(CONNECTOR.replace("snow", name) for name in names)})
    cached(root, home)
    manifests = cached(root, home).manifests
    text = (root / "manifests" / "a.yaml").read_text()
    (root / "manifests" / "a.yaml").write_text(text[::-1].replace("SNOW"[::-1], "HAIL"[::-1], 1)[::-1])
    last = next(manifest for manifest in manifests if manifest.name == names[-1])
    for manifest in manifests:
        if manifest is not last:
            assert manifest.spec["source"] == "SNOW"
    with pytest.raises(InvalidError, match="was changed while it was being read"):
        _ = last.spec


def test_an_overlay_reaches_what_was_kept(project, home):
    patch = "environments: {prod: {overlays: [{target: Connector/snow, patch: {spec: {source: PROD}}}]}}"
    root = project({"manifests/a.yaml": CONNECTOR, "declarative.yaml": PROJECT + f"  {patch}\n"})
    assert cached(root, home).manifests[0].spec["source"] == "SNOW"
    assert load(root, environment="prod", environ=home, cache_above=0).manifests[0].spec["source"] == "PROD"


def test_a_key_that_others_can_read_is_not_used(project, home, reads):
    root = project({"manifests/a.yaml": CONNECTOR})
    cached(root, home)
    from pathlib import Path

    (Path(home["HOME"]) / ".cache" / "declarative" / "cache.key").chmod(0o644)
    cached(root, home)
    assert len(reads) == 2


def test_a_project_that_cannot_be_written_is_read_all_the_same(project, home):
    root = project({"manifests/a.yaml": CONNECTOR})
    (root / ".declarative").write_text("a file where a folder is needed")
    assert len(cached(root, home).manifests) == 1


def test_a_small_project_leaves_no_cache_behind(project, home):
    root = project({"manifests/a.yaml": CONNECTOR})
    load(root, environ=home)
    assert not (root / ".declarative").exists()
    assert not list((root / "manifests").glob(".*"))
