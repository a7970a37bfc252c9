"""What became of an apply: as text for a person, as JSON for a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from declarative.plan.model import Action, ApplyResult, ChangeResult, OutcomeKind
from declarative.render.escape import plain
from declarative.render.style import Style, style_for

_BAD_FIRST = (OutcomeKind.UNCERTAIN, OutcomeKind.FAILED, OutcomeKind.STALE, OutcomeKind.SKIPPED, OutcomeKind.APPLIED)

_STALE = "it changed since the plan was made and was not written: plan again"
_UNCERTAIN_REPORT = "nobody can know whether it was created: settle it with `declarative report resolve`"
_UNCERTAIN_ASSET = "plan and apply again; if it was taken after all, sending it once more is harmless"


def result_text(result: ApplyResult, *, color: bool = False) -> str:
    """Summary first and last; the changes that need attention before the ones that went well."""
    style = style_for(color)
    lines = [style("bold", result_summary(result))]
    environment = f", environment {plain(result.environment)}" if result.environment else ""
    lines.append(f"  project {plain(result.project)}{environment}, {plain(result.base_url)}, run {plain(result.run_id)}")
    for outcome in _BAD_FIRST:
        chosen = [entry for entry in result.results if entry.outcome is outcome]
        if chosen:
            lines.append("")
        for entry in chosen:
            lines += _entry(entry, style)
    if result.warnings:
        lines += ["", *(f"{style('warning', 'warning:')} {plain(warning)}" for warning in result.warnings)]
    calls = result.calls
    lines += ["", f"Calls: {calls.read} read, {calls.sync} sync, {calls.report} report"]
    if result.interrupted:
        lines.append(style("warning", "Interrupted: what was in flight is recorded; go on with `declarative apply --resume`."))
    if result.results:
        lines.append(style("bold", result_summary(result)))
    return "\n".join(lines) + "\n"


def result_summary(result: ApplyResult) -> str:
    """`Applied 3; 1 failed, 2 skipped.`"""
    if not result.results:
        return "Apply: nothing to do."
    parts = [f"{number} {outcome.value}" for outcome in OutcomeKind if (number := result.count(outcome))]
    waiting = sum(1 for entry in result.results if entry.arrived is False)
    late = f"; {waiting} accepted, but not yet in the inventory" if waiting else ""
    return "Apply: " + ", ".join(parts) + late + "."


def _entry(entry: ChangeResult, style: Style) -> Iterator[str]:
    known = f" (asset {entry.asset_id})" if entry.asset_id is not None else ""
    place = style("dim", f"  {plain(entry.source.file)}:{entry.source.line}") if entry.source is not None else ""
    outcome = style(entry.outcome.value, f"{entry.outcome.value:<9}")
    yield f"{outcome}  {entry.action.value:<7} {style('bold', plain(entry.address))}{known}{place}"
    if entry.error:
        yield f"    {style('error', 'error:')} {plain(entry.error)}"
    following = _next(entry)
    if following:
        yield f"    {style('info', 'next:')} {following}"
    if entry.file_uuid:
        yield f"    report file {plain(entry.file_uuid)}"
    if entry.request_id and entry.outcome is not OutcomeKind.APPLIED:
        yield f"    {style('dim', 'request id:')} {plain(entry.request_id)}"
    if entry.arrived is False:
        yield (
            f"    {style('warning', 'not arrived:')} accepted, but the search does not show it yet. Likely: no identification "
            "rule matches and the connector does not create unmanaged assets, or the import is still queued"
        )


def _next(entry: ChangeResult) -> str:
    """What to do about it; empty where there is nothing to do."""
    if entry.outcome is OutcomeKind.STALE:
        return _STALE
    if entry.outcome is not OutcomeKind.UNCERTAIN:
        return ""
    return _UNCERTAIN_REPORT if entry.action is Action.RUN else _UNCERTAIN_ASSET


def result_json(result: ApplyResult) -> dict[str, Any]:
    """The result as JSON (DESIGN 3.4): `summary` of outcomes and one entry a change."""
    return {
        "formatVersion": "1.0",
        "project": result.project,
        "environment": result.environment,
        "target": {"baseUrl": result.base_url},
        "planDigest": result.plan_digest,
        "runId": result.run_id,
        "interrupted": result.interrupted,
        "summary": {outcome.value: result.count(outcome) for outcome in OutcomeKind},
        "calls": {"read": result.calls.read, "sync": result.calls.sync, "report": result.calls.report},
        "changes": [_entry_json(entry) for entry in result.results],
        "warnings": list(result.warnings),
    }


def _entry_json(entry: ChangeResult) -> dict[str, Any]:
    source = entry.source
    return {
        "address": entry.address,
        "kind": entry.kind,
        "action": entry.action.value,
        "outcome": entry.outcome.value,
        "error": entry.error,
        "requestId": entry.request_id,
        "fileUuid": entry.file_uuid,
        "assetId": entry.asset_id,
        "arrived": entry.arrived,
        "source": None if source is None else {"file": source.file, "line": source.line, "column": source.column},
    }
