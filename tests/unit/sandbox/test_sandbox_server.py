"""How the sandbox is started, watched and stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from declarative.sandbox import RunningSandbox, SandboxError, SandboxOptions, Switches, running

SEARCH = "/rest/2.0/search/am/asset"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_an_address_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(SandboxError, match="loopback"), running(SandboxOptions(host=host)):
        pass


def test_another_address_needs_the_explicit_permission() -> None:
    with running(SandboxOptions(host="0.0.0.0", allow_remote=True)) as sandbox:
        port = sandbox.url.rsplit(":", 1)[1]
        assert httpx.get(f"http://127.0.0.1:{port}/_sandbox").json()["sandbox"] is True


def test_a_port_in_use_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"cannot listen on 127.0.0.1:{port}"), running(SandboxOptions(port=port)):
            pass


def test_every_answer_says_that_it_is_not_the_real_service(user: Any) -> None:
    answers = [user.post(SEARCH), user.get("/nowhere"), user.http.post("/auth"), user.http.get("/_sandbox")]
    assert {answer.headers.get("x-declarative-sandbox") for answer in answers} == {"1"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_served_sandbox_says_how_to_reach_it_and_stops_gracefully(number: int) -> None:
    script = "from declarative.sandbox import *; serve(SandboxOptions(), announce=lambda line: print(line, flush=True))"
    environ = {**os.environ, "PYTHONWARNINGS": "error"}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()
        assert "NOT the Qualys service" in first
        url = process.stdout.readlines(1) and first.split(" on ")[1].split(". ")[0]
        assert httpx.get(f"{url}/_sandbox").status_code == 200
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert "export QUALYS_BASE_URL" in process.stdout.read() or url
        assert process.stderr.read() == ""


def test_calls_are_logged_and_counted_and_debug_calls_are_not(user: Any) -> None:
    user.sandbox.call("reset", {})
    user.post(SEARCH, params={"pageSize": 5})
    user.sync({"identityAttributes": {"sourceNativeKey": "NK-1"}}, {"identityAttributes": {"hostName": "h"}})
    log = user.http.get("/_sandbox/calls").json()
    assert log["counts"] == {f"POST {SEARCH}": 1, "POST /rest/2.0/am/connector/asset/data/sync": 1}
    search, sync = log["calls"]
    assert (search["query"], search["status"]) == ({"pageSize": "5"}, 204)
    assert (sync["requestId"], sync["assets"], sync["status"]) == ("r-1", ["NK-1", "h"], 200)
    assert user.http.get("/_sandbox/calls", params={"path": SEARCH}).json()["counts"] == {f"POST {SEARCH}": 1}


def test_the_hidden_native_keys_can_be_looked_up(user: Any) -> None:
    user.send({"sourceNativeKey": "NK-1", "hostName": "h"})
    (asset,) = user.sandbox.call("assets")["assets"]
    assert asset["nativeKeys"][0]["sourceNativeKey"] == "NK-1"
    assert asset["record"]["assetName"] == "h"


def test_a_reset_puts_everything_back(user: Any) -> None:
    user.throw(limit_per_window=1)
    user.send({"hostName": "h"})
    user.sandbox.call("faults", {"kind": "status", "status": 500})
    user.sandbox.call("reset", {})
    assert user.search() == []
    assert user.sandbox.call("identification")["identification"] == []
    assert user.sandbox.call("faults")["faults"] == []
    assert user.sandbox.call("switches")["limitPerWindow"] is None


@pytest.mark.parametrize("wrong", [{"delai": 1}, {"delay": "1"}, {"delay": -1}, {"lists": "both"}, {"normalise": 1},
                                   {"rules": []},
                                   {"rules": ["nose"]}, {"report_status": 404}, {"overruled": "x"}])  # fmt: skip
def test_a_switch_that_makes_no_sense_is_refused(user: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(SandboxError):
        user.sandbox.call("switches", wrong)
    assert user.sandbox.call("switches") == user.sandbox.call("switches", {})


@pytest.mark.parametrize(
    ("path", "body"),
    [("nothing", {}), ("clock", {"advance": -1}), ("clock", {"advance": "x"}), ("drift", {"assetId": 1}),
     ("seed", {"assets": -1}),
     ("seed", {"records": ["x"]}), ("reset", {"assets": "many"}), ("connectors", {"connectors": [{}]})],
)  # fmt: skip
def test_a_debug_call_that_makes_no_sense_is_refused_with_a_reason(user: Any, path: str, body: Any) -> None:
    answer = user.http.post(f"/_sandbox/{path}", json=body)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


def test_same_seed_same_bytes_and_another_seed_another_estate() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)

    def page(seed: int) -> bytes:
        with running(SandboxOptions(assets=20, seed=seed, start=start)) as sandbox, httpx.Client(base_url=sandbox.url) as http:
            token = http.post("/auth", data={"username": "sandbox", "password": "sandbox"}).text
            return http.post(SEARCH, headers={"Authorization": f"Bearer {token}"}).content

    assert page(1) == page(1) != page(2)


def test_a_scenario_file_sets_the_stage(tmp_path: Path) -> None:
    path = tmp_path / "bad-day.yaml"
    path.write_text(
        """\
description: one page fails, one asset drifts
estate: {assets: 3}
switches: {delay: 0, countZeroStatus: 204}
records: [{assetName: extra, biosSerialNumber: X1}]
drift: [{assetName: extra, set: {totalMemory: 5}}]
overrule: {biosAssetTag: forced}
faults:
  - {kind: status, path: /rest/2.0/search/am/asset, nth: 1, status: 503}
"""
    )
    with running(SandboxOptions(scenario=path)) as sandbox, httpx.Client(base_url=sandbox.url) as http:
        token = http.post("/auth", data={"username": "sandbox", "password": "sandbox"}).text
        headers = {"Authorization": f"Bearer {token}"}
        assert http.post(SEARCH, headers=headers).status_code == 503
        records = http.post(SEARCH, headers=headers).json()["assetListData"]["asset"]
        assert [(record["assetName"], record["totalMemory"]) for record in records][-1] == ("extra", 5)
        assert len(records) == 4


@pytest.mark.parametrize("text", ["a: [", "[]", "nonsense: 1", "switches: {delay: x}", "faults: [{kind: odd}]", "estate: 5", ""])
def test_a_scenario_that_cannot_be_used_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(SandboxError, match=r"broken\.yaml"), running(SandboxOptions(scenario=path)):
        pass


def test_a_missing_scenario_and_an_unknown_profile_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"none\.yaml"), running(SandboxOptions(scenario=tmp_path / "none.yaml")):
        pass
    with pytest.raises(SandboxError, match="rainy"), running(SandboxOptions(fault_profile="rainy")):
        pass


def test_options_never_show_their_secrets() -> None:
    assert "hunter2" not in repr(SandboxOptions(password="hunter2", client_secret="hunter2"))


def test_the_short_options_win_over_the_switches() -> None:
    options = SandboxOptions(delay=0, limit_per_window=7, window=9, switches=Switches(delay=5, window=1, concurrency=3))
    effective = options.effective_switches()
    assert (effective.delay, effective.limit_per_window, effective.window, effective.concurrency) == (0, 7, 9, 3)


def test_a_call_from_the_test_and_one_over_http_reach_the_same_gateway(user: Any, sandbox: RunningSandbox) -> None:
    user.http.post("/_sandbox/seed", content=json.dumps({"assets": 2}))
    assert sandbox.call("/_sandbox/assets")["total"] == 2
