"""The generated estate: whichever way one looks at an asset, and size costs nothing."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.sandbox.estate import Estate
from declarative.sandbox.filters import Document, asset_document
from declarative.sandbox.identifiers import identifiers
from declarative.sandbox.parts import PARTS
from declarative.sandbox.reading import Window, count, matching
from declarative.sandbox.sketch import FIRST_ID
from declarative.sandbox.store import Store

NUMBERS = st.integers(0, 999_999)
SEEDS = st.integers(-5, 10**12)


@settings(max_examples=40, deadline=None)
@given(SEEDS, NUMBERS)
def test_a_part_computed_alone_is_the_part_of_the_record(seed: int, number: int) -> None:
    estate = Estate(seed, 1_000_000)
    record, view = estate.record(FIRST_ID + number), estate.lazy(FIRST_ID + number)
    assert {name: view.get(name) for name in record} == record


@settings(max_examples=60, deadline=None)
@given(SEEDS, NUMBERS)
def test_an_asset_is_found_by_its_own_identifiers(seed: int, number: int) -> None:
    store = Store(Estate(seed, 1_000_000))
    asset_id = FIRST_ID + number
    for kind, value in identifiers(store.estate.record(asset_id)):
        if not value.startswith("172."):  # the second address of some assets is not unique
            assert asset_id in store.by_identifier(kind, value), (kind, value)


@settings(max_examples=25, deadline=None)
@given(st.sets(NUMBERS, max_size=20), NUMBERS)
def test_deleted_assets_are_left_out_of_every_walk(deleted: set[int], after: int) -> None:
    store = Store(Estate(1, 1_000_000))
    for number in deleted:
        store.delete(FIRST_ID + number)
    assert count(store, Window(Document())) == 1_000_000 - len(deleted)
    walk = matching(store, Window(Document(), FIRST_ID + after))
    seen = [asset_id for asset_id, _ in zip(walk, range(30), strict=False)]
    assert seen == [FIRST_ID + number for number in range(after + 1, min(after + 60, 1_000_000)) if number not in deleted][:30]


def test_a_look_up_in_a_million_assets_touches_only_what_it_finds() -> None:
    store = Store(Estate(3, 1_000_000))
    wanted = store.estate.record(FIRST_ID + 777_777)
    rows = [{"field": "asset.biosSerialNumber", "operator": "IN", "value": f"{wanted['biosSerialNumber']},nothing"}]
    document = asset_document({"filters": rows}, strict=True, undocumented=False)
    looked_at: list[int] = []
    view = store.view
    store.view = lambda asset_id: looked_at.append(asset_id) or view(asset_id)  # type: ignore[func-returns-value,method-assign]
    assert list(matching(store, Window(document))) == [wanted["assetId"]]
    assert len(looked_at) == 1


@settings(max_examples=100, deadline=None)
@given(SEEDS, NUMBERS, st.sets(st.sampled_from(sorted(PARTS))))
def test_what_a_page_shows_is_the_record_with_parts_left_out(seed: int, number: int, hidden: set[str]) -> None:
    estate, asset_id = Estate(seed, 1_000_000), FIRST_ID + number
    shown = orjson.loads(orjson.dumps(estate.shown(asset_id, frozenset(hidden))))
    assert shown == {name: None if name in hidden else value for name, value in estate.record(asset_id).items()}
