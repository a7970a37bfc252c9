"""`declarative demo`: the whole loop against the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from declarative.cli.options import Settings, global_options
from declarative.core.errors import DeclarativeError
from declarative.core.exits import ExitCode

QUOTA = 300  # calls an hour: what the vendor's standard service level allows
EDIT = ("department: CSAM", "department: Engineering")


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep the folder afterwards.")
@click.option("--delay", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Seconds until an import shows.")
@global_options
def command(settings: Settings, keep: bool, delay: float) -> ExitCode:
    """Run validate, plan, apply, an empty second plan, an edit and a report download against the embedded sandbox.

    The project is made from the sample payloads of the vendor's release notes. Nothing leaves this machine.
    """
    from declarative.cli.sandbox_cmd import require_sandbox

    require_sandbox()
    from declarative.sandbox import SandboxOptions, running

    folder = Path(tempfile.mkdtemp(prefix="declarative-demo-"))
    project = folder / "quickstart"
    shutil.copytree(_quickstart(), project, ignore=shutil.ignore_patterns(".declarative"))
    options = SandboxOptions(delay=delay, username="demo", password="demo-password", limit_per_window=QUOTA)  # noqa: S106 - emulated
    try:
        with running(options) as gateway:
            demo = _Demo(settings, project, _environment(gateway.url))
            demo.play()
            demo.summarise(gateway.gateway.call_log())
    finally:
        if keep:
            settings.console.note(f"the project is in {project}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return ExitCode.OK


class _Demo:
    """Plays the loop as a user would type it: each step is the real command in a process of its own."""

    def __init__(self, settings: Settings, project: Path, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._project = project
        self._environ = environ

    def play(self) -> None:
        self._say("The project: the vendor's own sample payloads, against an emulated gateway.")
        self._run("validate")
        self._run("plan", "--out", "plan.json", "--detailed-exitcode", expect=ExitCode.CHANGES)
        self._say("A reviewer approves exactly that plan; apply carries it out, and waits until it has arrived.")
        self._run("apply", "plan.json", "--wait")
        self._say("Nothing changed, so a second plan is empty.")
        self._run("plan", "--detailed-exitcode")
        self._edit()
        self._run("plan", "--detailed-exitcode", expect=ExitCode.CHANGES)
        self._run("apply", "--auto-approve", "--wait", "--quiet")
        self._run("plan", "--detailed-exitcode")
        self._run("report", "download", "easm-summary", "--out", "easm-summary.pdf", "--wait")

    def summarise(self, calls: Sequence[Mapping[str, Any]]) -> None:
        counted = Counter(f"{call['method']} {call['path']}" for call in calls)
        metered = sum(not call["path"].startswith("/auth") for call in calls)
        self._say(f"Calls the gateway saw: {len(calls)}, of which {metered} count against a quota of {QUOTA} an hour.")
        for name, number in sorted(counted.items()):
            self._settings.console.out(f"  {number:3}  {name}")

    def _edit(self) -> None:
        before, after = EDIT
        self._say(f"One edit: {before!r} becomes {after!r}. The next plan shows that one field.")
        edited = 0
        for path in sorted(self._project.rglob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            if before in text:
                path.write_text(text.replace(before, after), encoding="utf-8")
                edited += 1
        if edited != 1:
            raise DeclarativeError(f"the demo's project should hold {before!r} in one file, found it in {edited}")

    def _run(self, *arguments: str, expect: ExitCode = ExitCode.OK) -> None:
        console = self._settings.console
        console.out(f"\n$ declarative {' '.join(arguments)}")
        console.stdout.flush()
        color = "always" if console.color_out else "never"
        done = subprocess.run(
            [sys.executable, "-m", "declarative", "-C", str(self._project), "--color", color, *arguments],
            env=dict(self._environ),
            check=False,
        )
        if done.returncode != expect:
            raise DeclarativeError(f"'declarative {' '.join(arguments)}' ended with {done.returncode}, expected {int(expect)}")

    def _say(self, text: str) -> None:
        bold, plain = ("\x1b[1m", "\x1b[0m") if self._settings.console.color_out else ("", "")
        self._settings.console.out(f"\n{bold}# {text}{plain}")


def _environment(url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QUALYS_", "DECLARATIVE_"))}
    return {**kept, "QUALYS_BASE_URL": url, "QUALYS_USERNAME": "demo", "QUALYS_PASSWORD": "demo-password"}


def _quickstart() -> Path:
    from declarative.core.resources import data_folder

    return data_folder("examples") / "quickstart"
