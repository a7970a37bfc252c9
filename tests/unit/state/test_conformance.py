"""What every store promises, whatever it runs on. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from declarative.assets.model import AppliedAsset
from declarative.core.errors import StateError
from declarative.plan.model import AppliedReport, ReportStatus
from declarative.qualys.model import CallRecord
from declarative.state import SqlStore
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run

Opener = Callable[..., SqlStore]
Assets = Callable[..., AppliedAsset]
Runs = Callable[..., Run]

AT = datetime(2026, 1, 15, 10, 33, tzinfo=UTC)
REPORT = AppliedReport("Report/weekly", "weekly", "sha256:r", None, ReportStatus.CREATED, "file-1", AT, "req-1")


def test_a_new_store_is_empty_and_has_a_lineage_of_its_own(url: str, opened: Opener) -> None:
    store = opened(url)
    assert store.resources() == {}
    assert store.mark.serial == 0
    assert len(store.mark.lineage) == 36
    assert store.writable


def test_the_lineage_stays_when_the_store_is_opened_again(url: str, opened: Opener) -> None:
    first = opened(url).mark
    assert opened(url).mark == first


def test_what_was_put_is_there_for_the_next_process(url: str, opened: Opener, asset: Assets) -> None:
    opened(url).put([asset("b", asset_id=7), REPORT, asset("a")])
    again = opened(url)
    assert again.resources() == {"Asset/a": asset("a"), "Asset/b": asset("b", asset_id=7), REPORT.address: REPORT}
    assert list(again.resources()) == ["Asset/a", "Asset/b", "Report/weekly"]
    assert again.get("Report/weekly") == REPORT
    assert again.get("Asset/zzz") is None


def test_a_record_that_is_written_anew_while_the_state_is_read_comes_as_it_is_now(
    url: str, opened: Opener, asset: Assets
) -> None:
    opened(url).put([asset("a"), asset("b", asset_id=7)])
    reader = opened(url)
    listed = reader.resources()
    opened(url).put([asset("a", department="Legal")])
    assert listed["Asset/a"] == asset("a", department="Legal")
    reader.observe([asset("a", asset_id=3, department="Legal")])
    assert opened(url).get("Asset/a") == asset("a", asset_id=3, department="Legal")


def test_a_record_that_leaves_while_the_state_is_read_stops_the_command(url: str, opened: Opener, asset: Assets) -> None:
    opened(url).put([asset("a"), asset("b")])
    listed = opened(url).resources()
    opened(url).remove(["Asset/a"])
    assert listed["Asset/b"] == asset("b")
    with pytest.raises(StateError, match="Asset/a left the state") as refused:
        dict(listed.items())
    assert "run the command again" in str(refused.value.hint)


def test_the_serial_moves_only_when_something_differs(store: SqlStore, asset: Assets) -> None:
    store.put([asset()])
    assert store.mark.serial == 1
    store.put([asset()])
    store.put([])
    assert store.mark.serial == 1
    store.put([asset(department="Engineering")])
    assert store.mark.serial == 2


def test_of_two_records_for_one_address_the_last_one_is_kept(store: SqlStore, asset: Assets) -> None:
    store.put([asset(department="Sales"), asset(department="Engineering")])
    assert store.get("Asset/web-01") == asset(department="Engineering")


def test_observing_keeps_the_record_and_leaves_the_serial(store: SqlStore, asset: Assets) -> None:
    store.put([asset()])
    store.resources()
    store.observe([asset(asset_id=5)])
    assert store.get("Asset/web-01") == asset(asset_id=5)
    assert store.mark.serial == 1


def test_observing_does_not_undo_what_another_process_applied_meanwhile(url: str, opened: Opener, asset: Assets) -> None:
    planner, applier = opened(url), opened(url)
    applier.put([asset("a"), asset("b"), asset("c")])
    planner.resources()
    applier.put([asset("a", department="Engineering")])
    applier.remove(["Asset/b"])
    planner.observe([asset("a", asset_id=1), asset("b", asset_id=2), asset("c", asset_id=3)])
    assert applier.resources() == {"Asset/a": asset("a", department="Engineering"), "Asset/c": asset("c", asset_id=3)}


def test_what_was_only_looked_at_is_not_observed_over(url: str, opened: Opener, asset: Assets) -> None:
    opened(url).put([asset("a"), asset("b")])
    reader = opened(url)
    assert list(reader.resources_at(["Asset/a"], note=False)) == ["Asset/a"]
    reader.resources_at(["Asset/b"])
    reader.observe([asset("a", asset_id=1), asset("b", asset_id=2)])
    assert opened(url).resources() == {"Asset/a": asset("a"), "Asset/b": asset("b", asset_id=2)}


def test_what_this_process_removed_itself_may_be_observed_again(store: SqlStore, asset: Assets) -> None:
    store.put([asset("a"), asset("old")])
    store.remove(["Asset/a"])
    store.move("Asset/old", "Asset/new")
    store.observe([asset("a", asset_id=1), asset("new", asset_id=2)])
    assert store.resources() == {"Asset/a": asset("a", asset_id=1), "Asset/new": asset("new", asset_id=2)}


def test_removing_forgets_and_removing_nothing_changes_nothing(store: SqlStore, asset: Assets) -> None:
    store.put([asset("a"), asset("b")])
    store.remove(["Asset/a", "Asset/none"])
    assert list(store.resources()) == ["Asset/b"]
    assert store.mark.serial == 2
    store.remove(["Asset/a"])
    assert store.mark.serial == 2


def test_thousands_of_records_go_in_and_out_in_one_call(store: SqlStore, asset: Assets) -> None:
    many = [asset(f"n{number:05}") for number in range(6_000)]
    store.put(many)
    store.put([*many[:5_999], asset("n05999", department="Engineering")])
    assert len(store.resources()) == 6_000
    assert store.get("Asset/n05999") == asset("n05999", department="Engineering")
    assert store.mark.serial == 2
    store.remove(found.address for found in many)
    assert store.resources() == {}


def test_moving_keeps_the_record_under_its_new_address(store: SqlStore, asset: Assets) -> None:
    store.put([asset("old", asset_id=9)])
    store.move("Asset/old", "Asset/new")
    assert store.get("Asset/old") is None
    moved = store.get("Asset/new")
    assert isinstance(moved, AppliedAsset)
    assert (moved.address, moved.asset_id) == ("Asset/new", 9)
    assert store.mark.serial == 2


@pytest.mark.parametrize(
    ("old", "new", "said"), [("Asset/none", "Asset/c", "not in the state"), ("Asset/a", "Asset/b", "already")]
)
def test_a_move_from_nowhere_or_onto_another_record_is_refused(
    store: SqlStore, asset: Assets, old: str, new: str, said: str
) -> None:
    store.put([asset("a"), asset("b")])
    with pytest.raises(StateError, match=said):
        store.move(old, new)
    assert list(store.resources()) == ["Asset/a", "Asset/b"]
    assert store.mark.serial == 1


def test_an_intent_is_open_until_its_outcome_is_recorded(url: str, opened: Opener, asset: Assets, run: Runs) -> None:
    store = opened(url)
    store.begin_run(run())
    first = store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/b", "Asset/a"], at=AT)
    second = store.record_intent("run-1", IntentKind.REPORT, "req-2", ["Report/weekly"], at=AT)

    left = opened(url).open_intents()
    assert [(intent.intent_id, intent.kind, intent.request_id) for intent in left] == [
        (first, IntentKind.SYNC, "req-1"),
        (second, IntentKind.REPORT, "req-2"),
    ]
    assert left[0].addresses == ("Asset/b", "Asset/a")
    assert left[0].recorded_at == AT

    store.record_outcomes(
        first,
        [
            Outcome("Asset/b", OutcomeStatus.APPLIED, asset("b"), request_id="req-1"),
            Outcome("Asset/a", OutcomeStatus.FAILED, error="Invalid IP"),
        ],
        at=AT,
    )
    assert [intent.intent_id for intent in opened(url).open_intents()] == [second]
    assert opened(url).resources() == {"Asset/b": asset("b")}
    assert store.mark.serial == 1
    assert store.outcomes_of("run-1") == (
        Outcome("Asset/b", OutcomeStatus.APPLIED, request_id="req-1"),
        Outcome("Asset/a", OutcomeStatus.FAILED, error="Invalid IP"),
    )


def test_an_intent_and_the_record_that_goes_with_it_appear_together(store: SqlStore, run: Runs) -> None:
    store.begin_run(run())
    store.record_intent("run-1", IntentKind.REPORT, "req-1", ["Report/weekly"], at=AT, resources=[REPORT])
    assert store.get("Report/weekly") == REPORT
    assert len(store.open_intents()) == 1


def test_an_outcome_is_recorded_once(store: SqlStore, asset: Assets, run: Runs) -> None:
    store.begin_run(run())
    intent = store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/a"], at=AT)
    store.record_outcomes(intent, [Outcome("Asset/a", OutcomeStatus.APPLIED)], at=AT)
    with pytest.raises(StateError, match="not open"):
        store.record_outcomes(intent, [Outcome("Asset/a", OutcomeStatus.APPLIED, asset("a"))], at=AT)
    assert store.get("Asset/a") is None
    assert len(store.outcomes_of("run-1")) == 1


def test_an_intent_of_a_run_that_never_began_is_refused(store: SqlStore) -> None:
    with pytest.raises(StateError, match="cannot be written"):
        store.record_intent("run-9", IntentKind.SYNC, "req-1", ["Asset/a"], at=AT)
    assert store.open_intents() == ()


def test_intent_ids_are_never_used_again(store: SqlStore, run: Runs) -> None:
    store.begin_run(run())
    ids = [store.record_intent("run-1", IntentKind.SYNC, f"req-{n}", ["Asset/a"], at=AT) for n in range(5)]
    assert len(set(ids)) == 5
    assert ids == sorted(ids)


def test_the_audit_lists_runs_newest_first_with_their_end(store: SqlStore, run: Runs) -> None:
    for number in range(3):
        store.begin_run(run(f"run-{number}", minute=number))
    ended = AT + timedelta(minutes=5)
    store.end_run("run-1", exit_code=7, summary={"applied": 3, "failed": 1}, ended_at=ended)
    listed = store.runs(limit=2)
    assert [found.run_id for found in listed] == ["run-2", "run-1"]
    assert (listed[1].exit_code, listed[1].ended_at, listed[1].summary) == (7, ended, {"applied": 3, "failed": 1})
    assert listed[0] == run("run-2", minute=2)
    assert store.run("run-0") == run("run-0")
    assert store.run("run-9") is None


def test_ending_a_run_that_never_began_is_refused(store: SqlStore) -> None:
    with pytest.raises(StateError, match="never begun"):
        store.end_run("run-9", exit_code=0, summary={}, ended_at=AT)


def test_calls_are_kept_in_order_with_their_run(store: SqlStore, run: Runs) -> None:
    store.begin_run(run())
    made = [
        (AT, CallRecord("POST", "/rest/2.0/search/am/asset", 200, 0.25, "req-1")),
        (AT + timedelta(seconds=1), CallRecord("POST", "/csam/rest/v2/data/sync", None, 30.0, error="timeout")),
    ]
    store.record_calls("run-1", made)
    store.record_calls("run-1", [])
    assert list(store.calls_of("run-1")) == made
    assert store.calls_of("run-2") == ()


def test_rubbish_in_an_answer_does_not_keep_its_outcome_from_being_recorded(store: SqlStore, run: Runs) -> None:
    store.begin_run(replace(run(), user="an\0a", host="\udcff", command="apply \ud800"))
    intent = store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/a"], at=AT)
    store.record_outcomes(intent, [Outcome("Asset/a", OutcomeStatus.FAILED, error="Inval\0id \ud800 \x1b[31m")], at=AT)
    store.record_calls("run-1", [(AT, CallRecord("GET", "/\0\udc00", 500, 0.1, "\0", "\ud800"))])
    (outcome,) = store.outcomes_of("run-1")
    assert outcome.error is not None
    assert outcome.error.startswith("Inval\ufffdid")
    assert len(store.calls_of("run-1")) == 1
    assert store.runs()[0].user == "an\ufffda"
    store.acquire("an\0a@\ud800").check()


def test_a_name_that_is_no_text_is_refused_whole(store: SqlStore, asset: Assets) -> None:
    with pytest.raises(StateError):
        store.put([asset("good"), asset("b\ud800d")])
    assert store.resources() == {}


def test_a_live_record_that_is_no_text_leaves_the_snapshot_as_it_was(store: SqlStore) -> None:
    with store.snapshot() as snapshot:
        snapshot.replace("https://a", [(1, {"n": 1})], "w1")
        for method in (snapshot.replace, snapshot.upsert):
            with pytest.raises(StateError, match="asset 2"):
                method("https://a", [(1, {"n": 2}), (2, {"name": "\ud800"})], "w2")
        assert list(snapshot.records("https://a")) == [(1, {"n": 1})]
        assert snapshot.watermark("https://a") == "w1"


def test_threads_write_through_one_store_without_losing_anything(store: SqlStore, asset: Assets, run: Runs) -> None:
    store.begin_run(run())
    store.acquire("ana").check()

    def apply(worker: int) -> None:
        for number in range(6):
            name = f"w{worker}-{number}"
            intent = store.record_intent("run-1", IntentKind.SYNC, name, [f"Asset/{name}"], at=AT)
            store.record_outcomes(intent, [Outcome(f"Asset/{name}", OutcomeStatus.APPLIED, asset(name))], at=AT)
            store.record_calls("run-1", [(AT, CallRecord("POST", "/sync", 200, 0.1, name))])

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(apply, range(4)))
    assert store.open_intents() == ()
    assert len(store.resources()) == len(store.outcomes_of("run-1")) == len(store.calls_of("run-1")) == 24
    assert store.mark.serial == 24


def test_a_plan_is_used_by_the_first_run_that_says_so(store: SqlStore) -> None:
    assert store.plan_used_by("sha256:p") is None
    store.mark_plan_used("sha256:p", "run-1")
    store.mark_plan_used("sha256:p", "run-2")
    assert store.plan_used_by("sha256:p") == "run-1"


def test_the_snapshot_is_empty_until_it_is_filled(store: SqlStore) -> None:
    with store.snapshot() as snapshot:
        assert snapshot.watermark("https://a") is None
        assert list(snapshot.records("https://a")) == []
        snapshot.upsert("https://a", [(1, {"assetId": 1})], "w1")
        assert snapshot.watermark("https://a") is None


def test_a_snapshot_that_is_forgotten_is_there_no_more(url: str, opened: Opener) -> None:
    with opened(url).snapshot() as snapshot:
        snapshot.replace("https://a", [(1, {"n": 1})], "w1")
        snapshot.replace("https://b", [(1, {"n": 1})], "w1")
        snapshot.forget("https://a")
        assert snapshot.watermark("https://a") is None
        assert snapshot.watermark("https://b") == "w1"


def test_the_snapshot_is_kept_for_each_gateway_and_brought_up_to_date(url: str, opened: Opener) -> None:
    with opened(url).snapshot() as snapshot:
        snapshot.replace("https://a", ((number, {"n": number}) for number in reversed(range(4_500))), "w1")
        snapshot.replace("https://b", [(1, {"b": True})], "wb")
        snapshot.upsert("https://a", [(7, {"n": "new"}), (9_999, {"n": 9_999})], "w2")
    with opened(url).snapshot() as snapshot:
        kept = list(snapshot.records("https://a"))
        assert snapshot.watermark("https://a") == "w2"
        assert [asset_id for asset_id, _ in kept] == [*range(4_500), 9_999]
        assert dict(kept)[7] == {"n": "new"}
        assert list(snapshot.records("https://b")) == [(1, {"b": True})]
        snapshot.replace("https://a", [], "w3")
        assert list(snapshot.records("https://a")) == []
        assert snapshot.watermark("https://a") == "w3"
        assert snapshot.watermark("https://b") == "wb"


def test_a_rebuild_that_breaks_off_leaves_the_snapshot_as_it_was(store: SqlStore) -> None:
    def pages(fail: bool) -> object:
        yield from ((number, {"n": number}) for number in range(3_000))
        if fail:
            raise ConnectionError("the gateway went away")

    with store.snapshot() as snapshot:
        snapshot.replace("https://a", [(1, {"old": True})], "w1")
        for method in (snapshot.replace, snapshot.upsert):
            with pytest.raises(ConnectionError):
                method("https://a", pages(fail=True), "w2")
            assert list(snapshot.records("https://a")) == [(1, {"old": True})]
            assert snapshot.watermark("https://a") == "w1"


def test_a_reader_of_the_snapshot_sees_one_moment_while_it_is_replaced(url: str, opened: Opener) -> None:
    reader, writer = opened(url), opened(url)
    with reader.snapshot() as reading, writer.snapshot() as writing:
        writing.replace("https://a", ((number, {"v": 1}) for number in range(5_000)), "w1")
        records = iter(reading.records("https://a"))
        first = next(records)
        writing.replace("https://a", ((number, {"v": 2}) for number in range(100)), "w2")
        seen = [first, *records]
        assert len(seen) == 5_000
        assert {record["v"] for _, record in seen} == {1}
        assert len(list(reading.records("https://a"))) == 100


def test_a_backup_opens_as_a_state_of_its_own(url: str, opened: Opener, asset: Assets, run: Runs, tmp_path: Path) -> None:
    store = opened(url)
    store.put([asset("a"), REPORT])
    store.begin_run(run())
    intent = store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/a"], at=AT)
    lease = store.acquire("ana")
    backup = tmp_path / "backups" / "state.backup"
    store.backup(str(backup))
    store.backup(str(backup))
    lease.release()
    store.remove(["Asset/a"])

    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [found.name for found in backup.parent.iterdir()] == [backup.name]
    copy = opened(str(backup))
    assert copy.mark.lineage == store.mark.lineage
    assert copy.resources() == {"Asset/a": asset("a"), REPORT.address: REPORT}
    assert [found.intent_id for found in copy.open_intents()] == [intent]
    assert copy.lease_info() is None
    copy.record_intent("run-1", IntentKind.SYNC, "req-2", ["Asset/a"], at=AT)


def test_a_store_opened_for_reading_reads_and_refuses_to_write(url: str, opened: Opener, asset: Assets, run: Runs) -> None:
    opened(url).put([asset("a")])
    store = opened(url, read_only=True)
    assert not store.writable
    assert list(store.resources()) == ["Asset/a"]
    store.observe([asset("a", asset_id=3)])
    assert store.get("Asset/a") == asset("a")
    for write in (
        lambda: store.put([asset("b")]),
        lambda: store.remove(["Asset/a"]),
        lambda: store.begin_run(run()),
        lambda: store.acquire("ana"),
    ):
        with pytest.raises(StateError, match="for reading only"):
            write()
    with store.snapshot() as snapshot:
        snapshot.replace("https://a", [(1, {})], "w")
        assert snapshot.watermark("https://a") is None


def test_reading_where_there_is_no_store_gives_an_empty_one_and_makes_nothing(url: str, opened: Opener, tmp_path: Path) -> None:
    store = opened(url, read_only=True)
    assert (store.mark.lineage, store.mark.serial) == ("", 0)
    assert store.resources() == {}
    assert store.open_intents() == ()
    assert store.lease_info() is None
    assert list(tmp_path.iterdir()) == []
    assert opened(url).mark.lineage != ""


def test_closing_twice_does_no_harm(url: str, opened: Opener) -> None:
    store = opened(url)
    store.acquire("ana")
    store.close()
    store.close()
    assert opened(url).lease_info() is None


def indexed(record: Mapping[str, Any]) -> tuple[bytes, list[int]]:
    return str(record["n"]).encode(), [record["n"] % 10, -record["n"]]


def test_a_few_of_many_live_records_are_found_by_id_and_by_key(store: SqlStore) -> None:
    with store.snapshot() as snapshot:
        snapshot.replace("https://a", ((number, {"n": number}) for number in range(2_500)), "w1", indexer=indexed)
        snapshot.upsert("https://a", [(7, {"n": 8}), (3_000, {"n": 3_000})], "w2", indexer=indexed)
        snapshot.replace("https://b", [(7, {"n": 7})], "w1", indexer=indexed)
        snapshot.replace("https://c", [(1, {"n": 1})], "w1")
        assert snapshot.count("https://a") == 2_501
        assert dict(snapshot.digests("https://a"))[7] == b"8"
        assert dict(snapshot.json_at("https://a", [3_000, 7, 99_999])) == {7: b'{"n":8}', 3_000: b'{"n":3000}'}
        assert {7, 8, 18} <= snapshot.ids_with("https://a", [8])
        assert snapshot.ids_with("https://a", [-3_000, 12_345]) == {3_000}
        assert list(snapshot.digests("https://c")) == [], "written without an indexer"
        assert snapshot.count("https://none") == 0
        assert not snapshot.ids_with("https://none", [8])


def test_bytes_are_kept_whole_and_replaced_whole(url: str, opened: Opener) -> None:
    data = bytes(range(256)) * 40_000
    with opened(url).snapshot() as snapshot:
        assert snapshot.blob("settled") is None
        snapshot.keep_blob("settled", data)
        snapshot.keep_blob("other", b"")
    with opened(url).snapshot() as snapshot:
        assert snapshot.blob("settled") == data
        snapshot.keep_blob("settled", b"new")
        assert snapshot.blob("settled") == b"new"
        assert snapshot.blob("other") == b""


def test_records_of_assets_are_listed_and_found_by_the_asset_that_they_are_bound_to(store: SqlStore, asset: Assets) -> None:
    store.put([asset("b", asset_id=7), asset("a"), asset("c", asset_id=7), asset("d", asset_id=8), REPORT])
    listed = {address: (asset_id, digest) for address, asset_id, digest in store.assets()}
    assert {address: asset_id for address, (asset_id, _) in listed.items()} == {
        "Asset/a": None,
        "Asset/b": 7,
        "Asset/c": 7,
        "Asset/d": 8,
    }
    assert {address: digest for address, (_, digest) in listed.items()} == dict(store.digests("Asset/"))
    assert store.bound_to([7, 9]) == ("Asset/b", "Asset/c")
    assert store.bound_to([]) == ()


def test_records_are_told_apart_without_reading_them(store: SqlStore, asset: Assets) -> None:
    names = ("cmdb[a]", "cmdb[b]", "cmdb_[c]", "CMDB[d]", "web")
    store.put([asset(name) for name in names])
    digests = dict(store.digests("Asset/cmdb["))
    assert sorted(digests) == ["Asset/cmdb[a]", "Asset/cmdb[b]"], "neither wildcards nor case blur a beginning"
    assert store.addresses(but=["Asset/cmdb[", "Asset/CMDB["]) == ("Asset/cmdb_[c]", "Asset/web")
    assert store.digest_read("Asset/cmdb[a]") == digests["Asset/cmdb[a]"]
    found = store.resources_at(["Asset/cmdb[a]", "Asset/none"])
    assert found == {"Asset/cmdb[a]": asset("cmdb[a]")}
    store.put([asset("cmdb[a]", department="Legal")])
    assert dict(store.digests("Asset/cmdb["))["Asset/cmdb[a]"] != digests["Asset/cmdb[a]"]
