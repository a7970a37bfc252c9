from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from declarative.assets.model import LiveAsset
from declarative.plan.fingerprint import fingerprint, record_digest


@pytest.fixture
def desired(world: Any) -> Any:
    return replace(
        world.asset(),
        core={
            "businessMetaData": {"department": "Sales"},
            "ports": [{"port": "22"}, {"port": "80"}],
            "operatingSystem": "CentOS",
        },
    )


def print_of(world: Any, desired: Any, **record: Any) -> str:
    ports = record.pop("ports", [22])
    live = world.live(openPortListData={"openPort": [{"port": port} for port in ports]}, **record)
    return fingerprint(desired, LiveAsset(live["assetId"], live))


def test_a_managed_field_that_somebody_changed_changes_it(world: Any, desired: Any) -> None:
    base = print_of(world, desired, business={"department": "Old"})
    assert print_of(world, desired, business={"department": "Other"}) != base
    assert print_of(world, desired, business={}) != base
    assert print_of(world, desired, business={"department": "Old"}, serial="X") != base


def test_what_is_not_managed_or_only_written_otherwise_does_not(world: Any, desired: Any) -> None:
    base = print_of(world, desired, business={"department": "Old"})
    assert (
        print_of(world, desired, business={"department": " Old ", "company": "x"}, lastModifiedDate="now", ports=[22, 443])
        == base
    )
    assert print_of(world, desired, business={"department": "Old"}, operatingSystem={"osName": "x"}) == base


def test_a_record_has_one_digest_however_it_is_ordered_and_whatever_no_decision_can_see() -> None:
    seen = {"assetName": "a", "assetId": 5, "businessInformation": {"department": "Sales"}}
    other = {"riskScore": 9, "businessInformation": {"department": "Sales"}, "assetId": 5, "assetName": "a"}
    assert record_digest(LiveAsset(5, seen)) == record_digest(LiveAsset(5, other)) is not None
    assert record_digest(LiveAsset(5, seen)) != record_digest(LiveAsset(5, {**seen, "assetName": "b"}))
    assert record_digest(LiveAsset(5, {**seen, "assetName": 2**70})) is None


def test_a_declared_port_that_appeared_changes_it(world: Any, desired: Any) -> None:
    assert print_of(world, desired, ports=[22]) != print_of(world, desired, ports=[22, 80])


def test_another_live_asset_has_another_one(world: Any, desired: Any) -> None:
    assert fingerprint(desired, LiveAsset(5, world.live())) != fingerprint(desired, LiveAsset(6, world.live()))


def test_one_declared_port_in_place_of_another_changes_it(world: Any, desired: Any) -> None:
    assert print_of(world, desired, ports=[22]) != print_of(world, desired, ports=[80])
