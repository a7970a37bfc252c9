"""Laws of the list comparison behind every view."""

import subprocess
import sys
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from declarative.render.values import leaves, list_difference, shown

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "1", "1.0"])
objects = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")}, optional={"size": scalars, "tags": st.lists(scalars, max_size=2)}
)
lists = st.lists(scalars, max_size=6) | st.lists(objects, max_size=5) | st.lists(scalars | objects, max_size=5)


def bag(items):
    return Counter(repr(sorted(item.items())) if isinstance(item, dict) else repr(item) for item in items)


@given(lists)
def test_a_list_does_not_differ_from_itself_in_any_order(items):
    difference = list_difference(items, items[::-1])
    assert (difference.added, difference.removed, difference.changed) == ((), (), ())
    assert difference.kept == len(items)


@given(lists, lists)
def test_what_was_removed_and_added_leads_from_one_list_to_the_other(before, after):
    difference = list_difference(before, after)
    paired = {change.item for change in difference.changed}
    moved = bag(before) - bag(difference.removed) + bag(difference.added)
    if not paired:
        assert moved == bag(after)
    assert len(before) - len(difference.removed) == len(after) - len(difference.added)


@given(lists, lists)
def test_the_way_back_is_the_mirror_image(before, after):
    there, back = list_difference(before, after), list_difference(after, before)
    assert bag(there.added) == bag(back.removed)
    assert bag(there.removed) == bag(back.added)
    assert there.kept == back.kept
    assert {(c.item, c.path) for c in there.changed} == {(c.item, c.path) for c in back.changed}


@given(lists, lists)
@example([{"name": "a", "tags": ["a", "b"]}], [{"name": "a", "tags": ["b", "a"]}])
def test_a_difference_is_never_silent(before, after):
    difference = list_difference(before, after)
    same = not (difference.added or difference.removed or difference.changed)
    assert same == (bag(before) == bag(after))


@given(st.dictionaries(st.text("ab", min_size=1), scalars | st.dictionaries(st.text("ab", min_size=1), scalars), max_size=4))
def test_the_leaves_of_an_object_name_every_value_once(value):
    paths = [path for path, _ in leaves(value)]
    assert len(paths) == sum(len(below) if isinstance(below, dict) else 1 for below in value.values())


@given(st.text(max_size=400), st.integers(20, 120))
def test_a_value_is_cut_to_its_width_and_says_so(text, width):
    cut = shown(text, width=width)
    whole = shown(text, width=None)
    assert cut == whole or (len(cut) <= width + len("... (400 characters)") and cut.endswith(("characters)", "character)")))


def test_lists_of_plain_values_do_not_load_deepdiff():
    code = (
        "import sys; from declarative.render.values import list_difference as d;"
        "d(['a'], ['b']); d([{'port': 1}], [{'port': 1}]);"
        "sys.exit('deepdiff' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
