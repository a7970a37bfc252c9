"""What the files of a project say, gathered file by file: the manifests by address, and everything that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from declarative.core.diagnostics import CORRECT_THESE, MORE_FINDINGS, MOST_FINDINGS, Diagnostic, Position, Severity
from declarative.core.quoting import shown
from declarative.core.suggest import MOST_COMPARISONS, Names
from declarative.manifest.cache import Entry, WarmCache, entry_of, kept_manifest
from declarative.manifest.documents import Context, Outcome, diagnose, read_document
from declarative.manifest.kept import KeptDocument, KeptFile
from declarative.manifest.locate import DocumentLocator
from declarative.manifest.model import Manifest
from declarative.manifest.nodes import ScalarNode
from declarative.manifest.project import ReadProject
from declarative.manifest.scalars import Refusal
from declarative.manifest.sources import RawDocument, document_of, file_problem, pieces_of
from declarative.manifest.verdict import Inputs
from declarative.manifest.walk import PROJECT_FILE, digest_of_file, read_file

_AnyLocator = DocumentLocator | KeptDocument
_FILES_OF_MUCH = 5
"""So many files may hold as many values through variables as one may; a project as many as it has bytes in any case."""


class Gathered(Struct):
    """The manifests so far, by address, with what they need to be checked against each other. `by_place`: they are told by
    where they stand, and what they say is read again when somebody asks: of a large project it would not fit into memory."""

    context: Context
    cache: WarmCache
    by_place: bool = False
    manifests: dict[str, Manifest] = field(default_factory=dict)
    partial: list[Manifest] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    unread: bool = False
    _first: dict[str, _AnyLocator] = field(default_factory=dict)
    _applied: set[int] = field(default_factory=set)
    _digests: dict[str, str] = field(default_factory=dict)
    _size: int = 0
    _repeated: int = 0
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
        self._size += len(data)
        digest = digest_of_file(data) if self.cache.is_used or self.by_place else ""
        if digest:
            self._digests[relative] = digest
            self._is_text_alone &= b"${env." not in data
        file = KeptFile(path, relative, digest, self.context.limits)
        entries = self.cache.get(digest)
        if entries is None:
            self._read(data, file)
            return
        for entry in entries:
            kept = kept_manifest(entry, file)
            if kept is None or self._is_overlaid(kept[0].address):
                start, end, line = entry[:3]
                self.add(read_document(RawDocument(relative, data[start:end].decode(), line, extent=(start, end)), self.context))
            else:
                self._take(kept[0].address, kept[1], kept[0])

    def _is_overlaid(self, address: str) -> bool:
        return bool(self.context.overlays.of(address))

    def _read(self, data: bytes, file: KeptFile) -> None:
        relative = file.relative
        problem = file_problem(data, relative, self.context.limits)
        if problem is not None:
            self.found.append(problem)
            return
        known = len(self.found)
        entries: list[Entry] = []
        repeated = 0
        is_clean = True
        pieces = pieces_of(data)
        for piece in pieces:
            if piece.is_bare:
                continue
            why = self._enough(len(self.found) - known, repeated, len(data))
            if why is not None:
                self._leave(document_of(piece, relative, self.context.limits)[0], why, 1 + sum(1 for _ in pieces))
                return
            document, wrong = document_of(piece, relative, self.context.limits)
            self.found.extend(wrong)
            outcome = read_document(document, self.context)
            repeated += outcome.repeated
            self._repeated += 0 if outcome.pure else outcome.repeated
            entries.append(entry_of(outcome, document))
            kept = kept_manifest(entries[-1], file) if self.by_place else None
            if kept is None:
                self.add(outcome)
            else:
                self._take(kept[0].address, kept[1], kept[0])
            is_clean &= not wrong
        if self.cache.is_used and is_clean:
            self.cache.put(file.digest, entries)

    def _enough(self, found: int, repeated: int, size: int) -> Refusal | None:
        """Why no more of a file of so many bytes is read, once so much was found in it and so many values were brought to it."""
        if found >= MOST_FINDINGS:
            return Refusal(MORE_FINDINGS, f"{MOST_FINDINGS:,} findings of this file are listed", CORRECT_THESE)
        most = max(self.context.limits.nodes, size)
        if repeated > most:
            message = f"aliases, variables and overlays bring more than {most:,} values to this file"
            return Refusal("yaml/too-many-nodes", message, "split the file, or use fewer of them")
        # A small file may ask for much, and so many small files must not.
        most = max(_FILES_OF_MUCH * self.context.limits.nodes, self._size)
        if self._repeated > most:
            message = f"variables and overlays bring more than {most:,} values to the files up to here"
            return Refusal("yaml/too-many-nodes", message, "use fewer of them, or shorter ones")
        return None

    def _leave(self, first: RawDocument, why: Refusal, count: int) -> None:
        """Documents that nobody looks at: a file with so many mistakes was made by one mistake, or is no manifest."""
        self.unread = self._has_nameless = True
        message = f"{why.message}; {count:,} documents from here on were not looked at"
        place = Position(first.file, first.line, 1)
        self.found.append(Diagnostic(Severity.ERROR, why.rule, message, place, hint=why.hint, excerpt=first.excerpt(first.line)))

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
                message = f'the overlay changes "{shown(overlay.target)}", but there is no such manifest'
                yield diagnose(overlay.source, overlay.pointer, Refusal("overlay/no-target", message, hint))


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
