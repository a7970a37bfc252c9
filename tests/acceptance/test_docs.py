"""The documentation is true: its commands run, its manifests are valid, its generated pages are fresh.

Each fenced block of a page is one of these:

- with a title, a file of the reader's project;
- `console`: commands that are run, in order, on one gateway. `# exit N` names the exit code that is not 0; other lines must
  be part of what the command says;
- `sh`: commands that are run, without what they say;
- `text`: neither a command nor a manifest;
- anything else, or what cannot be run here, stands under `<!-- run by TEST -->` or `<!-- not run: REASON -->`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from markdown_it import MarkdownIt

from declarative.cli.console import Console, redactor_for
from declarative.cli.main import run
from declarative.sandbox import RunningSandbox, SandboxOptions, running

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
INFO = re.compile(r"(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?")
MARKER = re.compile(r"<!-- (?P<how>run by|not run:) (?P<what>.+?) -->")
ASSETS = 60
# What a page takes for granted.
BEFORE = {
    "inventories": """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: servicenow}
spec: {connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ab, source: SNOW}
"""
}


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    title: str
    text: str
    marker: re.Match[str] | None

    @property
    def problem(self) -> str | None:
        if self.language == "indented":
            return "is indented, so that it has no language: make it a fenced block"
        if self.marker is not None:
            by = self.marker["what"] if self.marker["how"] == "run by" else "tests"
            return None if (ROOT / by).exists() else f"is run by {by}, which does not exist"
        if self.title or self.language in ("console", "sh"):
            return None
        if self.language == "text":
            return "shows a command: say `console`" if re.search(r"^\$ ", self.text, re.MULTILINE) else None
        return f"({self.language or 'no language'}) is not run, and does not say why"


@dataclass
class Command:
    line: str
    code: int = 0
    said: list[str] = field(default_factory=list)


def blocks(page: Path) -> Iterator[Block]:
    marker: re.Match[str] | None = None
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence":
            info = INFO.fullmatch(token.info.strip())
            assert info is not None, (page, token.info)
            yield Block((token.map or [0])[0] + 1, info["language"], info["title"] or "", token.content, marker)
        elif token.type == "code_block":
            yield Block((token.map or [0])[0] + 1, "indented", "", token.content, None)
        marker = MARKER.fullmatch(token.content.strip()) if token.type == "html_block" else None


def commands(block: Block) -> Iterator[Command]:
    current: Command | None = None
    for line in block.text.splitlines():
        if block.language == "sh" or line.startswith("$ "):
            if current is not None:
                yield current
            code = re.search(r" {4}# exit (\d+)$", line)
            current = Command(line.removeprefix("$ "), int(code[1]) if code else 0)
        elif current is not None and line.strip() not in ("", "..."):
            current.said.append(line.strip())
    if current is not None:
        yield current


def to_run(page: Path) -> list[Block]:
    return [one for one in blocks(page) if one.marker is None and (one.title or one.language in ("console", "sh"))]


@dataclass
class Terminal:
    """A reader's terminal. The tool runs in this process where the line has nothing for a shell, so that a page is cheap."""

    folder: Path
    environ: dict[str, str]

    def run(self, line: str) -> tuple[int, str]:
        words = shlex.split(line, comments=True)
        if words[:2] == ["declarative", "sandbox"]:
            return 0, ""  # it runs already
        if words[0] == "cd":
            self.folder /= words[1]
            return 0, ""
        if words[0] == "export":
            self.environ |= dict(word.split("=", 1) for word in words[1:])
            return 0, ""
        signs = shlex.shlex(line, posix=True, punctuation_chars=True)
        signs.whitespace_split = True
        if words[0] == "declarative" and "$" not in line and not any(set(word) <= set("();<>|&") for word in signs):
            return self.tool(words[1:])
        done = subprocess.run(
            ["bash", "--norc", "-euc", line],
            cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def tool(self, arguments: list[str]) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.folder), mock.patch.dict(os.environ, self.environ, clear=True):
            code = run(arguments, Console(out, err, redactor_for(self.environ)))
        return int(code), out.getvalue() + err.getvalue()


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    with running(SandboxOptions(assets=ASSETS, delay=0.2)) as server:
        yield server


@pytest.fixture
def terminal(request: pytest.FixtureRequest, offline: Any, shared: RunningSandbox) -> Terminal:
    """Where the reader of the page starts: in the example that the page is about, or in a project without manifests."""
    page: Path = request.getfixturevalue("page")
    example = page.parent if (page.parent / "declarative.yaml").exists() else None
    shared.call("reset", {"assets": 0 if example else ASSETS})
    environ = {**offline.environ, "EDITOR": "true", "QUALYS_BASE_URL": shared.url}
    environ |= {"QUALYS_USERNAME": "sandbox", "QUALYS_PASSWORD": "sandbox"}
    environ["PATH"] = os.pathsep.join([str(offline.commands.bin), str(Path(sys.executable).parent), os.environ["PATH"]])
    if example:
        shutil.copytree(example, offline.folder, ignore=shutil.ignore_patterns(".declarative"), dirs_exist_ok=True)
    if page.stem in BEFORE:
        offline.write("manifests/connector.yaml", BEFORE[page.stem])
    if example and "postgresql" in (example / "declarative.yaml").read_text(encoding="utf-8"):
        environ["DECLARATIVE_STATE"] = request.getfixturevalue("postgres_url")
    return Terminal(offline.folder, environ)


@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_do_what_it_says(page: Path, terminal: Terminal) -> None:
    for block in to_run(page):
        if block.title:
            target = terminal.folder / block.title
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        for command in commands(block) if not block.title else ():
            code, told = terminal.run(command.line)
            shown = f"{page.name}:{block.line}\n$ {command.line}\n{told}"
            assert code == command.code, shown
            assert [line for line in command.said if line not in shown] == [], shown
    if any(block.language == "yaml" for block in to_run(page)):
        code, told = terminal.run("declarative validate")
        assert code == 0 or "exit 4" in page.read_text(encoding="utf-8"), told


def test_every_block_of_every_page_is_run_or_says_why_not() -> None:
    assert [
        f"{page.relative_to(ROOT)}:{block.line} {block.problem}" for page in PAGES for block in blocks(page) if block.problem
    ] == []


def test_the_generated_pages_are_fresh() -> None:
    done = subprocess.run([sys.executable, DOCS / "generate.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_exit_code_of_the_readme_is_that_of_the_reference() -> None:
    def rows(path: Path) -> set[tuple[str, ...]]:
        return set(re.findall(r"^\| (\d+) \| ([A-Z_]+) \| (.+) \|$", path.read_text(encoding="utf-8"), re.MULTILINE))

    assert rows(ROOT / "README.md") == rows(DOCS / "reference" / "exit-codes.md")
