"""Laws of formatting: the meaning stays, every comment stays, and formatting twice changes nothing more."""

from __future__ import annotations

import os
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from declarative.manifest.format import format_text
from declarative.manifest.nodes import read_nodes, to_value
from declarative.manifest.shapes import ANY
from declarative.manifest.sources import ReadLimits, documents_of

# More of them in a soak: DECLARATIVE_EXAMPLES=1000.
laws = settings(
    max_examples=int(os.environ.get("DECLARATIVE_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
LIMITS = ReadLimits()

names = st.sampled_from(
    [
        "hostName",
        "connector",
        "identityAttributes",
        "coreAttributes",
        "ports",
        "biosInfo",
        "model",
        "zzz",
        "aaa",
        "metadata",
        "spec",
        "port",
    ]
)
plain = st.sampled_from(
    [
        "x",
        "012",
        "'q'",
        '"d"',
        "~",
        "",
        "a b",
        "NO",
        "[1, 2]",
        "{a: b}",
        "[]",
        "'two\n{}  lines'",
        "two\n{}  lines",
        "|\n{}  lit\n\n{}    eral",
        ">-\n{}  f\n{}  g",
    ]
)
comments = st.sampled_from(["", "", "", "# c1", "# c2\n\n# c3", "\n", "\n\n\n# c4"])
trailing = st.sampled_from(["", "", "  # t", " # t2", "   "])


@st.composite
def blocks(draw, indent=0, depth=0):
    """Block YAML of every layout that people write: odd indentation, dashes at the parent's column, comments anywhere."""
    step = draw(st.sampled_from([1, 2, 3, 4]))
    lines = []
    for key in draw(st.lists(names, unique=True, min_size=1, max_size=4)):
        lines.append(_comment(draw(comments), indent))
        kind = draw(st.sampled_from(["scalar", "scalar", "mapping", "list"])) if depth < 3 else "scalar"
        pad = " " * indent
        if kind == "scalar":
            lines.append(_scalar(f"{pad}{key}:", draw(plain), draw(trailing), indent))
        elif kind == "mapping":
            lines.append(f"{pad}{key}:{draw(trailing)}\n" + draw(blocks(indent + step, depth + 1)))
        else:
            lines.append(f"{pad}{key}:{draw(trailing)}\n" + draw(lists(indent + draw(st.sampled_from([0, step])), depth + 1)))
    return "".join(lines)


@st.composite
def lists(draw, indent, depth):
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        lines.append(_comment(draw(comments), indent))
        pad = " " * indent
        kind = draw(st.sampled_from(["scalar", "mapping", "below"]))
        if kind == "scalar" or depth > 3:
            lines.append(_scalar(f"{pad}-", draw(plain), draw(trailing), indent))
        elif kind == "mapping":
            gap = draw(st.sampled_from([1, 3]))
            body = draw(blocks(indent + 1 + gap, depth + 1))
            first = re.sub(r"\A(?:[ ]*(?:#.*)?\n)*", "", body)
            lines.append(pad + "-" + " " * gap + first.lstrip(" "))
        else:
            lines.append(f"{pad}-{draw(trailing)}\n" + draw(blocks(indent + 2, depth + 1)))
    return "".join(lines)


def _comment(text: str, indent: int) -> str:
    return "".join((" " * indent + line if line else "") + "\n" for line in text.split("\n")) if text else ""


def _scalar(head: str, value: str, trail: str, indent: int) -> str:
    filled = value.replace("{}", " " * indent) if "\n" in value else value
    several = "\n" in filled
    return f"{head} {filled}".rstrip() + ("" if several else trail) + "\n"


def meaning(text: str):
    documents, found = documents_of(text.encode(), "f.yaml", LIMITS)
    readings = [read_nodes(document, LIMITS) for document in documents]
    assert not found
    assert not any(reading.diagnostics for reading in readings), [
        one.message for reading in readings for one in reading.diagnostics
    ]
    return [to_value(reading.root, ANY, []) for reading in readings if reading.root]


manifests = st.lists(blocks(), min_size=1, max_size=2).map(
    lambda bodies: "---\n".join(f"kind: Asset\n{re.sub('^kind:.*', '', body)}" for body in bodies)
)


@given(manifests)
@laws
def test_the_meaning_stays_and_the_second_time_nothing_changes(text):
    before = meaning(text)
    formatted = format_text(text, "f.yaml")
    assert not formatted.diagnostics
    assert meaning(formatted.text) == before
    assert format_text(formatted.text, "f.yaml").text == formatted.text


@given(manifests)
@laws
def test_every_comment_stays(text):
    found = re.compile(r"# ?(?:c|t)\d?\b")
    assert sorted(found.findall(format_text(text, "f.yaml").text)) == sorted(found.findall(text))


@given(manifests)
@laws
def test_ordinary_manifests_are_laid_out_in_steps_of_two(text):
    lines = format_text(text, "f.yaml").text.split("\n")
    keys = [line for line in lines if re.match(r" *(?:- )?[A-Za-z]+:(?: |$)", line)]
    assert all((len(line) - len(line.lstrip(" "))) % 2 == 0 for line in keys)


@laws
@given(st.text(max_size=80))
def test_any_text_is_formatted_or_left_alone(text):
    formatted = format_text(text, "f.yaml")
    if formatted.diagnostics:
        assert formatted.text == text
    else:
        assert format_text(formatted.text, "f.yaml").text == formatted.text
