"""`declarative ci`: the comment of a change request, the issue of a nightly run."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from declarative.cli.options import Settings, global_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from declarative.forges.model import Place, Post

F = TypeVar("F", bound=Callable[..., Any])


@click.group("ci")
def command() -> None:
    """In a pipeline: one comment that updates itself, one issue that a nightly run opens and closes."""


def forge_options(function: F) -> F:
    options = (
        click.option("--body-file", metavar="FILE", help="Markdown of plan, show, apply or drift; - is stdin."),
        click.option("--purpose", default="plan", metavar="WORD", help="Which text of the project: plan, apply or drift."),
        click.option("--forge", type=click.Choice(["github", "gitlab"]), help="Default: where the pipeline runs."),
        click.option("--repository", metavar="OWNER/NAME|ID", help="Default: the pipeline's own."),
    )
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), function)


@command.command("comment")
@forge_options
@click.option("--number", type=click.IntRange(min=1), help="Pull or merge request; default: the pipeline's own.")
@click.option("--stale", metavar="REASON", help="Strike an earlier comment out instead.")
@global_options
def comment(
    settings: Settings,
    body_file: str | None,
    purpose: str,
    forge: Any,
    repository: str | None,
    number: int | None,
    stale: str | None,
) -> ExitCode:
    """Post the comment of a change request, or update the one of an earlier run.

    The token comes from GITHUB_TOKEN or GITLAB_TOKEN. With --stale REASON, an earlier comment is struck out.
    """
    from declarative.core.clock import SystemClock
    from declarative.forges.place import detect, opened
    from declarative.forges.sticky import put_comment, strike_comment

    _one_of(body_file, "--body-file", stale, "--stale")
    body = _body(settings, body_file) if body_file is not None else ""
    place = detect(os.environ, forge=forge, repository=repository, number=number)
    with opened(place, SystemClock()) as at:
        if stale is not None:
            return _say(settings, place, "comment", *strike_comment(at, _marker(settings, purpose), stale))
        return _say(settings, place, "comment", *put_comment(at, body))


@command.command("issue")
@forge_options
@click.option("--title", metavar="TEXT", default="Drift in the inventory", show_default=True, help="Of a new issue.")
@click.option("--close", is_flag=True, help="Close the issue of an earlier run instead: all is well again.")
@global_options
def issue(
    settings: Settings,
    body_file: str | None,
    purpose: str,
    forge: Any,
    repository: str | None,
    title: str,
    close: bool,
) -> ExitCode:
    """Open an issue, or update the one that an earlier run opened; --close when there is nothing to report any more."""
    from declarative.core.clock import SystemClock
    from declarative.forges.place import detect, opened
    from declarative.forges.sticky import close_issue, put_issue

    _one_of(body_file, "--body-file", close or None, "--close")
    body = _body(settings, body_file) if body_file is not None else ""
    place = detect(os.environ, forge=forge, repository=repository, number=None)
    with opened(place, SystemClock()) as at:
        if close:
            return _say(settings, place, "issue", *close_issue(at, _marker(settings, purpose)))
        return _say(settings, place, "issue", *put_issue(at, title, body))


def _one_of(first: Any, name: str, second: Any, other: str) -> None:
    if (first is None) == (second is None):
        raise UsageError(f"give one of {name} and {other}")


def _body(settings: Settings, path: str) -> str:
    from declarative.forges.sticky import marker_of

    try:
        text = sys.stdin.read() if path == "-" else (settings.chdir / Path(path)).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    marker_of(text)
    # What goes to a forge is as public as a log.
    return settings.console.redact(text)


def _marker(settings: Settings, purpose: str) -> str:
    from declarative.cli.session import runtime_for, workspace_for
    from declarative.render.plan_markdown import sticky_marker

    project = workspace_for(settings, runtime_for(settings)).project
    return sticky_marker(project.name, project.environment, purpose=purpose)


def _say(settings: Settings, place: Place, what: str, deed: str, post: Post | None) -> ExitCode:
    where = post.url if post is not None and post.url else f"{place.repository}" + (f" {place.number}" if place.number else "")
    settings.console.note(f"no {what} to change" if deed == "absent" else f"{what} {deed}: {where}")
    return ExitCode.OK
