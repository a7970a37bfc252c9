"""Compare and decide alone: no files, no network, no database. One change in a hundred."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from benchmarks import measure
from benchmarks.results import Finding, Row
from declarative.assets.fields import flatten
from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, DesiredAsset
from declarative.assets.sight import pack
from declarative.plan.build import PlanInput, PlanOutcome, build
from declarative.plan.guard import Overrides
from declarative.plan.model import Action, StateMark
from declarative.state.codec import encode
from declarative.state.stored import StoredResources

CONNECTOR = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SIZES = (10_000, 100_000)


def asset(number: int) -> DesiredAsset:
    name = f"web-{number:06}"
    return DesiredAsset(
        address=f"Asset/{name}",
        connector=CONNECTOR,
        identity={"hostName": name, "serialNumber": f"SN-{number:06}", "sourceNativeKey": f"NK-{number:06}"},
        digest=blake2b(name.encode(), digest_size=16).digest(),
        core={
            "operatingSystem": "Ubuntu Linux 22.04",
            "biosInfo": {"totalMemory": 16384, "timeZone": "+5:30", "serialNumber": f"SN-{number:06}"},
            "processor": {"description": "Example CPU 2.40GHz", "speed": "2400", "numberOfCpu": 8},
            "ports": [{"port": "443", "protocol": "tcp", "detectedService": "https"}],
            "networkInterfaces": [{"interfaceName": "eth0", "macAddress": "10:20:30:00:00:01", "address": "10.0.0.7"}],
            "businessMetaData": {"environment": "Production", "department": "Sales", "ownedBy": "Ann", "company": "Example"},
            "assignedLocation": {"name": "Building 7", "city": "Berlin", "country": "DE"},
        },
    )


def live(number: int) -> dict[str, Any]:
    return {
        "assetId": number + 1,
        "assetName": f"web-{number:06}",
        "biosSerialNumber": f"SN-{number:06}",
        "operatingSystem": {"osName": "Ubuntu", "fullName": "Canonical Ubuntu 22.04"},
        "totalMemory": 16384,
        "timeZone": "+05:30",
        "processor": {"description": "Example CPU 2.40GHz", "speed": 2400, "numCPUs": 8},
        "openPortListData": {"openPort": [{"port": 443, "protocol": "tcp", "detectedService": "https"}]},
        "networkInterfaceListData": {
            "networkInterface": [{"interfaceName": "eth0", "macAddress": "10:20:30:00:00:01", "addressIpV4": "10.0.0.7"}]
        },
        "businessInformation": {"environment": "Production", "department": "Sales", "ownedBy": "Ann", "company": "Example"},
        "assignedLocation": {"name": "Building 7", "city": "Berlin", "country": "DE"},
    }


def applied(desired: DesiredAsset, number: int) -> AppliedAsset:
    fields = {path: AppliedField(value, converged=True) for path, value in flatten(desired.identity, desired.core).items()}
    return AppliedAsset(desired.address, CONNECTOR, desired.identity, fields, number + 1, NOW - timedelta(days=2))


def stored(assets: tuple[DesiredAsset, ...]) -> StoredResources:
    kept = (encode(applied(desired, number)) for number, desired in enumerate(assets))
    return StoredResources.whole("benchmark", [(row.address, row.kind, row.document, row.digest, row.asset_id) for row in kept])


def findings(size: int) -> Iterator[Finding]:
    """`first`: every asset is compared field by field. `again`: what the last plan verified is passed over."""
    gc.disable()
    assets = tuple(asset(number) for number in range(size))
    known = stored(assets)
    index = LiveIndex.packed((number + 1, pack(live(number))) for number in range(size))
    plans: list[PlanOutcome] = []
    yield Row.of("first", size, measure.piece(lambda: plans.append(plan(assets, known, index, frozenset()))))
    assert plans[0].plan.count(Action.UNCHANGED) == size
    moved = tuple(
        replace(one, core={**one.core, "domainRole": "moved"}, digest=b"moved") if at % 100 == 0 else one
        for at, one in enumerate(assets)
    )
    yield Row.of(
        "again, 1 % changed", size, measure.piece(lambda: plans.append(plan(moved, known, index, {*plans[0].verified.values()})))
    )
    assert plans[1].plan.count(Action.UPDATE) == math.ceil(size / 100)


def plan(assets: tuple[DesiredAsset, ...], known: StoredResources, index: LiveIndex, verified: AbstractSet[bytes]) -> PlanOutcome:
    return build(
        PlanInput(
            project="bench", environment=None, base_url="https://x.example", tool_version="1", manifest_digest="",
            state=StateMark("l", 1), now=NOW, assets=assets, applied=known, live=index,
            overrides=Overrides(max_updates=len(assets)), verified=verified,
        )
    )  # fmt: skip
