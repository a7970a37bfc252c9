"""Clients that nobody here wrote, against the sandbox: the vendor's own `qualys-cli` and the community's `qualysdk`.

They are heavy, so `make test` puts them, with what they import (constraints-clients.txt), into a folder of their own:
.venv/clients. REAL_CLIENTS names another folder. Where the index could not be reached the tests are skipped, and say so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("REAL_CLIENTS") or Path(sys.prefix) / "clients")
# -S: the clients see their own packages alone, none of the project's.
PYTHON = (sys.executable, "-S")
ENVIRON = {"PATH": os.environ["PATH"], "PYTHONPATH": str(FOLDER), "PYTHONWARNINGS": "ignore"}
pytestmark = pytest.mark.slow
CONNECTOR = "489e8429-2e82-4599-a2a8-0123456789ab"


def needs(module: str) -> Any:
    reason = f"no {module} in {FOLDER}; `make test` installs it there when the package index can be reached"
    return pytest.mark.skipif(not (FOLDER / module).is_dir(), reason=reason)


# qualysdk turns http:// of its override into https://, also for loopback; the subclass undoes that and nothing else.
SDK = """
import json, sys
from qualysdk import gav
from qualysdk.auth.token import TokenAuth

URL = sys.argv[1]


class LoopbackAuth(TokenAuth):
    def get_token(self):
        self.override_platform["gateway_url"] = URL
        return super().get_token()


auth = LoopbackAuth("sandbox", "sandbox", override_platform={"api_url": URL, "gateway_url": URL, "qualysguard_url": URL})
try:
    gav.get_asset(auth, assetId=7)
except ValueError as problem:
    missing = str(problem)
result = {
    "count": gav.count_assets(auth)["count"],
    "all": [host.assetId for host in gav.get_all_assets(auth, pageSize=20)],
    "linux": [host.assetId for host in gav.query_assets(auth, filter="operatingSystem.category1:`Linux`")],
    "none": len(gav.query_assets(auth, filter="asset.name:`nobody`")),
    "one": gav.get_asset(auth, assetId=5000003).assetName,
    "missing": missing,
}
print(json.dumps(result))
"""


@needs("qualysdk")
def test_qualysdk_counts_pages_queries_and_gets(user: Any, tmp_path: Path) -> None:
    user.sandbox.call("seed", {"assets": 50})
    script = tmp_path / "sdk.py"
    script.write_text(SDK)
    done = subprocess.run(
        [*PYTHON, str(script), user.sandbox.url], capture_output=True, text=True, cwd=tmp_path, env=ENVIRON, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    whole = user.search()
    assert result == {
        "count": 50,
        "all": [record["assetId"] for record in whole],
        "linux": [record["assetId"] for record in whole if record["operatingSystem"]["category1"] == "Linux"],
        "none": 0,
        "one": whole[2]["assetName"],
        "missing": "No asset found with ID 7.",
    }
    assert user.sandbox.call("calls")["counts"]["POST /am/v1/assets/host/list"] == 3


@pytest.fixture
def cli(user: Any, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    environ = {
        **ENVIRON,
        "HOME": str(tmp_path),
        "QUALYS_USERNAME": "sandbox",
        "QUALYS_PASSWORD": "sandbox",
        "QUALYS_URL": user.sandbox.url,
        "QUALYS_GATEWAY_URL": user.sandbox.url,
        "QUALYS_OUTPUT_MODE": "agentic",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PYTHON, "-m", "qualys_cli", "csam", *arguments],
            capture_output=True,
            text=True,
            env=environ,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )

    return run


@needs("qualys_cli")
def test_the_vendors_cli_reads_assets(user: Any, cli: Any) -> None:
    user.sandbox.call("seed", {"assets": 12})
    assert json.loads(cli("asset", "count").stdout)["count"] == 12
    risky = [record["assetId"] for record in user.search() if record["riskScore"] > 500]
    shown = cli("asset", "list", "--filter", "asset.riskScore=GREATER=500", "--limit", "50").stdout
    assert all(str(asset_id) in shown for asset_id in risky)
    later = cli("asset", "list", "--last-seen-id", "5000010", "--exclude-fields", "software").stdout
    assert "5000011" in later
    assert "5000009" not in later
    assert "5000004" in cli("asset", "get", "5000004").stdout


@needs("qualys_cli")
def test_the_vendors_cli_puts_the_modification_date_into_the_body_where_it_has_no_effect(user: Any, cli: Any) -> None:
    """The parameter belongs into the query string (facts 3.1), so the count is that of the whole estate."""
    user.sandbox.call("seed", {"assets": 12})
    assert json.loads(cli("asset", "count", "--updated-after", "2026-06-01T00:00Z").stdout)["count"] == 12


@needs("qualys_cli")
def test_the_vendors_cli_imports_through_a_connector(user: Any, cli: Any, tmp_path: Path) -> None:
    entry = {"identityAttributes": {"hostName": "from-the-cli", "sourceNativeKey": "NK-1"}, "coreAttributes": {"domainRole": "x"}}
    payload = {"connectorMetaData": {"connectorUuid": CONNECTOR, "source": "WEBHOOK"}, "assetData": [entry]}
    (tmp_path / "payload.json").write_text(json.dumps(payload))
    done = cli("connector", "sync", "payload.json")
    assert "SUCCESSFULLY_PUBLISHED" in done.stdout, done.stderr
    user.sandbox.call("process", {})
    assert user.only()["assetName"] == "from-the-cli"


@needs("qualys_cli")
def test_the_vendors_cli_lists_components_but_its_cursor_has_the_wrong_name(user: Any, cli: Any) -> None:
    """It sends lastSeenComponentId where the documentation says lastSeenAssetComponentId (facts 4): the first page again."""
    user.sandbox.call("seed", {"assets": 12})
    path = "/rest/2.0/am/asset/component"
    first = user.post(path).json()["assetComponentsList"][0]
    component, asset = str(first["component"]["assetComponentId"]), str(first["assetId"])
    assert component in cli("component", "list").stdout
    assert component in cli("component", "list", "--last-seen-id", component).stdout
    assert component in cli("component", "list-by-asset", asset).stdout


@needs("qualys_cli")
def test_the_vendors_cli_creates_and_downloads_a_report(user: Any, cli: Any, tmp_path: Path) -> None:
    done = cli(
        "report", "create", "--name", "EASM", "--format-type", "PDF", "--template", "EASM_LEAD", "--report-type", "EASM_LEAD"
    )
    (made,) = user.sandbox.call("reports")["reports"]
    assert made["fileUuid"] in done.stdout
    cli("report", "download", "--name", "EASM", "--output-file", "out.pdf")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF-")
