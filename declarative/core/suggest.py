"""Did you mean ...? One way to suggest a name, for every room above."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

_CUTOFF = 0.75
"""How alike a name must be: twice the letters that both have in the same order, by all letters of both."""
# Nobody mistypes a name of that length by a letter.
_LONGEST = 256
_MOST_KEPT = 4096
MOST_COMPARISONS = 100_000
"""A `most` that hundreds of wrong words among hundreds of names stay below, and that costs less than a second."""


class Names:
    """Names to suggest from, made ready when they are first asked for; each word is looked up once.

    `most` bounds the work where both the names and the words come from the user's files, thousands of each: after so many
    comparisons of a word with a name nothing is suggested any more.
    """

    def __init__(self, names: Iterable[str], *, most: int | None = None) -> None:
        self._names = names
        self._ready: Mapping[int, list[_Name]] | None = None
        self._known: dict[str, str | None] = {}
        self._left = math.inf if most is None else most

    def closest(self, word: str) -> str | None:
        """The name most like `word`; case, `_`, `-` and spaces count for nothing. None when nothing is near.

        Ties go to the first in sorted order, so that the same input gives the same text.
        """
        if word in self._known:
            return self._known[word]
        near = self._searched(word)
        if len(self._known) < _MOST_KEPT:
            self._known[word] = near
        return near

    def did_you_mean(self, word: str) -> str | None:
        """`did you mean "hostName"?`, or None."""
        near = self.closest(word)
        return None if near is None else f'did you mean "{near}"?'

    def _searched(self, word: str) -> str | None:
        wanted = _plain(word)
        if len(wanted) > _LONGEST or self._left <= 0:
            return None
        if self._ready is None:
            self._ready = _by_length(self._names)
        letters, places = _letters(wanted), _places(wanted)
        best, found = _CUTOFF, None
        for bound, one in sorted(self._near(wanted, letters), key=lambda pair: (-pair[0], pair[1].name)):
            if bound < best:
                break
            alike = 2 * _in_common(places, len(wanted), one.plain) / max(1, len(wanted) + len(one.plain))
            if alike > best or (alike == best and (found is None or one.name < found)):
                best, found = alike, one.name
        return found

    def _near(self, wanted: str, letters: int) -> Iterator[tuple[float, _Name]]:
        """The names that could be near enough, each with how near at most: by the letters they have in common in any order."""
        for names in _of_like_length(wanted, self._ready or {}):
            self._left -= len(names)
            for one in names:
                bound = 2 * (letters & one.letters).bit_count() / max(1, len(wanted) + len(one.plain))
                if bound >= _CUTOFF:
                    yield bound, one


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`, as `Names.closest` finds it."""
    return _names(tuple(candidates)).closest(word)


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """`did you mean "hostName"?`, or None."""
    return _names(tuple(candidates)).did_you_mean(word)


@lru_cache(maxsize=64)
def _names(candidates: tuple[str, ...]) -> Names:
    # The same mistake is made in every manifest of a kind, or in none.
    return Names(candidates)


class _Name(NamedTuple):
    name: str
    plain: str
    letters: int


def _by_length(names: Iterable[str]) -> Mapping[int, list[_Name]]:
    """Names by the length of their plain form, the first of each such form."""
    first: dict[str, str] = {}
    for name in sorted(set(names)):
        first.setdefault(_plain(name), name)
    found: dict[int, list[_Name]] = {}
    for plain, name in first.items():
        if len(plain) <= 2 * _LONGEST:
            found.setdefault(len(plain), []).append(_Name(name, plain, _letters(plain)))
    return found


def _of_like_length(wanted: str, by_length: Mapping[int, list[_Name]]) -> Iterator[list[_Name]]:
    """A name much longer or shorter cannot be near enough."""
    shortest = math.floor(len(wanted) * _CUTOFF / (2 - _CUTOFF))
    longest = math.ceil(len(wanted) * (2 - _CUTOFF) / _CUTOFF)
    return (by_length[length] for length in range(shortest, longest + 1) if length in by_length)


def _letters(plain: str) -> int:
    """A bit for each letter, the second `a` another than the first, so that two words' letters in common can be counted at once.

    Letters that share their bits make words seem more alike, never less."""
    counts = [0] * 64
    found = 0
    for letter in plain:
        place = ord(letter) % 64
        found |= 1 << (place + 64 * counts[place])
        counts[place] += 1
    return found


def _places(word: str) -> Mapping[str, int]:
    """By letter a bit for each place where it stands."""
    found: dict[str, int] = {}
    for place, letter in enumerate(word):
        found[letter] = found.get(letter, 0) | 1 << place
    return found


def _in_common(places: Mapping[str, int], length: int, other: str) -> int:
    """The length of the longest common subsequence of a word, given by its places, and another (Hyyrö's bits)."""
    full = (1 << length) - 1
    rest = full
    for letter in other:
        met = rest & places.get(letter, 0)
        rest = (rest + met) | (rest - met)
    return length - (rest & full).bit_count()


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "").replace(" ", "")
