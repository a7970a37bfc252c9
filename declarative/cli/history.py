"""`declarative state history [RUN]`: the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from declarative.cli.options import Settings, global_options, output_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.state.model import Run, Store

FORMATS = ("text", "json")


@click.command("history")
@click.argument("run", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="So many runs.")
@output_options(*FORMATS)
@global_options
def history(settings: Settings, run: str | None, limit: int, outputs: tuple[str, ...], json_output: bool) -> ExitCode:
    """Who applied what, when, and how it ended. With RUN (its id, or the start of it): its outcomes and calls."""
    from declarative.cli.output import emit, parse_outputs
    from declarative.cli.session import runtime_for, store_for, workspace_for
    from declarative.cli.views import json_view, table_view

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir)
    runtime = runtime_for(settings)
    workspace = workspace_for(settings, runtime)
    with store_for(workspace, runtime, read_only=True) as store:
        if run is not None:
            document = _one(store, run)
            emit(settings.console, views, {"text": lambda _: _text(document), "json": lambda _: json_view(document)})
            return ExitCode.OK
        rows = [_row(known) for known in store.runs(limit)]
    columns = ("run", "startedAt", "user", "commit", "exitCode", "summary")
    shown = [{**row, "commit": (row["commit"] or "")[:12], "summary": _counts(row["summary"])} for row in rows]
    emit(
        settings.console,
        views,
        {
            "text": lambda _: table_view(shown, columns) if rows else "Nothing has been applied yet.",
            "json": lambda _: json_view({"runs": rows}),
        },
    )
    return ExitCode.OK


def _one(store: Store, given: str) -> dict[str, Any]:
    run = store.run(given) or _by_start(store, given)
    from declarative.core.clock import to_iso

    return {
        **_row(run),
        "outcomes": [
            {"address": item.address, "status": str(item.status), "error": item.error, "requestId": item.request_id}
            for item in store.outcomes_of(run.run_id)
        ],
        "calls": [
            {
                "at": to_iso(at),
                "method": call.method,
                "path": call.path,
                "status": call.status,
                "seconds": round(call.seconds, 3),
                "requestId": call.request_id,
                "error": call.error,
            }
            for at, call in store.calls_of(run.run_id)
        ],
    }


def _by_start(store: Store, given: str) -> Run:
    found = [run for run in store.runs(1000) if run.run_id.startswith(given)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} runs start with '{given}'", hint="give more of the id; see: declarative state history")
    raise UsageError(f"no run '{given}' in the history", hint="see: declarative state history")


def _row(run: Run) -> dict[str, Any]:
    from declarative.core.clock import to_iso

    return {
        "run": run.run_id,
        "command": run.command,
        "startedAt": to_iso(run.started_at),
        "endedAt": to_iso(run.ended_at) if run.ended_at else None,
        "user": f"{run.user}@{run.host}",
        "commit": run.commit,
        "planDigest": run.plan_digest,
        "exitCode": run.exit_code,
        "summary": dict(run.summary),
    }


def _counts(summary: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in summary.items() if count)


def _text(document: dict[str, Any]) -> str:
    from declarative.cli.views import table_view
    from declarative.render.escape import plain

    ended = document["endedAt"] or "never: it was cut off, or is still running"
    lines = [
        f"run {document['run']} ({document['command']}) by {plain(document['user'])}",
        f"started {document['startedAt']}, ended {ended}, exit code {document['exitCode']}",
        f"commit {document['commit'] or 'unknown'}, plan {document['planDigest']}",
        f"summary: {_counts(document['summary']) or 'nothing was written'}",
        "",
    ]
    outcomes = table_view(document["outcomes"], ("address", "status", "requestId", "error"))
    calls = table_view(document["calls"], ("at", "method", "path", "status", "seconds", "requestId", "error"))
    return "\n".join(lines) + (outcomes if document["outcomes"] else "") + "\n" + (calls if document["calls"] else "")
