"""The plan as one HTML file: no network, a strict content security policy, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from declarative.core.diagnostics import Diagnostic
from declarative.plan.model import Action, Change, Check, FieldChange, Plan
from declarative.render.html_assets import page_assets
from declarative.render.html_parts import Markup, join, tag
from declarative.render.plan_view import (
    MEANINGS,
    READING_ORDER,
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
from declarative.render.style import count
from declarative.render.values import list_difference, shown

_MOST_GROUPS = 5_000
_OPEN_UP_TO = 30
_WIDTH = 600


def plan_html(plan: Plan, *, digest: str | None = None, list_all: bool = False, title: str = "Plan") -> str:
    """The whole page. The first 5 000 objects (or groups of alike ones) are in it; the number of others is told."""
    found = groups(plan, list_all=list_all)
    heading = f"{title} for {plan.project}" + (f" ({plan.environment})" if plan.environment else "")
    assets = page_assets()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=assets.policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", heading),
        _raw("style", assets.style),
    )
    body = tag(
        "body",
        *_head(plan, heading, title),
        *_charts(plan),
        *_changes(found),
        *_rest(plan, digest),
        _raw("script", assets.script),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en').html}\n"


def _raw(name: str, text: str) -> Markup:
    """Our own style and script, as they are: their digests are in the policy."""
    return Markup(f"<{name}>{text}</{name}>")


def _head(plan: Plan, heading: str, title: str) -> Iterator[Markup]:
    yield tag("h1", heading)
    yield tag("div", plan.base_url, class_="soft")
    yield tag("p", summary(plan, title), class_="summary")
    found = obstacles(plan)
    if found:
        yield tag("div", tag("b", "This plan cannot be applied: "), ", ".join(found) + ".", class_="banner", role="alert")
    for label, text in headline_notes(plan):
        yield tag("div", tag("b", f"{label.capitalize()}: "), text, class_="banner note")


def _charts(plan: Plan) -> Iterator[Markup]:
    numbers = [(action, plan.count(action)) for action in READING_ORDER if plan.count(action)]
    lines = tag("ul", *(tag("li", line) for line in calls_lines(plan)))
    cards = [tag("section", tag("h2", "Calls against quota"), _calls_chart(plan), lines, class_="card")]
    if numbers:
        legend = tag("div", *(_chip(action, number) for action, number in numbers), class_="legend")
        told = ", ".join(f"{number} {action.value}" for action, number in numbers)
        bar = _bar([(action.value, number) for action, number in numbers], told)
        cards.insert(0, tag("section", tag("h2", "Actions"), bar, legend, class_="card"))
    yield tag("div", *cards, class_="cards")


def _chip(action: Action, number: int) -> Markup:
    dot = tag("span", class_=f"dot is-{action.value}")
    label = f"{number} {action.value}"
    return tag(
        "button", dot, label, class_="chip", type="button", data_action=action.value, aria_pressed="true", title=MEANINGS[action]
    )


def _bar(parts: Sequence[tuple[str, int]], label: str, *, total: int | None = None, mark: int | None = None) -> Markup:
    """A stacked bar; widths are attributes, since the policy allows no inline style. `mark`: a line at this value."""
    whole = max(total or sum(number for _, number in parts), 1)
    at = 0.0
    pieces = [tag("rect", class_="track", x="0", y="0", width=_WIDTH, height="20")]
    for role, number in parts:
        width = _WIDTH * number / whole
        if number:
            pieces.append(tag("rect", class_=f"is-{role}", x=f"{at:.2f}", y="0", width=f"{max(width, 2.0):.2f}", height="20"))
        at += width
    if mark is not None:
        pieces.append(
            tag("rect", class_="mark", x=f"{min(_WIDTH * mark / whole, _WIDTH - 3):.2f}", y="0", width="3", height="20")
        )
    return tag("svg", *pieces, role="img", aria_label=label, viewBox=f"0 0 {_WIDTH} 20", preserveAspectRatio="none")


def _calls_chart(plan: Plan) -> Markup:
    """What is used of the quota, and what apply will add; without a known quota, the calls among themselves."""
    quota, calls = plan.quota, plan.calls
    if quota.limit is None or quota.remaining is None:
        parts = [("adopt", calls.read, "read"), ("update", calls.sync, "sync"), ("run", calls.report, "report")]
        total, mark = None, None
    else:
        used = max(quota.limit - quota.remaining, 0)
        parts = [("unchanged", used, "used already"), ("update", calls.sync, "sync"), ("run", calls.report, "report")]
        total, mark = max(quota.limit, used + calls.sync + calls.report), quota.limit
    told = ", ".join(f"{number} {word}" for _, number, word in parts) + (f", limit {mark}" if mark is not None else "")
    legend = [tag("span", tag("span", class_=f"dot is-{role}"), f"{number} {word}") for role, number, word in parts]
    if mark is not None:
        legend.append(tag("span", f"limit {mark}", class_="soft"))
    bar = _bar([(role, number) for role, number, _ in parts], told, total=total, mark=mark)
    return join(bar, tag("div", *legend, class_="legend"))


def _changes(found: Sequence[Group]) -> Iterator[Markup]:
    yield tag(
        "div",
        tag("input", type="search", id="filter", placeholder="Filter: name, field, value, file", aria_label="Filter changes"),
        tag("button", "open all", class_="plain", id="toggle", type="button", aria_pressed="false"),
        tag("span", "", id="shown", class_="soft", aria_live="polite"),
        class_="tools",
    )
    opened = len(found) <= _OPEN_UP_TO
    for group in found[:_MOST_GROUPS]:
        yield _group(group, opened=opened)
    hidden = sum(len(group.changes) for group in found[_MOST_GROUPS:])
    if hidden:
        yield tag("p", f"{count(hidden, 'more object')} not shown; `declarative show` lists them all.", class_="banner note")


def _group(group: Group, *, opened: bool) -> Markup:
    first = group.first
    many = len(group.changes) > 1
    name = f"{count(len(group.changes), f'{first.kind} object')} alike" if many else first.address
    head = [
        tag("span", f"{SYMBOLS[first.action]} {first.action.value}".strip(), class_=f"word is-{first.action.value}"),
        tag("span", name, class_="address"),
    ]
    if not many:
        head += [tag("span", identity(first), class_="soft"), tag("span", where(first), class_="soft place")]
    body = list(_group_body(group)) if first.action is not Action.UNCHANGED or many else []
    return tag(
        "details",
        tag("summary", *head),
        tag("div", *body),
        class_="change",
        data_action=first.action.value,
        open=(opened and first.action.is_change) or first.action is Action.BLOCKED,
    )


def _group_body(group: Group) -> Iterator[Markup]:
    first = group.first
    if first.reason:
        yield tag("p", first.reason)
    if len(group.changes) > 1:
        yield tag("ul", *(_member(change) for change in group.changes))
    if first.candidates:
        yield tag("p", "Candidates: assets " + ", ".join(str(candidate) for candidate in first.candidates))
    for warning in first.warnings:
        yield tag("p", tag("b", "warning: ", class_="is-warning"), warning)
    fields = details(first)
    if fields:
        head = tag("tr", *(tag("th", text) for text in ("field", "before", "after", "basis")))
        yield tag("table", tag("thead", head), tag("tbody", *(_row(field) for field in fields)))


def _member(change: Change) -> Markup:
    return tag("li", tag("b", change.address), " ", tag("span", f"{identity(change)}  {where(change)}".strip(), class_="soft"))


def _row(field: FieldChange) -> Markup:
    if is_list(field.before) and is_list(field.after):
        before, after = _list_cells(field)
    else:
        before = tag("td", shown(field.before, width=None), class_="value removed") if field.before is not None else tag("td")
        after = tag("td", shown(field.after, width=None), class_="value added") if field.after is not None else tag("td")
    basis = field.basis.value if field.before is not None else ""
    return tag("tr", tag("td", _breakable(field.path), class_="path"), before, after, tag("td", basis, class_="soft"))


def _breakable(path: str) -> Markup:
    """A path that may be wrapped after its dots."""
    parts = [part + "." for part in path.split(".")]
    parts[-1] = parts[-1][:-1]
    return join(*(piece for part in parts for piece in (part, tag("wbr"))))


def _list_cells(field: FieldChange) -> tuple[Markup, Markup]:
    difference = list_difference(field.before, field.after)
    gone = [tag("div", shown(item, width=None)) for item in difference.removed]
    new = [tag("div", shown(item, width=None)) for item in difference.added]
    gone += [tag("div", f"{change.item} {change.path}: {shown(change.before, width=None)}") for change in difference.changed]
    new += [tag("div", f"{change.item} {change.path}: {shown(change.after, width=None)}") for change in difference.changed]
    if difference.kept:
        new.append(tag("div", f"({count(difference.kept, 'item')} the same)", class_="soft"))
    return tag("td", *gone, class_="value removed"), tag("td", *new, class_="value added")


def _rest(plan: Plan, digest: str | None) -> Iterator[Markup]:
    for note in basis_notes(plan):
        yield tag("p", note, class_="soft")
    if plan.checks:
        yield tag("h2", "Checks")
        yield tag("table", tag("tbody", *(_check(check) for check in plan.checks)))
    if plan.diagnostics:
        yield tag("h2", "Findings")
        yield tag("table", tag("tbody", *(_finding(diagnostic) for diagnostic in plan.diagnostics)))
    if plan.breaches or plan.limits:
        yield tag("h2", "Limits")
        exceeded = [
            tag(
                "li", tag("b", "exceeded: ", class_="is-blocked"), f"{breach.message}; to lift it: ", tag("code", breach.override)
            )
            for breach in plan.breaches
        ]
        yield tag("ul", *exceeded, *(tag("li", line) for line in plan.limits))
    if digest:
        yield tag("h2", "What is approved")
        yield tag("p", tag("code", digest, class_="digest"))


def _check(check: Check) -> Markup:
    place = str(check.position) if check.position is not None else ""
    verdict = tag("td", tag("b", check.status, class_=f"is-{check.status}"))
    return tag("tr", verdict, tag("td", check.address), tag("td", check.message), tag("td", place, class_="soft"))


def _finding(diagnostic: Diagnostic) -> Markup:
    place = str(diagnostic.position) if diagnostic.position is not None else ""
    severity = diagnostic.severity.value
    hint = join(tag("br"), tag("span", diagnostic.hint, class_="soft")) if diagnostic.hint else ""
    return tag(
        "tr",
        tag("td", tag("b", severity, class_=f"is-{severity}")),
        tag("td", diagnostic.message, hint),
        tag("td", tag("code", diagnostic.rule)),
        tag("td", place, class_="soft"),
    )
