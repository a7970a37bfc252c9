"""One comment that updates itself, one issue that opens and closes: against an emulated forge over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from declarative.core.errors import ApiError, AuthError, UsageError
from declarative.forges.model import Forge
from declarative.forges.place import detect, opened
from declarative.forges.sticky import close_issue, cut, marker_of, put_comment, put_issue, strike_comment, struck_out
from declarative.render.plan_markdown import sticky_marker

MARKER = sticky_marker("acme")
BODY = f"{MARKER}\n### Plan for `acme`\n\n**1 to create.**\n"


class NoWaiting:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> Any:
        raise AssertionError

    def monotonic(self) -> float:
        raise AssertionError

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def at(environ: Mapping[str, str], clock: Any = None) -> Any:
    return opened(detect(environ, forge=None, repository=None, number=None), clock or NoWaiting())


@pytest.fixture(params=["github", "gitlab"])
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    given: dict[str, str] = request.getfixturevalue(request.param)
    return given


def test_the_first_run_posts_and_later_ones_update_the_same_comment(environ: dict[str, str], emulated: Any) -> None:
    for number in range(5):  # other people's words, over several pages
        emulated.comment(f"looks good {number}", "ana")
    with at(environ) as forge:
        assert put_comment(forge, BODY)[0] == "posted"
    with at(environ) as forge:
        assert put_comment(forge, BODY)[0] == "unchanged"
        assert put_comment(forge, BODY.replace("1 to", "2 to"))[0] == "updated"
    ours = [row["body"] for row in emulated.comments if row["body"].startswith(MARKER)]
    assert ours == [BODY.replace("1 to", "2 to")]


def test_another_environment_has_a_comment_of_its_own(environ: dict[str, str], emulated: Any) -> None:
    with at(environ) as forge:
        put_comment(forge, BODY)
        put_comment(forge, BODY.replace(MARKER, sticky_marker("acme", "production")))
    assert len(emulated.comments) == 2


def test_a_comment_that_somebody_else_planted_is_left_alone(environ: dict[str, str], emulated: Any) -> None:
    emulated.comment(BODY, "mallory")
    with at(environ) as forge:
        assert put_comment(forge, BODY)[0] == "posted"
    assert len(emulated.comments) == 2


def test_a_stale_comment_is_struck_out_once_and_stays_findable(environ: dict[str, str], emulated: Any) -> None:
    with at(environ) as forge:
        assert strike_comment(forge, MARKER, "never posted")[0] == "absent"
        put_comment(forge, BODY)
        assert strike_comment(forge, MARKER, "commit `abc`\n# is newer")[0] == "struck out"
        assert strike_comment(forge, MARKER, "again")[0] == "unchanged"
        (comment,) = emulated.comments
        assert comment["body"].splitlines()[:4] == [MARKER, "### ~~Plan for `acme`~~", "", "**Stale:** `commit abc # is newer`"]
        assert "1 to create" in comment["body"]
        assert put_comment(forge, BODY)[0] == "updated"
    assert emulated.comments[0]["body"] == BODY


def test_an_issue_is_opened_updated_and_closed_and_the_next_one_is_another(environ: dict[str, str], emulated: Any) -> None:
    with at(environ) as forge:
        assert close_issue(forge, MARKER)[0] == "absent"
        assert put_issue(forge, "Drift", BODY)[0] == "posted"
        assert put_issue(forge, "Drift", BODY + "more\n")[0] == "updated"
        assert close_issue(forge, MARKER)[0] == "closed"
        assert put_issue(forge, "Drift", BODY)[0] == "posted"
    assert [row["state"] for row in emulated.issues] == ["closed", "open"]


def test_a_limit_is_waited_for_as_long_as_the_forge_says(github: dict[str, str], emulated: Any) -> None:
    clock = NoWaiting()
    emulated.trouble = [(429, {"Retry-After": "7"}), (403, {"Retry-After": "3"}), (502, {})]
    with at(github, clock) as forge:
        put_comment(forge, BODY)
    assert clock.slept == [7, 3, 8]


def test_a_post_whose_outcome_is_unknown_is_not_repeated(github: dict[str, str], emulated: Any) -> None:
    with at(github) as forge:
        emulated.trouble = [(502, {})]
        with pytest.raises(ApiError) as raised:
            forge.add_comment(BODY)
    assert raised.value.request is not None
    assert raised.value.request.status == 502
    assert emulated.calls == ["POST /repos/acme/inventory/issues/7/comments"]


def test_a_refusal_names_the_permission(github: dict[str, str], emulated: Any) -> None:
    emulated.refuse_writes = True
    with at(github) as forge, pytest.raises(AuthError) as raised:
        put_comment(forge, BODY)
    assert "pull-requests: write" in str(raised.value.hint)
    github["GITHUB_TOKEN"] = "wrong-token"
    with at(github) as forge, pytest.raises(AuthError, match="401"):
        put_comment(forge, BODY)


def test_an_unreachable_forge_is_one_error_and_not_a_traceback(github: dict[str, str]) -> None:
    github["GITHUB_API_URL"] = "http://127.0.0.1:9"
    with at(github) as forge, pytest.raises(ApiError, match="cannot be reached"):
        put_comment(forge, BODY)


def test_the_token_does_not_follow_a_page_to_another_host(github: dict[str, str], emulated: Any) -> None:
    emulated.trouble = [(200, {"Link": '<http://127.0.0.1:9/repos/x?page=2>; rel="next"'})]
    with at(github) as forge:
        assert list(forge.comments()) == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"GITHUB_TOKEN": ""}, AuthError),
        ({"GITHUB_REPOSITORY": "../../user"}, UsageError),
        ({"GITHUB_API_URL": "http://forge.example"}, UsageError),
    ],
)
def test_what_cannot_be_right_is_said_before_any_call(
    github: dict[str, str], emulated: Any, change: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        detect(github | change, forge=None, repository=None, number=None)
    assert emulated.calls == []


def test_the_number_is_read_from_the_event_where_the_ref_does_not_tell(github: dict[str, str], tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 12}}), encoding="utf-8")
    place = detect(
        github | {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(event)}, forge=None, repository=None, number=None
    )
    assert place.number == 12


@pytest.mark.parametrize("limit", [900, 1000, 1100, 1500])
def test_a_cut_body_fits_keeps_its_marker_and_closes_what_it_opened(limit: int) -> None:
    inner = "\n".join(f"+ Asset/web-{number:04}  é" for number in range(200))
    body = f"{BODY}\n<details open><summary>200 to create</summary>\n\n````diff\n{inner}\n````\n\n</details>\n\nafter\n"
    text = cut(body, limit)
    assert len(text.encode()) <= limit
    assert marker_of(text) == MARKER
    assert text.count("<details") == text.count("</details>")
    html = MarkdownIt().render(text)
    assert "Cut here" in html.split("</code></pre>")[-1]
    assert cut(BODY, 10_000) == BODY


def test_striking_out_keeps_fences_whole() -> None:
    body = f"{BODY}\n```diff\n+ a\n```\n"
    assert "```diff\n+ a\n```\n\n</details>" in struck_out(body, "old")


def test_the_command_posts_from_a_file_and_its_token_is_never_shown(
    github: dict[str, str], emulated: Any, tmp_path: Path
) -> None:
    (tmp_path / "declarative.yaml").write_text(
        "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: acme}\nspec: {}\n", encoding="utf-8"
    )
    (tmp_path / "plan.md").write_text(BODY + f"leak {github['GITHUB_TOKEN']}\n", encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB", "CI", "GITLAB"))} | github

    def ci(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-W", "error", "-m", "declarative", "ci", *arguments]
        return subprocess.run(line, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    posted = ci("comment", "--body-file", "plan.md")
    assert (posted.returncode, posted.stdout) == (0, "")
    assert "comment posted: https://forge.example/c/100" in posted.stderr
    assert "[redacted]" in emulated.comments[0]["body"]
    struck = ci("comment", "--stale", "a newer commit")
    assert struck.returncode == 0, struck.stderr
    assert "~~" in emulated.comments[0]["body"]
    assert ci("comment", "--body-file", "plan.md", "--stale", "x").returncode == 64
    (tmp_path / "plain.md").write_text("no marker", encoding="utf-8")
    refused = ci("comment", "--body-file", "plain.md")
    assert refused.returncode == 64
    assert "marker" in refused.stderr
    assert github["GITHUB_TOKEN"] not in posted.stderr + struck.stderr + refused.stderr


def test_the_rooms_forges_are_forges(github: dict[str, str], gitlab: dict[str, str]) -> None:
    for environ in (github, gitlab):
        with at(environ) as forge:
            checked: Forge = forge
            assert checked.comment_limit >= 65_536
