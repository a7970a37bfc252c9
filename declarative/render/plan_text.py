"""The plan for a person at a terminal: summary first and last, every change with reason, evidence and place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from declarative.plan.model import Action, Change, Check, FieldChange, Plan
from declarative.render.diagnostics import diagnostics_text
from declarative.render.escape import plain
from declarative.render.plan_view import (
    SYMBOLS,
    Group,
    basis_notes,
    calls_lines,
    details,
    groups,
    headline_notes,
    identity,
    is_list,
    obstacles,
    summary,
    where,
)
from declarative.render.style import Style, count, style_for
from declarative.render.values import list_difference, shown

DETAILS = ("names", "fields", "full")
_WIDTH = 100
_LISTED = 12


def plan_text(
    plan: Plan,
    *,
    color: bool = False,
    detail: str = "fields",
    list_all: bool = False,
    digest: str | None = None,
    title: str = "Plan",
) -> str:
    """The whole plan as text.

    `detail`: `names` (one line a change), `fields` (long values cut), `full` (nothing cut, payload ids and scope too).
    `list_all` lists unchanged objects too. `digest` is printed as what a reviewer approves; `title` is the first
    word, `Drift` for a comparison with what was applied.
    """
    if detail not in DETAILS:
        raise ValueError(f"detail is one of {', '.join(DETAILS)}, not {detail!r}")
    style = style_for(color)
    sections = [
        "\n".join(_head(plan, style, title)),
        *_changes(plan, style, detail=detail, list_all=list_all),
        *_rest(plan, style, color=color, fields=detail != "names"),
        "\n".join(_foot(plan, style, digest, title)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(plan: Plan, style: Style, title: str) -> Iterator[str]:
    yield style("bold", summary(plan, title))
    environment = f", environment {plain(plan.environment)}" if plan.environment else ""
    yield f"  project {plain(plan.project)}{environment}, {plain(plan.base_url)}"
    for label, text in headline_notes(plan):
        yield f"  {style('warning', label + ':')} {plain(text)}"
    yield from _obstacle_line(plan, style)


def _obstacle_line(plan: Plan, style: Style) -> Iterator[str]:
    found = obstacles(plan)
    if found:
        yield f"  {style('error', 'This plan cannot be applied:')} {', '.join(found)}."


def _changes(plan: Plan, style: Style, *, detail: str, list_all: bool) -> Iterator[str]:
    found = groups(plan, list_all=list_all)
    if detail == "names":
        lines = [_title(change, style) for group in found for change in group.changes]
        yield "\n".join(lines)
        return
    for group in found:
        yield "\n".join(group_lines(group, style, full=detail == "full"))


def group_lines(group: Group, style: Style, *, full: bool = False) -> Iterator[str]:
    """One change, or several that say the same."""
    first = group.first
    if len(group.changes) == 1:
        yield _title(first, style)
    else:
        alike = count(len(group.changes), f"{first.kind} object") + _alike(first)
        yield f"{_action(first, style)}  {plain(alike)}"
        for change in group.changes:
            yield f"      {_named(change, style)}"
    if first.reason and first.action is not Action.UNCHANGED:
        yield f"    {style('dim', 'why:')} {plain(first.reason)}"
    for field in details(first):
        yield from _field_lines(field, style, full=full)
    if full:
        yield from _more(group, style)
    if first.candidates:
        yield f"    {style('blocked', 'candidates:')} assets {', '.join(str(candidate) for candidate in first.candidates)}"
    for warning in first.warnings:
        yield f"    {style('warning', 'warning:')} {plain(warning)}"


def _alike(change: Change) -> str:
    return " with the same change" if change.fields else " for the same reason"


def _title(change: Change, style: Style) -> str:
    return f"{_action(change, style)}  {_named(change, style)}"


def _action(change: Change, style: Style) -> str:
    word = f"{SYMBOLS[change.action]} {change.action.value}"
    return style(change.action.value, f"{word:<12}")


def _named(change: Change, style: Style) -> str:
    known = identity(change)
    place = where(change)
    return (
        style("bold", plain(change.address))
        + (f" ({plain(known)})" if known else "")
        + (style("dim", f"  {plain(place)}") if place else "")
    )


def _field_lines(field: FieldChange, style: Style, *, full: bool) -> Iterator[str]:
    width = None if full else _WIDTH
    path = plain(field.path)
    basis = style("dim", f"  [{field.basis.value}]")
    if field.before is None:
        yield from _one_sided(f"    {style('added', '+')} {path}:", field.after, "", width)
    elif field.after is None:
        yield from _one_sided(f"    {style('removed', '-')} {path}:", field.before, basis, width)
    elif is_list(field.before) and is_list(field.after):
        yield f"    {style('update', '~')} {path}:{basis}"
        yield from _list_lines(field, style, width)
    else:
        before, after = shown(field.before, width=width), shown(field.after, width=width)
        arrow = " -> "
        if len(before) + len(after) > _WIDTH:
            arrow = "\n          -> "
        yield f"    {style('update', '~')} {path}: {style('removed', before)}{arrow}{style('added', after)}{basis}"


def _one_sided(label: str, value: Any, basis: str, width: int | None) -> Iterator[str]:
    """A value that is on one side only; a list that does not fit in a line gets a line an item."""
    if not is_list(value) or len(shown(value, width=None)) <= _WIDTH:
        yield f"{label} {shown(value, width=width)}{basis}"
        return
    yield f"{label} {count(len(value), 'item')}{basis}"
    most = len(value) if width is None else _LISTED
    yield from (f"        {shown(item, width=width)}" for item in value[:most])
    if len(value) > most:
        yield f"        ... and {len(value) - most} more (--detail full)"


def _list_lines(field: FieldChange, style: Style, width: int | None) -> Iterator[str]:
    difference = list_difference(field.before, field.after)
    for item in difference.removed:
        yield f"        {style('removed', '- ' + shown(item, width=width))}"
    for item in difference.added:
        yield f"        {style('added', '+ ' + shown(item, width=width))}"
    for change in difference.changed:
        name = f"{plain(change.item)} {plain(change.path)}".strip()
        yield f"        {style('update', '~')} {name}: {shown(change.before, width=width)} -> {shown(change.after, width=width)}"
    if difference.kept:
        yield style("dim", f"        ({count(difference.kept, 'item')} the same)")


def _more(group: Group, style: Style) -> Iterator[str]:
    """What only `--detail full` shows: the exact payload, scope and order of each change."""
    for change in group.changes:
        of = f" of {plain(change.address)}" if len(group.changes) > 1 else ""
        if change.depends_on:
            yield f"    {style('dim', f'after{of}:')} {plain(', '.join(change.depends_on))}"
        if change.scope is not None:
            yield f"    {style('dim', f'scope{of}:')} {count(len(change.scope), 'id')}: {plain(', '.join(change.scope))}"
        if change.payload is not None and change.fields:
            yield f"    {style('dim', f'sent{of}:')}"
            document = json.dumps(dict(change.payload.items()), indent=2, sort_keys=True, ensure_ascii=False, default=str)
            yield from (f"      {plain(line)}" for line in document.splitlines())


def _rest(plan: Plan, style: Style, *, color: bool, fields: bool) -> Iterator[str]:
    notes = basis_notes(plan) if fields else ()
    if notes:
        yield "\n".join(style("dim", note) for note in notes)
    if plan.checks:
        yield "\n".join(["Checks", *(_check_line(check, style) for check in plan.checks)])
    if plan.diagnostics:
        yield diagnostics_text(plan.diagnostics, color=color).rstrip("\n")
    limits = list(_limit_lines(plan, style))
    if limits:
        yield "\n".join(["Limits", *limits])
    yield "\n".join(["Calls", *(f"  {plain(line)}" for line in calls_lines(plan))])


def _check_line(check: Check, style: Style) -> str:
    place = f"  {plain(check.position.file)}:{check.position.line}" if check.position is not None else ""
    verdict = style(check.status, f"{check.status:<4}")
    return f"  {verdict}  {plain(check.address)}: {plain(check.message)}{style('dim', place)}"


def _limit_lines(plan: Plan, style: Style) -> Iterator[str]:
    for breach in plan.breaches:
        yield f"  {style('blocked', 'exceeded')}  {plain(breach.name)}: {plain(breach.message)}"
        override = style("bold", plain(breach.override))
        yield f"            value {breach.value}, limit {plain(breach.limit)}; to lift it: {override}"
    for line in plan.limits:
        yield f"  {plain(line)}"


def _foot(plan: Plan, style: Style, digest: str | None, title: str) -> Iterator[str]:
    if digest:
        yield f"Digest: {plain(digest)}"
    yield from _obstacle_line(plan, style)
    yield style("bold", summary(plan, title))
