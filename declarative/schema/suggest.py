"""Did you mean ...? One way to suggest a name, for every room above."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from typing import NamedTuple

_CUTOFF = 0.7
# Nobody mistypes a name of that length by a letter; comparing such is quadratic work.
_LONGEST = 256


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`; case, `_`, `-` and `.` count for little. None when nothing is near.

    Ties go to the first in sorted order, so that the same input gives the same text.
    """
    return _closest(word, tuple(sorted(set(candidates))))


@lru_cache(maxsize=1024)
def _closest(word: str, candidates: tuple[str, ...]) -> str | None:
    # The same mistake is made in every manifest of a kind, or in none.
    wanted = _plain(word)
    if len(wanted) > _LONGEST:
        return None
    plain = {like.plain: like.name for like in _alike(wanted, candidates)}
    near = get_close_matches(wanted, plain, n=3, cutoff=_CUTOFF)
    if not near:
        return None
    best = min(near, key=lambda name: (-SequenceMatcher(None, name, wanted).ratio(), name))
    return plain[best]


class _Candidate(NamedTuple):
    name: str
    plain: str
    letters: frozenset[str]


def _alike(wanted: str, candidates: tuple[str, ...]) -> Iterator[_Candidate]:
    """The candidates that share letters enough to be near; most are told apart without being compared."""
    by_length = _by_length(candidates)
    letters = frozenset(wanted)
    length = len(wanted)
    # A ratio is twice the shared letters by all letters: a name much longer or shorter cannot reach the cutoff.
    for other in range(math.floor(length * _CUTOFF / (2 - _CUTOFF)), math.ceil(length * (2 - _CUTOFF) / _CUTOFF) + 1):
        for candidate in by_length.get(other, ()):
            ours = length - sum(map(wanted.count, letters - candidate.letters))
            theirs = other - sum(map(candidate.plain.count, candidate.letters - letters))
            if 2 * min(ours, theirs) >= _CUTOFF * (length + other):
                yield candidate


@lru_cache(maxsize=64)
def _by_length(candidates: tuple[str, ...]) -> Mapping[int, list[_Candidate]]:
    """Candidates by the length of their plain form, the first of each such form."""
    first: dict[str, str] = {}
    for candidate in candidates:
        first.setdefault(_plain(candidate), candidate)
    found: dict[int, list[_Candidate]] = {}
    for plain, name in first.items():
        found.setdefault(len(plain), []).append(_Candidate(name, plain, frozenset(plain)))
    return found


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """`did you mean "hostName"?`, or None."""
    near = closest(word, candidates)
    return None if near is None else f'did you mean "{near}"?'


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "").replace(" ", "")
