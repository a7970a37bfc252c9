"""Laws of did-you-mean: names are told apart quickly, and not otherwise than by comparing them all."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from declarative.core.suggest import closest

words = st.text("abcHN_-. é", max_size=9)


@settings(max_examples=400, deadline=None)
@given(words, st.lists(words, max_size=8))
@example("hostnam", ["hostName", "host", "serialNumber"])
@example("", ["", "a"])
def test_the_closest_name_is_the_one_that_comparing_with_every_name_finds(word, names):
    assert closest(word, names) == _compared_with_all(word, names)


def _compared_with_all(word, names):
    near = [(-_alike(_plain(name), _plain(word)), name) for name in _first_of_each_form(names)]
    return min((pair for pair in near if -pair[0] >= 0.75), default=(0, None))[1]


def _first_of_each_form(names):
    first = {}
    for name in sorted(set(names)):
        first.setdefault(_plain(name), name)
    return first.values()


def _alike(one, other):
    """Twice the longest common subsequence by both lengths, the textbook's way."""
    lengths = [0] * (len(other) + 1)
    for letter in one:
        before = lengths
        lengths = [0]
        for index, theirs in enumerate(other):
            lengths.append(before[index] + 1 if letter == theirs else max(before[index + 1], lengths[index]))
    return 2 * lengths[-1] / max(1, len(one) + len(other))


def _plain(name):
    return name.casefold().translate(str.maketrans("", "", "_- "))
