"""What is refused, where it is said to be, and that nothing else hides behind it."""

from __future__ import annotations

import pytest

from declarative.manifest.sources import ReadLimits


def _told(found):
    return [(str(one.position), one.rule) for one in found]


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1", "yaml/duplicate-key"),
        ("v: {x: 1, 'x': 2}\n", "f.yaml:1:11", "yaml/duplicate-key"),
        ("v: !!python/object:os.system x\n", "f.yaml:1:4", "yaml/unknown-tag"),
        ("v: !vault x\n", "f.yaml:1:4", "yaml/unknown-tag"),
        ("v: !!set {a}\n", "f.yaml:1:4", "yaml/unknown-tag"),
        ("v: !!timestamp 2026-01-15\n", "f.yaml:1:4", "yaml/unknown-tag"),
        ("v: !!int x\n", "f.yaml:1:4", "yaml/unknown-tag"),
        ("a: &x {k: 1}\nb:\n  <<: *x\n", "f.yaml:3:3", "yaml/merge-key"),
        ("v: *nope\n", "f.yaml:1:4", "yaml/unknown-alias"),
        ("v: &x [*x]\n", "f.yaml:1:8", "yaml/cyclic-alias"),
        ("a:\n\tb: 1\n", "f.yaml:2:1", "yaml/tab"),
        ("a: |\n\tb\n", "f.yaml:2:1", "yaml/tab"),
        ("a: x\x07y\n", "f.yaml:1:5", "yaml/character"),
        ("é: x\u202ey\n", "f.yaml:1:5", "yaml/character"),
        ("a: 1 # x\u200b\n", "f.yaml:1:9", "yaml/character"),
        ("a: x\u2028y\n", "f.yaml:1:5", "yaml/character"),
        ("a: x\ufeffy\n", "f.yaml:1:5", "yaml/character"),
        ('a: "\\u202e"\n', "f.yaml:1:4", "yaml/character"),
        ('a: "\\0"\n', "f.yaml:1:4", "yaml/character"),
        ('a: "\\ud800"\n', "f.yaml:1:7", "yaml/surrogate"),
        ("a: 1\nb: \ud800\n", "f.yaml:2:4", "yaml/surrogate"),
        ("v: 1234567890123456789\n", "f.yaml:1:4", "yaml/integer-range"),
        ("v: -1000000000000000000\n", "f.yaml:1:4", "yaml/integer-range"),
        ("v: 0xFFFFFFFFFFFFFFFF\n", "f.yaml:1:4", "yaml/integer-range"),
        ("v: .nan\n", "f.yaml:1:4", "yaml/number"),
        ("v: -.INF\n", "f.yaml:1:4", "yaml/number"),
        ("v: 1e999\n", "f.yaml:1:4", "yaml/number"),
        ("[a]: 1\n", "f.yaml:1:1", "yaml/key"),
        ("? {a: b}\n: 1\n", "f.yaml:1:3", "yaml/key"),
        ('"": 1\n', "f.yaml:1:1", "yaml/key"),
        ("a: b: c\n", "f.yaml:1:5", "yaml/syntax"),
        ("a:\n   b: 1\n  c: 2\n", "f.yaml:3:3", "yaml/syntax"),
        ("a: [1, 2\n", "f.yaml:1:4", "yaml/syntax"),
        ("x: 1\na: 'open\n", "f.yaml:2:4", "yaml/syntax"),
        ("a: @x\n", "f.yaml:1:4", "yaml/syntax"),
        ("a: *.example.com\n", "f.yaml:1:4", "yaml/syntax"),
        ("a: 1\nkey\nb: 2\n", "f.yaml:2:1", "yaml/syntax"),
        ("a: - b\n", "f.yaml:1:4", "yaml/syntax"),
        ("a: `x`\n", "f.yaml:1:4", "yaml/syntax"),
        ('a: "\\q"\n', "f.yaml:1:5", "yaml/syntax"),
        ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> other\nc: 4\n", "f.yaml:2:1", "yaml/merge-conflict"),
        ("a: 1\r\nb: 3\r\n>>>>>>> other\r\n", "f.yaml:3:1", "yaml/merge-conflict"),
    ],
)
def test_a_wrong_construct_is_refused_at_its_character(read, text, place, rule):
    _, found = read(text)
    assert _told(found) == [(place, rule)]


def test_a_conflict_over_several_documents_is_told_where_each_of_its_lines_stands(read):
    _, found = read("a: 1\n<<<<<<< HEAD\n---\nb: 2\n---\nc: 3\n---\nd: 4\n>>>>>>> other\n---\ne: 5\n")
    assert _told(found) == [(f"f.yaml:{line}:1", "yaml/merge-conflict") for line in (2, 9)]


def test_what_looks_like_a_conflict_inside_of_a_text_is_text(read):
    text = "a: |\n  <<<<<<< HEAD\n  =======\nb: <<<<<<< x\n"
    assert read(text) == ([{"a": "<<<<<<< HEAD\n=======\n", "b": "<<<<<<< x"}], [])


def test_a_duplicate_key_is_refused_with_both_places(read):
    _, (one,) = read("x: 1\nname: a\nname: b\n")
    assert str(one.position) == "f.yaml:3:1"
    assert "f.yaml:2:1" in one.message
    assert one.excerpt == "name: b"
    assert one.hint


def test_bytes_that_are_not_utf8_are_refused_where_they_stand_and_the_rest_is_read(read):
    _, found = read(b"a: caf\xe9\n---\nb: 1\nb: 2\n")
    assert _told(found) == [("f.yaml:1:7", "yaml/encoding"), ("f.yaml:4:1", "yaml/duplicate-key")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_another_encoding_is_named(read, encoding):
    _, found = read("a: 1\n".encode(encoding))
    assert {one.rule for one in found} <= {"yaml/encoding", "yaml/character"}
    assert found


def test_one_run_finds_every_error_of_every_document(read):
    text = "a: 1\na: 2\nb: !x y\n---\nc: [\n---\nd: .nan\ne: <\u200b>\n"
    values, found = read(text)
    assert sorted(_told(found)) == [
        ("f.yaml:2:1", "yaml/duplicate-key"),
        ("f.yaml:3:4", "yaml/unknown-tag"),
        ("f.yaml:5:4", "yaml/syntax"),
        ("f.yaml:7:4", "yaml/number"),
        ("f.yaml:8:5", "yaml/character"),
    ]
    assert values[0] == {"a": 1, "b": "y"}


def test_an_alias_bomb_is_refused_before_it_is_written_out(read):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    _, found = read(bomb)
    assert [one.rule for one in found] == ["yaml/too-many-nodes"]


@pytest.mark.parametrize(
    "deep", ["[" * 5000, "v: " + "{a: " * 5000, "".join(" " * n + "a:\n" for n in range(300)), "- " * 3000 + "x"]
)
def test_deep_nesting_is_refused(read, deep):
    _, found = read(deep)
    assert [one.rule for one in found] == ["yaml/too-deep"]


def test_the_depth_that_is_allowed_is_a_parameter(read):
    assert read("a: {b: {c: 1}}\n", limits=ReadLimits(depth=4)) == ([{"a": {"b": {"c": 1}}}], [])
    assert [one.rule for one in read("a: {b: {c: 1}}\n", limits=ReadLimits(depth=3))[1]] == ["yaml/too-deep"]


def test_a_text_over_the_size_limit_is_not_read(read):
    values, (one,) = read("a: 123456789\n", limits=ReadLimits(file_bytes=8))
    assert (values, one.rule) == ([], "yaml/too-large")


def test_a_quoted_merge_sign_is_an_ordinary_key(read):
    assert read("'<<': 1\n") == ([{"<<": 1}], [])


def test_columns_count_characters_not_bytes(read):
    _, (one,) = read('{"日本": 1, "日本": 2}\n')
    assert str(one.position) == "f.yaml:1:11"


def test_many_forbidden_characters_are_listed_up_to_a_number(read):
    _, found = read("a: 1 # " + "\u200b" * 100 + "\n")
    assert len(found) == ReadLimits().character_errors
