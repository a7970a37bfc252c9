"""Records that were left unread are found as if all had been read, and count as what they are when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.assets.identity import match_known
from declarative.assets.live import LiveIndex
from declarative.assets.lookups import Term, terms_for, terms_of
from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.assets.sight import Sight, digest_of, pack
from declarative.core.errors import ApiError

CONNECTOR = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK")
MARKED = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK", marker=True)


@dataclass
class Shelf:
    """Unread records. `read` counts how often one was given; `strays`: ids that are found by every term."""

    kept: dict[int, dict[str, Any]]
    strays: tuple[int, ...] = ()
    read: list[int] = field(default_factory=list)

    @property
    def digests(self) -> Mapping[int, bytes]:
        return {asset_id: digest_of(pack(record)) for asset_id, record in self.kept.items()}

    def records(self, asset_ids: Collection[int]) -> Iterable[tuple[int, bytes]]:
        self.read.extend(asset_ids)
        return [(asset_id, pack(self.kept[asset_id])) for asset_id in asset_ids]

    def ids_with(self, terms: Collection[Term]) -> Collection[int]:
        wanted = set(terms)
        return {*self.strays, *(at for at, record in self.kept.items() if wanted.intersection(terms_of(record)))}


def record(asset_id: int, **shown: Any) -> dict[str, Any]:
    return {"assetId": asset_id, **shown}


def test_a_record_is_read_when_it_is_asked_for_and_no_other() -> None:
    shelf = Shelf({at: record(at, assetName=f"web-{at}") for at in range(1, 50)})
    index = LiveIndex.packed([], shelf)
    live = index.get(7)
    assert live is not None
    assert live.record["assetName"] == "web-7"
    assert index.get(99) is None
    assert len(index) == 49
    assert shelf.read == [7]


def test_a_record_as_a_page_showed_it_counts_by_its_bytes_and_is_read_when_it_is_asked_for() -> None:
    shown = record(7, assetName="web-7")
    index = LiveIndex.packed([(7, Sight(7, pack(shown))), (8, Sight(8, b'{"assetId":8,"assetName":"\\ud800"}'))])
    live = index.get(7)
    assert live is not None
    assert live.record == shown
    assert index.digest(7) == LiveIndex.packed([(7, pack(shown))]).digest(7) == digest_of(pack(shown))
    assert index.digest(8) is not None
    with pytest.raises(ApiError, match="asset 8 that cannot be read"):
        index.get(8)


def test_many_are_read_at_once() -> None:
    shelf = Shelf({at: record(at) for at in range(1, 50)})
    index = LiveIndex.packed([], shelf)
    index.fetch([3, 5, 99])
    assert [live is not None for live in map(index.get, (3, 5, 99))] == [True, True, False]
    assert shelf.read == [3, 5]


def test_what_was_read_from_the_service_stands_for_what_was_kept() -> None:
    shelf = Shelf({1: record(1, assetName="old"), 2: record(2, assetName="db")})
    fresh = record(1, assetName="new")
    index = LiveIndex.packed([(1, pack(fresh))], shelf)
    assert index.get(1).record == fresh  # type: ignore[union-attr]
    assert index.digest(1) == digest_of(pack(fresh))
    assert sorted(index) == [1, 2]
    assert not match_known(DesiredAsset("Asset/a", CONNECTOR, {"hostName": "old"}, {}), None, index).live


def test_a_record_that_was_renewed_meanwhile_counts_as_it_is_now() -> None:
    shelf = Shelf({1: record(1, assetName="before")})
    index = LiveIndex.packed([], shelf)
    before = index.digest(1)
    shelf.kept[1] = record(1, assetName="after")
    assert index.get(1).record["assetName"] == "after"  # type: ignore[union-attr]
    assert index.digest(1) == digest_of(pack(shelf.kept[1])) != before


def test_what_no_decision_looks_at_is_not_in_the_digest() -> None:
    assert pack(record(1, riskScore=5, lastModifiedDate="2026-01-01")) == pack(record(1))
    assert pack({"assetName": "web", "assetId": 1}) == pack({"assetId": 1, "assetName": "web"})


@pytest.mark.parametrize("prepare", [lambda index, assets: index.gather(assets), lambda index, assets: None])
def test_only_records_that_may_match_are_read(prepare: Callable[[LiveIndex, list[DesiredAsset]], None]) -> None:
    shelf = Shelf({at: record(at, assetName=f"web-{at}") for at in range(1, 50)}, strays=(9,))
    index = LiveIndex.packed([(60, pack(record(60, assetName="held")))], shelf)
    assets = [DesiredAsset("Asset/a", CONNECTOR, {"hostName": "web-3"}, {}), DesiredAsset("Asset/b", CONNECTOR, {}, {})]
    prepare(index, assets)
    found = match_known(assets[0], None, index)
    assert found.live is not None
    assert found.live.asset_id == 3
    assert set(shelf.read) <= {3, 9}


def test_what_was_gathered_is_at_hand_until_others_are_fetched_and_is_found_all_the_same() -> None:
    shelf = Shelf({at: record(at, assetName=f"web-{at}", biosSerialNumber=f"S{at}") for at in range(1, 50)})
    index = LiveIndex.packed([], shelf)
    by_name = DesiredAsset("Asset/a", CONNECTOR, {"hostName": "web-3"}, {})
    by_serial = DesiredAsset("Asset/b", CONNECTOR, {"serialNumber": "S3"}, {})
    index.gather([by_name])
    assert match_known(by_name, None, index).live is not None
    assert set(shelf.read) == {3}
    index.fetch([7])
    assert match_known(by_name, None, index).live is not None
    assert match_known(by_serial, None, index).live is not None
    assert set(shelf.read) == {3, 7}


NAMES = st.sampled_from([None, "web", "WEB", "web.corp.example", "db", "db.corp.example"])
SERIALS = st.sampled_from([None, "S1", "s1", "S2"])
ADDRESSES = st.sampled_from([None, "10.0.0.1", "10.0.0.2"])
MARKS = st.sampled_from([None, "Asset/a0", "Asset/a1"])


@st.composite
def records(draw: st.DrawFn) -> dict[int, dict[str, Any]]:
    found = {}
    for asset_id in range(1, draw(st.integers(0, 5)) + 1):
        marked = draw(MARKS)
        custom = [{"key": "declarative_key", "value": marked, "connectorUuid": MARKED.uuid}] if marked else []
        found[asset_id] = record(
            asset_id,
            assetName=draw(NAMES),
            dnsName=draw(NAMES),
            biosSerialNumber=draw(SERIALS),
            address=draw(ADDRESSES),
            customAttributes=custom,
        )
    return found


@settings(max_examples=200, deadline=None)
@given(
    records(),
    st.sets(st.integers(1, 5)),
    st.lists(
        st.tuples(
            st.fixed_dictionaries(
                {},
                optional={
                    "hostName": NAMES.filter(bool),
                    "serialNumber": SERIALS.filter(bool),
                    "ipAddress": ADDRESSES.filter(bool),
                },
            ),
            st.sampled_from([CONNECTOR, MARKED]),
            st.sampled_from([None, 1, 4, 9]),
        ),
        max_size=4,
    ),
    st.sampled_from(["nothing", "gathered", "gathered and fetched others"]),
)
def test_whatever_is_unread_or_cannot_be_found_the_same_assets_match(
    live: dict[int, dict[str, Any]],
    held: set[int],
    wanted: list[tuple[dict[str, Any], ConnectorRef, int | None]],
    before: str,
) -> None:
    assets = [DesiredAsset(f"Asset/a{at}", connector, identity, {}) for at, (identity, connector, _) in enumerate(wanted)]
    every = LiveIndex.of(live.values())
    unread = {asset_id: one for asset_id, one in live.items() if asset_id not in held}
    some = LiveIndex.packed(
        [(asset_id, pack(one)) for asset_id, one in live.items() if asset_id in held], Shelf(unread, strays=(1,))
    )
    if before != "nothing":
        some.gather(assets)
    if before == "gathered and fetched others":
        some.fetch(())
    loose = (asset for asset, (_, _, bound) in zip(assets, wanted, strict=True) if bound not in live)
    searched = Shelf(live, strays=(1, 99)).ids_with({term for asset in loose for term in terms_for(asset)})
    fewer = LiveIndex.packed([(asset_id, pack(one)) for asset_id, one in live.items()], searched=searched)
    for (asset, (_, _, bound)), index in product(zip(assets, wanted, strict=True), (some, fewer)):
        one, other = match_known(asset, bound, every), match_known(asset, bound, index)
        assert (one.matched_by, one.candidates, one.reason, one.warnings) == (
            other.matched_by,
            other.candidates,
            other.reason,
            other.warnings,
        )
        assert (one.live and one.live.asset_id) == (other.live and other.live.asset_id)
