"""Findings as text and in the formats of forges and scanners."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.core.diagnostics import Diagnostic, Position, Severity, ordered, sort_key
from declarative.core.errors import UsageError
from declarative.plan.model import Check
from declarative.render.diagnostics import diagnostics_text
from declarative.render.plan_json import json_bytes
from declarative.render.reports import (
    DIAGNOSTIC_FORMATS,
    checks_as_diagnostics,
    diagnostics_json,
    github,
    gitlab,
    junit,
    junit_checks,
    render_checks,
    render_diagnostics,
    sarif,
)

E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFO


PLACE = Position("a.yaml", 3, 9)


def finding(severity=E, rule="schema/type", message="expected a string", position=PLACE, **more):
    return Diagnostic(severity, rule, message, position, **more)


MIXED = (
    finding(position=Position("b.yaml", 1, 1)),
    finding(
        excerpt="  name: [web]",
        position=Position("a.yaml", 3, 9, 3, 14),
        hint="Write a name.",
        address="Asset/web",
        pointer="/spec",
    ),
    finding(W, "filter/undocumented-field", "tags.name is not documented", Position("a.yaml", 7, 1)),
    finding(N, "style/order", "spec before metadata", None),
)


def test_text_shows_place_severity_rule_caret_hint_and_a_summary():
    assert diagnostics_text(MIXED).splitlines() == [
        "info: spec before metadata [style/order]",
        "a.yaml:3:9: error: expected a string [schema/type]",
        "    3 |   name: [web]",
        "      |         ^^^^^",
        "    hint: Write a name.",
        "a.yaml:7:1: warning: tags.name is not documented [filter/undocumented-field]",
        "b.yaml:1:1: error: expected a string [schema/type]",
        "2 errors, 1 warning, 1 note in 2 files",
    ]


def test_nothing_found_is_no_text():
    assert diagnostics_text(()) == ""


def test_the_line_is_read_where_the_finding_carries_none():
    text = diagnostics_text([finding()], read_line=lambda file, line: f"{file} {line} text")
    assert "    3 | a.yaml 3 text" in text
    assert diagnostics_text([finding()], read_line=lambda file, line: None).count("|") == 0


@pytest.mark.parametrize(
    ("line", "column", "shown", "caret"),
    [
        ("name: x", 7, "name: x", 6),
        ("\tname: x", 2, "    name: x", 4),
        ("漢字: x", 5, "漢字: x", 6),
        ("a\u202eb: x", 5, "a\\u202eb: x", 9),
        ("e\u0301: x", 5, "e\u0301: x", 3),
        ("short", 99, "short", 5),
    ],
)
def test_the_caret_stands_below_what_it_marks(line, column, shown, caret):
    lines = diagnostics_text([finding(position=Position("a.yaml", 1, column), excerpt=line)]).splitlines()
    assert lines[1] == "    1 | " + shown
    assert lines[2] == "      | " + " " * caret + "^"


def test_a_very_long_line_is_shown_around_the_place():
    line = "x" * 5_000 + "HERE" + "y" * 5_000
    text = diagnostics_text([finding(position=Position("a.yaml", 1, 5_001, 1, 5_005), excerpt=line)])
    excerpt, caret = text.splitlines()[1:3]
    assert len(excerpt) < 200
    start = caret.index("^")
    assert excerpt[start : start + 4] == "HERE"
    assert caret.count("^") == 4


def test_max_errors_keeps_errors_first_and_says_how_many_are_hidden():
    text = diagnostics_text(MIXED, max_errors=2)
    assert text.count("error: expected a string") == 2
    assert "warning:" not in text
    assert "2 more findings not shown (--max-errors 2)" in text
    assert "2 errors, 1 warning, 1 note in 2 files" in text


def test_equal_findings_are_shown_once():
    assert diagnostics_text([finding(), finding()]).count("schema/type") == 1


def test_json_counts_and_lists_with_everything_known():
    document = diagnostics_json(MIXED)
    assert document["summary"] == {"error": 2, "warning": 1, "info": 1}
    assert document["diagnostics"][1] == {
        "severity": "error",
        "rule": "schema/type",
        "message": "expected a string",
        "file": "a.yaml",
        "line": 3,
        "column": 9,
        "endLine": 3,
        "endColumn": 14,
        "pointer": "/spec",
        "address": "Asset/web",
        "hint": "Write a name.",
    }


def test_sarif_has_what_the_standard_requires():
    log = sarif(MIXED, tool_version="1.2.3")
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    assert driver["name"] == "declarative"
    rules = [rule["id"] for rule in driver["rules"]]
    assert rules == sorted(set(rules))
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note", "none")
        assert result["message"]["text"]
        assert len(result["partialFingerprints"]) == 1
        for location in result.get("locations", ()):
            region = location["physicalLocation"]["region"]
            assert region["startLine"] >= 1
            assert region["startColumn"] >= 1
    assert [result["level"] for result in run["results"]] == ["note", "error", "warning", "error"]


def test_sarif_messages_stay_literal():
    log = sarif([finding(message="see [docs](https://evil.test) and {0}, but {name} stays", rule="x/y")])
    assert log["runs"][0]["results"][0]["message"]["text"] == "see [docs\\](https://evil.test) and {{0}}, but {name} stays"


def test_sarif_uris_are_encoded():
    log = sarif([finding(position=Position("my files/a#b.yaml", 1, 1))])
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20files/a%23b.yaml"


def test_fingerprints_survive_moved_lines_and_tell_equal_findings_apart():
    def prints(*lines):
        log = gitlab([finding(position=Position("a.yaml", line, 1)) for line in lines])
        return [entry["fingerprint"] for entry in log]

    assert prints(3, 9) == prints(30, 90)
    assert len(set(prints(3, 9))) == 2


def test_gitlab_entries_have_the_five_required_parts():
    entries = gitlab(MIXED)
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"]["path"]
        assert not entry["location"]["path"].startswith(("/", "./"))
        assert entry["location"]["lines"]["begin"] >= 1


def test_github_annotations_carry_place_and_title_and_escape_their_syntax():
    (line,) = github(
        [finding(message="50 % of\nall :: x", rule="a/b,c:d", position=Position("x,y:z.yaml", 3, 9, 3, 12))]
    ).splitlines()
    assert line == "::error file=x%2Cy%3Az.yaml,line=3,col=9,endLine=3,endColumn=12,title=a/b%2Cc%3Ad::50 %25 of%0Aall :: x"


def test_github_never_prints_more_annotations_of_a_kind_than_are_shown():
    found = [finding(position=Position("a.yaml", n, 1)) for n in range(1, 31)] + [finding(W, position=None)]
    lines = github(found).splitlines()
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == 10
    assert "21 more errors" in errors[-1]
    assert sum(1 for line in lines if not line.startswith("::")) == 21
    assert sum(1 for line in lines if line.startswith("::warning")) == 1


def test_exactly_ten_need_no_summary():
    found = [finding(position=Position("a.yaml", n, 1)) for n in range(1, 11)]
    assert github(found).count("::error file") == 10


def suites(text):
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    (suite,) = root
    assert suite.tag == "testsuite"
    cases = {case.get("name"): case for case in suite}
    assert all(case.tag == "testcase" and case.get("classname") and case.get("time") for case in cases.values())
    assert int(suite.get("tests")) == len(cases)
    assert int(suite.get("failures")) == sum(1 for case in cases.values() if case.find("failure") is not None)
    return cases


def test_junit_has_a_case_a_file_and_fails_those_with_errors():
    cases = suites(junit(MIXED, files=["a.yaml", "clean.yaml"]))
    assert set(cases) == {"a.yaml", "b.yaml", "clean.yaml", "(project)"}
    assert "a.yaml:3:9" in cases["a.yaml"].find("failure").text
    assert "tags.name" in cases["a.yaml"].find("system-out").text
    assert list(cases["clean.yaml"]) == []
    assert cases["(project)"].find("failure") is None


def test_junit_survives_text_that_xml_cannot_hold():
    cases = suites(junit([finding(message='\x00 \x1b ]]> <b> " \ufffe \ud800')]))
    assert "<b>" in cases["a.yaml"].find("failure").get("message")


CHECKS = (
    Check("HostQuery/a", "pass", 0, "0 found"),
    Check("HostQuery/b", "warn", 3, "3 found, at most 2 expected", Position("q.yaml", 4, 1)),
    Check("HostQuery/c", "fail", 9, "9 found, at most 0 expected", Position("q.yaml", 9, 1)),
)


def test_checks_become_a_case_each():
    cases = suites(junit_checks(CHECKS))
    assert cases["HostQuery/c"].find("failure").get("message") == "9 found, at most 0 expected"
    assert "warning: 3 found" in cases["HostQuery/b"].find("system-out").text
    assert list(cases["HostQuery/a"]) == []


def test_checks_become_sarif_results_only_where_something_is_wrong():
    assert [finding.severity for finding in checks_as_diagnostics(CHECKS)] == [W, E]
    log = json.loads(render_checks("sarif", CHECKS))
    assert [result["level"] for result in log["runs"][0]["results"]] == ["warning", "error"]
    assert render_checks("junit", CHECKS) == junit_checks(CHECKS)


@pytest.mark.parametrize("format_", DIAGNOSTIC_FORMATS)
def test_every_format_works_for_nothing_and_does_not_depend_on_order(format_):
    render_diagnostics(format_, ())
    assert render_diagnostics(format_, MIXED) == render_diagnostics(format_, MIXED[::-1])


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(UsageError) as caught:
        render_diagnostics("pdf", ())
    assert "sarif" in caught.value.hint


def test_colour_changes_nothing_but_colour():
    coloured = diagnostics_text(MIXED, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == diagnostics_text(MIXED)
    assert "\x1b[1;31merror\x1b[0m" in coloured


ODD = st.text(st.characters(exclude_categories=[]), max_size=6)


@given(st.lists(st.tuples(ODD, ODD, ODD, st.none() | ODD), max_size=4), st.sampled_from(["json", "sarif", "gitlab"]))
def test_json_is_written_as_the_slow_and_sure_way_writes_it(rows, format_):
    diags = [
        Diagnostic(Severity.ERROR, "a/b", message, Position(file, 1, 2), pointer, hint=hint)
        for file, message, pointer, hint in rows
    ]
    made = {"json": diagnostics_json, "sarif": sarif, "gitlab": gitlab}[format_](diags)
    assert render_diagnostics(format_, diags) == json_bytes(made).decode()


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 2), st.sampled_from("mn"), st.sampled_from([None, "h"])), max_size=9)
)
def test_findings_are_sorted_by_place_and_the_first_of_equal_ones_is_kept(rows):
    diags = [Diagnostic(Severity.ERROR, "a/b", message, Position(file, line), hint=hint) for file, line, message, hint in rows]
    assert ordered(diags) == tuple(sorted(dict.fromkeys(diags), key=sort_key))
    assert ordered(diags) == ordered(ordered(diags))
