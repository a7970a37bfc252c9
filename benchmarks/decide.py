"""Compare and decide alone: no files, no network, no database. One change in a hundred.

    python -m benchmarks.decide [--assets N ...]

`first`: every asset is compared field by field. `again`: what the last plan verified is passed over.
"""

from __future__ import annotations

import argparse
import gc
import math
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from declarative.assets.fields import flatten
from declarative.assets.identity import LiveIndex, pack
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef, DesiredAsset
from declarative.plan.build import PlanInput, PlanOutcome, build
from declarative.plan.guard import Overrides
from declarative.plan.model import Action, StateMark
from declarative.state.codec import encode
from declarative.state.resources import StoredResources

CONNECTOR = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def asset(number: int) -> DesiredAsset:
    name = f"web-{number:06}"
    return DesiredAsset(
        address=f"Asset/{name}",
        connector=CONNECTOR,
        identity={"hostName": name, "serialNumber": f"SN-{number:06}", "sourceNativeKey": f"NK-{number:06}"},
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
    def rows() -> Iterator[tuple[str, tuple[str, str, str, int | None]]]:
        for number, desired in enumerate(assets):
            kept = encode(applied(desired, number))
            yield desired.address, (kept.kind, kept.document, kept.digest, kept.asset_id)

    return StoredResources("benchmark", dict(rows()))


def plan(assets: tuple[DesiredAsset, ...], known: StoredResources, index: LiveIndex, verified: Any = None) -> PlanOutcome:
    return build(
        PlanInput(
            project="bench", environment=None, base_url="https://x.example", tool_version="1", manifest_digest="",
            state=StateMark("l", 1), now=NOW, assets=assets, applied=known, live=index,
            overrides=Overrides(max_updates=len(assets)), verified=verified or {},
        )
    )  # fmt: skip


def timed(assets: tuple[DesiredAsset, ...], known: StoredResources, index: LiveIndex, verified: Any = None) -> Any:
    begun = time.process_time()
    outcome = plan(assets, known, index, verified)
    return time.process_time() - begun, outcome


def run(count: int) -> tuple[float, float]:
    assets = tuple(asset(number) for number in range(count))
    known = stored(assets)
    index = LiveIndex.packed((number + 1, pack(live(number))) for number in range(count))
    first, outcome = timed(assets, known, index)
    assert outcome.plan.count(Action.UNCHANGED) == count
    moved = tuple(
        DesiredAsset(one.address, CONNECTOR, one.identity, {**one.core, "domainRole": "moved"}) if at % 100 == 0 else one
        for at, one in enumerate(assets)
    )
    again, outcome = timed(moved, known, index, outcome.verified)
    assert outcome.plan.count(Action.UPDATE) == math.ceil(count / 100)
    return first, again


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, nargs="+", default=[10_000, 100_000])
    options = parser.parse_args()
    gc.disable()
    print(f"{'assets':>9}{'first cpu s':>13}{'again cpu s':>13}{'peak MB':>9}")
    found = []
    for count in options.assets:
        first, again = run(count)
        found.append((count, again))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{count:>9}{first:>13.2f}{again:>13.2f}{peak:>9.0f}", flush=True)
    if len(found) > 1:
        exponent = math.log(found[-1][1] / found[0][1]) / math.log(found[-1][0] / found[0][0])
        print(f"again: grows with exponent {exponent:.2f}")


if __name__ == "__main__":
    main()
