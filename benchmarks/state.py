"""The store by itself: rows a second in and out, what a journal entry costs, and the snapshot of live records.

SQLite in a file of its own; BENCH_STATE_URL names an empty PostgreSQL database to take instead.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from benchmarks.measure import piece
from benchmarks.results import Finding, Remark, Row
from declarative.assets.model import AppliedAsset, AppliedField, ConnectorRef
from declarative.core.clock import SystemClock
from declarative.state import SqlStore, open_store
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run

SIZES = (10_000, 100_000)
URL = "BENCH_STATE_URL"
BATCHES, BATCH = 200, 50
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


def findings(size: int) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get(URL) or str(Path(folder) / "state.db")
        if URL in os.environ:
            yield Remark("in PostgreSQL")
        with open_store(url, clock=SystemClock()) as store:
            for what, count, unit, work in chain(resources(store, size), snapshot(store, size)):
                yield Row.of(what, count, piece(work), unit)


Work = tuple[str, int, str, Callable[[], object]]


def resources(store: SqlStore, size: int) -> Iterator[Work]:
    many = [asset(number) for number in range(size)]
    yield "put, all new", size, "rows", lambda: store.put(many)
    yield "put, none differs", size, "rows", lambda: store.put(many)
    some = [asset(number, "Engineering") if number % 100 == 0 else known for number, known in enumerate(many)]
    yield "put, 1 % differs", size, "rows", lambda: store.put(some)
    for spent in (many, some):
        spent.clear()
    yield "resources, as text", size, "rows", store.resources
    yield "resources, all looked at", size, "rows", lambda: _expect(size, sum(1 for _ in store.resources().values()))
    changed = (asset(number, "Marketing") for number in range(size))
    yield "observe, all differ", size, "rows", lambda: store.observe(changed)
    yield f"intent and outcomes, {BATCH} assets each", BATCHES, "batches", lambda: journal(store, f"run-{size}")


def journal(store: SqlStore, run_id: str) -> None:
    store.begin_run(Run(run_id, "apply", NOW, None, "bench", "here", None, None, None, {}))
    lease = store.acquire("bench")
    for batch in range(BATCHES):
        chunk = [asset(number, f"d{batch}") for number in range(batch * BATCH, batch * BATCH + BATCH)]
        intent = store.record_intent(run_id, IntentKind.SYNC, f"r{batch}", [one.address for one in chunk], at=NOW)
        store.record_outcomes(intent, [Outcome(one.address, OutcomeStatus.APPLIED, one) for one in chunk], at=NOW)
    lease.release()


def snapshot(store: SqlStore, size: int) -> Iterator[Work]:
    with store.snapshot() as kept:
        whole = (record(number) for number in range(size))
        yield "snapshot, replaced", size, "records", lambda: kept.replace("https://gateway", whole, "w1")
        yield "snapshot, read", size, "records", lambda: _expect(size, sum(1 for _ in kept.records("https://gateway")))
        some = (record(number) for number in range(0, size, 100))
        yield "snapshot, 1 % upserted", size // 100, "records", lambda: kept.upsert("https://gateway", some, "w2")


def _expect(wanted: int, found: int) -> None:
    if found != wanted:
        raise AssertionError(f"{found} came back where {wanted} were put")
