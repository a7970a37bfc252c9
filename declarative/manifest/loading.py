"""From a project's folder to everything its files say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from declarative.core.collecting import no_garbage_collection
from declarative.core.diagnostics import CORRECT_THESE, MORE_FINDINGS, MOST_FINDINGS, Diagnostic, Position, Severity, ordered
from declarative.core.suggest import MOST_COMPARISONS, Names
from declarative.manifest.cache import Entry, WarmCache, entry_of, kept_manifest, open_cache
from declarative.manifest.documents import Context, Outcome, diagnose, read_document
from declarative.manifest.helper import start_helper, workers
from declarative.manifest.kept import KeptDocument, KeptFile
from declarative.manifest.locate import DocumentLocator
from declarative.manifest.model import Loaded, Manifest, Noter, Project
from declarative.manifest.nodes import ScalarNode
from declarative.manifest.overlay_files import outside, overlays_of
from declarative.manifest.project import ReadProject, read_project
from declarative.manifest.scalars import Refusal
from declarative.manifest.sources import RawDocument, ReadLimits, documents_of
from declarative.manifest.verdict import Inputs
from declarative.manifest.walk import PROJECT_FILE, digest_of_file, files_matching, leaves_project, read_file


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
) -> Loaded:
    """Read a project: every manifest that is right, and everything that is wrong with the others, in one run.

    `variables` are those of `--var` and `--var-file`; `environ` is where `${env.NAME}` looks; `noter` sees every right
    document. Projects of more than `cache_above` bytes keep a warm cache; those of more than `helper_above` are read by several
    processes. Raises InvalidError for an unknown environment; everything else that is wrong is a diagnostic.
    """
    limits = limits or ReadLimits()
    read = read_project(root, environment, variables or {}, environ or {}, limits)
    found = list(read.diagnostics)
    overlays, wrong = overlays_of(root, read, limits)
    found.extend(wrong)
    files, wrong = _manifest_files(root, read)
    found.extend(wrong)
    context = Context(limits, read.variables, environ or {}, overlays, noter)
    sizes = {relative: _size(path) for relative, path in files.items()}
    total = sum(sizes.values())
    with no_garbage_collection():
        made_with = (limits, type(noter).__qualname__)
        gathered = _Gathered(context, open_cache(root, environ or {}, made_with) if total > cache_above else WarmCache())
        is_large = total > helper_above and not gathered.cache.old
        shares = _shares(sizes, workers()) if is_large else []
        helpers = {share[0]: start_helper([files[one] for one in share], limits, noter) for share in shares[1:]}
        for relative, path in files.items():
            helper = helpers.pop(relative, None)
            if helper is not None:
                gathered.cache.learn(helper.collect())
            gathered.add_file(relative, path)
    gathered.cache.save()
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
    return (root / PROJECT_FILE, *files.values())


_AnyLocator = DocumentLocator | KeptDocument


@dataclass(slots=True)
class _Gathered:
    """The manifests so far, by address, with what they need to be checked against each other."""

    context: Context
    cache: WarmCache
    manifests: dict[str, Manifest] = field(default_factory=dict)
    partial: list[Manifest] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    unread: bool = False
    _first: dict[str, _AnyLocator] = field(default_factory=dict)
    _applied: set[int] = field(default_factory=set)
    _digests: dict[str, str] = field(default_factory=dict)
    _is_text_alone: bool = True
    _has_nameless: bool = False

    def inputs(self, read: ReadProject) -> Inputs | None:
        """What was read; None where something else than the text of the project's files had a say."""
        from_files = any(isinstance(node, ScalarNode) for _, node in read.overlay_nodes)
        known = self.cache.is_used and self._is_text_alone and not from_files and read.locate is not None
        if not known or read.locate is None or "${env." in read.locate.document.text:
            return None
        return Inputs(read.digest, read.patterns, read.overlay_patterns, tuple(self._digests.items()))

    def add_file(self, relative: str, path: Path) -> None:
        data, wrong = read_file(path, relative, self.context.limits)
        self.found.extend(wrong)
        if data is None:
            self._is_text_alone = False
            return
        digest = digest_of_file(data) if self.cache.is_used else ""
        if digest:
            self._digests[relative] = digest
            self._is_text_alone &= b"${env." not in data
        entries = self.cache.get(digest)
        if entries is None:
            self._read(data, relative, digest)
            return
        file = KeptFile(path, relative, digest, self.context.limits)
        values = self.cache.values.pop(digest, None) or [None] * len(entries)
        for entry, value in zip(entries, values, strict=True):
            kept = kept_manifest(entry, file, value)
            if kept is None or self._is_overlaid(kept[0].address):
                start, end, line = entry[:3]
                self.add(read_document(RawDocument(relative, data[start:end].decode(), line, extent=(start, end)), self.context))
            else:
                self._take(kept[0].address, kept[1], kept[0])

    def _is_overlaid(self, address: str) -> bool:
        return any(overlay.applies_to(address) for overlay in self.context.overlays)

    def _read(self, data: bytes, relative: str, digest: str) -> None:
        documents, wrong = documents_of(data, relative, self.context.limits)
        self.found.extend(wrong)
        known = len(self.found) - len(wrong)
        entries: list[Entry] = []
        repeated = 0
        for document in documents:
            if len(self.found) - known >= MOST_FINDINGS:
                self._leave(document, f"{MOST_FINDINGS:,} findings of this file are listed", len(documents) - len(entries))
                return
            if repeated > self.context.limits.nodes:
                what = f"aliases and variables of this file stand for more than {self.context.limits.nodes:,} values"
                self._leave(document, what, len(documents) - len(entries), "yaml/too-many-nodes")
                return
            outcome = read_document(document, self.context)
            repeated += outcome.repeated
            self.add(outcome)
            entries.append(entry_of(outcome, document))
        if self.cache.is_used and not wrong:
            self.cache.put(digest, entries)

    def _leave(self, first: RawDocument, why: str, count: int, rule: str = MORE_FINDINGS) -> None:
        """Documents that nobody looks at: a file with so many mistakes was made by one mistake, or is no manifest."""
        self.unread = self._has_nameless = True
        message = f"{why}; {count:,} documents from here on were not looked at"
        place = Position(first.file, first.line, 1)
        hint = CORRECT_THESE if rule == MORE_FINDINGS else "split the file, or use fewer of them"
        self.found.append(Diagnostic(Severity.ERROR, rule, message, place, hint=hint, excerpt=first.excerpt(first.line)))

    def add(self, outcome: Outcome) -> None:
        self.found.extend(outcome.diagnostics)
        self._applied.update(outcome.applied)
        if outcome.partial is not None:
            self.partial.append(outcome.partial)
        address, locate = outcome.address, outcome.locate
        if address is None or locate is None:
            self._has_nameless |= bool(outcome.diagnostics)
            return
        self._take(address, locate, outcome.manifest)

    def _take(self, address: str, locate: _AnyLocator, manifest: Manifest | None) -> None:
        first = self._first.setdefault(address, locate)
        if first is not locate:
            self.found.append(_duplicate(address, first, locate))
            twice = (self.manifests.pop(address, None), manifest)
            self.partial.extend(one for one in twice if one is not None)
        elif manifest is not None:
            if manifest.kind == "Project":
                refusal = Refusal("project/misplaced", "a project inside a project", f"only {PROJECT_FILE} at the root holds one")
                opened = locate.opened() if isinstance(locate, KeptDocument) else locate
                self.found.append(diagnose(opened, "/kind", refusal))
            else:
                self.manifests[address] = manifest

    @property
    def broken(self) -> frozenset[str]:
        return frozenset(self._first.keys() - self.manifests.keys())

    def finish(self) -> Iterator[Diagnostic]:
        yield from self.found
        addresses = Names(self._first, most=MOST_COMPARISONS)
        for index, overlay in enumerate(self.context.overlays):
            # Who cannot be told by name may be the one that the overlay is for.
            if index not in self._applied and not self._has_nameless:
                hint = addresses.did_you_mean(overlay.target) or "every overlay must change a manifest"
                message = f'the overlay changes "{overlay.target}", but there is no such manifest'
                yield diagnose(overlay.source, overlay.pointer, Refusal("overlay/no-target", message, hint))


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


def _duplicate(address: str, first: _AnyLocator, second: _AnyLocator) -> Diagnostic:
    place, other = second.place("/metadata/name"), first.place("/metadata/name")
    return Diagnostic(
        Severity.ERROR,
        "manifest/duplicate-address",
        f"{address} is declared twice; first at {other.position}",
        place.position,
        pointer="/metadata/name",
        address=address,
        hint="rename or remove one of them",
        excerpt=place.excerpt,
    )


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
            found.append(replace(diagnose(read.locate, "/spec/manifests", refusal), severity=severity))
    return files, found


def _digest(project: Project, manifests: Sequence[Manifest]) -> str:
    """Over the meaning of the project and of every manifest; neither order, formatting nor this machine's paths matter."""
    meaning = hashlib.sha256(orjson.dumps(_project_meaning(project), option=orjson.OPT_SORT_KEYS))
    for manifest in manifests:
        meaning.update(manifest.digest)
    return "sha256:" + meaning.hexdigest()


def _project_meaning(project: Project) -> dict[str, Any]:
    limits = {name: astuple(getattr(project.limits, name)) for name in ("create", "update", "run", "total")}
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
