"""Start-up counts: help and version load nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "httpx",
    "jsonschema",
    "jsonschema_rs",
    "deepdiff",
    "sqlalchemy",
    "rich",
    "yaml",
    "ruamel",
    "orjson",
    "tenacity",
    "starlette",
)


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


def test_a_state_in_a_file_is_opened_without_the_dialect_of_a_server(tmp_path) -> None:
    code = (
        "import sys\n"
        "from declarative.core.clock import SystemClock\n"
        "from declarative.state import open_store\n"
        f"open_store({str(tmp_path / 'state.db')!r}, clock=SystemClock()).close()\n"
        "sys.exit('sqlalchemy.dialects.postgresql' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version_is_the_package_s() -> None:
    from declarative import __version__

    done = subprocess.run([sys.executable, "-m", "declarative", "--version"], capture_output=True, text=True, check=True)
    assert __version__ in done.stdout
