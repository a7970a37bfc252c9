"""Canonical formatting: order, indentation, comments, and what is never touched."""

from __future__ import annotations

import pytest

from declarative.manifest.format import format_text

MESSY = """\
# yaml-language-server: $schema=x

# about the host
kind:   Asset   \n\
apiVersion: declarative/v1


spec:
    # core things
    coreAttributes:
        hostName:   "web"   # the host
        businessMetaData: {department: X,  company: Y}
        biosInfo:
            model: |
                a

                # not a comment
                  b
            manufacturer: 'x
              y'
        # ports here
        ports:
        - protocol: tcp   # c1
          port: "80"
        # second
        -   port: 443
            protocol: tcp
        -
            port: 1
            protocol: udp
    # conn
    connector: snow
    identityAttributes:
        ipAddress:
        - 1.1.1.1
        - 2.2.2.2  # x
        hostName: web
metadata:
    name: a
# end
"""
CLEAN = """\
# yaml-language-server: $schema=x

# about the host
apiVersion: declarative/v1
kind: Asset
metadata:
  name: a

spec:
  # conn
  connector: snow
  identityAttributes:
    hostName: web
    ipAddress:
      - 1.1.1.1
      - 2.2.2.2  # x
  # core things
  coreAttributes:
    hostName: "web"   # the host
    biosInfo:
      manufacturer: 'x
        y'
      model: |
          a

          # not a comment
            b
    businessMetaData: {department: X,  company: Y}
    # ports here
    ports:
      - port: "80"
        protocol: tcp   # c1
      # second
      - port: 443
        protocol: tcp
      - port: 1
        protocol: udp
# end
"""


def test_keys_are_ordered_by_the_schema_and_comments_move_with_them():
    assert format_text(MESSY, "f.yaml").text == CLEAN


def test_formatted_text_stays_as_it_is():
    formatted = format_text(CLEAN, "f.yaml")
    assert (formatted.text, formatted.changed) == (CLEAN, False)


def test_every_document_of_a_file_is_formatted():
    connector = "metadata: {name: s}\nspec: {}\n"
    text = f"---\nkind: Connector\napiVersion: declarative/v1\n{connector}---  \n# two\nkind: Asset\napiVersion: declarative/v1\n"
    first = f"---\napiVersion: declarative/v1\nkind: Connector\n{connector}"
    assert format_text(text, "f.yaml").text == f"{first}---\n# two\napiVersion: declarative/v1\nkind: Asset\n"


def test_unknown_keys_keep_their_order_after_the_known_ones():
    text = "zzz: 1\nkind: Asset\naaa: 2\napiVersion: declarative/v1\n"
    assert format_text(text, "f.yaml").text == "apiVersion: declarative/v1\nkind: Asset\nzzz: 1\naaa: 2\n"


@pytest.mark.parametrize("value", ["012", "'012'", '"012"', "NO", "'NO'", "1_000", "10:20:30", '"a\\tb"', "~", "", "!!str 1"])
def test_quoting_stays_as_written(value):
    text = f"apiVersion: declarative/v1\nkind: Asset\nx: {value}".rstrip() + "\n"
    assert format_text(text, "f.yaml").text == text


def test_an_alias_never_moves_before_its_anchor():
    text = "kind: Asset\nspec: &s {a: 1}   \nmetadata: *s\n\n\n"
    assert format_text(text, "f.yaml").text == "kind: Asset\nspec: &s {a: 1}\nmetadata: *s\n"


def test_blank_lines_that_belong_to_a_value_are_kept():
    text = "kind: Asset\nx: |+\n  a\n\n\ny: >\n  b\n\n\n\n  c\n"
    assert format_text(text, "f.yaml").text == text


def test_windows_line_ends_are_kept():
    assert (
        format_text("kind: Asset\r\napiVersion: declarative/v1\r\n", "f.yaml").text
        == "apiVersion: declarative/v1\r\nkind: Asset\r\n"
    )


def test_a_byte_order_mark_is_dropped_and_a_last_line_break_added():
    assert format_text("\ufeffkind: Asset", "f.yaml").text == "kind: Asset\n"


@pytest.mark.parametrize("text", ["a: [\n", "a: 1\na: 2\n", "a: !x 1\n", "a: \u202e\n"])
def test_a_broken_file_is_left_alone_and_its_errors_are_told(text):
    formatted = format_text(text, "f.yaml")
    assert (formatted.text, formatted.changed) == (text, False)
    assert formatted.diagnostics[0].position is not None


@pytest.mark.parametrize("text", ["", "\n", "# only\n", "---\n", "- a\n-   b\n", "{a: 1}\n", "text\n"])
def test_what_is_no_manifest_is_only_tidied(text):
    once = format_text(text, "f.yaml").text
    assert format_text(once, "f.yaml").text == once


def test_variables_are_left_as_they_are():
    text = "apiVersion: declarative/v1\nkind: Asset\nmetadata:\n  name: ${var.x}-$${y}\n"
    assert format_text(text, "f.yaml").text == text
