"""Start-up counts: help and version load nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

HEAVY = (
    "httpx",
    "jsonschema",
    "jsonschema_rs",
    "deepdiff",
    "sqlite3",
    "rich",
    "yaml",
    "ruamel",
    "orjson",
    "tenacity",
    "starlette",
)
NOT_FOR_PLANS = ("asyncio", "deepdiff", "ibis", "jsonschema", "psycopg", "rich", "ruamel", "starlette")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plan", "--help"], ["apply", "--help"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from declarative.cli.main import run\n"
        "from declarative.cli.console import Console\n"
        f"code = run({arguments!r}, Console.system())\n"
        f"loaded = sorted({{name.partition('.')[0] for name in sys.modules}} & set({HEAVY!r}))\n"
        "sys.exit(f'loaded {loaded}' if loaded else int(code))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "declarative" in done.stdout


def test_a_plan_loads_neither_the_driver_of_a_server_nor_what_only_others_need(workplace: Any, asset: Any) -> None:
    workplace.write("manifests/a.yaml", asset("a"))
    workplace.ok("apply", "--auto-approve")
    code = (
        "import sys\n"
        "from declarative.cli.main import run\n"
        "from declarative.cli.console import Console\n"
        "code = run(['plan'], Console.system())\n"
        f"loaded = sorted({{name.partition('.')[0] for name in sys.modules}} & set({NOT_FOR_PLANS!r}))\n"
        "sys.exit(f'loaded {loaded}' if loaded else int(code))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=workplace.folder, env=workplace.environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no changes; 1 unchanged" in done.stdout


def test_the_version_is_the_package_s() -> None:
    from declarative import __version__

    done = subprocess.run([sys.executable, "-m", "declarative", "--version"], capture_output=True, text=True, check=True)
    assert __version__ in done.stdout
