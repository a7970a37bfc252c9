"""What docs/sandbox.md shows is what the sandbox does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from declarative.sandbox import SandboxOptions, Switches, running
from declarative.sandbox.debug import READS, WRITES
from declarative.sandbox.faults import PROFILES, Kind

TEXT = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_every_switch_fault_profile_and_debug_call_is_described() -> None:
    wanted = {*Switches().shown(), *get_args(Kind), *PROFILES}
    assert [name for name in wanted if f"`{name}`" not in TEXT] == []
    assert [name for name in (*READS, *WRITES) if name and not re.search(rf"\b{re.escape(name)}\b", TEXT)] == []


def test_the_python_example_runs() -> None:
    (script,) = blocks("python")
    exec(compile(script, "docs/sandbox.md", "exec"), {})


def test_the_scenario_example_is_taken(tmp_path: Path) -> None:
    (scenario,) = blocks("yaml")
    path = tmp_path / "bad-day.yaml"
    path.write_text(scenario)
    with running(SandboxOptions(scenario=path)) as sandbox:
        assert len(sandbox.call("faults")["faults"]) == 3
        assert sandbox.call("switches")["limitPerWindow"] == 300
