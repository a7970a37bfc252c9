"""A full scan of the live inventory, against the bare decoding of the very same pages; the gateway's time is not counted.

`decoding` is orjson over bytes that are there already; `fetching and decoding` what the least client could do.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import orjson

from benchmarks import measure
from benchmarks.gateway import sandbox
from benchmarks.results import Finding, Remark, Row
from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.core.clock import SystemClock
from declarative.qualys.client import Means, connect_reader
from declarative.qualys.credentials import credentials_from
from declarative.qualys.model import Reader
from declarative.refresh import read_live
from declarative.state import open_store

SIZES = (10_000, 100_000)
PAGE = 300
CONNECTOR = ConnectorRef("cmdb", "8a1b9c7e-0000-4000-8000-000000000001", "WEBHOOK")
DECLARED = DesiredAsset(
    address="Asset/web",
    connector=CONNECTOR,
    identity={"hostName": "web", "serialNumber": "SN-X", "sourceNativeKey": "NK-X", "ipAddress": ["10.0.0.7"]},
    core={
        "operatingSystem": "Ubuntu Linux 22.04",
        "biosInfo": {"totalMemory": 16384, "timeZone": "+5:30"},
        "processor": {"description": "Example CPU", "speed": "2400", "numberOfCpu": 8},
        "ports": [{"port": "443", "protocol": "tcp"}],
        "networkInterfaces": [{"interfaceName": "eth0", "macAddress": "10:20:30:00:00:01", "address": "10.0.0.7"}],
        "businessMetaData": {"environment": "Production", "department": "Sales", "company": "Example"},
        "assignedLocation": {"name": "Building 7", "city": "Berlin", "country": "DE"},
    },
)
"""One asset that declares what an extract of a CMDB does: what the scan keeps of each record depends on it."""


def findings(size: int) -> Iterator[Finding]:
    with sandbox("--assets", str(size)) as environ, tempfile.TemporaryDirectory() as folder:
        yield from _bare(environ, size)
        clock = SystemClock()
        url, credentials = environ["QUALYS_BASE_URL"], credentials_from(environ)
        with closing(connect_reader(url, credentials, Means(clock=clock))) as reader:

            def scan(mode: str, reader: Reader = reader, **more: object) -> None:
                found = read_live(reader, [DECLARED], {}, mode=mode, page_size=PAGE, clock=clock, **more)
                assert found.records_seen == size, f"{found.records_seen} records of {size}: {found.strategy}"

            yield Row.of("full scan", size, measure.piece(lambda: scan("full")), "records")
            with open_store(str(Path(folder) / "state.db"), clock=clock) as store, store.snapshot() as snapshot:
                kept = measure.piece(lambda: scan("full", snapshot=snapshot))
                yield Row.of("full scan, snapshot kept", size, kept, "records")
                again = measure.piece(lambda: scan("auto", snapshot=snapshot))
                yield Row.of("scan from the snapshot, none changed", size, again, "records")


def _bare(environ: dict[str, str], size: int) -> Iterator[Finding]:
    wall = cpu = 0.0
    bytes_read, cursor, more = 0, 0, True

    def decoded(body: bytes) -> dict[str, object]:
        nonlocal wall, cpu
        begun, spent = time.perf_counter(), time.process_time()
        page: dict[str, object] = orjson.loads(body)
        wall, cpu = wall + time.perf_counter() - begun, cpu + time.process_time() - spent
        return page

    def fetch() -> None:
        nonlocal bytes_read, cursor, more
        with httpx.Client(base_url=environ["QUALYS_BASE_URL"], timeout=300) as http:
            login = {"username": environ["QUALYS_USERNAME"], "password": environ["QUALYS_PASSWORD"]}
            http.headers["Authorization"] = f"Bearer {http.post('/auth', data=login).text}"
            while more:
                answer = http.post(
                    "/rest/2.0/search/am/asset",
                    params={"pageSize": PAGE, "lastSeenAssetId": cursor, "excludeFields": "software"},
                )
                answer.raise_for_status()
                bytes_read += len(answer.content)
                page = decoded(answer.content)
                more = page["hasMore"] == 1
                cursor = int(str(page["lastSeenAssetId"])) if more else cursor

    whole = measure.piece(fetch)
    yield Row("bare decoding", size, wall, cpu, None, "records")
    yield Row.of("bare fetching and decoding", size, whole, "records")
    yield Remark(f"{size:,} records in pages of {PAGE}: {bytes_read / 1e6:.0f} MB of JSON")
