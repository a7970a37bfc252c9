"""Asking by id and key finds what reading everything finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.assets.identity import match
from declarative.refresh import read_live

SERIALS = st.sampled_from([None, None, "S1", "S2", "s1", "S3"])
UUIDS = st.sampled_from([None, None, "11111111-2222-3333-4444-555555555501", "11111111222233334444555555555502"])
NAMES = st.sampled_from([None, "web", "WEB", "web.corp.example", "db", "db.corp.example", "mail"])
NETBIOS = st.sampled_from([None, "WEB", "DB", "mail"])
MACS = st.sampled_from([None, None, "00:50:56:00:00:01", "00-50-56-00-00-02"])
ADDRESSES = st.sampled_from([None, None, "10.0.0.1", "10.0.0.2", "10.0.0.3"])


@st.composite
def records(draw):
    found = []
    for asset_id in range(1, draw(st.integers(0, 6)) + 1):
        mac, hostname = draw(MACS), draw(NAMES)
        found.append(
            {
                "assetId": asset_id,
                "assetName": draw(NAMES),
                "dnsName": draw(NAMES),
                "netbiosName": draw(NETBIOS),
                "biosSerialNumber": draw(SERIALS),
                "hwUUID": draw(UUIDS),
                "address": draw(ADDRESSES),
                "networkInterfaceListData": {"networkInterface": [{"macAddress": mac, "hostname": hostname}]},
            }
        )
    return found


def identities():
    return st.fixed_dictionaries(
        {},
        optional={
            "serialNumber": SERIALS.filter(bool),
            "hardwareUuid": UUIDS.filter(bool),
            "hostName": NAMES.filter(bool),
            "fqdn": NAMES.filter(bool),
            "netBiosName": NETBIOS.filter(bool),
            "macAddress": MACS.filter(bool),
            "ipAddress": ADDRESSES.filter(bool).map(lambda value: [value]),
            "qualysAssetId": st.integers(1, 8),
        },
    )


@settings(max_examples=400, deadline=None)
@given(records(), st.lists(st.tuples(identities(), st.sampled_from([None, None, 1, 3, 99])), max_size=5))
def test_a_targeted_read_and_a_full_scan_match_the_same_assets(make, live, wanted):
    desired = [make.desired(f"a{number}", **identity) for number, (identity, _) in enumerate(wanted)]
    applied = {f"Asset/a{n}": make.applied(f"a{n}", asset_id) for n, (_, asset_id) in enumerate(wanted) if asset_id}
    inventory = make.inventory(live)
    full = read_live(inventory, desired, applied, mode="full").index
    targeted = read_live(inventory, desired, applied).index
    for asset in desired:
        by_scan = match(asset, applied.get(asset.address), full)
        by_key = match(asset, applied.get(asset.address), targeted)
        assert (by_key.live, by_key.matched_by, by_key.candidates) == (by_scan.live, by_scan.matched_by, by_scan.candidates)
