"""libyaml's complaints in a person's words, at the place where the mistake was made."""

from __future__ import annotations

import re

import yaml

from declarative.core.diagnostics import Diagnostic
from declarative.manifest.scalars import Refusal
from declarative.manifest.sources import LINE_BREAK, RawDocument, describe
from declarative.manifest.spans import Span, refused

_EXPLANATIONS = (
    ("mapping values are not allowed", "`: ` is not allowed here", "quote a value that holds `: `, or check the indentation"),
    ("could not find expected ':'", "a `:` is missing after the key", "write `key: value`"),
    ("did not find expected key", "the indentation does not match the lines above", "align the keys of a mapping"),
    ("did not find expected '-' indicator", "the indentation does not match the list above", "align the `-` of a list"),
    ("found unexpected end of stream", "a quote is opened and never closed", "close it"),
    ("did not find expected ',' or ']'", "a list in brackets is not closed, or lacks a comma", "check `[`, `,` and `]`"),
    ("did not find expected ',' or '}'", "a mapping in braces is not closed, or lacks a comma", "check `{`, `,` and `}`"),
    ("did not find expected node content", "a value is missing or not closed", "check brackets, commas and quotes"),
    ("block sequence entries are not allowed", "a list cannot begin on this line", "put `- ` on a line of its own below the key"),
    ("alphabetic or numeric character", "`*` and `&` begin an alias or an anchor", 'quote a value that begins with one: "*..."'),
    ("did not find expected <document start>", "text stands outside of the document", "check its indentation"),
    (
        "found unknown escape character",
        "this escape is not known in double quotes",
        r"write \\, or use single quotes",
    ),
)


# The parser notices these only at the next line or character; the mistake is where the thing began.
_NOTICED_LATE = ("could not find expected ':'", "alphabetic or numeric character")
# What git, and others, leave between the two sides of a merge; in a manifest that is right no line begins so.
_CONFLICT = re.compile(r"^(?:<{7}|\|{7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_UNRESOLVED = Refusal(
    "yaml/merge-conflict",
    "a merge was not finished: both sides of a conflict are here",
    "keep what is right, and remove the lines of <<<<<<<, ======= and >>>>>>>",
)


def _explain(problem: str, context: str, at: str, line: str) -> Refusal:
    no_token = "cannot start any token" in problem
    if at == "\t" or "tab character" in problem or (no_token and line.lstrip(" ").startswith("\t")):
        return Refusal("yaml/tab", "a tab is used for indentation", "indent with spaces")
    if "invalid Unicode character escape" in problem:
        return Refusal(
            "yaml/surrogate", "this escape is not a character", "write the character itself, or \\U and eight hex digits"
        )
    if no_token:
        return Refusal("yaml/syntax", f"a plain value cannot start with `{at}`", 'quote it: "..."')
    if "did not find expected ',' or" in problem and re.search(r"[\[{,:]\s*\$\{", line):
        return Refusal("yaml/syntax", "the `{` of a reference opens a mapping here", 'quote it inside of brackets: "${var.NAME}"')
    for needle, message, hint in _EXPLANATIONS:
        if needle in problem:
            return Refusal("yaml/syntax", message, hint)
    return Refusal("yaml/syntax", f"{context}: {problem}" if context else problem)


def syntax_error(document: RawDocument, error: yaml.YAMLError) -> Diagnostic:
    """What a parser error means for the user."""
    conflict = _CONFLICT.search(document.text)
    if conflict is not None:
        line = document.line + len(LINE_BREAK.findall(document.text, 0, conflict.start()))
        return refused(document, Span(line, 1, line, 8), _UNRESOLVED)
    place = _place(document, error)
    if place is None:
        return _unreadable(document, error)
    line, column = place
    text = document.excerpt(line) or ""
    problem = str(getattr(error, "problem", "") or "the document is not YAML")
    context = str(getattr(error, "context", None) or "")
    refusal = _explain(problem, context, text[column - 1 : column], text)
    return refused(document, Span(line, column, line, column + 1), refusal)


def _place(document: RawDocument, error: yaml.YAMLError) -> tuple[int, int] | None:
    """Line and column of the problem. Where the text just ends: of the unfinished thing, or else of the last character."""
    lines = LINE_BREAK.split(document.text)
    names = ["problem_mark", "context_mark"]
    if any(needle in str(getattr(error, "problem", "")) for needle in _NOTICED_LATE):
        names.reverse()
    marks = [mark for name in names if (mark := getattr(error, name, None)) is not None]
    for mark in marks:
        if any(line.strip() for line in lines[mark.line :]):
            return mark.line + document.line, mark.column + 1
    last = next((index for index in reversed(range(len(lines))) if lines[index].strip()), None)
    return (last + document.line, len(lines[last].rstrip())) if marks and last is not None else None


def _unreadable(document: RawDocument, error: yaml.YAMLError) -> Diagnostic:
    reason = str(getattr(error, "reason", "") or "") or "the document is not YAML"
    character = getattr(error, "character", None)
    if isinstance(character, int) and 0 <= character <= 0x10FFFF:
        reason = f"the character {describe(chr(character))} is not allowed"
    index = getattr(error, "position", 0)
    before = LINE_BREAK.split(document.text[: index if isinstance(index, int) and index >= 0 else 0])
    line, column = document.line + len(before) - 1, len(before[-1]) + 1
    return refused(document, Span(line, column, line, column + 1), Refusal("yaml/character", reason))
