"""When a plan fits a state, and whose view of the inventory a snapshot is."""

from __future__ import annotations

from contextlib import closing

import pytest
from msgspec.structs import replace

from declarative.apply import state_moved
from declarative.assets.model import AppliedAsset, ConnectorRef
from declarative.core.clock import SystemClock
from declarative.engine.caching import keep_seen, snapshot_for
from declarative.engine.planning import unsearched
from declarative.plan.model import StateMark
from declarative.refresh import Refreshed
from declarative.state import open_store


@pytest.mark.parametrize(
    ("planned", "found", "words"),
    [
        (StateMark("a", 3), StateMark("a", 3), ""),
        (StateMark("a", 3), StateMark("a", 4), "moved on from serial 3 to 4"),
        (StateMark("a", 3), StateMark("b", 3), "another state"),
        (StateMark("a", 0), StateMark("b", 0), ""),
        (StateMark("", 0), StateMark("b", 0), ""),
        (StateMark("", 0), StateMark("b", 2), "moved on from serial 0 to 2"),
    ],
)
def test_a_plan_fits_the_state_it_was_made_on_and_any_first_one(planned, found, words):
    said = state_moved(planned, found)
    assert words in said
    assert bool(said) == bool(words)


def test_what_one_user_may_see_never_answers_for_another(tmp_path):
    with closing(open_store(str(tmp_path / "state.db"), clock=SystemClock())) as store:
        alice = snapshot_for(store, {"QUALYS_USERNAME": "alice", "QUALYS_PASSWORD": "secret-1"})
        bob = snapshot_for(store, {"QUALYS_USERNAME": "bob", "QUALYS_PASSWORD": "secret-1"})
        with alice, bob:
            alice.replace("https://a", [(1, {"assetId": 1})], "2026-01-01T00:00:00Z")
            assert alice.watermark("https://a") == "2026-01-01T00:00:00Z"
            assert [asset_id for asset_id, _ in alice.records("https://a")] == [1]
            assert bob.watermark("https://a") is None


def test_a_bare_token_names_nobody_so_nothing_is_kept_for_it(tmp_path):
    with closing(open_store(str(tmp_path / "state.db"), clock=SystemClock())) as store:
        assert snapshot_for(store, {"QUALYS_TOKEN": "abcdef"}) is None
        assert snapshot_for(store, {}) is None


def test_a_plan_that_needs_no_scan_opens_no_snapshot(tmp_path):
    with closing(open_store(str(tmp_path / "state.db"), clock=SystemClock())) as store:
        snapshot = snapshot_for(store, {"QUALYS_USERNAME": "alice", "QUALYS_PASSWORD": "secret-1"})
        with snapshot:
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]


def test_a_full_disk_costs_a_plan_no_more_than_what_it_would_have_kept(tmp_path):
    said = []
    with closing(open_store(str(tmp_path / "state.db"), clock=SystemClock())) as store:
        stored = AppliedAsset("Asset/a", ConnectorRef("c", "u", "s"), {"hostName": "a"}, {})
        store.put([stored])
        with store.backend.read() as connection:
            connection.execute(f"PRAGMA max_page_count = {connection.scalar('PRAGMA page_count')}")
        keep_seen(store, [replace(stored, identity={"hostName": "a" * 100_000})], said.append)
        assert store.get("Asset/a") == stored
    assert len(said) == 1
    assert "not kept for the next plan" in said[0]
    assert "the disk is full" in said[0]


def test_what_no_filter_could_rule_out_is_one_warning_of_the_plan(tmp_path):
    def refreshed(*addresses: str) -> Refreshed:
        return Refreshed(None, "targeted", complete=True, unsearched=addresses)

    assert unsearched(refreshed()) == ()
    (warning,) = unsearched(refreshed("Asset/a", "Asset/b", "Asset/c"))
    assert warning.message.startswith("Asset/a and 2 more:")
    assert "--refresh full" in warning.hint
    assert not warning.is_error
