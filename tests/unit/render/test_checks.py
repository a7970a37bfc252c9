"""The outcome of checks for a person and for a pipeline."""

import re

from declarative.core.diagnostics import Position
from declarative.plan.model import Check
from declarative.render.checks_text import checks_json, checks_text

CHECKS = (
    Check("HostQuery/a", "pass", 0, "0 found"),
    Check("HostQuery/b", "warn", 3, "3 found, at most 2 expected", Position("q.yaml", 4, 1)),
    Check("HostQuery/c", "fail", 9, "9 found, at most 0 expected", Position("q.yaml", 9, 1)),
)


def test_each_check_is_a_line_and_the_last_line_counts_them():
    lines = checks_text(CHECKS).splitlines()
    assert lines[0] == "pass  HostQuery/a: 0 found"
    assert lines[1].startswith("warn  HostQuery/b: 3 found, at most 2 expected")
    assert "q.yaml:9:1" in lines[2]
    assert lines[-1] == "3 checks: 1 passed, 1 warned, 1 failed"


def test_colour_changes_nothing_but_colour():
    assert re.sub(r"\x1b\[[0-9;]*m", "", checks_text(CHECKS, color=True)) == checks_text(CHECKS)


def test_json_counts_and_lists_them():
    document = checks_json(CHECKS)
    assert document["summary"] == {"pass": 1, "warn": 1, "fail": 1}
    assert [entry["status"] for entry in document["checks"]] == ["pass", "warn", "fail"]
