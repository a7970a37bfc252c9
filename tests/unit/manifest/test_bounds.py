"""Hostile text costs time in proportion to its length, and not more."""

from __future__ import annotations

import time

import pytest

from declarative.manifest import load
from declarative.manifest.documents import Context, read_document
from declarative.manifest.format import format_text
from declarative.manifest.quick import read_quickly
from declarative.manifest.shapes import shape_of
from declarative.manifest.sources import RawDocument, ReadLimits, documents_of
from declarative.manifest.walk import files_matching

LENGTH = 20_000
HEAD = "apiVersion: declarative/v1\nkind: Asset\nmetadata: {name: x}\nspec:\n  connector: c\n  coreAttributes:\n"
TEXTS = {
    "brackets": "[" * LENGTH,
    "braces in a value": "v: " + "{a: " * (LENGTH // 4),
    "wide list": "v: [" + "a," * (LENGTH // 2) + "]",
    "words": "v: " + "a " * (LENGTH // 2),
    "colons": "v: " + "a:" * (LENGTH // 2),
    "hashes": "v: " + "a#" * (LENGTH // 2),
    "spaces": "v: x" + " " * LENGTH + "y",
    "open quote": 'v: "' + "a\n" * (LENGTH // 2),
    "markers": "---\n" * (LENGTH // 4),
    "dots": "...\n" * (LENGTH // 4),
    "dashes": "- " * (LENGTH // 2) + "x",
    "question marks": "? a\n" * (LENGTH // 4),
    "carriage returns": "\r" * LENGTH,
    "one long integer": f"v: [{'1' * LENGTH}]",
    "duplicates": HEAD + "    hostName: a\n" * (LENGTH // 16),
    "aliases": "a: &a x\nb:\n" + "- *a\n" * (LENGTH // 5),
    "references": HEAD + '    hostName: "' + "${var.x}" * (LENGTH // 8) + '"\n',
    "open references": HEAD + '    hostName: "' + "${" * (LENGTH // 2) + '"\n',
    "stairs": "".join(" " * n + "a:\n" for n in range(440)),
    "percent signs": "%a\n" * (LENGTH // 3),
    "a line of hashes above a mistake": "#" * 80 + "\na: [\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_read_and_formatted_in_bounded_time(name):
    begun = time.process_time()
    documents, _ = documents_of(TEXTS[name].encode(), "f.yaml", ReadLimits())
    for document in documents:
        read_document(document, Context())
    format_text(TEXTS[name], "f.yaml")
    # Quadratic work on this length takes minutes; a busy machine takes a few seconds for the honest kind.
    assert time.process_time() - begun < 8


MANY = {
    "few words in each, and many in each hundredth": [
        HEAD + "    x: y\n" * (1 if at % 100 else lines - 8) + "\n" * (0 if not at % 100 else lines - 9)
        for lines in range(700, 712)
        for at in range(1, 101)
    ],
    "a long comment in each hundredth": [
        HEAD + f"    x: y #{'c' * (100_000 if not at % 100 else 1)}\n" * lines for lines in range(1, 12) for at in range(1, 101)
    ],
}


@pytest.mark.parametrize("name", MANY)
def test_what_is_learned_from_documents_costs_no_more_than_to_read_them(name):
    data = "---\n".join(MANY[name]).encode()
    begun = time.process_time()
    for document in documents_of(data, "f.yaml", ReadLimits())[0]:
        read_quickly(document, shape_of({}), ReadLimits())
    # Learned by the number of documents alone, it takes several times as long as the rest.
    assert time.process_time() - begun < 8


@pytest.mark.parametrize(
    ("pattern", "file"),
    [
        ("**/" * 20 + "x.yaml", "a/" * 40 + "y.yaml"),
        ("**/a/" * 15 + "x.yaml", "a/" * 60 + "y.yaml"),
        ("*a" * 20 + "b.yaml", "a" * 200 + ".yaml"),
    ],
)
def test_a_pattern_of_many_wildcards_is_tried_in_bounded_time(tmp_path, pattern, file):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("a: 1\n")
    # Trying every way to share a path out among the wildcards would not end in a life.
    assert files_matching(tmp_path, [pattern]) == ({}, [])


@pytest.mark.parametrize(
    ("pattern", "file"),
    [
        ("a/**/b/**/c*d*.yaml", "a/x/b/b/y/ccdd.yaml"),
        ("**/b/*.yaml", "a/b/b/c.yaml"),
        ("**/**/*", "a/b.yml"),
        ("*a*", "bab.yaml"),
        ("[!b]?*.yaml", "abc.yaml"),
    ],
)
def test_wildcards_match_wherever_there_is_a_way(tmp_path, pattern, file):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("a: 1\n")
    assert list(files_matching(tmp_path, [pattern])[0]) == [file]


PROJECT = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: p}\nspec:\n  platform: EU1\n"


def loaded(root, project, manifests):
    (root / "manifests").mkdir()
    (root / "declarative.yaml").write_text(PROJECT + project)
    (root / "manifests" / "a.yaml").write_text(manifests)
    return load(root, environ={})


def test_variables_made_of_each_other_do_not_grow_without_bounds(tmp_path):
    doubling = "".join(f"    v{n + 1}: ${{var.v{n}}}${{var.v{n}}}\n" for n in range(40))
    found = loaded(tmp_path, "  variables:\n    v0: x\n" + doubling, HEAD + "    hostName: ${var.v40}\n").diagnostics
    assert "variable/too-large" in {one.rule for one in found}
    assert len(found) < 10


def test_a_long_chain_of_variables_is_refused_and_does_not_overflow_the_stack(tmp_path):
    chain = "".join(f"    v{n + 1}: ${{var.v{n}}}\n" for n in range(5_000))
    found = loaded(tmp_path, "  variables:\n    v0: x\n" + chain, HEAD + "    hostName: ${var.v5000}\n").diagnostics
    told = [one for one in found if one.rule.startswith("variable/")]
    assert [one.rule for one in told] == ["variable/too-large"]
    assert "levels deep" in told[0].message


def test_what_variables_stand_for_is_bounded_over_many_small_files(tmp_path):
    """Each of a hundred characters asks for a hundred thousand values."""
    (tmp_path / "manifests").mkdir()
    long = "  variables:\n    long: [" + "x, " * 1_000 + "x]\n    longer: [" + "'${var.long}', " * 100 + "]\n"
    (tmp_path / "declarative.yaml").write_text(PROJECT + long)
    for n in range(30):
        (tmp_path / "manifests" / f"{n:02}.yaml").write_text(HEAD.replace("x}", f"x{n}}}") + "    softwares: ${var.longer}\n")
    project = load(tmp_path, environ={})
    left = [one for one in project.diagnostics if one.rule == "yaml/too-many-nodes"]
    assert len(left) == 20
    assert all("variables and overlays bring more than 1,000,000 values" in one.message for one in left)
    assert project.unread


def test_patches_of_many_manifests_by_many_overlays_are_left_at_a_bound(tmp_path):
    patch = "        - {target: 'Asset/*', patch: {spec: {coreAttributes: {hostName: h%d}}}}\n"
    overlays = "  environments:\n    prod:\n      overlays:\n" + "".join(patch % n for n in range(1_000))
    (tmp_path / "manifests").mkdir()
    (tmp_path / "declarative.yaml").write_text(PROJECT + overlays)
    asset = HEAD.replace("  coreAttributes:", "  identityAttributes: {sourceNativeKey: N}\n---")
    assets = "".join(asset.replace("name: x", f"name: x{n}") for n in range(500))
    (tmp_path / "manifests" / "a.yaml").write_text(assets)
    found = load(tmp_path, environ={}, environment="prod").diagnostics
    assert [one.rule for one in found] == ["yaml/too-many-nodes"]
    assert "aliases, variables and overlays bring more than 200,000 values" in found[0].message


def test_overlays_of_patterns_are_applied_in_their_order(tmp_path):
    targets = ["Asset/*", "*/x", "Asset/x", "Asset/[x]", "Asset/?", "Asset/y", "Connector/*"]
    patch = "        - {{target: '{one}', patch: {{metadata: {{labels: {{l{n}: '{n}', last: '{n}'}}}}}}}}\n"
    entries = "".join(patch.format(one=one, n=n) for n, one in enumerate(targets))
    (tmp_path / "manifests").mkdir()
    (tmp_path / "declarative.yaml").write_text(PROJECT + "  environments:\n    prod:\n      overlays:\n" + entries)
    (tmp_path / "manifests" / "a.yaml").write_text(HEAD.replace("coreAttributes:", "identityAttributes: {sourceNativeKey: N}"))
    project = load(tmp_path, environ={}, environment="prod")
    assert [one.rule for one in project.diagnostics] == ["overlay/no-target"] * 2, project.diagnostics
    (asset,) = project.manifests
    assert asset.labels == {"l0": "0", "l1": "1", "l2": "2", "l3": "3", "l4": "4", "last": "4"}


def test_variables_that_use_each_other_in_a_ring_are_told_at_each_use(tmp_path):
    ring = "".join(f"    v{n}: ${{var.v{(n + 1) % 40}}}${{var.v{(n + 1) % 40}}}\n" for n in range(40))
    uses = "".join(f"      k{n}: ${{var.v{n}}}\n" for n in range(40))
    found = loaded(tmp_path, "  variables:\n" + ring, HEAD + "    customConnectorAttributes:\n" + uses).diagnostics
    told = [one for one in found if one.rule == "variable/cycle"]
    assert len(told) == 40
    assert all(one.message.endswith(f"-> v{n}") for n, one in enumerate(told))


def test_a_chain_of_a_few_variables_is_followed(tmp_path):
    chain = "".join(f"    v{n + 1}: ${{var.v{n}}}\n" for n in range(20))
    variables = "  variables:\n    v0: x\n" + chain
    project = loaded(tmp_path, variables, HEAD.replace("connector: c", "connector: ${var.v20}") + "    description: y\n")
    assert not [one for one in project.diagnostics if one.rule.startswith("variable/")]


def test_a_short_text_cannot_ask_for_a_long_variable_without_end(tmp_path):
    long = "  variables:\n    long: [" + "x, " * 1_000 + "x]\n"
    found = loaded(tmp_path, long, HEAD + "    softwares:\n" + "    - ${var.long}\n" * 1_000).diagnostics
    assert "variable/too-large" in {one.rule for one in found}


def test_many_documents_of_repeated_aliases_are_left_at_a_bound(tmp_path):
    bomb = "a: &a [" + "x," * 20 + "]\nb: &b [" + "*a," * 20 + "]\nc: &c [" + "*b," * 20 + "]\nd: [" + "*c," * 5 + "]\n"
    project = loaded(tmp_path, "", (bomb + "---\n") * 100)
    left = [one for one in project.diagnostics if one.rule == "yaml/too-many-nodes"]
    assert len(left) == 1
    assert "were not looked at" in left[0].message
    assert project.unread


def test_scalars_may_be_repeated_as_often_as_they_are_asked_for(tmp_path):
    keys = "".join(f"      k{n}: ${{var.site}}\n" for n in range(5_000))
    project = loaded(tmp_path, "  variables: {site: Berlin}\n", HEAD + "    customConnectorAttributes:\n" + keys)
    assert not [one for one in project.diagnostics if one.rule.startswith(("variable/", "yaml/"))]


def test_more_directives_than_anybody_needs_are_refused():
    document = RawDocument("f.yaml", "".join(f"%TAG !a{n}! x\n" for n in range(200)) + "---\na: 1\n")
    found = read_document(document, Context()).diagnostics
    assert [one.rule for one in found] == ["yaml/syntax"]
    assert "directives" in found[0].message


def test_documents_that_begin_on_the_line_of_their_marker_are_told_apart(tmp_path):
    manifest = "--- {apiVersion: declarative/v1, kind: Connector, metadata: {name: c%d}, spec: {connectorUuid: %s}}\n"
    uuid = "489e8429-2e82-4599-a2a8-2b8f3d5c7a10"
    project = loaded(tmp_path, "", "".join(manifest % (n, uuid) for n in range(4)))
    assert not project.diagnostics
    assert [one.address for one in project.manifests] == [f"Connector/c{n}" for n in range(4)]
