"""Tables inside pages of the documentation, each between two comments that name it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def put(text: str, name: str, lines: Sequence[str]) -> str:
    """The page with these lines between the comments of that name. Raises ValueError where it has not just one place for them."""
    place = re.compile(rf"(<!-- {re.escape(name)}(?:: [^>]*)? -->\n).*?(<!-- end of {re.escape(name)} -->)", re.DOTALL)
    table = "\n".join(lines)
    text, count = place.subn(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"the page has no place for the table {name!r}")
    return text
