"""One post that updates itself, instead of a new one a run: found again by the hidden marker in its first line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from declarative.core.errors import UsageError
from declarative.forges.model import Forge, Post

Deed = Literal["posted", "updated", "unchanged", "struck out", "closed", "absent"]

_MARKER = re.compile(r"<!-- declarative:[a-z]+:[0-9a-f]{16} -->")
_FENCE = re.compile(r"^(`{3,})")
_CUT = "**Cut here:** it is longer than the forge takes. The whole text is in the job's log or artifacts."


def marker_of(body: str) -> str:
    """The marker a body begins with. Raises UsageError when there is none."""
    found = _MARKER.match(body)
    if found is None:
        raise UsageError(
            "the text does not begin with the marker by which it would be found again",
            hint="write it with: declarative plan -o markdown=FILE",
        )
    return found.group()


def put_comment(forge: Forge, body: str) -> tuple[Deed, Post]:
    """Posts the comment, or updates the one of an earlier run; text that stands there already costs no call."""
    body = cut(body, forge.comment_limit)
    found = _find(forge.comments(), marker_of(body))
    if found is None:
        return "posted", forge.add_comment(body)
    if _same(found.body, body):
        return "unchanged", found
    return "updated", forge.edit_comment(found, body)


def strike_comment(forge: Forge, marker: str, reason: str) -> tuple[Deed, Post | None]:
    """Strikes the comment of an earlier run out; nothing where there is none."""
    found = _find(forge.comments(), marker)
    if found is None:
        return "absent", None
    body = cut(struck_out(found.body, reason), forge.comment_limit)
    if _same(found.body, body):
        return "unchanged", found
    return "struck out", forge.edit_comment(found, body)


def put_issue(forge: Forge, title: str, body: str) -> tuple[Deed, Post]:
    """Opens the issue, or updates the open one of an earlier run."""
    body = cut(body, forge.comment_limit)
    found = _find(forge.issues(), marker_of(body))
    if found is None:
        return "posted", forge.add_issue(title, body)
    if _same(found.body, body):
        return "unchanged", found
    return "updated", forge.edit_issue(found, body)


def close_issue(forge: Forge, marker: str) -> tuple[Deed, Post | None]:
    found = _find(forge.issues(), marker)
    return ("absent", None) if found is None else ("closed", forge.close_issue(found))


def struck_out(body: str, reason: str) -> str:
    """The comment with its heading struck out, why, and the rest folded away. Once is enough."""
    marker, _, rest = body.partition("\n")
    heading, _, rest = rest.partition("\n")
    if heading.startswith("### ~~"):
        return body
    title = heading.removeprefix("### ").strip()
    note = re.sub(r"[\s`]+", " ", reason).strip()
    folded = f"<details><summary>What it said</summary>\n\n{rest.strip()}\n\n</details>"
    return f"{marker}\n### ~~{title}~~\n\n**Stale:** `{note}`\n\n{folded}\n"


def cut(body: str, limit: int) -> str:
    """At most `limit` bytes, cut between lines, with every fence and folded section closed."""
    if len(body.encode()) <= limit:
        return body
    room = limit - len(_CUT.encode()) - 200
    kept: list[str] = []
    for line in body.split("\n"):
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    fence = _open_fence(kept)
    text = "\n".join([*kept, *([fence] if fence else [])])
    folded = max(0, text.count("<details") - text.count("</details>"))
    return text + "\n" + "\n</details>\n" * min(folded, 8) + f"\n{_CUT}\n"


def _open_fence(lines: Iterable[str]) -> str | None:
    fence: str | None = None
    for line in lines:
        found = _FENCE.match(line)
        if fence is None:
            fence = found.group(1) if found else None
        elif line.rstrip() == fence:
            fence = None
    return fence


def _find(posts: Iterable[Post], marker: str) -> Post | None:
    return next((post for post in posts if post.body.startswith(marker) and post.mine), None)


def _same(one: str, other: str) -> bool:
    # Forges normalise line ends and trim.
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
