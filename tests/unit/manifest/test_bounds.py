"""Hostile text costs time in proportion to its length, and not more."""

from __future__ import annotations

import time

import pytest

from declarative.manifest.documents import Context, read_document
from declarative.manifest.format import format_text
from declarative.manifest.sources import ReadLimits, documents_of
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
