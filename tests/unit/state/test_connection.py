"""Connections are taken for a transaction and given back, however it ends. Most tests run on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from declarative.assets.model import AppliedAsset
from declarative.core.errors import StateError
from declarative.state import SqlStore
from declarative.state.connection import CHUNK

Opener = Callable[..., SqlStore]
Assets = Callable[..., AppliedAsset]


def idle(store: SqlStore) -> list[object]:
    return list(store.backend.database._idle)


def test_one_connection_serves_one_transaction_after_another(store: SqlStore, asset: Assets) -> None:
    store.put([asset("a")])
    before = idle(store)
    store.put([asset("b")])
    assert len(store.resources()) == 2
    assert idle(store) == before
    assert len(before) == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, GeneratorExit, ValueError])
def test_an_interrupted_transaction_leaves_nothing_behind(
    store: SqlStore, asset: Assets, interruption: type[BaseException]
) -> None:
    store.put([asset("a")])
    with pytest.raises(interruption), store.backend.write() as connection:  # noqa: PT012 - in the middle of it
        connection.execute("DELETE FROM resources")
        raise interruption
    assert len(idle(store)) == 1
    assert list(store.resources()) == ["Asset/a"]
    store.put([asset("b")])


def test_a_listing_that_is_left_half_way_gives_its_connection_back(store: SqlStore, asset: Assets) -> None:
    store.put([asset(f"n{number:05}") for number in range(6_000)])
    listing = store.digests("Asset/")
    next(listing)
    assert idle(store) == []
    listing.close()
    assert len(idle(store)) == 1
    store.remove(["Asset/n00000"])
    assert len(list(store.digests("Asset/"))) == 5_999


def test_many_rows_come_one_after_the_other_while_others_are_asked_for(store: SqlStore, asset: Assets) -> None:
    store.put([asset(f"n{number:05}", asset_id=number) for number in range(12_000)])
    with store.backend.read() as connection:
        first = connection.stream("SELECT asset_id FROM resources ORDER BY asset_id")
        second = connection.stream("SELECT asset_id FROM resources WHERE asset_id >= ? ORDER BY asset_id", (6_000,))
        pairs = list(zip(first, second, strict=False))
    assert pairs == [((number,), (number + 6_000,)) for number in range(6_000)]


def test_more_values_than_one_statement_takes_are_asked_for_in_several(store: SqlStore, asset: Assets) -> None:
    store.put([asset(f"n{number:05}", asset_id=number) for number in range(CHUNK + 1)])
    assert len(store.bound_to(range(CHUNK * 3))) == CHUNK + 1
    assert len(store.resources_at(f"Asset/n{number:05}" for number in range(CHUNK * 3))) == CHUNK + 1


def test_an_empty_state_is_read_by_several_at_once(tmp_path: Path, opened: Opener) -> None:
    store = opened(str(tmp_path / "state.db"), read_only=True)
    together = Barrier(4)

    def read(_number: int) -> int:
        with store.backend.read() as outer, store.backend.read() as inner:
            together.wait(10)
            return len(outer.scalars("SELECT address FROM resources")) + int(inner.scalar("SELECT count(*) FROM meta"))

    with ThreadPoolExecutor(4) as readers:
        assert list(readers.map(read, range(4))) == [1] * 4
    assert not list(tmp_path.iterdir())


def test_a_closed_store_keeps_no_connection(store: SqlStore, asset: Assets) -> None:
    reading = store.digests("Asset/")
    store.put([asset("a")])
    next(reading)
    store.close()
    assert list(reading) == []
    assert idle(store) == []
    assert list(store.resources()) == ["Asset/a"]
    assert idle(store) == []


def test_a_statement_that_fails_spoils_its_transaction_only(store: SqlStore, asset: Assets) -> None:
    store.put([asset("a")])
    with pytest.raises(StateError, match="cannot be written"), store.backend.write() as connection:  # noqa: PT012 - one of two
        connection.execute("DELETE FROM resources")
        connection.execute("SELECT nothing FROM nowhere")
    assert len(idle(store)) == 1
    assert list(store.resources()) == ["Asset/a"]


def test_a_user_who_may_not_look_into_the_schema_is_told_so(postgres_url: str, opened: Opener) -> None:
    """And not that it is empty."""
    admin = opened(postgres_url)
    with admin.backend.write() as connection:
        connection.execute("DROP ROLE IF EXISTS declarative_test_stranger")
        connection.execute("CREATE ROLE declarative_test_stranger LOGIN")
    try:
        with pytest.raises(StateError, match="permission is denied"):
            opened(f"{postgres_url}&user=declarative_test_stranger")
    finally:
        with admin.backend.write() as connection:
            connection.execute("DROP ROLE declarative_test_stranger")
