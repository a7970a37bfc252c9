"""What comes along with the tool: completion in real shells, hooks for pre-commit, the container file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ENVIRON = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def in_bash(line: str, folder: Path) -> list[str]:
    """The words that a real bash offers at the end of a line."""
    script = """
        eval "$(declarative completion bash)"
        COMP_LINE=$1 COMP_POINT=${#1}
        _declarative_completion declarative
        [ "${#COMPREPLY[@]}" = 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-euc", script, "bash", line], cwd=folder, env=ENVIRON, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_bash_completes_commands_options_and_their_values(tmp_path: Path) -> None:
    assert in_bash("declarative pl", tmp_path) == ["plan"]
    assert in_bash("declarative plan --det", tmp_path) == ["--detailed-exitcode", "--detail"]
    assert in_bash("declarative plan --refresh f", tmp_path) == ["full"]
    assert in_bash("declarative state lis", tmp_path) == ["list"]
    assert in_bash("declarative nonsense x", tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_where_the_shell_looks(offline: Any, shell: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    offline.ok("completion", shell, "--install", env={"HOME": str(home), "XDG_DATA_HOME": None, "XDG_CONFIG_HOME": None})
    (written,) = [path for path in home.rglob("*") if path.is_file()]
    assert "_DECLARATIVE_COMPLETE" in written.read_text(encoding="utf-8")
    if shutil.which(shell):
        subprocess.run([shell, "-n", written], check=True, env=ENVIRON)


def test_completion_without_a_shell_takes_the_one_in_use(offline: Any) -> None:
    assert "compdef" in offline.ok("completion", env={"SHELL": "/usr/bin/zsh"}).out
    assert offline.run("completion", env={"SHELL": "/bin/csh"}).code == 64


def test_the_pre_commit_hooks_do_what_their_names_say(offline: Any) -> None:
    hooks = {hook["id"]: hook for hook in YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert all(hook["entry"].split()[0] == "declarative" and not hook["pass_filenames"] for hook in hooks.values())

    def run(name: str) -> int:
        return int(offline.run(*hooks[name]["entry"].split()[1:]).code)

    manifest = offline.write(
        "manifests/connector.yaml",
        "kind: Connector\napiVersion: declarative/v1\nmetadata: {name: snow}\n"
        "spec: {source: SNOW, connectorUuid: 489e8429-2e82-4599-a2a8-0123456789ab}\n",
    )
    assert run("declarative-validate") == 0
    assert run("declarative-fmt") == 0
    assert manifest.read_text(encoding="utf-8").startswith("apiVersion:")
    manifest.write_text("kind: Nonsense\n", encoding="utf-8")
    assert run("declarative-validate") == 4


def test_the_container_is_rootless_and_copies_what_exists_and_is_let_in() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    last = text.rpartition("FROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert text.count("FROM ${BASE}") == 2
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".containerignore").read_text(encoding="utf-8"), re.MULTILINE))
    copied = {source for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for source in line.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)
    assert re.search(r"^ARG BASE=\S+:3\.\d+\.\d+-\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    forced = re.findall(r'^"(\S+)" = "declarative/', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(forced) <= copied


def test_the_container_pleases_its_linter() -> None:
    hadolint = BIN / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint is not installed; it is in the dev dependencies")
    done = subprocess.run([hadolint, "--no-color", ROOT / "Containerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_pipeline_runs_in_the_image_that_the_container_is_made_from() -> None:
    """One digest to renew, not three."""
    files = ("Containerfile", "examples/ci/gitlab/declarative.gitlab-ci.yml", "examples/ci/jenkins/Jenkinsfile")
    named = {name: set(re.findall(r"python:3\S+@sha256:[0-9a-f]{64}", (ROOT / name).read_text("utf-8"))) for name in files}
    assert set.union(*named.values()) == named["Containerfile"]
    assert all(len(found) == 1 for found in named.values())
