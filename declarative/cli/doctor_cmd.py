"""`declarative doctor`: is everything in place?"""

from __future__ import annotations

import click

from declarative.cli.options import Settings, global_options, output_options
from declarative.core.exits import ExitCode

FORMATS = ("text", "json")
_MARKS = {"ok": ("ok  ", "\x1b[32m"), "warn": ("warn", "\x1b[33m"), "fail": ("FAIL", "\x1b[31m")}


@click.command("doctor")
@click.option("--max-wait", type=click.FloatRange(min=0), default=60.0, metavar="SECONDS", help="Bound on all waiting.")
@output_options(*FORMATS)
@global_options
def command(settings: Settings, max_wait: float, outputs: tuple[str, ...], json_output: bool) -> ExitCode:
    """Check manifests, state, target, login, permission, quota and clock. Sends no write.

    Needs no project where QUALYS_BASE_URL is set.
    """
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import reading_workspace_for, runtime_for
    from declarative.cli.views import json_view
    from declarative.engine.examining import code_of, examine
    from declarative.render.escape import plain

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir)
    runtime = runtime_for(settings, max_wait=max_wait)
    findings = list(examine(reading_workspace_for(settings, runtime), runtime))

    def text(color: bool) -> str:
        lines = []
        for finding in findings:
            mark, paint = _MARKS[finding.health]
            shown = f"{paint}{mark}\x1b[0m" if color else mark
            lines.append(f"{shown}  {finding.name:<11} {plain(finding.detail)}")
            if finding.hint:
                lines.append(f"{'':17} {plain(finding.hint)}")
        return "\n".join(lines)

    rows = [
        {"check": finding.name, "health": str(finding.health), "detail": finding.detail, "hint": finding.hint}
        for finding in findings
    ]
    emit(settings.console, views, {"text": text, "json": lambda _: json_view({"findings": rows})})
    return code_of(findings)
