"""`declarative sandbox` as a person starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

CONNECTOR = "489e8429-2e82-4599-a2a8-0123456789ab"
COMMAND = (sys.executable, "-m", "declarative", "sandbox", "--port", "0")


def environ(**extra: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if not name.startswith(("QUALYS_", "DECLARATIVE_"))}, **extra}


@contextmanager
def served(*arguments: str, **variables: str) -> Iterator[tuple[str, list[str]]]:
    """The address and the banner."""
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True, env=environ(**variables)) as process:
        assert process.stdout
        banner = [process.stdout.readline() for _ in range(6)]
        try:
            yield banner[0].split(" on ")[1].split(". ")[0], banner
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


def refused(*arguments: str) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=environ(), timeout=60, check=False)
    assert done.returncode == 64, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_every_option_reaches_the_gateway_and_the_banner_says_what_it_is(tmp_path: Path) -> None:
    arguments = ("--assets", "5", "--delay", "9", "--limit", "300", "--window", "60",
                 "--connector", f"{CONNECTOR}=ServiceNow", "--switch", "maxBatch=50",
                 "--switch", "rules=[serialNumber, [ipAddress, macAddress]]", "--switch", "lists=merge",
                 "--fault", "throttled", "--state", str(tmp_path / "sandbox.db"))  # fmt: skip
    with served(*arguments, DECLARATIVE_SANDBOX_USERNAME="me", DECLARATIVE_SANDBOX_PASSWORD="hunter2") as (url, banner):
        assert "This is NOT the Qualys service" in banner[0]
        assert f"export QUALYS_BASE_URL={url}" in banner[2]
        assert "hunter2" not in "".join(banner)
        with httpx.Client(base_url=url) as http:
            assert http.post("/auth", data={"username": "sandbox", "password": "sandbox"}).status_code == 401
            token = http.post("/auth", data={"username": "me", "password": "hunter2"}).text
            switches = http.get("/_sandbox/switches").json()
            shown = {name: switches[name] for name in ("delay", "limitPerWindow", "window", "maxBatch", "rules", "lists")}
            assert shown == {"delay": 9, "limitPerWindow": 300, "window": 60, "maxBatch": 50, "lists": "merge",
                             "rules": [["serialNumber"], ["ipAddress", "macAddress"]]}  # fmt: skip
            assert http.get("/_sandbox/connectors").json()["connectors"][0]["name"] == "ServiceNow"
            assert http.get("/_sandbox/faults").json()["faults"]
            http.post("/_sandbox/faults", json={"clear": True})
            answer = http.post("/rest/2.0/count/am/asset", headers={"Authorization": f"Bearer {token}"})
            assert answer.json()["count"] == 5
            quota = {name: answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "window-sec", "remaining")}
            assert quota == {"limit": "300", "window-sec": "60", "remaining": "299"}
            assert answer.headers["x-declarative-sandbox"] == "1"
    assert (tmp_path / "sandbox.db").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "loopback"),
        (("--switch", "maxBatsch=5"), "no switch"),
        (("--switch", "maxBatch"), "NAME=VALUE"),
        (("--connector", "x=y"), "UUID=NAME"),
        (("--fault", "rainy"), "rainy"),
        (("--state", "/proc/none/sandbox.db"), "state file"),
    ],
)
def test_what_cannot_be_served_is_refused_with_64_and_the_reason(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments)


def test_another_address_is_served_with_the_explicit_flag() -> None:
    with served("--host", "0.0.0.0", "--allow-remote") as (url, _):
        port = url.rsplit(":", 1)[1]
        assert httpx.get(f"http://127.0.0.1:{port}/_sandbox").json()["sandbox"] is True
