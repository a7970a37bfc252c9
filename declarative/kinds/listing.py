"""What the rules found becomes diagnostics: at its place, with the severity the project wants, and not without end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, field

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

_MOST_HINTS = 100
"""So many hints that cost a search are found for a file: one with hundreds of mistakes repeats them, or is no manifest."""


class _Waiting(Struct, frozen=True):
    """A finding that may be told. `position`: where, if somebody has had to know that already."""

    finding: Finding
    severity: Severity
    locate: Locator
    address: str | None
    position: Position | None = None

    def told(self, *, search: bool = False) -> Diagnostic:
        """`search`: also for a hint."""
        finding = self.finding
        hint = finding.hint
        return Diagnostic(
            self.severity,
            finding.rule,
            finding.message() if callable(finding.message) else finding.message,
            self.position or self.locate(finding.pointer),
            finding.pointer,
            self.address,
            hint if not callable(hint) else hint() if search else None,
        )


class _OfFile(Struct):
    """By severity the first findings of a file, one more than may be listed, and how many there are."""

    first: dict[Severity, list[_Waiting]] = field(default_factory=lambda: {severity: [] for severity in Severity})
    count: int = 0

    def diagnostics(self) -> Iterator[Diagnostic]:
        waiting = [one for first in self.first.values() for one in first]
        searches = 0
        for one in waiting[:MOST_FINDINGS]:
            searches += callable(one.finding.hint)
            yield one.told(search=searches <= _MOST_HINTS)
        if self.count > MOST_FINDINGS:
            hidden = waiting[MOST_FINDINGS].told()
            message = more_findings(self.count - MOST_FINDINGS, of="file")
            yield Diagnostic(hidden.severity, MORE_FINDINGS, message, hidden.position, hidden.pointer, hint=CORRECT_THESE)


class Listing:
    """Findings file by file. Of more than MOST_FINDINGS in one file so many are told, errors first, and a last one says so, as
    severe as the worst of those that are left out. To find a place a document is read again: that is done for what is told."""

    def __init__(self, settings: Mapping[str, RuleSetting]) -> None:
        self._settings = settings
        self._files: dict[str, _OfFile] = {}

    def add(self, manifest: Manifest, findings: Iterable[Finding], *, is_new: Callable[[Diagnostic], bool] | None = None) -> None:
        """Rules set to `off` are silent; `is_new` says which of the others are to be told, and is asked of the first
        MOST_FINDINGS of a manifest."""
        file, address = manifest.position.file, manifest.address
        for index, finding in enumerate(findings):
            severity = severity_of(finding, self._settings)
            if severity is None:
                continue
            position = None
            if is_new is not None and index < MOST_FINDINGS:
                told = _Waiting(finding, severity, manifest.locate, address).told()
                if not is_new(told):
                    continue
                position = told.position
            if (first := self._room(file, severity)) is not None:
                first.append(_Waiting(finding, severity, manifest.locate, address, position))

    def add_about(self, file: str, findings: Iterable[Finding], locate: Locator) -> None:
        """What is found in a file that is no manifest."""
        for finding in findings:
            severity = severity_of(finding, self._settings)
            if severity is not None and (first := self._room(file, severity)) is not None:
                first.append(_Waiting(finding, severity, locate, None))

    def _room(self, file: str, severity: Severity) -> list[_Waiting] | None:
        """Where one more finding waits to be told; None for one that is only counted."""
        of_file = self._files.get(file)
        if of_file is None:
            of_file = self._files[file] = _OfFile()
        of_file.count += 1
        first = of_file.first[severity]
        return first if len(first) <= MOST_FINDINGS else None

    def diagnostics(self) -> Iterator[Diagnostic]:
        """What there is to tell."""
        for of_file in self._files.values():
            yield from of_file.diagnostics()


def to_diagnostics(
    manifest: Manifest, findings: Iterable[Finding], settings: Mapping[str, RuleSetting]
) -> tuple[Diagnostic, ...]:
    """The findings of one manifest, as a Listing of nothing else tells them."""
    listing = Listing(settings)
    listing.add(manifest, findings)
    return tuple(listing.diagnostics())
