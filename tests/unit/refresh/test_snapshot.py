"""Full scans with a snapshot: only what changed is read, and nothing stale is believed."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta

import pytest

from declarative.assets.identity import match
from declarative.assets.sight import cut
from declarative.core.errors import ApiError, StateError
from declarative.refresh import as_kept, read_live, read_stored
from declarative.refresh.scan import Scanner
from declarative.refresh.unread import CacheLostError
from declarative.state import open_store

OLD = "2026-01-01T00:00:00.000Z"
NEW = "2026-03-01T12:30:00.000Z"


@pytest.fixture
def snapshot(tmp_path, make):
    with closing(open_store(str(tmp_path / "state.db"), clock=make.clock())) as store, store.snapshot() as kept:
        yield kept


def estate(count):
    return [
        {"assetId": number, "address": f"10.0.{number // 250}.{number % 250}", "lastModifiedDate": OLD, "riskScore": number}
        for number in range(1, count + 1)
    ]


def read(make, inventory, snapshot, **options):
    wanted = make.desired("printer", ipAddress=["10.0.0.7"])
    refreshed = read_live(inventory, [wanted], {}, snapshot=snapshot, clock=make.clock(), **options)
    return match(wanted, None, refreshed.index).live, refreshed


def test_the_second_scan_reads_only_what_changed(make, snapshot):
    inventory = make.inventory(estate(1000))
    read(make, inventory, snapshot)
    first = inventory.calls
    inventory.records[6]["lastModifiedDate"] = NEW
    live, refreshed = read(make, inventory, snapshot)
    assert live.asset_id == 7
    assert refreshed.records_seen == 1000
    assert inventory.calls - first == 2
    assert "1 changed since" in refreshed.strategy


def test_an_empty_inventory_is_read_once(make, snapshot):
    inventory = make.inventory([])
    Scanner(inventory, 100, (), snapshot, make.clock()).everything()
    assert inventory.calls == 1


@pytest.mark.parametrize("late", [timedelta(minutes=11), timedelta(hours=5), timedelta(days=3)])
def test_what_changes_is_seen_however_late_the_gateways_clock_is(make, snapshot, late):
    inventory = make.inventory(estate(300))
    inventory.behind = late
    read(make, inventory, snapshot)
    by_gateway = make.clock().current - late + timedelta(minutes=1)
    inventory.records[6].update(address="10.9.9.9", lastModifiedDate=by_gateway.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    live, refreshed = read(make, inventory, snapshot)
    assert live is None
    assert "1 changed since" in refreshed.strategy


def test_the_first_question_of_all_is_asked_in_the_gateways_time_too(make):
    late = timedelta(hours=2)
    inventory = make.inventory(estate(300))
    inventory.behind = late
    now = make.clock().current
    inventory.records[6]["lastModifiedDate"] = (now - late - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    scanner = Scanner(inventory, 100, (), None, make.clock())
    assert set(scanner.changed_since(now - timedelta(minutes=10))) == {7}
    assert set(scanner.changed_since(now)) == set()


def test_a_changed_asset_is_seen_as_it_is_now(make, snapshot):
    inventory = make.inventory(estate(300))
    read(make, inventory, snapshot)
    inventory.records[6].update(address="10.9.9.9", lastModifiedDate=NEW)
    inventory.records[99].update(address="10.0.0.7", lastModifiedDate=NEW)
    live, _ = read(make, inventory, snapshot)
    assert live.asset_id == 100


def test_after_a_week_everything_is_read_anew_however_little_changed(make, snapshot):
    inventory = make.inventory(estate(300))
    read(make, inventory, snapshot)
    inventory.records[6]["address"] = "10.9.9.9"  # indexed late: no date tells
    later = make.clock()
    wanted = make.desired("printer", ipAddress=["10.0.0.7"])
    for days, found in ((1, 7), (5, 7), (8, None)):
        later.current = make.clock().current + timedelta(days=days)
        refreshed = read_live(inventory, [wanted], {}, snapshot=snapshot, clock=later)
        live = match(wanted, None, refreshed.index).live
        assert (live.asset_id if live else None) == found
    assert "all pages" in refreshed.strategy


def test_an_asset_that_was_purged_is_not_believed_to_live(make, snapshot):
    inventory = make.inventory(estate(300))
    read(make, inventory, snapshot)
    del inventory.records[6]
    live, refreshed = read(make, inventory, snapshot)
    assert live is None
    assert refreshed.records_seen == 299


def test_the_snapshot_of_one_gateway_says_nothing_about_another(make, snapshot):
    inventory = make.inventory(estate(300))
    read(make, inventory, snapshot)

    class Elsewhere(type(inventory)):
        base_url = "https://other.example"

    other = Elsewhere([])
    live, refreshed = read(make, other, snapshot)
    assert live is None
    assert refreshed.records_seen == 0


def test_full_refresh_reads_all_even_with_a_snapshot(make, snapshot):
    inventory = make.inventory(estate(300))
    read(make, inventory, snapshot)
    before = inventory.calls
    inventory.records[6]["address"] = "10.9.9.9"  # a change that left no date behind
    live, _ = read(make, inventory, snapshot, mode="full")
    assert live is None
    assert inventory.calls - before == 3


def test_only_what_decisions_can_see_is_kept_in_memory(make):
    inventory = make.inventory([{"assetId": 1, "assetName": "web", "riskScore": 5, "openPortListData": {"openPort": []}}])
    record = read_live(inventory, [make.desired("web", hostName="web")], {}).index.get(1).record
    assert set(record) == {"assetId", "assetName", "openPortListData"}


def test_what_looks_the_same_is_not_read_from_the_snapshot_again(make, snapshot):
    inventory = make.inventory(estate(300))
    read(make, inventory, snapshot)
    for record in inventory.records:
        record.update(lastModifiedDate=NEW, riskScore=0)
    inventory.records[3]["address"] = "10.9.9.9"
    live, refreshed = read(make, inventory, snapshot)
    assert live.asset_id == 7
    assert "300 changed since" in refreshed.strategy
    assert refreshed.index.get(4).record["address"] == "10.9.9.9"


def test_a_snapshot_that_cannot_give_a_record_is_forgotten(make, snapshot):
    inventory = make.inventory(estate(300))
    read(make, inventory, snapshot)
    _, refreshed = read(make, inventory, snapshot)
    place = Scanner(inventory, 100, ("software",), snapshot, make.clock()).place
    snapshot.replace(place, [(1, {"assetId": 1})], "2026-03-01T12:00:00Z")
    with pytest.raises(CacheLostError, match="1 records are missing"):
        refreshed.index.get(200)
    assert snapshot.watermark(place) is None
    live, refreshed = read(make, inventory, snapshot)
    assert live.asset_id == 7
    assert "all pages" in refreshed.strategy


class FullDisk:
    def __init__(self, snapshot):
        self._snapshot = snapshot

    def __getattr__(self, name):
        return getattr(self._snapshot, name)

    def replace(self, _place, records, _watermark, **_options):
        next(iter(records))
        raise StateError("no space left")


def test_a_snapshot_that_cannot_keep_what_was_read_is_done_without(make, snapshot):
    inventory = make.inventory(estate(300))
    for _ in range(2):
        live, refreshed = read(make, inventory, FullDisk(snapshot))
        assert live.asset_id == 7
        assert refreshed.records_seen == 300
        assert refreshed.index.get(300).record["assetId"] == 300


def test_a_snapshot_that_another_process_swept_away_does_not_count_as_renewed(make, snapshot):
    inventory = make.inventory(estate(5_000))
    scanner = Scanner(inventory, 100, (), snapshot, make.clock())
    assert scanner.renewed() == "all pages"
    inventory.records[6].update(address="10.9.9.9")
    pages = inventory.search

    def swept(*given, **options):
        for number, page in enumerate(pages(*given, **options)):
            if number == 40:
                with snapshot._backend.write() as connection:
                    connection.execute(
                        "DELETE FROM snapshot WHERE generation IN (SELECT generation FROM snapshot_meta WHERE NOT complete)"
                    )
                    connection.execute("DELETE FROM snapshot_meta WHERE NOT complete")
            yield page

    inventory.search = swept
    assert scanner.renewed(fresh=True) is None
    with snapshot._backend.read() as connection:
        assert connection.scalar("SELECT count(*) FROM snapshot") == 5_000, "nothing of it is left behind"


def test_a_snapshot_that_may_not_be_written_is_not_renewed(make, snapshot, tmp_path):
    inventory = make.inventory(estate(300))
    assert Scanner(inventory, 100, (), snapshot, make.clock()).renewed() == "all pages"
    inventory.records[6].update(address="10.9.9.9", lastModifiedDate=NEW)
    frozen = open_store(str(tmp_path / "state.db"), clock=make.clock(), read_only=True)
    with closing(frozen) as store, store.snapshot() as kept:
        assert Scanner(inventory, 100, (), kept, make.clock()).renewed() is None


def test_a_record_that_the_server_writes_in_another_way_is_no_change(make, snapshot):
    inventory = make.inventory(estate(300))
    read(make, inventory, snapshot)
    for record in inventory.records:
        record["lastModifiedDate"] = NEW
    inventory.write = lambda record: json.dumps(cut(record), indent=1).encode()
    _, refreshed = read(make, inventory, snapshot)
    assert "300 changed since" in refreshed.strategy
    place = Scanner(inventory, 100, ("software",), snapshot, make.clock()).place
    digests = dict(snapshot.digests(place))
    assert {number: refreshed.index.digest(number) for number in digests} == digests


def test_a_record_that_is_no_json_after_all_is_an_error_that_names_it(make, snapshot):
    inventory = make.inventory([{"assetId": 5, "biosSerialNumber": "A"}])
    inventory.write = lambda record: b'{"assetId":5,"biosSerialNumber":1e999}'
    with pytest.raises(ApiError, match="record of asset 5 that cannot be read"):
        read(make, inventory, snapshot)


def stored(make, inventory, snapshot, passing, **options):
    given = {"passing": passing, "sections": (), "full": False, "page_size": 100, "snapshot": snapshot, "clock": make.clock()}
    return read_stored(inventory, [], {}, **{**given, **options})


def test_a_snapshot_that_is_missing_is_made_for_very_many_assets_only(make, snapshot):
    inventory = make.inventory(estate(300))
    assert stored(make, inventory, snapshot, 19_999) is None
    assert inventory.calls == inventory.counts == 0
    found = stored(make, inventory, snapshot, 20_000)
    assert (found.total, len(dict(found.digests()))) == (300, 300)
    assert found.strategy == "full scan (300 records, all pages): 3 calls against 200 for asking by id and key"


def test_after_a_week_very_many_assets_are_read_anew_through_the_snapshot(make, snapshot):
    inventory = make.inventory(estate(300))
    assert stored(make, inventory, snapshot, 20_000) is not None
    clock = make.clock()
    clock.current += timedelta(days=8)
    assert stored(make, inventory, snapshot, 1_000, clock=clock) is None
    assert "all pages" in stored(make, inventory, snapshot, 20_000, clock=clock).strategy


def test_what_is_kept_is_shown_as_it_is_without_a_call(make, snapshot):
    inventory = make.inventory(estate(300))
    assert as_kept(snapshot, inventory.base_url, (), ()) is None
    read(make, inventory, snapshot)
    calls = inventory.calls
    assert as_kept(snapshot, inventory.base_url, (), ()).total == 300
    assert as_kept(snapshot, inventory.base_url, (), ("softwares",)) is None, "kept without software"
    assert inventory.calls == calls
