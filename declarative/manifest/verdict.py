"""What a former run of `validate` said about a project, for as long as not a byte of it has changed.

Looking it up reads and hashes every file that the project's patterns match now, and parses none of them. A verdict is not
kept where anything else than those bytes had a say: the environment's variables, files that could not be read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.manifest.seal import SealedFile, sealed
from declarative.manifest.sources import ReadLimits
from declarative.manifest.walk import PROJECT_FILE, digest_of_file, files_matching, read_file, read_project_file

VERDICT_FILE = Path(".declarative") / "cache" / "verdicts.json"
_MOST_FINDINGS = 1_000
_MOST_KEPT = 8
# "Not in the future" is a matter of the day; and zones, clocks and disks change in ways that no digest shows.
_LONGEST = timedelta(days=7)
_OF_THE_DAY = frozenset({"asset/date-future"})


class Inputs(Struct, frozen=True):
    """The bytes that a project was read from: digests of the project file and, by path, of every manifest file."""

    project: str
    patterns: tuple[str, ...]
    overlay_patterns: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


class Verdict(Struct, frozen=True):
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    manifests: int


def recall(
    root: Path, environment: str | None, variables: Mapping[str, str], environ: Mapping[str, str], now: datetime
) -> Verdict | None:
    """The verdict over exactly these files and options, if one is known."""
    file = _file(root, environ)
    kept = _kept(file).get(_request(environment, variables)) if file is not None else None
    if kept is None:
        return None
    made = datetime.fromisoformat(kept["now"])
    if not made <= now < made + _LONGEST:
        return None
    inputs = kept["inputs"]
    own, _ = read_project_file(root, ReadLimits())
    if own is None or digest_of_file(own) != inputs["project"]:
        return None
    files, refused = files_matching(root, inputs["patterns"])
    for overlay in files_matching(root, inputs["overlay_patterns"])[0] if inputs["overlay_patterns"] else ():
        files.pop(overlay, None)
    files.pop(PROJECT_FILE, None)
    known = dict(inputs["files"])
    if refused or list(files) != list(known):
        return None
    if any(_digest(path, relative) != known[relative] for relative, path in files.items()):
        return None
    return Verdict(tuple(_diagnostic(one) for one in kept["found"]), (PROJECT_FILE, *files), kept["manifests"])


def remember(
    root: Path,
    environment: str | None,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    now: datetime,
    inputs: Inputs,
    manifests: int,
    found: Iterable[Diagnostic],
) -> None:
    """Keep a verdict, unless it depends on more than the bytes that it is about."""
    findings = list(found)
    file = _file(root, environ)
    outer = any(one.rule in _OF_THE_DAY or one.rule.startswith("path/") for one in findings)
    if file is None or outer or len(findings) > _MOST_FINDINGS:
        return
    kept = _kept(file)
    request = _request(environment, variables)
    kept.pop(request, None)
    body = {
        "now": now.isoformat(),
        "inputs": structs.asdict(inputs),
        "manifests": manifests,
        "found": [structs.asdict(one) for one in findings],
    }
    newest = dict([*list(kept.items())[1 - _MOST_KEPT :], (request, body)])
    file.write(json.dumps(newest).encode())


def _file(root: Path, environ: Mapping[str, str]) -> SealedFile | None:
    return sealed(root, VERDICT_FILE, environ, repr(ReadLimits()))


def _kept(file: SealedFile) -> dict[str, Any]:
    body = file.read()
    found: dict[str, Any] = json.loads(bytes(body)) if body is not None else {}
    return found


def _request(environment: str | None, variables: Mapping[str, str]) -> str:
    return json.dumps([environment, sorted(variables.items())])


def _digest(path: Path, relative: str) -> str | None:
    data, _ = read_file(path, relative, ReadLimits())
    return None if data is None else digest_of_file(data)


def _diagnostic(kept: dict[str, Any]) -> Diagnostic:
    at = kept.pop("position")
    return Diagnostic(Severity(kept.pop("severity")), position=Position(*at) if at is not None else None, **kept)
