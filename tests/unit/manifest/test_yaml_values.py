"""YAML 1.2 constructs that are accepted, and what they mean. Cases written after the YAML 1.2.2 specification."""

from __future__ import annotations

import pytest

TEXT = {"type": "object", "properties": {"v": {"type": "string"}}}
MIXED = {"type": "object", "properties": {"v": {"type": ["string", "integer", "number"]}}}


@pytest.mark.parametrize(
    "written",
    [
        "10:20:30:40:50:10",
        "0123456",
        "1.10",
        "NO",
        "02134",
        "1_000",
        "0x1F",
        "0o17",
        "=",
        "2026-01-15",
        "+5:30",
        "true",
        "1e3",
        ".5",
        "-7",
        "00",
        "123456789012345678901234567890",
        ".inf",
        "off",
        "y",
        "2026-01-15T10:32:55Z",
        "1.0",
    ],
)
def test_a_plain_scalar_at_a_text_place_stays_as_written(read, written):
    values, found = read(f"v: {written}\n", TEXT)
    assert values == [{"v": written}]
    assert not found


@pytest.mark.parametrize("written", ["null", "Null", "NULL", "~", ""])
def test_null_is_null_also_at_a_text_place(read, written):
    assert read(f"v: {written}\n", TEXT) == ([{"v": None}], [])


@pytest.mark.parametrize(
    ("written", "value"), [('"null"', "null"), ("'12'", "12"), ('""', ""), ("'true'", "true"), ('"1.5"', "1.5")]
)
def test_a_quoted_scalar_is_always_text(read, written, value):
    assert read(f"v: {written}\n") == ([{"v": value}], [])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12),
        ("+12", 12),
        ("-3", -3),
        ("012", 12),
        ("0o14", 12),
        ("0xC", 12),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("yes", "yes"),
        ("NO", "NO"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("10:20", "10:20"),
        ("2026-01-15", "2026-01-15"),
        ("=", "="),
        ("0b1", "0b1"),
        ("1e", "1e"),
        ("+", "+"),
        ("-x", "-x"),
        (".", "."),
        ("999999999999999999", 999999999999999999),
    ],
)
def test_the_core_rules_decide_elsewhere(read, written, value):
    values, found = read(f"v: {written}\n")
    assert not found
    assert values == [{"v": value}]
    assert type(values[0]["v"]) is type(value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1768473175000", 1768473175000),
        ("0123", "0123"),
        ("1.5", 1.5),
        ("1.10", "1.10"),
        ("0x1F", "0x1F"),
        ("2026-01-15", "2026-01-15"),
    ],
)
def test_at_a_place_for_text_and_numbers_a_number_is_one_only_where_nothing_is_lost(read, written, value):
    assert read(f"v: {written}\n", MIXED) == ([{"v": value}], [])


def test_the_types_of_a_place_are_found_through_references_lists_and_free_keys(read):
    schema = {
        "$defs": {
            "text": {"type": ["string", "null"]},
            "node": {"properties": {"next": {"$ref": "#/$defs/node"}, "v": {"$ref": "#/$defs/text"}}},
        },
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"$ref": "#/$defs/text"}},
            "free": {"type": "object", "additionalProperties": {"type": "string"}},
            "tree": {"$ref": "#/$defs/node"},
        },
    }
    text = "list: [012, ~]\nfree: {any: 0x1}\ntree: {next: {next: {v: 1.10}}}\n"
    assert read(text, schema) == (
        [{"list": ["012", None], "free": {"any": "0x1"}, "tree": {"next": {"next": {"v": "1.10"}}}}],
        [],
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("v: |\n  a\n   b\n\n  c\n", "a\n b\n\nc\n"),
        ("v: |-\n  a\n  b\n\n", "a\nb"),
        ("v: |+\n  a\n\n", "a\n\n"),
        ("v: >\n  a\n  b\n\n  c\n", "a b\nc\n"),
        ("v: >-\n  a\n  b\n", "a b"),
        ("v: >+\n  a\n\n", "a\n\n"),
        ("v: >\n  a\n    indented\n  b\n", "a\n  indented\nb\n"),
        ("v: |1\n  a\n", " a\n"),
        ("v: |2-\n    a\n", "  a"),
        ("v: |  # comment\n  # text\n", "# text\n"),
        ("v: one\n  two\n\n  three\n", "one two\nthree"),
        ("v: 'one\n  two'\n", "one two"),
        ("v: 'it''s'\n", "it's"),
        ('v: "a\\\n  b"\n', "ab"),
        ('v: "one\n\n  two"\n', "one\ntwo"),
        ('v: "\\t\\n\\"\\\\\\/\\x41\\u00e9\\U0001F600"\n', '\t\n"\\/Aé😀'),
        ("v: [a, b,]\n", ["a", "b"]),
        ("v: [a, [b], {c: d}]\n", ["a", ["b"], {"c": "d"}]),
        ("v: {a: 1, b: , c}\n", {"a": 1, "b": None, "c": None}),
        ('v: {"a":1}\n', {"a": 1}),
        ("v: [\n  a, # one\n  b\n]\n", ["a", "b"]),
        ("v: []\n", []),
        ("v: {}\n", {}),
        ("v:\n- a\n- b\n", ["a", "b"]),
        ("v:\n  - - a\n    - b\n  - c: d\n    e: f\n", [["a", "b"], {"c": "d", "e": "f"}]),
        ("v:\n  -\n    a: b\n  - \n", [{"a": "b"}, None]),
        ("v: a#b # comment\n", "a#b"),
        ("v: http://x:80/y\n", "http://x:80/y"),
        ("v: a: b\n".replace("a: b", "'a: b'"), "a: b"),
        ("v: !!str 12\n", "12"),
        ("v: ! 12\n", "12"),
        ('v: !!int "12"\n', 12),
        ("v: !!float 12\n", 12.0),
        ("v: !!null ''\n", None),
        ("v: !!map {a: b}\n", {"a": "b"}),
        ("v: &x [1]\n", [1]),
        ("? v\n: a\n", "a"),
        ("'v' : a\n", "a"),
        ("v:\ta\n", "a"),
        ("v: a\r\n", "a"),
        ("\ufeffv: a\n", "a"),
        ("# comment\n\nv: a\n# end\n", "a"),
        ("%YAML 1.2\n---\nv: a\n...\n", "a"),
    ],
)
def test_a_construct_of_the_specification_means_what_it_says(read, text, value):
    assert read(text) == ([{"v": value}], [])


def test_an_alias_stands_for_its_anchor_and_is_typed_by_its_own_place(read):
    schema = {"type": "object", "properties": {"text": {"type": "string"}, "number": {"type": "integer"}}}
    assert read("number: &n 012\ntext: *n\n", schema) == ([{"number": 12, "text": "012"}], [])


def test_two_uses_of_an_anchor_are_two_values(read):
    ((value,), _) = read("a: &x {k: [1]}\nb: *x\n")
    value["a"]["k"].append(2)
    assert value["b"] == {"k": [1]}


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n---\na: 2\n",
        "---\na: 1\n---\na: 2\n",
        "a: 1\n...\n---\na: 2\n...\n",
        "--- {a: 1}\n--- # two\na: 2",
        "a: 1\r\n---\r\na: 2\r\n",
    ],
)
def test_a_file_holds_several_documents(read, text):
    assert read(text) == ([{"a": 1}, {"a": 2}], [])


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "---\n---\n", "...\n"])
def test_a_document_without_content_is_nothing(read, text):
    values, found = read(text)
    assert not found
    assert [value for value in values if value is not None] == []


def test_dashes_inside_a_value_are_not_a_document(read):
    assert read("v: |\n  ---\n  x\nw: a--- b\n") == ([{"v": "---\nx\n", "w": "a--- b"}], [])
