"""What the state can keep, and what it says about the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from declarative.assets.model import AppliedAsset, AppliedField
from declarative.core.errors import StateError
from declarative.state.codec import decode, describe, encode

Assets = Callable[..., AppliedAsset]


def test_a_read_only_mapping_is_kept_like_the_dictionary_in_it(asset: Assets) -> None:
    frozen = replace(asset(), identity=MappingProxyType({"hostName": "a", "nested": MappingProxyType({"b": [1]})}))
    row = encode(frozen)
    back = decode(row.address, row.kind, row.document)
    assert isinstance(back, AppliedAsset)
    assert back.identity == {"hostName": "a", "nested": {"b": [1]}}


@pytest.mark.parametrize("value", [2**64, datetime(2026, 1, 1, tzinfo=UTC), {1, 2}, b"bytes", "\ud800"])
def test_a_value_that_would_not_come_back_is_refused_with_its_address(asset: Assets, value: object) -> None:
    with pytest.raises(StateError, match="Asset/web-01 cannot be kept"):
        encode(replace(asset(), fields={"f": AppliedField(value)}))


def test_the_order_of_keys_makes_no_difference(asset: Assets) -> None:
    one = replace(asset(), identity={"a": 1, "b": 2})
    other = replace(asset(), identity={"b": 2, "a": 1})
    assert encode(one) == encode(other)


def test_a_marked_connector_and_a_native_key_that_is_a_number_are_kept(asset: Assets) -> None:
    marked = replace(asset(), connector=replace(asset().connector, marker=True), identity={"sourceNativeKey": 12})
    row = encode(marked)
    assert row.native_key == "12"
    assert decode(row.address, row.kind, row.document) == marked


def test_a_record_is_described_with_every_part_by_its_name(asset: Assets) -> None:
    assert describe(asset(asset_id=5)) == {
        "address": "Asset/web-01",
        "assetId": 5,
        "connector": {
            "name": "servicenow",
            "connectorUuid": "11111111-2222-3333-4444-555555555555",
            "source": "ServiceNow",
            "marker": False,
        },
        "identity": {"hostName": "web-01", "sourceNativeKey": "NK-web-01", "ipAddress": ["10.0.0.7"]},
        "fields": {"coreAttributes.businessMetaData.department": {"value": "Sales", "converged": False}},
        "sentAt": "2026-01-15T10:32:55Z",
        "onRemove": "forget",
    }
