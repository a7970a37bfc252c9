"""The documentation is true: its commands run, its manifests are valid, its generated pages are fresh.

On the pages below, a YAML block with a title is a file of the reader's project, and a `console` block holds commands that are
run, in order, on one gateway. `# exit N` names the exit code that is not 0; other lines must be part of what the command says.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from declarative.sandbox import SandboxOptions, running

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Command:
    line: str
    code: int = 0
    said: list[str] = field(default_factory=list)


def blocks(text: str) -> Iterator[tuple[str, str, str]]:
    for found in FENCE.finditer(text):
        yield found.group(1), found.group(2) or "", found.group(3)


def commands(block: str) -> Iterator[Command]:
    current: Command | None = None
    for line in block.splitlines():
        if line.startswith("$ "):
            if current is not None:
                yield current
            text, _, code = line[2:].partition("    # exit ")
            current = Command(text, int(code or 0))
        elif current is not None and line.strip() not in ("", "..."):
            current.said.append(line.strip())
    if current is not None:
        yield current


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_do_what_it_says(page: Path, offline: Any) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = 0
    with running(SandboxOptions(assets=20, delay=0.2)) as server:
        environ = {**offline.environ, "PATH": path, "QUALYS_BASE_URL": server.url}
        environ |= {"QUALYS_USERNAME": "sandbox", "QUALYS_PASSWORD": "sandbox"}
        for language, title, text in blocks(page.read_text(encoding="utf-8")):
            if language == "yaml":
                assert title, "a manifest of a page names its file"
                offline.write(title, text)
            for command in commands(text) if language == "console" else ():
                done = subprocess.run(
                    ["bash", "--norc", "-c", command.line],
                    cwd=offline.folder, env=environ, capture_output=True, text=True, timeout=120, check=False,
                )  # fmt: skip
                shown = f"$ {command.line}\n{done.stdout}{done.stderr}"
                assert done.returncode == command.code, shown
                assert [line for line in command.said if line not in shown] == [], shown
                ran += 1
    assert ran > 0


def test_the_generated_pages_are_fresh() -> None:
    done = subprocess.run([sys.executable, DOCS / "generate.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_exit_code_of_the_readme_is_that_of_the_reference() -> None:
    def rows(path: Path) -> set[tuple[str, ...]]:
        return set(re.findall(r"^\| (\d+) \| ([A-Z_]+) \| (.+) \|$", path.read_text(encoding="utf-8"), re.MULTILINE))

    assert rows(ROOT / "README.md") == rows(DOCS / "reference" / "exit-codes.md")
