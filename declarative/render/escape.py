"""Foreign text goes through here before it reaches a terminal, a log, Markdown or HTML.

Foreign is everything we did not write ourselves: manifest values, names, answers of the API, paths. After escaping
it can change nothing but itself: no cursor, no colour, no line, no link, no mention, no script, no log command.
"""

from __future__ import annotations

import html
import re

# Everything that acts instead of showing: C0, DEL, C1 and the format characters (bidi controls, zero-width, tags),
# line and paragraph separators, surrogates, and letters that are drawn as nothing.
_ACTIVE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ACTIVE_PATTERN = re.compile(f"[{_ACTIVE}]")
_ACTIVE_BUT_LINES = re.compile(f"(?![\n\t])[{_ACTIVE}]")
# CI runners act on these wherever a line shows them: `::error ...` at the start of a line, `##[command]` and
# `##vso[` anywhere in it.
_LOG_COMMAND_START = re.compile(r"^([^\S\n]*+):(?=:[A-Za-z-]+(?: |::|$))", re.MULTILINE)
_LOG_COMMAND_ANYWHERE = re.compile(r"##(?=\w*\[)")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_MENTION = re.compile(r"(?<=[@#!~%&$:])(?=\w|\Z)|(?<=GH-)(?=\d|\Z)|(?<=\b\w{7})(?=\w)|(?<=://)|(?<=www\.)", re.IGNORECASE)
_BACKTICKS = re.compile(r"`+")
_TILDES = re.compile(r"~+")


def _visible(match: re.Match[str]) -> str:
    char = match.group()
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def plain(text: object, *, lines: bool = False) -> str:
    """Text for a terminal or a log: what would act is shown as an escape such as `\\x1b` or `\\u202e`.

    `lines=True` keeps newlines and tabs, for text that is meant to have several lines.
    """
    shown = (_ACTIVE_BUT_LINES if lines else _ACTIVE_PATTERN).sub(_visible, str(text))
    if ":" in shown:
        shown = _LOG_COMMAND_START.sub(r"\1\\x3a", shown)
    return _LOG_COMMAND_ANYWHERE.sub("#\\\\x23", shown) if "##" in shown else shown


def is_harmless(text: str) -> bool:
    """Whether `plain` would leave the text as it is."""
    return plain(text) == text


def json_text(document: str) -> str:
    """JSON text, with active characters inside its strings as JSON escapes: the same values, safe to print."""
    # An expression that looks at each character of a long plan takes half as long as writing it.
    harmless = document.isascii() and document.replace("\n", "").isprintable()
    escaped = document if harmless else _ACTIVE_BUT_LINES.sub(_json_escape, document)
    return _LOG_COMMAND_ANYWHERE.sub("\\\\u0023#", escaped) if "##" in escaped else escaped


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def markdown(text: object) -> str:
    """Foreign text inside our Markdown prose: every punctuation mark escaped, mentions and references cut by a
    zero-width space (forges look for them after Markdown is rendered, where a backslash no longer helps)."""
    cut = "\u200b".join(_MENTION.split(plain(text)))
    return _PUNCTUATION.sub(r"\\\1", cut)


def markdown_code(text: object, *, in_table: bool = False) -> str:
    """Foreign text as a code span: its fence is longer than any run of backticks within."""
    shown = plain(text)
    if in_table:
        # A table row is cut at pipes before code spans are seen; a backslash before the pipe is taken away again.
        shown = shown.replace("|", "\\|")
    if not shown.strip():
        shown = '""'
    fence = "`" * (_longest(_BACKTICKS, shown) + 1)
    padded = f" {shown} " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else shown
    return f"{fence}{padded}{fence}"


def markdown_fence(text: str, *, language: str = "") -> str:
    """Foreign lines as one fenced block: its fence is longer than any run of backticks within."""
    shown = plain(text, lines=True)
    fence = "`" * max(3, _longest(_BACKTICKS, shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def _longest(run: re.Pattern[str], text: str) -> int:
    return max((len(found) for found in run.findall(text)), default=0)


def html_text(text: object) -> str:
    """Foreign text for HTML, as content or inside a double-quoted attribute."""
    return html.escape(plain(text), quote=True)


def xml_text(text: object) -> str:
    """Foreign text for XML: what XML cannot hold is gone already, since active characters are shown as escapes."""
    shown = plain(text, lines=True)
    return html.escape("".join(char if _is_xml(char) else "\ufffd" for char in shown), quote=True)


def _is_xml(char: str) -> bool:
    return char not in "\ufffe\uffff"


def github_data(text: object) -> str:
    """The message of a GitHub workflow command. Newlines survive, encoded."""
    shown = _ACTIVE_BUT_LINES.sub(_visible, str(text))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: object) -> str:
    """A property (file, title) of a GitHub workflow command."""
    return github_data(text).replace(":", "%3A").replace(",", "%2C")
