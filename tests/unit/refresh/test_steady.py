"""What is known of records that were looked at before, by digests alone."""

from __future__ import annotations

from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.refresh.steady import Entry, Steady, claim_of

ENTRIES = [Entry(9, b"i" * 16, b"I" * 16, 90), Entry(7, b"g" * 16, b"G" * 16, 70), Entry(8, b"h" * 16, b"H" * 16, 0)]
LIVE = [(asset_id, live) for asset_id, _, live, _ in ENTRIES]


def hexed(text: str) -> str:
    return (text.encode() * 16).hex()


def seen(*records: tuple[int, str]) -> Steady:
    steady = Steady.unpacked(Steady(ENTRIES).packed())
    for asset_id, letter in records:
        steady.see_applied(asset_id, hexed(letter))
    return steady


def test_what_shows_the_digests_of_then_on_both_sides_passes() -> None:
    steady = seen((7, "g"), (8, "h"), (9, "i"))
    assert len(steady) == 0, "live was not looked at"
    assert steady.see_live(LIVE) == []
    assert len(steady) == steady.known == 3
    assert list(steady.passing()) == sorted(ENTRIES)


def test_what_shows_another_digest_on_either_side_does_not() -> None:
    steady = seen((7, "x"), (8, "h"), (9, "i"))
    assert steady.see_live([(7, b"G" * 16), (8, b"?" * 16), (9, b"I" * 16)]) == [8], "its record has to be looked at"
    assert [entry.asset_id for entry in steady.passing()] == [9]


def test_of_two_records_bound_to_one_asset_the_second_is_looked_at() -> None:
    steady = Steady(ENTRIES)
    assert [steady.see_applied(7, hexed("g")) for _ in range(2)] == [True, False]
    steady.see_live(LIVE)
    assert steady.take([7, 8]) == {7}, "the other never passed"
    assert steady.take([7]) == set(), "and is taken once"


def test_records_that_claim_the_same_do_not_pass() -> None:
    shared = [*ENTRIES, Entry(10, b"j" * 16, b"J" * 16, 90)]
    for claims, taken in (((), {9, 10}), ((70,), {7, 9, 10}), ((0,), {9, 10})):
        steady = Steady(shared)
        for asset_id, applied, _, _ in shared:
            steady.see_applied(asset_id, applied.hex())
        steady.see_live((asset_id, live) for asset_id, _, live, _ in shared)
        assert steady.take_claiming(claims) == taken


def test_bytes_of_something_else_are_nothing() -> None:
    assert Steady.unpacked(b"rubbish").known == 0
    assert Steady.unpacked(b"").packed() == b""


def test_a_claim_is_the_native_key_under_its_connector() -> None:
    def asset(key: str | None, uuid: str) -> DesiredAsset:
        return DesiredAsset("Asset/a", ConnectorRef("c", uuid, "S"), {} if key is None else {"sourceNativeKey": key}, {})

    assert claim_of(asset(None, "1")) == 0
    assert claim_of(asset("k", "1")) == claim_of(asset("k", "1")) != claim_of(asset("k", "2"))
