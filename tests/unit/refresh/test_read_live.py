"""Reading what is live: the right records, for few calls, and honest words about it."""

from __future__ import annotations

from datetime import UTC, datetime

from declarative.assets.identity import match
from declarative.refresh import read_live


def bound(make, count):
    records = [{"assetId": number, "assetName": f"host-{number}"} for number in range(1, count + 1)]
    desired = [make.desired(f"a{number}", hostName=f"host-{number}") for number in range(1, count + 1)]
    applied = {f"Asset/a{number}": make.applied(f"a{number}", number) for number in range(1, count + 1)}
    return records, desired, applied


def test_no_refresh_makes_no_call_and_cannot_be_complete(make):
    inventory = make.inventory([{"assetId": 1, "assetName": "web"}])
    refreshed = read_live(inventory, [make.desired("web", hostName="web")], {}, mode="none")
    assert inventory.calls == 0
    assert not refreshed.complete
    assert len(refreshed.index) == 0


def test_bound_assets_are_read_by_id_a_hundred_at_a_time(make):
    records, desired, applied = bound(make, 250)
    inventory = make.inventory([*records, *({"assetId": 10_000 + n, "assetName": f"other-{n}"} for n in range(3000))])
    refreshed = read_live(inventory, desired, applied)
    assert inventory.calls == 3
    assert refreshed.records_seen == 250
    assert refreshed.complete
    assert "250 by id" in refreshed.strategy


def test_the_same_id_bound_twice_is_asked_for_once(make):
    records, desired, applied = bound(make, 2)
    applied["Asset/a2"] = make.applied("a2", 1)
    inventory = make.inventory(records)
    read_live(inventory, desired, applied)
    assert inventory.documents[0].filters[0].value == "1"


def test_a_small_inventory_is_scanned_when_that_takes_fewer_calls(make):
    records, desired, applied = bound(make, 900)
    inventory = make.inventory(records)
    refreshed = read_live(inventory, desired, applied, page_size=300)
    assert inventory.documents == []
    assert inventory.calls == 4  # the count and three pages
    assert "3 calls against 9" in refreshed.strategy


def test_the_count_is_not_asked_when_it_cannot_matter(make):
    records, desired, applied = bound(make, 50)
    inventory = make.inventory(records)
    read_live(inventory, desired, applied)
    assert inventory.counts == 0


def test_an_asset_whose_live_record_lacks_the_serial_is_found_by_its_name(make):
    inventory = make.inventory([{"assetId": 7, "assetName": "web", "biosSerialNumber": ""}])
    wanted = make.desired("web", serialNumber="SN-1", hostName="web")
    refreshed = read_live(inventory, [wanted], {})
    assert match(wanted, None, refreshed.index).live.asset_id == 7


def test_a_serial_that_is_found_ends_the_search_for_that_asset(make):
    inventory = make.inventory([{"assetId": 7, "biosSerialNumber": "SN-1", "assetName": "web"}])
    read_live(inventory, [make.desired("web", serialNumber="SN-1", hostName="web", ipAddress=["10.0.0.1"])], {})
    assert inventory.calls == 1
    assert inventory.counts == 0


def test_a_bound_asset_that_is_gone_is_looked_for_by_its_keys(make):
    inventory = make.inventory([{"assetId": 9, "biosSerialNumber": "SN-1"}])
    wanted = make.desired("web", serialNumber="SN-1")
    refreshed = read_live(inventory, [wanted], {"Asset/web": make.applied("web", 5)})
    assert match(wanted, make.applied("web", 5), refreshed.index).live.asset_id == 9


def test_an_asset_known_by_address_only_needs_a_scan(make):
    inventory = make.inventory([{"assetId": 3, "address": "10.0.0.7"}, {"assetId": 4, "address": "10.0.0.8"}])
    wanted = make.desired("printer", ipAddress=["10.0.0.7"])
    refreshed = read_live(inventory, [wanted], {})
    assert match(wanted, None, refreshed.index).live.asset_id == 3
    assert "MAC, IP" in refreshed.strategy


def test_an_asset_that_nothing_identifies_costs_no_scan(make):
    inventory = make.inventory([{"assetId": 3, "address": "10.0.0.7"}])
    refreshed = read_live(inventory, [make.desired("new", sourceNativeKey="NK-1", ipAddress=["127.0.0.1"])], {})
    assert inventory.calls == 0
    assert refreshed.complete


def test_a_new_asset_in_a_huge_inventory_is_not_worth_a_scan_and_the_plan_says_so(make):
    inventory = make.inventory([{"assetId": number, "assetName": f"h{number}"} for number in range(1, 6001)])
    refreshed = read_live(inventory, [make.desired("new", hostName="brand-new", ipAddress=["10.9.9.9"])], {})
    assert refreshed.unsearched == ("Asset/new",)
    assert "--refresh full" in refreshed.strategy
    assert inventory.calls < 5


def test_full_refresh_reads_everything(make):
    inventory = make.inventory([{"assetId": number} for number in range(1, 251)])
    refreshed = read_live(inventory, [], {}, mode="full")
    assert refreshed.records_seen == 250
    assert inventory.documents == []


def test_a_value_with_a_comma_is_not_put_under_in(make):
    inventory = make.inventory([{"assetId": 1, "assetName": "lab, room 2"}, {"assetId": 2, "assetName": "web"}])
    wanted = [make.desired("lab", hostName="lab, room 2"), make.desired("web", hostName="web")]
    refreshed = read_live(inventory, wanted, {})
    assert [match(item, None, refreshed.index).live.asset_id for item in wanted] == [1, 2]
    assert all("," not in row.value or row.operator == "EQUALS" for document in inventory.documents for row in document.filters
               if "lab" in row.value)  # fmt: skip


def test_a_filter_stays_within_eight_kilobytes(make):
    desired = [make.desired(f"a{number}", serialNumber=f"{number:0>200}") for number in range(1, 91)]
    inventory = make.inventory([{"assetId": number} for number in range(1, 2001)])
    read_live(inventory, desired, {}, scan_limit=0)
    assert 0 < inventory.largest <= 8000


def test_another_spelling_is_found_by_the_second_question(make):
    inventory = make.inventory([{"assetId": 1, "assetName": "WEB-01"}], mind_case=True)
    wanted = make.desired("web", hostName="Web-01")
    refreshed = read_live(inventory, [wanted], {}, scan_limit=0)
    assert match(wanted, None, refreshed.index).live.asset_id == 1


def test_software_is_left_out_unless_somebody_manages_it(make):
    inventory = make.inventory([{"assetId": 1, "assetName": "web"}])
    read_live(inventory, [make.desired("web", hostName="web")], {})
    assert set(inventory.excluded) == {("software",)}
    inventory.excluded.clear()
    read_live(inventory, [make.desired("web", hostName="web", core={"softwares": [{"name": "nginx"}]})], {})
    assert set(inventory.excluded) == {()}


def test_removed_assets_are_read_too(make):
    inventory = make.inventory([{"assetId": 1}, {"assetId": 2}, {"assetId": 3, "biosSerialNumber": "SN-3"}])
    applied = {
        "Asset/retired": make.applied("retired", 1, retire=True),
        "Asset/moved": make.applied("moved", 2),
        "Asset/unbound": make.applied("unbound", None, retire=True, serialNumber="SN-3"),
    }
    refreshed = read_live(inventory, [], applied)
    assert sorted(refreshed.index) == [1, 2, 3]


def test_nothing_declared_reads_nothing(make):
    inventory = make.inventory([{"assetId": 1}])
    refreshed = read_live(inventory, [], {})
    assert inventory.calls == 0
    assert refreshed.complete


def test_a_scan_for_arrivals_reads_only_what_changed_lately(make):
    since = datetime(2026, 3, 1, tzinfo=UTC)
    inventory = make.inventory(
        [
            {"assetId": 1, "address": "10.0.0.1", "lastModifiedDate": "2026-02-01T00:00:00.000Z"},
            {"assetId": 2, "address": "10.0.0.2", "lastModifiedDate": "2026-03-02T00:00:00.000Z"},
        ]
    )
    refreshed = read_live(inventory, [make.desired("p", ipAddress=["10.0.0.2"])], {}, updated_since=since)
    assert list(refreshed.index) == [2]


def test_many_bound_assets_are_found_by_id_though_they_did_not_change_lately(make):
    records, desired, applied = bound(make, 400)
    inventory = make.inventory([{**record, "lastModifiedDate": "2026-02-01T00:00:00.000Z"} for record in records])
    refreshed = read_live(inventory, desired, applied, updated_since=datetime(2026, 3, 1, tzinfo=UTC))
    assert len(refreshed.index) == 400


def test_a_look_at_what_changed_lately_does_not_replace_looking_bound_assets_up(make):
    inventory = make.inventory(
        [
            {"assetId": 1, "assetName": "old", "lastModifiedDate": "2026-02-01T00:00:00.000Z"},
            {"assetId": 2, "address": "10.0.0.2", "lastModifiedDate": "2026-03-02T00:00:00.000Z"},
        ]
    )
    desired = [make.desired("old", hostName="old"), make.desired("new", ipAddress=["10.0.0.2"])]
    applied = {"Asset/old": make.applied("old", 1)}
    refreshed = read_live(inventory, desired, applied, updated_since=datetime(2026, 3, 1, tzinfo=UTC))
    assert sorted(refreshed.index) == [1, 2]
