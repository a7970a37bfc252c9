"""Did you mean ...? One way to suggest a name, for every room above."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`; case, `_`, `-` and `.` count for little. None when nothing is near.

    Ties go to the first in sorted order, so that the same input gives the same text.
    """
    return _closest(word, tuple(sorted(set(candidates))))


@lru_cache(maxsize=1024)
def _closest(word: str, candidates: tuple[str, ...]) -> str | None:
    # The same mistake is made in every manifest of a kind, or in none.
    plain: dict[str, str] = {}
    for candidate in candidates:
        plain.setdefault(_plain(candidate), candidate)
    wanted = _plain(word)
    near = get_close_matches(wanted, plain, n=3, cutoff=0.7)
    if not near:
        return None
    best = min(near, key=lambda name: (-SequenceMatcher(None, name, wanted).ratio(), name))
    return plain[best]


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """`did you mean "hostName"?`, or None."""
    near = closest(word, candidates)
    return None if near is None else f'did you mean "{near}"?'


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "").replace(" ", "")
