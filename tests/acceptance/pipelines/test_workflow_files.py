"""Every workflow for GitHub, ours, the examples and the one that `init` writes, as one repository would hold them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from declarative.schema.workflow import workflow_text

ROOT = Path(__file__).parents[3]
CI = ROOT / "examples" / "ci"
PLACEHOLDER = "your-org/declarative"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout of a team: the examples, the workflow of `init`, and beside them this project's own with its action."""
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    for path in (*(CI / "github").glob("*.yml"), *(ROOT / ".github" / "workflows").glob("*.yml")):
        shutil.copy(path, workflows)
    (workflows / "of-init.yml").write_text(workflow_text(), encoding="utf-8")
    shutil.copy(ROOT / "action.yml", tmp_path)
    return tmp_path


def linted(tool: str, folder: Path, *arguments: str) -> None:
    found = Path(sys.executable).parent / tool
    if not found.exists():
        pytest.skip(f"{tool} is not installed; it is in the dev dependencies")
    done = subprocess.run([found, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_please_actionlint(repository: Path) -> None:
    linted("actionlint", repository, "-no-color")


def test_workflows_and_the_action_please_zizmor(repository: Path) -> None:
    linted("zizmor", repository, "--offline", "--no-progress", "--min-severity", "medium", ".")


def test_what_a_team_puts_in_is_put_in_by_the_one_command_of_the_readme(repository: Path) -> None:
    readme = (CI / "README.md").read_text(encoding="utf-8")
    (command,) = [block for block in re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL) if PLACEHOLDER in block]
    reusable = repository / ".github" / "workflows" / "declarative-reusable.yml"
    assert reusable.read_text(encoding="utf-8").count(f"uses: {PLACEHOLDER}@") == 5
    subprocess.run(["bash", "--norc", "-euc", command], cwd=repository, check=True)
    used = re.findall(r"uses: (\S+)$", reusable.read_text(encoding="utf-8"), re.MULTILINE)
    assert used == ["acme/declarative@4f3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a"] * 5


def test_every_action_is_pinned_by_commit_and_one_release_is_used_everywhere(repository: Path) -> None:
    pins: dict[str, set[str]] = {}
    for path in (repository / "action.yml", *(repository / ".github" / "workflows").iterdir()):
        for used in re.findall(r"uses: (\S.*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            if not used.startswith(("./", PLACEHOLDER)):
                found = re.fullmatch(r"([\w/.-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", used)
                assert found is not None, (path.name, used)
                pins.setdefault(found.group(1), set()).add(f"{found.group(2)} {found.group(3)}")
    assert {action: len(found) for action, found in pins.items()} == dict.fromkeys(pins, 1)


def test_the_workflow_of_init_plans_pull_requests_of_its_own_repository_only() -> None:
    text = workflow_text()
    jobs: dict[str, Any] = YAML(typ="safe").load(text)["jobs"]
    assert jobs["plan"]["if"] == (
        "github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository"
    )
    assert "secrets." not in str(jobs["validate"])
    assert "apply" not in "".join(step.get("run", "") for job in jobs.values() for step in job["steps"])
