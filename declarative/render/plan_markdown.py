"""The plan as a comment on a change request: found again by its marker, escaped by construction, cut to size.

Foreign text stands only inside code fences and code spans, whose fences are longer than any backticks within: there
it is no link, no mention, no heading, no HTML.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from declarative.plan.model import Action, Change, Check, FieldChange, Plan
from declarative.render.diagnostics import diagnostics_text, limited
from declarative.render.escape import markdown_code, markdown_fence, plain
from declarative.render.plan_view import (
    MEANINGS,
    READING_ORDER,
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
from declarative.render.style import count
from declarative.render.values import list_difference, shown

# What a forge takes, in the unit it counts; bytes are never fewer than characters, so all are kept in bytes.
FORGE_LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "github-comment": 65_536,
        "github-summary": 1_048_576,
        "gitlab-note": 1_000_000,
        "bitbucket-server": 32_768,
        "azure-devops": 150_000,
    }
)

_OBJECT_LINES = 80
_LISTED = 25
_PORTION = 50
_NAME_LENGTH = 120


def sticky_marker(project: str, environment: str | None = None, *, purpose: str = "plan") -> str:
    """An invisible first line by which a later run finds its own comment: one a project, environment and purpose."""
    key = hashlib.sha256(f"{project}\0{environment or ''}".encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return f"<!-- declarative:{re.sub('[^a-z]', '', purpose)}:{key} -->"


def plan_markdown(
    plan: Plan,
    *,
    digest: str | None = None,
    list_all: bool = False,
    limit: int = FORGE_LIMITS["github-comment"],
    stale: str | None = None,
    title: str = "Plan",
) -> str:
    """The plan as Markdown of at most `limit` bytes, cut between objects, with the number of those not shown.

    `stale`: why this plan is no longer worth reading; the heading is struck out and the body folded away. `title`: the
    first word, `Drift` for a comparison with what was applied; each has its own comment.
    """
    head = _head(plan, stale, title)
    foot = _foot(plan, digest)
    budget = limit - len((head + foot).encode()) - 400
    body = _body(groups(plan, list_all=list_all), budget)
    if stale is not None:
        body = f"<details><summary>What it said</summary>\n\n{body}\n\n</details>\n\n"
    text = head + body + foot
    return text if len(text.encode()) <= limit else _smallest(plan, digest, limit, title)


def _head(plan: Plan, stale: str | None, title: str) -> str:
    heading = f"{title} for {_code(plan.project)}" + (f", environment {_code(plan.environment)}" if plan.environment else "")
    lines = [sticky_marker(plan.project, plan.environment, purpose=title.lower())]
    if stale is not None:
        lines += [f"### ~~{heading}~~", "", f"**Stale:** {_code(stale)}", ""]
    else:
        lines += [f"### {heading}", ""]
    lines += [f"**{summary(plan, title)}**", ""]
    found = obstacles(plan)
    if found:
        lines += [f"> **This plan cannot be applied:** {', '.join(found)}.", ""]
    for label, text in headline_notes(plan):
        lines += [f"> **{label.capitalize()}:** {_code(text)}", ""]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return markdown_code(text if len(text) <= _NAME_LENGTH else text[:_NAME_LENGTH] + "...")


def _smallest(plan: Plan, digest: str | None, limit: int, title: str) -> str:
    """For a budget in which not even the frame fits: marker, summary, digest."""
    lines = [
        sticky_marker(plan.project, plan.environment, purpose=title.lower()),
        "",
        f"**{summary(plan, title)}**",
        "",
        "It is too long for this place.",
    ]
    if obstacles(plan):
        lines.insert(4, "**This plan cannot be applied.**\n")
    text = "\n".join([*lines, *([f"\nDigest: {markdown_code(digest)}"] if digest else [])]) + "\n"
    return text if len(text.encode()) <= limit else text.encode()[:limit].decode(errors="ignore")


def _body(found: Sequence[Group], budget: int) -> str:
    """One folded section an action, each with one fence; objects until the budget is spent."""
    sections: list[str] = []
    hidden = 0
    left = budget
    for action, of_action in groupby(found, key=lambda group: group.first.action):
        members = [part for group in of_action for part in _parts(group)]
        objects = sum(len(group.changes) for group in members)
        frame = _section(action, objects, "")
        left -= len(frame.encode())
        kept: list[str] = []
        for group in members:
            block = "" if hidden else plain("\n".join(_diff_lines(group)), lines=True)
            size = len(block.encode()) + 2
            if hidden or left < size:
                hidden += len(group.changes)
                continue
            left -= size
            kept.append(block)
        if kept:
            sections.append(_section(action, objects, "\n\n".join(kept)))
    if hidden:
        sections.append(
            f"**{count(hidden, 'more object')} not shown**: the comment is full; see the plan file or the job's log.\n\n"
        )
    return "".join(sections)


def _parts(group: Group) -> Iterator[Group]:
    """A very large group in portions, so that a cut can fall within it."""
    for start in range(0, len(group.changes), _PORTION):
        yield Group(group.changes[start : start + _PORTION])


def _section(action: Action, objects: int, text: str) -> str:
    opened = " open" if READING_ORDER.index(action) < READING_ORDER.index(Action.ADOPT) else ""
    title = f"{objects} {MEANINGS[action]}"
    return f"<details{opened}><summary><b>{title}</b></summary>\n\n{markdown_fence(text, language='diff')}\n\n</details>\n\n"


def _diff_lines(group: Group) -> Iterator[str]:
    """Lines of a `diff` fence: forges colour those that start with + - ! and leave the rest."""
    lines = list(_all_lines(group))
    room = _OBJECT_LINES + len(group.changes)
    yield from lines[:room]
    if len(lines) > room:
        yield f"  ... {count(len(lines) - room, 'more line')} of this object not shown"


def _all_lines(group: Group) -> Iterator[str]:
    for change in group.changes:
        yield plain(_named(change))
    first = group.first
    if first.reason and first.action is not Action.UNCHANGED:
        yield f"# {plain(first.reason)}"
    for field in details(first):
        yield from _field_lines(field)
    if first.candidates:
        yield "# candidates: assets " + ", ".join(str(candidate) for candidate in first.candidates)
    for warning in first.warnings:
        yield f"! warning: {plain(warning)}"


def _named(change: Change) -> str:
    mark = {Action.CREATE: "+", Action.RETIRE: "-", Action.FORGET: "-"}.get(change.action, "!")
    known = identity(change)
    place = where(change)
    return f"{mark} {change.address}" + (f" ({known})" if known else "") + (f"  {place}" if place else "")


def _field_lines(field: FieldChange) -> Iterator[str]:
    path = plain(field.path)
    basis = f"  [{field.basis.value}]"
    if is_list(field.before) and is_list(field.after):
        difference = list_difference(field.before, field.after)
        yield f"  {path}:{basis}"
        yield from (f"-   {shown(item)}" for item in difference.removed)
        yield from (f"+   {shown(item)}" for item in difference.added)
        for change in difference.changed:
            name = f"{plain(change.item)} {plain(change.path)}"
            yield f"-   {name}: {shown(change.before)}"
            yield f"+   {name}: {shown(change.after)}"
        return
    if field.before is not None:
        yield f"- {path}: {shown(field.before)}{basis}"
    if field.after is not None:
        yield f"+ {path}: {shown(field.after)}"


def _foot(plan: Plan, digest: str | None) -> str:
    parts: list[str] = []
    if plan.checks:
        rows = [f"{check.status:<4}  {check.address}: {check.message}" for check in _worst_first(plan)]
        parts.append(f"**Checks**\n\n{markdown_fence(_lines(rows))}\n")
    if plan.diagnostics:
        kept = limited(plan.diagnostics, _LISTED)
        more = len(plan.diagnostics) - len(kept)
        text = diagnostics_text(kept).rstrip("\n") + (f"\n({count(more, 'more finding')})" if more else "")
        parts.append(f"**Findings**\n\n{markdown_fence(text)}\n")
    limits = [f"exceeded: {breach.message}; to lift it: {breach.override}" for breach in plan.breaches]
    if limits or plan.limits:
        parts.append(f"**Limits**\n\n{markdown_fence(_lines([*limits, *plan.limits]))}\n")
    notes = "".join(f"\n{note}" for note in basis_notes(plan))
    parts.append(f"**Calls**\n\n{markdown_fence(_lines(calls_lines(plan)) + notes)}\n")
    if digest:
        parts.append(f"Digest: {markdown_code(digest)}\n")
    return "\n".join(parts)


def _worst_first(plan: Plan) -> list[Check]:
    rank = {"fail": 0, "warn": 1}
    return sorted(plan.checks, key=lambda check: (rank.get(check.status, 2), check.address))


def _lines(rows: Sequence[str]) -> str:
    kept = [plain(row) for row in rows[:_LISTED]]
    return "\n".join(kept + ([f"({len(rows) - _LISTED} more)"] if len(rows) > _LISTED else []))
