"""A hostile value can change nothing but itself: in a terminal, in Markdown, in HTML, in a CI log."""

import html.parser
import json
import os
import re
import unicodedata
import xml.etree.ElementTree as ET

import pyte
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.core.errors import ApiError, FailedRequest
from declarative.plan.model import (
    Action,
    ApplyResult,
    Basis,
    Change,
    ChangeResult,
    Check,
    FieldChange,
    LimitBreach,
    OutcomeKind,
    Plan,
    StateMark,
)
from declarative.render.asset_view import asset_text
from declarative.render.diagnostics import diagnostics_text
from declarative.render.errors import error_text
from declarative.render.escape import github_data, html_text, json_text, markdown, markdown_code, markdown_fence, plain, xml_text
from declarative.render.plan_html import plan_html
from declarative.render.plan_markdown import plan_markdown
from declarative.render.plan_text import plan_text
from declarative.render.reports import github, gitlab, junit, sarif
from declarative.render.result_markdown import result_markdown
from declarative.render.result_text import result_text
from declarative.render.table import write_rows

CORPUS = [
    "`", "``", "```", "````\n# heading\n````", "```\n</details>\n# out\n```", "~~~", "` `` ```",
    "|", "a | b", "\\|", "\\`", "\\", "| --- |",
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "--> <b>",
    "<!--", "]]>",
    '" onmouseover="alert(1)', "' x='", "&lt;b&gt;", "&#60;b&#62;", "</details>", "</title><script>", "</style>",
    "@team", "@org/team", "#1", "GH-1", "org/repo#1", "!1", "~label", "%1", "$1", ":tada:", "https://evil.test",
    "www.evil.test",
    "[x](https://evil.test)", "![x](https://evil.test/p.png)", "[x]: https://evil.test", "[^1]", "**bold**", "# h",
    "- item", "1. one", "> q", "---",
    "\x1b[31mred", "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;https://evil.test\x1b\\link\x1b]8;;\x1b\\", "\x9b31m",
    "\x9d0;t\x9c", "\x1bc", "\x0e\x0f",
    "a\rb", "a\nb", "a\n::error::x", "::error::x", "::set-output name=a::b", "::add-mask::x", "::stop-commands::x",
    "##[error]x", "##vso[task.setvariable]x",
    "##teamcity[x]", " ::warning file=a::b", "%0A::error::x",
    "\u202egnp.exe", "\u2066\u2069", "\u200b\u200d\ufeff", "\u2028\u2029", "\u00ad", "\U000e0041", "\ud800", "\x00",
    "\x7f", "\x08\x08", "\t", "\x85",
    "=cmd|' /C calc'!A0", "{{7*7}}", "${x}", "{0}", "%s", "a" * 500, "漢" * 200, "e\u0301" * 50, "",
]  # fmt: skip
# Text like the corpus: its pieces in any order, between any characters.
hostile = st.one_of(
    st.sampled_from(CORPUS),
    st.lists(st.sampled_from(CORPUS) | st.text(max_size=6), max_size=4).map("".join),
    st.text(alphabet="`|<>@#*_~[]()!\\\n\r\t\x1b\x9b:;&\"'-=+ a1", max_size=40),
    st.text(max_size=30),
)
MARK = "plainvalue"

# More of them in a soak: DECLARATIVE_EXAMPLES=600.
EXAMPLES = int(os.environ.get("DECLARATIVE_EXAMPLES", "40"))
quick = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def each_of(values):
    """Every one of these is tried, besides what is drawn."""

    def decorate(test):
        for value in values:
            test = example(value)(test)
        return test

    return decorate


def everywhere(value):
    """A plan with the value in every place that holds foreign text, same in shape whatever the value."""
    text = f"{MARK}{value}"
    at = Position(text, 3, 1)
    fields = (
        FieldChange(f"coreAttributes.{text}", text, f"x{text}", Basis.LIVE),
        FieldChange("list", [text, "kept"], [f"new {text}", "kept"], Basis.APPLIED),
        FieldChange("ports", [{"name": text, "a": "1"}], [{"name": text, "a": text}], Basis.LIVE),
    )
    return Plan(
        project=text,
        environment=text,
        base_url=text,
        tool_version="1",
        manifest_digest="sha256:0",
        state=StateMark("l", 1),
        changes=(
            Change(f"Asset/{text}", "Asset", Action.UPDATE, text, 1, text, at, fields, (text,)),
            Change(f"Asset/{text}2", "Asset", Action.BLOCKED, text, candidates=(1, 2), source=at),
            Change(
                f"Report/{text}",
                "Report",
                Action.RUN,
                text,
                payload={"name": text, text: [text]},
                scope=(text,),
                depends_on=(text,),
            ),
        ),
        checks=(Check(f"HostQuery/{text}", "fail", 1, text, at),),
        diagnostics=(Diagnostic(Severity.ERROR, "a/b", text, at, hint=text, excerpt=text, address=text),),
        breaches=(LimitBreach("update", 1, text, text, text),),
        limits=(text,),
        narrowed=(text,),
        read_strategy=text,
    )


def acts(char):
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def texts_of(value):
    """Every text view with the value in it."""
    plan = everywhere(value)
    result = ApplyResult(
        plan.project, value, value, "d", value,
        (ChangeResult(f"Asset/{value}",
    "Asset", Action.UPDATE, OutcomeKind.FAILED, value, value, value, source=Position(value, 1, 1)),),
        warnings=(value,),
    )  # fmt: skip
    rows = []
    write_rows("table", [{"a": value, value: [value, value]}], None, rows.append)
    error = ApiError(value, request=FailedRequest("GET", value, 400, value, value), hint=value)
    return {
        "plan": plan_text(plan),
        "names": plan_text(plan, detail="names", digest=value),
        "full": plan_text(plan, detail="full"),
        "diagnostics": diagnostics_text(plan.diagnostics),
        "result": result_text(result),
        "error": error_text(error),
        "table": "".join(rows),
        "asset": asset_text({"assetId": value, "assetName": value, "tagList": {"tag": [{"tagName": value}]}}),
    }


@pytest.mark.parametrize("value", CORPUS)
def test_no_view_of_the_corpus_holds_a_character_that_acts(value):
    for name, text in texts_of(value).items():
        assert not [char for char in text if acts(char) and char not in "\n\t"], name
    for text in (plan_markdown(everywhere(value)), plan_html(everywhere(value))):
        style = plan_html(everywhere("")) if text.startswith("<!doctype") else ""
        assert not [char for char in text if acts(char) and char != "\n" and char not in style]


def terminal_after(text):
    """A terminal wide enough for every line, after it was fed the text, and the number of lines."""
    lines = text.split("\n")
    screen = pyte.Screen(2 * max(map(len, lines)) + 2, len(lines) + 1)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return screen, len(lines)


@settings(quick, max_examples=max(EXAMPLES // 4, 1))
@given(hostile)
@each_of(CORPUS)
def test_a_terminal_sees_text_and_nothing_else(value):
    # A terminal emulator is slow: the other two views of a plan are made by the functions that make this one.
    views = [text for name, text in texts_of(value).items() if name not in ("plan", "names")]
    screen, height = terminal_after("".join(views))
    assert screen.title == ""
    assert screen.icon_name == ""
    assert set(screen.mode) == set(pyte.Screen(1, 1).mode)
    assert (screen.cursor.y, screen.cursor.x) == (height - 1, 0)
    assert screen.cursor.attrs == screen.default_char
    colours = {(char.fg, char.bg, char.bold, char.reverse) for row in screen.buffer.values() for char in row.values()}
    assert colours <= {("default", "default", False, False)}


@settings(quick, max_examples=max(EXAMPLES // 4, 1))
@given(hostile)
def test_a_coloured_view_ends_in_the_terminals_own_colours(value):
    text = plan_text(everywhere(value), color=True)
    screen, _ = terminal_after(text)
    assert screen.cursor.attrs == screen.default_char
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == plan_text(everywhere(value))


@quick
@given(hostile)
@each_of(CORPUS)
def test_a_ci_runner_sees_no_command_in_a_log(value):
    for name, text in texts_of(value).items():
        for line in text.splitlines():
            assert not re.match(r"\s*::[a-z-]+(?: [^:]*)?::", line), name
            assert not re.search(r"##\w*\[", line), name


def structure(tokens):
    """The tree of a Markdown document without the text of its code."""
    found = []
    for token in tokens:
        if token.type in ("fence", "code_block", "code_inline"):
            found.append((token.type, token.info))
        elif token.type in ("html_block", "html_inline", "text"):
            found.append((token.type, token.content))
        else:
            found.append((token.type, token.tag, tuple(sorted(token.attrs.items()))))
        found.extend(structure(token.children or []))
    return found


markdown_reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@quick
@given(hostile)
@each_of(CORPUS)
def test_markdown_keeps_its_shape_whatever_the_values_are(value):
    document = plan_markdown(everywhere(value), digest=f"sha256:{value}", stale=f"s{value}")
    benign = plan_markdown(everywhere(""), digest="sha256:", stale="s")
    marker = r"<!-- declarative:plan:[0-9a-f]{16} -->"

    def shape_of(text):
        return structure(markdown_reader.parse(re.sub(marker, "<!-- marker -->", text)))

    assert shape_of(document) == shape_of(benign)
    outside = [part[1] for part in shape_of(document) if part[0] in ("text", "html_block", "html_inline")]
    assert not any(MARK in text for text in outside)


def outcome_of(value):
    text = f"{MARK}{value}"
    entry = ChangeResult(text, "Asset", Action.UPDATE, OutcomeKind.FAILED, text, text, text, source=Position(text, 1, 1))
    return ApplyResult(text, text, text, text, text, (entry,))


@quick
@given(hostile)
@each_of(CORPUS)
def test_the_markdown_of_a_result_keeps_its_shape_too(value):
    def shape_of(text):
        return structure(markdown_reader.parse(re.sub(r"<!-- declarative:apply:[0-9a-f]{16} -->", "<!-- marker -->", text)))

    assert shape_of(result_markdown(outcome_of(value))) == shape_of(result_markdown(outcome_of("")))


@quick
@given(hostile)
@each_of(CORPUS)
def test_a_code_span_and_a_fence_hold_any_text(value):
    _, inline, _ = markdown_reader.parse(f"x {markdown_code(value)} y")
    assert [token.type for token in inline.children] == ["text", "code_inline", "text"]
    (fence,) = markdown_reader.parse(markdown_fence(value))
    assert fence.type == "fence"
    table = markdown_reader.parse(f"| a | b |\n| - | - |\n| {markdown_code(value, in_table=True)} | end |\n")
    assert sum(1 for token in table if token.type == "td_open") == 2


@quick
@given(hostile)
@each_of([*CORPUS, ":@", "GH-", "0GH-0", "#"])
def test_escaped_prose_is_one_paragraph_of_text_without_mentions(value):
    tokens = markdown_reader.parse(f"x{markdown(value)}x")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {token.type for token in tokens[1].children} <= {"text", "text_special"}
    shown = "".join(token.content for token in tokens[1].children)
    assert not re.search(r"(?<!\w)@\w|#\d|GH-\d|://\w|www\.\w", shown)
    assert shown.replace("\u200b", "") == f"x{plain(value)}x"


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.texts = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        self.found.append(f"/{tag}")

    def handle_comment(self, data):
        self.found.append("comment")

    def handle_decl(self, decl):
        self.found.append(decl)

    def unknown_decl(self, data):
        self.found.append("unknown")

    def handle_data(self, data):
        self.texts.append(data)


def tags(page):
    parser = Tags()
    parser.feed(page)
    parser.close()
    # Paths are offered line breaks after their dots, as many as they have.
    return [entry for entry in parser.found if entry != ("wbr", ())]


@quick
@given(hostile)
@each_of(CORPUS)
def test_html_keeps_its_elements_and_attributes_whatever_the_values_are(value):
    assert tags(plan_html(everywhere(value), digest=value or None)) == tags(
        plan_html(everywhere(""), digest="x" if value else None)
    )


@quick
@given(hostile)
@each_of(CORPUS)
def test_machine_formats_stay_well_formed_and_carry_the_value(value):
    found = [Diagnostic(Severity.ERROR, "a/b", value, Position(value or "f", 1, 1), hint=value)]
    assert json.loads(json.dumps(gitlab(found)))[0]["check_name"] == "a/b"
    assert len(sarif(found)["runs"][0]["results"]) == 1
    root = ET.fromstring(junit(found))
    assert root[0][0].get("name") == plain(value or "f", lines=True) or "\n" in value or "\t" in value or "\ufffd" in junit(found)
    assert len(github(found).splitlines()) == 1
    assert github(found).startswith("::error file=")


@given(st.text())
def test_escaping_is_idempotent_and_leaves_nothing_that_acts(value):
    once = plain(value)
    assert plain(once) == once
    assert not [char for char in once if acts(char)]
    assert not [char for char in plain(value, lines=True) if acts(char) and char not in "\n\t"]


@given(
    st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="#:\u115f\u1160\u3164\uffa0\u2800"))
)
def test_harmless_text_stays_as_it_is(value):
    assert plain(value) == value


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_json_made_safe_to_print_is_the_same_value(value):
    text = json_text(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not [char for char in text if acts(char) and char not in "\n\t"]


def test_every_character_that_acts_is_shown_as_an_escape():
    missed = [hex(code) for code in range(0x110000) if acts(chr(code)) and plain(chr(code)) == chr(code)]
    assert missed == []


@given(st.text())
def test_the_other_escapers_leave_no_syntax_of_their_language(value):
    assert not set("<>\"'") & set(html_text(value))
    assert not set("<>\"'") & set(xml_text(value))
    assert not set("\r\n") & set(github_data(value))


def test_the_marker_of_two_hostile_projects_cannot_be_forged():
    plain_plan = everywhere("")
    forged = replace(plain_plan, project="x --> <!-- declarative:plan:0000000000000000 -->")
    assert plan_markdown(forged).count("<!-- declarative:plan:") == plan_markdown(forged).count("<!-- ")
    assert re.match(r"<!-- declarative:plan:[0-9a-f]{16} -->\n", plan_markdown(forged))
