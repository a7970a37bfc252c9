"""From a project's folder to everything its files say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from msgspec import structs

from declarative.core.collecting import no_garbage_collection
from declarative.core.diagnostics import Diagnostic, Severity, ordered
from declarative.manifest.cache import WarmCache, open_cache
from declarative.manifest.documents import Context, diagnose
from declarative.manifest.gathering import Gathered
from declarative.manifest.helper import start_helper, workers
from declarative.manifest.model import Loaded, Manifest, Noter, Project
from declarative.manifest.overlay_files import outside, overlays_of
from declarative.manifest.overlays import Overlays
from declarative.manifest.project import ReadProject, read_project
from declarative.manifest.scalars import Refusal
from declarative.manifest.sources import ReadLimits
from declarative.manifest.walk import PROJECT_FILE, files_matching, leads_out, leaves_project


def load(
    root: Path,
    *,
    environment: str | None = None,
    variables: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    limits: ReadLimits | None = None,
    noter: Noter | None = None,
    cache_above: int = 512 * 1024,
    helper_above: int = 4 * 1024 * 1024,
    by_place_above: int = 64 * 1024 * 1024,
) -> Loaded:
    """Read a project: every manifest that is right, and everything that is wrong with the others, in one run.

    `variables` are those of `--var` and `--var-file`; `environ` is where `${env.NAME}` looks; `noter` sees every right
    document. Projects of more than `cache_above` bytes keep a warm cache; those of more than `helper_above` are read by several
    processes. What the cache or another process has read is held by its place, and of projects of more than `by_place_above`
    everything is: such a document is read again when somebody looks into it, and tells of a file that was changed since. Raises
    InvalidError for an unknown environment; everything else that is wrong is a diagnostic.
    """
    limits = limits or ReadLimits()
    read = read_project(root, environment, variables or {}, environ or {}, limits)
    found = list(read.diagnostics)
    overlays, wrong = overlays_of(root, read, limits)
    found.extend(wrong)
    files, wrong = _manifest_files(root, read)
    found.extend(wrong)
    context = Context(limits, read.variables, environ or {}, Overlays(overlays), noter)
    sizes = {relative: _size(path) for relative, path in files.items()}
    total = sum(sizes.values())
    with no_garbage_collection():
        made_with = (limits, type(noter).__qualname__)
        cache = open_cache(root, environ or {}, made_with) if total > cache_above else WarmCache()
        gathered = Gathered(context, cache, by_place=total > by_place_above)
        is_large = total > helper_above and not cache.old
        shares = _shares(sizes, workers()) if is_large else []
        helpers = {share[0]: start_helper([files[one] for one in share], limits, noter) for share in shares[1:]}
        for relative, path in files.items():
            helper = helpers.pop(relative, None)
            if helper is not None:
                cache.learn(helper.collect())
            gathered.add_file(relative, path)
    cache.save()
    found.extend(gathered.finish())
    manifests = tuple(sorted(gathered.manifests.values(), key=lambda manifest: manifest.address))
    return Loaded(
        read.project,
        manifests,
        ordered(found),
        _digest(read.project, manifests),
        (PROJECT_FILE, *files),
        gathered.broken,
        tuple(gathered.partial),
        gathered.inputs(read),
        gathered.unread,
    )


def project_files(root: Path) -> tuple[Path, ...]:
    """Every file of the project that `fmt` formats: the project file, manifests and overlays, sorted."""
    read = read_project(root, None, {}, {}, ReadLimits())
    files, _ = files_matching(root, (*read.patterns, *read.overlay_patterns))
    files.pop(PROJECT_FILE, None)
    own = root / PROJECT_FILE
    return tuple(files.values()) if leads_out(root, own) else (own, *files.values())


def _shares(sizes: Mapping[str, int], count: int) -> list[list[str]]:
    """The files in that many runs of about the same number of bytes, fewer where there are too few files. Findings keep the
    order of the files that way."""
    total, seen = sum(sizes.values()), 0
    shares: list[list[str]] = [[] for _ in range(count)]
    for name, size in sizes.items():
        shares[min(count - 1, seen * count // max(1, total))].append(name)
        seen += size
    return [share for share in shares if share]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _manifest_files(root: Path, read: ReadProject) -> tuple[dict[str, Path], list[Diagnostic]]:
    files, found = files_matching(root, read.patterns)
    for relative in files_matching(root, read.overlay_patterns)[0]:
        files.pop(relative, None)
    files.pop(PROJECT_FILE, None)
    if read.locate is None or not read.patterns_given:
        return files, found
    for index, pattern in enumerate(read.patterns):
        if leaves_project(pattern):
            found.append(outside(read.locate, f"/spec/manifests/{index}", pattern))
    if not files and not found:
        refusal = Refusal("project/no-manifests", f"no manifest file matches {', '.join(read.patterns)}")
        setting = read.project.rules.get(refusal.rule)
        severity = Severity.WARNING if setting is None else setting.severity
        if severity is not None:
            found.append(structs.replace(diagnose(read.locate, "/spec/manifests", refusal), severity=severity))
    return files, found


def _digest(project: Project, manifests: Sequence[Manifest]) -> str:
    """Over the meaning of the project and of every manifest; neither order, formatting nor this machine's paths matter."""
    meaning = hashlib.sha256(orjson.dumps(_project_meaning(project), option=orjson.OPT_SORT_KEYS))
    for manifest in manifests:
        meaning.update(manifest.digest)
    return "sha256:" + meaning.hexdigest()


def _project_meaning(project: Project) -> dict[str, Any]:
    limits = {name: structs.astuple(getattr(project.limits, name)) for name in ("create", "update", "run", "total")}
    return {
        "name": project.name,
        "environment": project.environment,
        "baseUrl": project.base_url,
        "settle": project.settle.total_seconds(),
        "planExpiry": project.plan_expiry.total_seconds(),
        "batchSize": project.batch_size,
        "pageSize": project.page_size,
        "limits": limits,
        "rules": {rule: setting.severity for rule, setting in project.rules.items()},
        "moved": dict(project.moved),
    }
