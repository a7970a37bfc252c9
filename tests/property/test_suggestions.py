"""Laws of did-you-mean: names are told apart quickly, and not otherwise than by comparing them all."""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches

from hypothesis import example, given, settings
from hypothesis import strategies as st

from declarative.schema.suggest import closest

words = st.text("abcHN_-. é", max_size=9)


@settings(max_examples=400, deadline=None)
@given(words, st.lists(words, max_size=8))
@example("hostnam", ["hostName", "host", "serialNumber"])
@example("", ["", "a"])
def test_the_closest_name_is_the_one_that_comparing_with_every_name_finds(word, names):
    assert closest(word, names) == _compared_with_all(word, names)


def _compared_with_all(word, names):
    plain = {}
    for name in sorted(set(names)):
        plain.setdefault(_plain(name), name)
    near = get_close_matches(_plain(word), plain, n=3, cutoff=0.7)
    best = min(near, key=lambda name: (-SequenceMatcher(None, name, _plain(word)).ratio(), name), default=None)
    return plain.get(best)


def _plain(name):
    return name.casefold().translate(str.maketrans("", "", "_- "))
