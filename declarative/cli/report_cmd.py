"""`declarative report`: list | download | resolve."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from declarative.cli.options import Settings, global_options, output_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.plan.model import AppliedReport
    from declarative.state.model import Store

FORMATS = ("text", "json")


@click.group("report")
def command() -> None:
    """What was run, its file, and runs whose outcome is not known."""


@command.command("list")
@output_options(*FORMATS)
@global_options
def list_reports(settings: Settings, outputs: tuple[str, ...], json_output: bool) -> ExitCode:
    """The reports this project has run. The API has no list call: this is the state's own record."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.cli.views import json_view, table_view

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir)
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime, read_only=True) as store:
        rows = [_row(report) for _, report in sorted(_reports(store).items())]
    columns = ("address", "name", "status", "ranAt", "fileUuid")
    emit(
        settings.console,
        views,
        {
            "text": lambda _: table_view(rows, columns) if rows else "No report has been run yet.",
            "json": lambda _: json_view({"reports": rows}),
        },
    )
    return ExitCode.OK


@command.command("download")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE|DIR", help="Where to write; default: the report's name.")
@click.option("--wait", is_flag=False, flag_value="10m", metavar="[=TIMEOUT]", help="Wait until the report is ready.")
@global_options
def download(settings: Settings, name: str, out: Path | None, wait: str | None) -> ExitCode:
    """Download the file of a report: NAME is its address, its manifest's name, or its name in Qualys."""
    from declarative.cli.progress import DownloadLine
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.core.durations import parse_duration
    from declarative.engine.reporting import download_report, file_name_for

    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime, read_only=True) as store:
        report = _find(store, name)
    declared = next((item for item in workspace.desired.reports if item.address in (name, f"Report/{name}")), None)
    remote = report.name if report else str(declared.request["name"]) if declared else name
    suffix = str(declared.request.get("format", "PDF")).lower() if declared else "pdf"
    target = settings.chdir / (out or Path(file_name_for(remote, suffix)))
    if target.is_dir():
        target /= file_name_for(remote, suffix)
    with runtime.reader(workspace.project) as reader:
        timeout = None if wait is None else parse_duration(wait)
        shown = DownloadLine(settings.console)
        file = download_report(reader, remote, target, runtime, timeout=timeout, progress=shown)
    shown.end()
    settings.console.out(f"{file.path} ({file.size} bytes)")
    return ExitCode.OK


@command.command("resolve")
@click.argument("name")
@click.option("--created", metavar="UUID", help="It was created, with this file UUID.")
@click.option("--not-created", is_flag=True, help="It was not created: it may run again.")
@click.option("--probe", is_flag=True, help="Ask the download endpoint whether it exists.")
@global_options
def resolve(settings: Settings, name: str, created: str | None, not_created: bool, probe: bool) -> ExitCode:
    """Settle a run whose outcome is not known. Until then the report is not run again: it might run twice."""
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.core.errors import BlockedError
    from declarative.engine.reporting import is_downloadable, settle_report
    from declarative.plan.model import ReportStatus

    if sum((created is not None, not_created, probe)) != 1:
        raise UsageError("give one of --created UUID, --not-created, --probe")
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime) as store:
        report = _find(store, name)
        if report is None:
            raise UsageError(f"no run of a report '{name}' in the state", hint=_close(store, name))
        if report.status is not ReportStatus.UNCERTAIN:
            settings.console.out(f"{report.address} is not uncertain: its last run is {report.status}")
            return ExitCode.OK
        if probe:
            with runtime.reader(workspace.project) as reader:
                if not is_downloadable(reader, report.name):
                    raise BlockedError(
                        f"{report.address} stays uncertain: the download endpoint does not offer '{report.name}'",
                        hint="it may still be running; look in the UI, then say --created UUID or --not-created",
                    )
        status = ReportStatus.NOT_CREATED if not_created else ReportStatus.CREATED
        settle_report(store, replace(report, status=status, file_uuid=created or report.file_uuid), now=runtime.clock.now())
    settings.console.out(f"{report.address}: {status}")
    return ExitCode.OK


def _reports(store: Store) -> Mapping[str, AppliedReport]:
    from declarative.plan.model import AppliedReport

    return {address: item for address, item in store.resources().items() if isinstance(item, AppliedReport)}


def _find(store: Store, name: str) -> AppliedReport | None:
    reports = _reports(store)
    return (
        reports.get(name)
        or reports.get(f"Report/{name}")
        or next((report for report in reports.values() if report.name == name), None)
    )


def _close(store: Store, name: str) -> str:
    known = [address.partition("/")[2] for address in _reports(store)]
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known) or 'none'}"


def _row(report: AppliedReport) -> dict[str, Any]:
    from declarative.core.clock import to_iso

    return {
        "address": report.address,
        "name": report.name,
        "status": str(report.status),
        "ranAt": to_iso(report.ran_at) if report.ran_at else None,
        "fileUuid": report.file_uuid,
    }
