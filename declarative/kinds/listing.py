"""What the rules found becomes diagnostics: at its place, with the severity the project wants, and not without end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from declarative.core.diagnostics import (
    CORRECT_THESE,
    MORE_FINDINGS,
    MOST_FINDINGS,
    Diagnostic,
    Position,
    Severity,
    more_findings,
)
from declarative.kinds.rules import Finding, severity_of
from declarative.manifest.model import Locator, Manifest, RuleSetting

_Waiting = Callable[[], Diagnostic]


@dataclass(slots=True)
class _OfFile:
    """By severity the first findings of a file, one more than may be listed, and how many there are."""

    first: dict[Severity, list[_Waiting]] = field(default_factory=lambda: {severity: [] for severity in Severity})
    count: int = 0


class Listing:
    """Findings file by file. Of more than MOST_FINDINGS in one file so many are told, errors first, and a last one says so, as
    severe as the worst of those that are left out. To find a place a document is read again: that is done for what is told."""

    def __init__(self, settings: Mapping[str, RuleSetting]) -> None:
        self._settings = settings
        self._files: dict[str, _OfFile] = {}

    def add(self, manifest: Manifest, findings: Iterable[Finding]) -> None:
        """Rules set to `off` are silent."""
        for finding in findings:
            severity = severity_of(finding, self._settings)
            if severity is not None and (first := self._room(manifest.position.file, severity)) is not None:
                first.append(partial(_located, manifest, finding, severity))

    def add_located(self, manifest: Manifest, diagnostics: Iterable[Diagnostic]) -> None:
        """What a manifest's findings became elsewhere."""
        for one in diagnostics:
            if (first := self._room(manifest.position.file, one.severity)) is not None:
                first.append(partial(_itself, one))

    def add_about(self, file: str, findings: Iterable[Finding], locate: Locator) -> None:
        """What is found in a file that is no manifest."""
        for finding in findings:
            severity = severity_of(finding, self._settings)
            if severity is not None and (first := self._room(file, severity)) is not None:
                first.append(partial(_told, finding, severity, locate, None))

    def _room(self, file: str, severity: Severity) -> list[_Waiting] | None:
        """Where one more finding is kept until it is told; None for one that is only counted."""
        of_file = self._files.get(file)
        if of_file is None:
            of_file = self._files[file] = _OfFile()
        of_file.count += 1
        first = of_file.first[severity]
        return first if len(first) <= MOST_FINDINGS else None

    def diagnostics(self) -> Iterator[Diagnostic]:
        """What there is to tell, the findings of a file in the order in which they came."""
        for of_file in self._files.values():
            waiting = [one for first in of_file.first.values() for one in first]
            yield from (one() for one in waiting[:MOST_FINDINGS])
            if of_file.count > MOST_FINDINGS:
                hidden = waiting[MOST_FINDINGS]()
                message = more_findings(of_file.count - MOST_FINDINGS, of="file")
                place = hidden.position or Position("")
                yield Diagnostic(hidden.severity, MORE_FINDINGS, message, place, hidden.pointer, hint=CORRECT_THESE)


def to_diagnostics(
    manifest: Manifest, findings: Iterable[Finding], settings: Mapping[str, RuleSetting]
) -> tuple[Diagnostic, ...]:
    """The findings of one manifest, as a Listing of nothing else tells them."""
    listing = Listing(settings)
    listing.add(manifest, findings)
    return tuple(listing.diagnostics())


def _located(manifest: Manifest, finding: Finding, severity: Severity) -> Diagnostic:
    return _told(finding, severity, manifest.locate, manifest.address)


def _told(finding: Finding, severity: Severity, locate: Locator, address: str | None) -> Diagnostic:
    return Diagnostic(
        severity,
        finding.rule,
        finding.message() if callable(finding.message) else finding.message,
        locate(finding.pointer),
        pointer=finding.pointer,
        address=address,
        hint=finding.hint() if callable(finding.hint) else finding.hint,
    )


def _itself(one: Diagnostic) -> Diagnostic:
    return one
