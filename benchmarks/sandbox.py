"""The sandbox at size: pages at the beginning and the end, imports, memory, a scan and what others feel of it.

Processor time and memory are those of the gateway's process, read from /proc.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.results import Finding, Remark, Row

SIZES = (100_000,)
PAGES = 50
CONNECTOR = "489e8429-2e82-4599-a2a8-0123456789ab"
SEARCH, COUNT = "/rest/2.0/search/am/asset", "/rest/2.0/count/am/asset"
FIRST_ID = 5_000_001


class Gateway:
    def __init__(self, url: str, pid: int) -> None:
        self.http = httpx.Client(base_url=url, timeout=600)
        self._pid = pid
        token = self.http.post("/auth", data={"username": "sandbox", "password": "sandbox"}).text
        self.http.headers["Authorization"] = f"Bearer {token}"

    def cpu(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        line = next(row for row in Path(f"/proc/{self._pid}/status").read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


@contextmanager
def serving(assets: int) -> Iterator[Gateway]:
    command = [sys.executable, "-m", "declarative", "sandbox", "--port", "0", "--delay", "0", "--assets", str(assets)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Gateway(process.stdout.readline().split(" on ")[1].split(". ")[0], process.pid)
        finally:
            process.terminate()


def pages(gateway: Gateway, start: int, number: int, body: dict[str, Any] | None = None) -> None:
    cursor = start
    for _ in range(number):
        answer = gateway.http.post(SEARCH, params={"pageSize": 300, "lastSeenAssetId": cursor}, json=body)
        answer.raise_for_status()
        cursor += 300


def entries(first: int, number: int) -> list[dict[str, Any]]:
    return [
        {
            "identityAttributes": {"sourceNativeKey": f"NK-{at}", "serialNumber": f"SN-{at}", "hostName": f"new-{at}.example"},
            "coreAttributes": {
                "operatingSystem": "Ubuntu 22.04",
                "softwares": [{"name": "nginx", "version": "1.25"}, {"name": "openssl", "version": "3"}],
                "ports": [{"port": "443", "protocol": "TCP"}],
                "businessMetaData": {"department": "IT"},
            },
        }
        for at in range(first, first + number)
    ]


def imports(gateway: Gateway, calls: int) -> None:
    meta = {"connectorUuid": CONNECTOR, "source": "WEBHOOK"}
    for call in range(calls):
        body = {"connectorMetaData": meta, "assetData": entries(call * 500, 500)}
        gateway.http.post("/rest/2.0/am/connector/asset/data/sync", json=body).raise_for_status()
    gateway.http.post("/_sandbox/process").raise_for_status()


def waits_beside_a_scan(gateway: Gateway) -> list[float]:
    """How long a single get takes while a count scans everything."""
    scan = {"filters": [{"field": "asset.biosDescription", "operator": "CONTAINS", "value": "nowhere"}]}
    thread = threading.Thread(target=lambda: gateway.http.post(COUNT, json=scan))
    thread.start()
    waits: list[float] = []
    while thread.is_alive():
        begun = time.perf_counter()
        gateway.http.get("/rest/2.0/get/am/asset", params={"assetId": FIRST_ID}).raise_for_status()
        waits.append(time.perf_counter() - begun)
        time.sleep(0.02)
    return waits


def findings(size: int) -> Iterator[Finding]:
    last = FIRST_ID + size - 1
    with serving(size) as gateway:
        started = gateway.peak_mb()
        some = ",".join(str(FIRST_ID + at * (size // 300)) for at in range(300))
        by_id = {"filters": [{"field": "asset.assetID", "operator": "IN", "value": some}]}

        def batches() -> None:
            for _ in range(10):
                gateway.http.post(SEARCH, params={"pageSize": 300}, json=by_id).raise_for_status()

        waits: list[float] = []
        for what, units, unit, work in (
            ("pages of 300 from the beginning", PAGES, "pages", lambda: pages(gateway, 0, PAGES)),
            ("pages of 300 at the end", PAGES, "pages", lambda: pages(gateway, last - 300 * PAGES, PAGES)),
            ("searches for 300 ids", 10, "calls", batches),
            ("imports of 500 new assets, processed", 10, "calls", lambda: imports(gateway, 10)),
            ("imports of 500 known assets, processed", 10, "calls", lambda: imports(gateway, 10)),
            ("pages of 300 imported assets", 10, "pages", lambda: pages(gateway, last, 10)),
            ("a count that scans everything", 1, "calls", lambda: waits.extend(waits_beside_a_scan(gateway))),
        ):
            yield row(gateway, what, units, unit, work)
        waits.sort()
        middle, longest = 1000 * waits[len(waits) // 2], 1000 * waits[-1]
        yield Remark(f"with {size:,} assets, a get beside that count: median {middle:.0f} ms, longest {longest:.0f} ms")
        yield Remark(
            f"with {size:,} assets, peak memory: {started:.0f} MB after the start, {gateway.peak_mb():.0f} MB in the end"
        )


def row(gateway: Gateway, what: str, units: int, unit: str, work: Callable[[], None]) -> Row:
    cpu, wall = gateway.cpu(), time.perf_counter()
    work()
    return Row(what, units, time.perf_counter() - wall, gateway.cpu() - cpu, gateway.peak_mb(), unit)
