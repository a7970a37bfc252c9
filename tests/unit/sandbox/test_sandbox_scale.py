"""What must not depend on the size of the estate."""

from __future__ import annotations

import threading
import time

import httpx

from declarative.sandbox import SandboxOptions, running

COUNT, SEARCH = "/rest/2.0/count/am/asset", "/rest/2.0/search/am/asset"


def test_other_calls_go_on_beside_a_scan_and_an_end_does_not_wait_for_it() -> None:
    scan = {"filters": [{"field": "asset.biosDescription", "operator": "CONTAINS", "value": "nowhere"}]}
    with running(SandboxOptions(assets=1_000_000)) as sandbox, httpx.Client(base_url=sandbox.url, timeout=120) as http:
        token = http.post("/auth", data={"username": "sandbox", "password": "sandbox"}).text
        headers = {"Authorization": f"Bearer {token}"}
        statuses: list[int] = []

        def long_count() -> None:
            try:
                statuses.append(httpx.post(f"{sandbox.url}{COUNT}", json=scan, headers=headers, timeout=120).status_code)
            except httpx.TransportError:
                statuses.append(0)

        thread = threading.Thread(target=long_count)
        thread.start()
        while not sandbox.gateway.quota.running:
            time.sleep(0.01)
        for asset_id in (5_000_001, 5_999_999):
            assert http.get("/rest/2.0/get/am/asset", params={"assetId": asset_id}, headers=headers).status_code == 200
        assert http.post("/_sandbox/drift", json={"assetId": 5_000_001, "delete": True}).status_code == 200
        assert statuses == [], "the scan still runs"
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert statuses in ([0], [503])


def test_looking_up_hundreds_by_identifier_visits_no_other_asset() -> None:
    """A million assets scanned take half a minute; this search has a second."""
    with running(SandboxOptions(assets=1_000_000)) as sandbox, httpx.Client(base_url=sandbox.url) as http:
        estate = sandbox.gateway.store.estate
        serials = [estate.record(5_000_001 + at * 3333)["biosSerialNumber"] for at in range(300)]
        token = http.post("/auth", data={"username": "sandbox", "password": "sandbox"}).text
        clause = {"field": "asset.biosSerialNumber", "operator": "IN", "value": ",".join(serials)}
        began = time.process_time()
        http.headers["Authorization"] = f"Bearer {token}"
        answer = http.post(SEARCH, params={"pageSize": 300}, json={"filters": [clause]})
        assert time.process_time() - began < 1
        assert answer.json()["count"] == 300
