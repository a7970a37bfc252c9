"""The real yaml-language-server, which editors use, reads our schemas as we mean them."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from declarative.schema import registry, scaffold

VERSION = "2.0.0"
ROOT = Path(__file__).parents[3]
QUICKSTART = ROOT / "examples" / "quickstart"
SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}

pytestmark = pytest.mark.slow


def server_script() -> Path:
    """Installed once, beside the virtual environment's own tools."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed, and the language server needs it")
    folder = Path(sys.prefix) / "editor"
    script = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    if not script.is_file():
        command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"yaml-language-server@{VERSION}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"yaml-language-server cannot be installed: {error}")
        if done.returncode:
            pytest.skip(f"yaml-language-server cannot be installed: {done.stderr.strip()[-300:]}")
    return script


class Editor:
    """Speaks the Language Server Protocol as far as an editor that opens files needs it."""

    def __init__(self, script: Path, root: Path) -> None:
        self._process = subprocess.Popen(
            ["node", str(script), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ},
        )
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._diagnostics: dict[str, queue.Queue[list[dict[str, Any]]]] = {}
        self._next = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.request(
            "initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {"workspace": {"configuration": True}}}
        )
        self.notify("initialized", {})
        self.notify("workspace/didChangeConfiguration", {"settings": SETTINGS})

    def close(self) -> None:
        self.request("shutdown", None)
        self.notify("exit", None)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.wait(timeout=20)
        self._reader.join(timeout=20)
        self._process.stdin.close()
        self._process.stdout.close()

    def open(self, path: Path) -> list[dict[str, Any]]:
        """The diagnostics of a file, the last ones the server has for it."""
        uri = path.as_uri()
        found = self._diagnostics.setdefault(uri, queue.Queue())
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": path.read_text(encoding="utf-8")}
        self.notify("textDocument/didOpen", {"textDocument": document})
        latest = found.get(timeout=60)
        while True:
            try:
                latest = found.get(timeout=0.7)
            except queue.Empty:
                return latest

    def hover(self, path: Path, line: int, column: int) -> str:
        position = {"line": line, "character": column}
        answer = self.request("textDocument/hover", {"textDocument": {"uri": path.as_uri()}, "position": position})
        return json.dumps(answer, ensure_ascii=False)

    def complete(self, path: Path, line: int, column: int) -> set[str]:
        position = {"line": line, "character": column}
        answer = self.request("textDocument/completion", {"textDocument": {"uri": path.as_uri()}, "position": position})
        return {item["label"] for item in answer["items"]}

    def request(self, method: str, params: Any) -> Any:
        self._next += 1
        self._send({"id": self._next, "method": method, "params": params})
        while True:
            answer = self._answers.get(timeout=60)
            if answer.get("id") == self._next:
                assert "error" not in answer, answer
                return answer["result"]

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self._process.stdin.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            self._handle(json.loads(stream.read(length)))

    def _handle(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            self._answers.put(message)
        elif method == "textDocument/publishDiagnostics":
            self._diagnostics.setdefault(message["params"]["uri"], queue.Queue()).put(message["params"]["diagnostics"])
        elif method == "workspace/configuration":
            wanted = [SETTINGS.get(item.get("section"), {}) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": wanted})
        elif "id" in message:
            self._send({"id": message["id"], "result": None})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("editor")
    for path, text in scaffold.project_files("acme").items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def editor(project: Path) -> Any:
    editor = Editor(server_script(), project)
    yield editor
    editor.close()


def manifests_of(root: Path) -> list[Path]:
    return [root / "declarative.yaml", *sorted((root / "manifests").iterdir())]


def test_a_new_project_shows_no_problem(editor: Any, project: Path) -> None:
    assert len(manifests_of(project)) == len(registry.kinds())
    for path in manifests_of(project):
        assert editor.open(path) == [], path.name


def test_the_quickstart_shows_no_problem(editor: Any) -> None:
    for path in manifests_of(QUICKSTART):
        assert editor.open(path) == [], path.name


@pytest.mark.parametrize(
    ("kind", "wrong", "line", "word"),
    [
        ("Asset", "  connector: c\n  identityAttributes: {hostname: x}\n", 6, "hostname"),
        ("Asset", "  connector: c\n  identityAttributes: {ipAddress: 192.0.2.1}\n", 6, "array"),
        ("Connector", "  connectorUuid: no-uuid\n", 5, "expected a UUID"),
        ("Report", "  request: {name: n, format: PDF, templateName: t, reportType: r, includeMatchType: any}\n", 5, "Any"),
        ("HostQuery", "  filters:\n    - {field: asset.name, operator: LESS, value: x}\n", 6, "LESSER"),
        ("ComponentQuery", "  nothing: 1\n", 5, "nothing"),
        ("Project", "  platform: EU9\n", 5, "EU1"),
    ],
)
def test_a_wrong_manifest_shows_the_right_problem_at_its_line(
    editor: Any, project: Path, kind: str, wrong: str, line: int, word: str
) -> None:
    path = project / "manifests" / f"wrong-{kind}-{line}-{word.rsplit(maxsplit=1)[-1]}.yaml"
    head = f"# yaml-language-server: $schema=../{scaffold.SCHEMA_FOLDER}/manifest.schema.json\n"
    path.write_text(f"{head}apiVersion: declarative/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec:\n{wrong}", encoding="utf-8")
    found = editor.open(path)
    assert [problem["range"]["start"]["line"] for problem in found] == [line], found
    assert word in found[0]["message"]


def test_hover_shows_the_description_of_the_schema(editor: Any, project: Path) -> None:
    path = project / "manifests" / "connector.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines) if text.strip().startswith("connectorUuid:"))
    wanted = registry.schema_for("Connector")["properties"]["spec"]["properties"]["connectorUuid"]["description"]
    editor.open(path)
    assert wanted[:40] in editor.hover(path, line, 4)


def test_keys_are_completed_from_the_schema_of_the_kind(editor: Any, project: Path) -> None:
    path = project / "manifests" / "complete.yaml"
    head = f"# yaml-language-server: $schema=../{scaffold.SCHEMA_FOLDER}/manifest.schema.json\n"
    path.write_text(head + "apiVersion: declarative/v1\nkind: Connector\nmetadata: {name: x}\nspec:\n  \n", encoding="utf-8")
    editor.open(path)
    assert {"connectorUuid", "source", "marker"} <= editor.complete(path, 5, 2)
