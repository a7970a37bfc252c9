"""Findings for machines: json, SARIF 2.1.0, JUnit, GitHub workflow commands, GitLab Code Quality."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from declarative.core.collecting import no_garbage_collection
from declarative.core.diagnostics import Diagnostic, Position, Severity, ordered
from declarative.core.errors import UsageError
from declarative.plan.model import Check
from declarative.render.diagnostics import diagnostics_text
from declarative.render.escape import github_data, github_property, plain, xml_text
from declarative.render.plan_json import json_bytes
from declarative.render.style import count

# A step shows at most so many annotations of a kind; what comes after is dropped without a word (GitHub's limit).
GITHUB_ANNOTATIONS = 10

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SARIF_LEVEL = MappingProxyType({Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"})
_GITHUB_COMMAND = MappingProxyType({Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"})
_GITLAB_SEVERITY = MappingProxyType({Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"})
_SARIF_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_SARIF_LINK = re.compile(r"\](?=\()")
_CHECK_SEVERITY = MappingProxyType({"fail": Severity.ERROR, "warn": Severity.WARNING})


def checks_as_diagnostics(checks: Iterable[Check]) -> tuple[Diagnostic, ...]:
    """Failed and warning checks as findings with rule `check/expect`, for the formats that know findings only."""
    return tuple(
        Diagnostic(_CHECK_SEVERITY[check.status], "check/expect", check.message, check.position, address=check.address)
        for check in checks
        if check.status in _CHECK_SEVERITY
    )


def diagnostics_json(diags: Iterable[Diagnostic]) -> dict[str, Any]:
    """`summary` of severities and one entry a finding."""
    everything = ordered(diags)
    totals = Counter(diagnostic.severity for diagnostic in everything)
    return {
        "formatVersion": "1.0",
        "summary": {severity.value: totals[severity] for severity in Severity},
        "diagnostics": [_entry(diagnostic) for diagnostic in everything],
    }


def _entry(diagnostic: Diagnostic) -> dict[str, Any]:
    at = diagnostic.position
    entry: dict[str, Any] = {
        "severity": diagnostic.severity.value,
        "rule": diagnostic.rule,
        "message": diagnostic.message,
        "file": at.file if at is not None else None,
        "line": at.line if at is not None else None,
        "column": at.column if at is not None else None,
    }
    if at is not None and at.end_line is not None:
        entry |= {"endLine": at.end_line, "endColumn": at.end_column}
    optional = {"pointer": diagnostic.pointer or None, "address": diagnostic.address, "hint": diagnostic.hint}
    return entry | {key: value for key, value in optional.items() if value is not None}


def sarif(diags: Iterable[Diagnostic], *, tool_version: str = "0") -> dict[str, Any]:
    """A SARIF 2.1.0 log with one run. Paths are relative to `PROJECTROOT`; fingerprints survive moved lines."""
    everything = ordered(diags)
    rules = sorted({diagnostic.rule for diagnostic in everything})
    index = {rule: number for number, rule in enumerate(rules)}
    prints = _fingerprints(everything)
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "declarative",
                        "version": tool_version,
                        "rules": [{"id": rule, "shortDescription": {"text": _rule_title(rule)}} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _sarif_result(diagnostic, index[diagnostic.rule], mark)
                    for diagnostic, mark in zip(everything, prints, strict=True)
                ],
            }
        ],
    }


def _rule_title(rule: str) -> str:
    family, _, name = rule.partition("/")
    return f"{family}: {name.replace('-', ' ')}" if name else family.replace("-", " ")


def _sarif_result(diagnostic: Diagnostic, rule_index: int, mark: str) -> dict[str, Any]:
    text = diagnostic.message + (f" ({diagnostic.hint})" if diagnostic.hint else "")
    result: dict[str, Any] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": rule_index,
        "level": _SARIF_LEVEL[diagnostic.severity],
        "message": {"text": _sarif_text(text)},
        "partialFingerprints": {"finding/v1": mark},
    }
    if diagnostic.position is not None:
        location: dict[str, Any] = {"physicalLocation": _sarif_place(diagnostic.position)}
        if diagnostic.address:
            location["logicalLocations"] = [{"fullyQualifiedName": diagnostic.address}]
        result["locations"] = [location]
    return result


def _sarif_text(text: str) -> str:
    """Keeps a message literal: SARIF reads `{0}` as a placeholder and `[text](1)` as a link, also in plain text."""
    return _SARIF_LINK.sub(r"\\]", _SARIF_PLACEHOLDER.sub(r"{{\1}}", text))


def _sarif_place(at: Position) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": max(at.line, 1), "startColumn": max(at.column, 1)}
    if at.end_line is not None:
        region["endLine"] = at.end_line
    if at.end_column is not None:
        region["endColumn"] = at.end_column
    return {"artifactLocation": {"uri": quote(at.file.encode("utf-8", "backslashreplace"), safe="/")}, "region": region}


def _fingerprints(diags: Sequence[Diagnostic]) -> list[str]:
    """One stable hash a finding: by file, rule, place in the document and message, never by line; equal ones counted."""
    seen: Counter[str] = Counter()
    prints = []
    for diagnostic in diags:
        file = diagnostic.position.file if diagnostic.position is not None else ""
        parts = (file, diagnostic.rule, diagnostic.address or "", diagnostic.pointer, diagnostic.message)
        mark = "\0".join(parts)
        seen[mark] += 1
        encoded = f"{mark}\0{seen[mark]}".encode("utf-8", "backslashreplace")
        prints.append(hashlib.sha256(encoded).hexdigest()[:40])
    return prints


def gitlab(diags: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """GitLab Code Quality: a list of findings with a path and a first line; GitLab needs both, so findings without a
    place point at the project file."""
    everything = ordered(diags)
    return [
        {
            "description": diagnostic.message + (f" ({diagnostic.hint})" if diagnostic.hint else ""),
            "check_name": diagnostic.rule,
            "fingerprint": mark,
            "severity": _GITLAB_SEVERITY[diagnostic.severity],
            "location": {
                "path": diagnostic.position.file if diagnostic.position is not None else "declarative.yaml",
                "lines": {"begin": diagnostic.position.line if diagnostic.position is not None else 1},
            },
        }
        for diagnostic, mark in zip(everything, _fingerprints(everything), strict=True)
    ]


def github(diags: Iterable[Diagnostic]) -> str:
    """GitHub workflow commands. At most ten annotations of a kind are shown by GitHub, so the last of a full kind
    tells how many more there are, and the rest follows as plain lines of the log."""
    everything = ordered(diags)
    lines: list[str] = []
    log: list[str] = []
    for severity in Severity:
        found = [diagnostic for diagnostic in everything if diagnostic.severity is severity]
        fits = len(found) <= GITHUB_ANNOTATIONS
        annotated = found if fits else found[: GITHUB_ANNOTATIONS - 1]
        lines += [_annotation(diagnostic) for diagnostic in annotated]
        if not fits:
            rest = found[len(annotated) :]
            command = _GITHUB_COMMAND[severity]
            lines.append(f"::{command} title=declarative::{count(len(rest), f'more {severity.value}')} in the log of this step")
            log += [_log_line(diagnostic) for diagnostic in rest]
    return "".join(line + "\n" for line in [*lines, *log])


def _annotation(diagnostic: Diagnostic) -> str:
    at = diagnostic.position
    properties = []
    if at is not None:
        properties += [f"file={github_property(at.file)}", f"line={at.line}", f"col={at.column}"]
        if at.end_line is not None:
            properties.append(f"endLine={at.end_line}")
        if at.end_column is not None and at.end_line in (None, at.line):
            properties.append(f"endColumn={at.end_column}")
    properties.append(f"title={github_property(diagnostic.rule)}")
    message = diagnostic.message + (f"\n{diagnostic.hint}" if diagnostic.hint else "")
    return f"::{_GITHUB_COMMAND[diagnostic.severity]} {','.join(properties)}::{github_data(message)}"


def _log_line(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.position}: " if diagnostic.position is not None else ""
    return plain(f"{place}{diagnostic.severity.value}: {diagnostic.message} [{diagnostic.rule}]")


def junit(diags: Iterable[Diagnostic], *, files: Iterable[str] = (), name: str = "declarative validate") -> str:
    """JUnit XML: one test case a file (`files`: those without findings, too). Errors fail it; the rest is its output."""
    everything = ordered(diags)
    by_file: dict[str, list[Diagnostic]] = {file: [] for file in files}
    for diagnostic in everything:
        by_file.setdefault(diagnostic.position.file if diagnostic.position is not None else "(project)", []).append(diagnostic)
    cases = [_file_case(file, by_file[file]) for file in sorted(by_file)]
    failed = sum(1 for found in by_file.values() if any(diagnostic.is_error for diagnostic in found))
    return _suite(name, cases, failed=failed, skipped=0)


def _file_case(file: str, found: Sequence[Diagnostic]) -> str:
    errors = [diagnostic for diagnostic in found if diagnostic.is_error]
    others = [diagnostic for diagnostic in found if not diagnostic.is_error]
    body = ""
    if errors:
        message = errors[0].message if len(errors) == 1 else f"{len(errors)} errors; the first: {errors[0].message}"
        body += _failure(message, errors[0].rule, diagnostics_text(errors))
    if others:
        body += f"\n      <system-out>{xml_text(diagnostics_text(others))}</system-out>"
    return _case("validate", file, body)


def junit_checks(checks: Iterable[Check], *, name: str = "declarative check") -> str:
    """JUnit XML: one test case a check. A warning passes and stands in the output of its case."""
    everything = list(checks)
    cases = []
    for check in everything:
        place = f"\n{check.position}" if check.position is not None else ""
        body = ""
        if check.status == "fail":
            body = _failure(check.message, "check/expect", check.message + place)
        elif check.status == "warn":
            body = f"\n      <system-out>{xml_text('warning: ' + check.message + place)}</system-out>"
        cases.append(_case("check", check.address, body))
    failed = sum(1 for check in everything if check.status == "fail")
    return _suite(name, cases, failed=failed, skipped=0)


def _failure(message: str, rule: str, text: str) -> str:
    head = f'message="{xml_text(message)}" type="{xml_text(rule)}"'
    return f"\n      <failure {head}>{xml_text(text)}</failure>"


def _case(class_name: str, name: str, body: str) -> str:
    head = f'    <testcase classname="{xml_text(class_name)}" name="{xml_text(name)}" time="0"'
    return f"{head}>{body}\n    </testcase>" if body else f"{head}/>"


def _suite(name: str, cases: Sequence[str], *, failed: int, skipped: int) -> str:
    numbers = f'tests="{len(cases)}" failures="{failed}" errors="0"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="{xml_text(name)}" {numbers} time="0">',
        f'  <testsuite name="{xml_text(name)}" {numbers} skipped="{skipped}" time="0">',
        *cases,
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def render_diagnostics(
    format_: str,
    diags: Iterable[Diagnostic],
    *,
    tool_version: str = "0",
    files: Iterable[str] = (),
    color: bool = False,
    max_errors: int | None = None,
    read_line: Callable[[str, int], str | None] | None = None,
) -> str:
    """Findings in one of the formats of `validate`: text, json, sarif, junit, github, gitlab.

    `max_errors` and `read_line` are for text, `files` (all files looked at) for junit. Raises UsageError for an
    unknown format.
    """
    with no_garbage_collection():  # a large project is in memory, and would be walked again and again
        return _rendered(format_, ordered(diags), tool_version, files, color, max_errors, read_line)


def _rendered(
    format_: str,
    everything: tuple[Diagnostic, ...],
    tool_version: str,
    files: Iterable[str],
    color: bool,
    max_errors: int | None,
    read_line: Callable[[str, int], str | None] | None,
) -> str:
    if format_ == "text":
        return diagnostics_text(everything, color=color, max_errors=max_errors, read_line=read_line)
    if format_ == "junit":
        return junit(everything, files=files)
    if format_ == "github":
        return github(everything)
    documents: Mapping[str, Callable[[], Any]] = {
        "json": lambda: diagnostics_json(everything),
        "sarif": lambda: sarif(everything, tool_version=tool_version),
        "gitlab": lambda: gitlab(everything),
    }
    if format_ not in documents:
        raise UsageError(f"unknown output format {format_!r}", hint="one of: " + ", ".join(DIAGNOSTIC_FORMATS))
    return json_bytes(documents[format_]()).decode()


DIAGNOSTIC_FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")


def render_checks(format_: str, checks: Iterable[Check], *, tool_version: str = "0") -> str:
    """The outcome of checks as junit, sarif, github or gitlab."""
    everything = list(checks)
    if format_ == "junit":
        return junit_checks(everything)
    return render_diagnostics(format_, checks_as_diagnostics(everything), tool_version=tool_version)
