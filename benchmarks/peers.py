"""Other tools on the same count of objects, in the same run: one in a hundred changed. Theirs are small, ours are 60 lines.

octoDNS comes from the package index, into an environment of its own under the user's cache (`--peers` installs it);
terraform is taken where its binary is on PATH. What cannot be had is said, not guessed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from benchmarks.measure import Usage, command
from benchmarks.naive import documents
from benchmarks.project import edit, generate
from benchmarks.results import Finding, Remark, Row

SIZES = (1_000, 10_000)
SMALL = 1_000
"""At most so many objects for tools that take seconds for a hundred."""
OCTODNS = "octodns==1.22.0"
INSTALL = "BENCH_PEERS"


def findings(size: int) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        yield from octodns(Path(folder) / "octodns", size)
        if size > SMALL:
            yield Remark(f"terraform and the naive tool are run on {SMALL:,} objects at most: they would take minutes to hours")
            return
        yield from terraform(Path(folder) / "terraform", size)
        yield from naive(Path(folder) / "naive", size)


# octoDNS

OCTODNS_CONFIG = """\
providers:
  source: {{class: octodns.provider.yaml.YamlProvider, directory: {root}/source}}
  target: {{class: octodns.provider.yaml.YamlProvider, directory: {root}/target}}
zones:
  example.com.: {{sources: [source], targets: [target]}}
"""


def octodns(root: Path, size: int) -> Iterator[Finding]:
    """YAML against YAML, without a network: records of five lines."""
    commands = octodns_commands(root, size)
    if isinstance(commands, Remark):
        yield commands
        return
    planned, checked = commands
    yield Row.of("octoDNS: plan, 1 % changed", size, planned(), "records")
    yield Row.of("octoDNS: validate", size, checked(), "records")


def octodns_commands(root: Path, size: int) -> tuple[Callable[[], Usage], Callable[[], Usage]] | Remark:
    """What plans, and what validates, so many records; or why they cannot be run."""
    place = octodns_place()
    if isinstance(place, Remark):
        return place
    for side, changed in (("source", "192.0.2.1"), ("target", None)):
        (root / side).mkdir(parents=True)
        (root / side / "example.com.yaml").write_text("".join(record(number, changed) for number in range(size)))
    config = root / "config.yaml"
    config.write_text(OCTODNS_CONFIG.format(root=root))
    said = ["--config-file", str(config)]
    return lambda: command([str(place / "octodns-sync"), *said]), lambda: command([str(place / "octodns-validate"), *said])


def record(number: int, changed: str | None) -> str:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    value = changed if changed is not None and number % 100 == 0 else address
    return f"host-{number:07}:\n  ttl: 300\n  type: A\n  values:\n  - {value}\n"


def octodns_place() -> Path | Remark:
    """The folder of its commands; else why it is not there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "declarative-benchmarks" / OCTODNS.replace("==", "-")
    commands = home / "bin"
    if (commands / "octodns-sync").is_file():
        return commands
    if os.environ.get(INSTALL) != "install":
        return Remark(f"octoDNS is not installed for the benchmarks; `python -m benchmarks --peers` installs {OCTODNS}")
    venv.create(home, with_pip=True, clear=True)
    pip = [str(commands / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", OCTODNS]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(home, ignore_errors=True)
        return Remark(f"octoDNS could not be installed: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
    return commands


# terraform

TERRAFORM = """\
locals {
  assets = { for number in range(%d) : format("web-%%06d", number) => {
    hostName = format("web-%%06d", number), department = "Sales", environment = "Production"
  } }
}
resource "terraform_data" "asset" {
  for_each = local.assets
  input    = each.value
}
"""


def terraform(root: Path, size: int) -> Iterator[Finding]:
    """Resources built into terraform, of four lines: no provider is downloaded, no service is asked."""
    binary = shutil.which("terraform")
    if binary is None:
        yield Remark("no terraform on PATH")
        return
    root.mkdir()
    (root / "main.tf").write_text(TERRAFORM % size)
    (root / "terraformrc").write_text("")
    environ = {**os.environ, "TF_CLI_CONFIG_FILE": str(root / "terraformrc"), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}

    def run(*arguments: str) -> Usage:
        return command([binary, *arguments, "-no-color"], environ=environ, cwd=root, keep=True)

    run("init")
    yield Row.of("terraform: apply, all new", size, run("apply", "-auto-approve"), "resources")
    yield Row.of("terraform: plan, nothing changed", size, run("plan", "-detailed-exitcode"), "resources")


# A naive tool


def naive(root: Path, size: int) -> Iterator[Finding]:
    """The same assets as ours."""
    generate(root, size)
    live = root / "live.json"
    live.write_text(json.dumps({one["metadata"]["name"]: one["spec"] for one in documents(root, yaml.CSafeLoader)}))
    moved = edit(root)
    planned = command([sys.executable, "-m", "benchmarks.naive", str(root), str(live)], keep=True)
    yield Row.of("naive tool: plan, 1 % changed", size, planned)
    said = planned.output.strip()
    yield Remark(f"the naive tool on {size:,} valid assets, {moved} changed, says: {said} (YAML 1.1 takes +5:30 for a number)")
