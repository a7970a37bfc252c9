"""Text of the user's files in a message: its beginning, where it is long. The position of the message leads to the whole."""

from __future__ import annotations

import re

LONGEST = 80
"""Characters of a value that a message quotes."""
LONGEST_MESSAGE = 1_000
"""Characters of a whole message, or of a hint."""


def shown(value: object, most: int = LONGEST) -> str:
    """The value as text, cut to what a message has room for."""
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def on_one_line(text: str) -> str:
    """A text of a document on one line, and not too long for a message."""
    return shown(re.sub(r"\s+", " ", text[: 10 * LONGEST]))
