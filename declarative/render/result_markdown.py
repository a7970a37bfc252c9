"""What became of an apply, as a comment or job summary: the same rules as the plan's Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from declarative.plan.model import ApplyResult, ChangeResult, OutcomeKind
from declarative.render.escape import markdown_code, markdown_fence, plain
from declarative.render.plan_markdown import FORGE_LIMITS, sticky_marker
from declarative.render.result_text import result_summary
from declarative.render.style import count

_ORDER = (OutcomeKind.UNCERTAIN, OutcomeKind.FAILED, OutcomeKind.STALE, OutcomeKind.SKIPPED, OutcomeKind.APPLIED)
_GOOD = (OutcomeKind.APPLIED, OutcomeKind.SKIPPED)


def result_markdown(result: ApplyResult, *, limit: int = FORGE_LIMITS["github-comment"]) -> str:
    """The result as Markdown of at most `limit` bytes; what went wrong comes first, and is cut last."""
    environment = f", environment {markdown_code(result.environment)}" if result.environment else ""
    head = [
        sticky_marker(result.project, result.environment, purpose="apply"),
        f"### Apply of {markdown_code(result.project)}{environment}",
        "",
        f"**{result_summary(result)}**",
        "",
    ]
    if result.interrupted:
        head += ["> **Interrupted:** what was in flight is recorded; go on with `declarative apply --resume`.", ""]
    foot = f"Plan {markdown_code(result.plan_digest)}, run {markdown_code(result.run_id)}\n"
    text = "\n".join(head) + "\n"
    budget = limit - len(text.encode()) - len(foot.encode()) - 200
    return text + "".join(_sections(result, budget)) + foot


def _sections(result: ApplyResult, budget: int) -> Iterator[str]:
    hidden = 0
    for outcome in _ORDER:
        entries = [entry for entry in result.results if entry.outcome is outcome]
        if not entries:
            continue
        opened = "" if outcome in _GOOD else " open"
        budget -= 120
        lines: list[str] = []
        for entry in entries:
            line = _line(entry)
            budget -= len(line.encode()) + 1
            if budget < 0:
                hidden += 1
            else:
                lines.append(line)
        if lines:
            fence = markdown_fence("\n".join(lines))
            yield f"<details{opened}><summary><b>{len(entries)} {outcome.value}</b></summary>\n\n{fence}\n\n</details>\n\n"
    if hidden:
        yield f"**{count(hidden, 'more object')} not shown.**\n\n"


def _line(entry: ChangeResult) -> str:
    place = f"  {entry.source.file}:{entry.source.line}" if entry.source is not None else ""
    parts = [f"{entry.action.value:<7} {entry.address}{place}"]
    if entry.error:
        parts.append(f"        {entry.error}")
    if entry.file_uuid:
        parts.append(f"        report file {entry.file_uuid}")
    if entry.arrived is False:
        parts.append("        accepted, but not yet in the inventory")
    return "\n".join(plain(part) for part in parts)
