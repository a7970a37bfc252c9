"""The pipelines of examples/ci: their shell steps really run, against the emulated gateway and an emulated forge."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
CI = ROOT / "examples" / "ci"
ACTION = ROOT / "action.yml"
GITHUB = sorted((CI / "github").glob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def yaml(path: Path) -> Any:
    documents = list(YAML(typ="safe").load_all(path.read_text(encoding="utf-8")))
    return documents[-1]


@dataclass(frozen=True)
class Ran:
    code: int
    text: str


@dataclass
class Machine:
    """What runs a pipeline's shell: a checkout, the tool on the PATH, and what the forge sets."""

    workplace: Any
    environ: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)

    def shell(self, script: str, environ: Mapping[str, str] = {}, *, shell: str = "bash", fails: bool = False) -> Ran:
        line = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"], "sh": ["sh", "-e"]}[shell]
        path = os.pathsep.join([str(self.workplace.commands.bin), str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            [*line, "-c", script],
            cwd=self.workplace.folder,
            env={**self.workplace.environ, **self.environ, **environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        ran = Ran(done.returncode, done.stdout + done.stderr)
        assert fails or ran.code == 0, ran.text
        return ran


@pytest.fixture
def machine(workplace: Any, gateway: Any, asset: Any) -> Machine:
    workplace.write("manifests/web-01.yaml", asset("web-01"))
    workplace.ok("fmt")
    workplace.gateway = gateway
    return Machine(workplace, {})


# -- GitHub Actions


class Action:
    """The composite action, step by step, with the few expressions it uses. An expression unknown here fails the test."""

    def __init__(self, machine: Machine, github: dict[str, str], event: str) -> None:
        self.machine, self.event = machine, event
        self.files = {name: machine.workplace.folder.parent / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        machine.environ = {name: value for name, value in github.items() if name != "GITHUB_TOKEN"}
        machine.environ |= {name: str(path) for name, path in self.files.items()}
        self.steps = [step for step in yaml(ACTION)["runs"]["steps"] if "run" in step and step["name"] != "Install"]

    def run(self, *, fails: bool = False, **inputs: str) -> Ran:
        given = {name: spec.get("default", "") for name, spec in yaml(ACTION)["inputs"].items()} | inputs
        context = {f"inputs.{name}": value for name, value in given.items()} | {"github.event_name": self.event}
        ran = Ran(0, "")
        for path in self.files.values():
            path.write_text("", encoding="utf-8")
        for step in self.steps:
            if not self.wanted(step["if"], context):
                continue
            environ = {name: self.resolved(value, context) for name, value in step.get("env", {}).items()}
            if "working-directory" in step:
                assert self.resolved(step["working-directory"], context) == "."
            ran = self.machine.shell(step["run"], environ, fails=fails)
            for line in self.files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines():
                name, _, value = line.partition("=")
                context[f"steps.{step.get('id')}.outputs.{name}"] = value
            if ran.code:
                break
        self.outputs = {name.rpartition(".")[2]: value for name, value in context.items() if name.startswith("steps.")}
        self.summary = self.files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        return ran

    @staticmethod
    def wanted(condition: str, context: Mapping[str, str]) -> bool:
        for part in condition.split(" && "):
            found = re.fullmatch(r"(\S+) (==|!=) '(.*)'", part)
            assert found is not None, part
            if (context[found.group(1)] == found.group(3)) != (found.group(2) == "=="):
                return False
        return True

    @staticmethod
    def resolved(text: str, context: Mapping[str, str]) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: context[found.group(1)], text)


def test_github_plans_with_a_comment_and_applies_what_was_approved(machine: Machine, github: Any, emulated: Any) -> None:
    review = Action(machine, github, "pull_request")
    review.run(command="plan", token=github["GITHUB_TOKEN"])
    assert review.outputs["changes"] == "true"
    assert review.outputs["exit-code"] == "2"
    assert "1 to create" in review.summary
    assert review.outputs["digest"] in emulated.comments[0]["body"]

    merged = Action(machine, github, "push")
    merged.run(command="plan", token=github["GITHUB_TOKEN"])
    assert len(emulated.comments) == 1
    digest = merged.outputs["digest"]
    assert merged.run(command="apply", **{"expect-digest": "sha256:" + "0" * 64}, fails=True).code == 6
    merged.run(command="apply", **{"expect-digest": digest})
    assert "1 applied" in merged.summary
    machine.workplace.gateway.call("process", {})

    review.run(command="plan", token=github["GITHUB_TOKEN"])
    assert "changes" not in review.outputs
    assert [row["body"].count("no changes") for row in emulated.comments] == [1]


def test_github_opens_an_issue_of_drift_and_closes_it(machine: Machine, github: Any, emulated: Any) -> None:
    machine.workplace.ok("apply", "--auto-approve", "--wait")
    night = Action(machine, github, "schedule")
    change = {"assetName": "web-01", "set": {"businessInformation.department": "Elsewhere"}}
    machine.workplace.gateway.call("drift", change)
    night.run(command="drift", token=github["GITHUB_TOKEN"])
    assert night.outputs["exit-code"] == "2"
    assert "Elsewhere" in emulated.issues[0]["body"]
    machine.workplace.gateway.call("drift", change | {"set": {"businessInformation.department": "Sales"}})
    night.run(command="drift", token=github["GITHUB_TOKEN"])
    assert [row["state"] for row in emulated.issues] == ["closed"]


def test_github_validates_without_any_secret_and_shows_a_blocked_plan(machine: Machine, github: Any, emulated: Any) -> None:
    review = Action(machine, github, "pull_request")
    secrets = {name: machine.workplace.environ.pop(name) for name in ("QUALYS_USERNAME", "QUALYS_PASSWORD")}
    review.run(command="validate")
    machine.workplace.write(
        "manifests/web-02.yaml", "apiVersion: declarative/v1\nkind: Asset\nmetadata: {name: web-02}\nspec: {}\n"
    )
    refused = review.run(command="validate", fails=True)
    assert refused.code == 4
    assert "::error file=manifests/web-02.yaml" in refused.text
    (machine.workplace.folder / "manifests/web-02.yaml").unlink()
    machine.workplace.environ |= secrets
    project = (machine.workplace.folder / "declarative.yaml").read_text(encoding="utf-8")
    machine.workplace.write("declarative.yaml", re.sub(r"spec:.*", "spec: {limits: {create: {absolute: 0}}}", project))
    assert review.run(command="plan", token=github["GITHUB_TOKEN"], fails=True).code == 5
    assert "cannot be applied" in emulated.comments[0]["body"]


def jobs() -> Iterator[tuple[str, str, Any]]:
    for path in GITHUB:
        for name, job in yaml(path)["jobs"].items():
            yield path.name, name, job


def test_github_workflows_take_no_more_permission_than_each_job_needs() -> None:
    for path in GITHUB:
        assert yaml(path)["permissions"] == {}, path
    granted = {(file, name): job["permissions"] for file, name, job in jobs()}
    writes = {key: sorted(scope for scope, level in given.items() if level == "write") for key, given in granted.items()}
    reusable = "declarative-reusable.yml"
    assert writes == {
        ("declarative.yml", "declarative"): ["issues", "pull-requests"],
        (reusable, "validate"): [],
        (reusable, "review"): ["pull-requests"],
        (reusable, "plan"): [],
        (reusable, "apply"): [],
        (reusable, "drift"): ["issues"],
    }


def test_github_workflows_are_pinned_bounded_and_keep_forks_from_secrets() -> None:
    for file, name, job in jobs():
        uses = [job["uses"]] if "uses" in job else [step["uses"] for step in job["steps"] if "uses" in step]
        for used in uses:
            assert used.startswith("./") or PINNED.fullmatch(used), (file, name, used)
        if "uses" in job:
            continue
        assert job["timeout-minutes"] <= 350, (file, name)
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), (file, name)
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False, (file, name)
        if "secrets." in json.dumps(job):
            own = "github.event.pull_request.head.repo.full_name == github.repository"
            assert "pull_request'" not in job["if"] or own in job["if"], (file, name)
            assert job["environment"].startswith("inventory-"), (file, name)
    assert all("${{" not in step.get("run", "") for step in yaml(ACTION)["runs"]["steps"])


# -- GitLab


def gitlab_script(job: str) -> str:
    config = yaml(CI / "gitlab" / "declarative.gitlab-ci.yml")
    return "\n".join(config[job]["script"])


def test_gitlab_reports_plans_comments_applies_and_opens_an_issue(machine: Machine, gitlab: Any, emulated: Any) -> None:
    machine.environ = {**gitlab, "DIRECTORY": "."}
    folder = machine.workplace.folder
    machine.shell(gitlab_script("declarative:validate"))
    assert json.loads((folder / "gl-code-quality.json").read_text(encoding="utf-8")) == []
    assert "<testsuite" in (folder / "junit.xml").read_text(encoding="utf-8")

    machine.shell(gitlab_script("declarative:plan"))
    assert json.loads((folder / "tfplan.json").read_text(encoding="utf-8")) == {"create": 1, "update": 0, "delete": 0}
    assert "1 to create" in emulated.comments[0]["body"]
    name, _, digest = (folder / "plan.env").read_text(encoding="utf-8").strip().partition("=")
    assert name == "PLAN_DIGEST"
    assert machine.shell(gitlab_script("declarative:apply"), {name: "sha256:" + "0" * 64}, fails=True).code == 6
    machine.shell(gitlab_script("declarative:apply"), {name: digest})

    machine.workplace.gateway.call("drift", {"assetName": "web-01", "set": {"businessInformation.department": "Elsewhere"}})
    machine.shell(gitlab_script("declarative:drift"))
    assert emulated.issues[0]["state"] == "open"


def test_gitlab_refers_to_declared_inputs_and_to_jobs_that_exist() -> None:
    text = (CI / "gitlab" / "declarative.gitlab-ci.yml").read_text(encoding="utf-8")
    spec, config = YAML(typ="safe").load_all(text)
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text)) == set(spec["spec"]["inputs"])
    for name, job in config.items():
        assert "$[[" not in "\n".join(job.get("script", ())), name
        assert job.get("extends", ".declarative") in config
        for need in job.get("needs", ()):
            assert (need["job"] if isinstance(need, dict) else need) in config
    assert config["declarative:apply"]["resource_group"]


# -- Jenkins and Azure DevOps


def jenkins_scripts() -> dict[str, str]:
    text = (CI / "jenkins" / "Jenkinsfile").read_text(encoding="utf-8")
    assert text.count("{") == text.count("}")
    stages = re.split(r"stage\('(\w+)'\)", text)[1:]
    return {
        name: "".join(re.findall(r"sh '''(.*?)'''", body, re.DOTALL))
        for name, body in zip(stages[::2], stages[1::2], strict=True)
    }


def azure_scripts() -> dict[str, str]:
    found: dict[str, str] = {}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "bash" in node:
                found[node["displayName"]] = node["bash"]
            node = list(node.values())
        for child in node if isinstance(node, list) else ():
            walk(child)

    walk(yaml(CI / "azure" / "azure-pipelines.yml"))
    return found


def test_jenkins_validates_plans_and_applies_what_was_approved(machine: Machine) -> None:
    scripts = jenkins_scripts()
    assert set(scripts) == {"Install", "Validate", "Plan", "Apply", "Drift"}
    take = machine.workplace.environ.pop
    machine.environ = {"QUALYS_USR": take("QUALYS_USERNAME"), "QUALYS_PSW": take("QUALYS_PASSWORD")}
    machine.shell(scripts["Validate"], {"QUALYS_USR": "", "QUALYS_PSW": ""}, shell="sh")
    machine.shell(scripts["Plan"], shell="sh")
    assert (machine.workplace.folder / "plan.code").read_text(encoding="utf-8").strip() == "2"
    assert "1 applied" in machine.shell(scripts["Apply"], shell="sh").text
    machine.workplace.gateway.call("drift", {"assetName": "web-01", "set": {"businessInformation.department": "Elsewhere"}})
    assert machine.shell(scripts["Drift"], shell="sh", fails=True).code == 2


def test_azure_hands_the_digest_on_and_applies_what_was_approved(machine: Machine) -> None:
    scripts = azure_scripts()
    assert set(scripts) == {"Install", "Validate", "Plan", "Apply", "Drift"}
    machine.shell(scripts["Validate"])
    planned = machine.shell(scripts["Plan"]).text
    (digest,) = re.findall(r"##vso\[task\.setvariable variable=digest;isOutput=true\](\S+)", planned)
    assert "variable=changes;isOutput=true]2" in planned
    folder = machine.workplace.folder
    (folder / "plan").mkdir()
    (folder / "plan.json").rename(folder / "plan/plan.json")
    applied = machine.shell(scripts["Apply"], {"DIGEST": digest, "PIPELINE_WORKSPACE": str(folder)}).text
    assert "1 applied" in applied
    machine.shell(scripts["Drift"])
