"""How fast the store is: rows a second in and out, and what a journal entry costs.

python benchmarks/state.py [ROWS ...] [--url postgresql://...] [--snapshot RECORDS]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef
from declarative.core.clock import SystemClock
from declarative.state import SqlStore, open_store
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run

NOW = datetime(2026, 1, 15, 10, 32, 55, tzinfo=UTC)
CONNECTOR = ConnectorRef("servicenow", "11111111-2222-3333-4444-555555555555", "ServiceNow")


def asset(number: int, department: str = "Sales") -> AppliedAsset:
    fields = {f"coreAttributes.field{place:02}": AppliedField(f"value {number} {place}", converged=True) for place in range(18)}
    fields["coreAttributes.businessMetaData.department"] = AppliedField(department)
    fields["coreAttributes.openPorts"] = AppliedField([{"port": 443, "protocol": "TCP"}, {"port": 22, "protocol": "TCP"}])
    return AppliedAsset(
        address=f"Asset/host-{number:07}",
        connector=CONNECTOR,
        identity={"hostName": f"host-{number}", "serialNumber": f"SN-{number}", "sourceNativeKey": f"NK-{number}"},
        fields=fields,
        asset_id=5_000_000 + number,
        sent_at=NOW,
    )


SOFTWARE = [[{"fullName": f"Vendor Product {n} {kind}", "version": f"1.{n}.{kind}"} for n in range(50)] for kind in range(97)]


def record(number: int) -> tuple[int, dict[str, object]]:
    """A live record of about 3 kB."""
    return number, {"assetId": number, "assetName": f"host-{number}", "softwareListData": {"software": SOFTWARE[number % 97]}}


@contextmanager
def timed(what: str, rows: int) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  {what:<44} {took:8.3f} s {rows / took:12,.0f} a second   peak {peak} MB", flush=True)


def measure(store: SqlStore, rows: int, reopen: object) -> None:
    many = [asset(number) for number in range(rows)]
    with timed("put, all new", rows):
        store.put(many)
    with timed("put, none differs", rows):
        store.put(many)
    some = [asset(number, "Engineering") if number % 100 == 0 else known for number, known in enumerate(many)]
    with timed("put, 1 % differs", rows):
        store.put(some)
    del many
    with timed("resources, as text", rows):
        kept = store.resources()
    with timed("resources, all looked at", rows):
        found = sum(1 for _ in kept.values())
    del kept, some
    if found != rows:
        raise SystemExit(f"{found} rows came back")
    with timed("observe, all differ", rows):
        store.observe(asset(number, "Marketing") for number in range(rows))
    journal(store, 200, f"run-{rows}")


def journal(store: SqlStore, batches: int, run_id: str) -> None:
    store.begin_run(Run(run_id, "apply", NOW, None, "bench", "here", None, None, None, {}))
    lease = store.acquire("bench")
    with timed("intent and outcomes, batches of 50 assets", batches):
        for batch in range(batches):
            chunk = [asset(number, f"d{batch}") for number in range(batch * 50, batch * 50 + 50)]
            intent = store.record_intent(run_id, IntentKind.SYNC, f"r{batch}", [one.address for one in chunk], at=NOW)
            store.record_outcomes(intent, [Outcome(one.address, OutcomeStatus.APPLIED, one) for one in chunk], at=NOW)
    lease.release()


def measure_snapshot(store: SqlStore, records: int) -> None:
    with store.snapshot() as snapshot:
        with timed("snapshot, replaced", records):
            snapshot.replace("https://gateway", (record(number) for number in range(records)), "w1")
        with timed("snapshot, read", records):
            found = sum(1 for _ in snapshot.records("https://gateway"))
        with timed("snapshot, 1 % upserted", records // 100):
            snapshot.upsert("https://gateway", (record(number) for number in range(0, records, 100)), "w2")
    if found != records:
        raise SystemExit(f"{found} records came back")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--url", help="an empty PostgreSQL database or schema, instead of a SQLite file")
    parser.add_argument("--snapshot", type=int, default=0, metavar="RECORDS")
    options = parser.parse_args()
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            url = options.url or str(Path(folder) / "state.db")
            print(f"{rows:,} resources, {'PostgreSQL' if options.url else 'SQLite'}")
            with open_store(url, clock=SystemClock()) as store:
                measure(store, rows, url)
            with timed("open and close", 1), open_store(url, clock=SystemClock()):
                pass
    if options.snapshot:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{options.snapshot:,} live records")
            with open_store(options.url or str(Path(folder) / "state.db"), clock=SystemClock()) as store:
                measure_snapshot(store, options.snapshot)


if __name__ == "__main__":
    main()
