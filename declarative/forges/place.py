"""Where a pipeline runs, told by the variables that each forge sets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson

from declarative.core.clock import Clock
from declarative.core.errors import AuthError, UsageError
from declarative.core.secrets import Secret
from declarative.forges import github, gitlab
from declarative.forges.http import ForgeHttp
from declarative.forges.model import Forge, ForgeName, Place
from declarative.manifest.settings import base_url_problem

_TOKENS: Mapping[ForgeName, str] = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN"}


def detect(environ: Mapping[str, str], *, forge: ForgeName | None, repository: str | None, number: int | None) -> Place:
    """What is given wins over what the environment says. Raises UsageError, AuthError when there is no token."""
    name = forge or _forge(environ)
    token = environ.get(_TOKENS[name], "")
    if not token:
        raise AuthError(f"no token for {name}: {_TOKENS[name]} is not set", hint="give it to the job as a masked variable")
    if name == "github":
        api = environ.get("GITHUB_API_URL") or "https://api.github.com"
        repository = repository or environ.get("GITHUB_REPOSITORY")
        number = number or _github_number(environ)
    else:
        api = environ.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
        repository = repository or environ.get("CI_PROJECT_ID")
        iid = environ.get("CI_MERGE_REQUEST_IID", "")
        number = number or (int(iid) if iid.isdigit() else None)
    if not repository:
        raise UsageError("which repository?", hint="give --repository")
    if name == "github" and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageError(f"--repository {repository}: GitHub names them OWNER/NAME")
    problem = base_url_problem(api)
    if problem:
        raise UsageError(f"the address of the forge's API is wrong: {problem}")
    return Place(name, api, repository, Secret(token), number)


@contextmanager
def opened(place: Place, clock: Clock) -> Iterator[Forge]:
    """The forge at a place, for the duration of the block."""
    if place.forge == "github":
        with ForgeHttp(place.api, github.GitHub.headers(place), clock, needs=github.NEEDS) as http:
            yield github.GitHub(http, place)
    else:
        with ForgeHttp(place.api, gitlab.GitLab.headers(place), clock, needs=gitlab.NEEDS) as http:
            yield gitlab.GitLab(http, place)


def _forge(environ: Mapping[str, str]) -> ForgeName:
    if environ.get("GITHUB_ACTIONS") or environ.get("GITHUB_REPOSITORY"):
        return "github"
    if environ.get("GITLAB_CI") or environ.get("CI_API_V4_URL"):
        return "gitlab"
    raise UsageError("which forge?", hint="give --forge github or --forge gitlab")


def _github_number(environ: Mapping[str, str]) -> int | None:
    ref = re.fullmatch(r"refs/pull/(\d+)/\w+", environ.get("GITHUB_REF", ""))
    if ref:
        return int(ref.group(1))
    path = environ.get("GITHUB_EVENT_PATH")
    if not path:
        return None
    try:
        event = orjson.loads(Path(path).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    for key in ("pull_request", "issue"):
        number = (event.get(key) or {}).get("number") if isinstance(event, dict) else None
        if isinstance(number, int):
            return number
    return None
