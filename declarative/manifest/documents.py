"""One document: read, overlaid, its variables resolved, checked by its schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from msgspec import Struct, structs

from declarative.core.diagnostics import CORRECT_THESE, MORE_FINDINGS, MOST_FINDINGS, Diagnostic, Severity, more_findings
from declarative.core.quoting import shown
from declarative.core.suggest import MOST_COMPARISONS, Names, did_you_mean
from declarative.manifest.levels import Levels
from declarative.manifest.locate import DocumentLocator, Origin, escape, reading_of
from declarative.manifest.model import Manifest, Noter
from declarative.manifest.nodes import MappingNode, Node, ScalarNode, to_value
from declarative.manifest.overlays import Overlays
from declarative.manifest.quick import read_quickly
from declarative.manifest.remainder import remainder
from declarative.manifest.scalars import Refusal
from declarative.manifest.shapes import ANY, LOOSE, Shape, shape_of
from declarative.manifest.sources import RawDocument, ReadLimits
from declarative.manifest.spans import Span, refused
from declarative.manifest.substitution import SECRETS, Substitution, Worth
from declarative.manifest.variables import Variable
from declarative.schema.registry import API_VERSION, kinds, schema_for
from declarative.schema.validate import Violation, violations

_KIND_LINE = re.compile(r"^kind:[ ]+[\"']?(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Context:
    """What documents are read with. The last ones follow from the others: what is suggested for a wrong name, and what
    variables stand for, as far as somebody has asked."""

    limits: ReadLimits = field(default_factory=ReadLimits)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    overlays: Overlays = field(default_factory=Overlays)
    noter: Noter | None = None
    variable_names: Names = field(init=False, repr=False, compare=False)
    environment_names: Names = field(init=False, repr=False, compare=False)
    levels: Levels = field(init=False, repr=False, compare=False)
    worths: dict[tuple[str, Shape], Worth] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "variable_names", Names(self.variables, most=MOST_COMPARISONS))
        tellable = (name for name in self.environ if name not in SECRETS)
        object.__setattr__(self, "environment_names", Names(tellable, most=MOST_COMPARISONS))
        object.__setattr__(self, "levels", Levels(self.variables))


class Outcome(Struct, frozen=True):
    """`manifest` is None where the document is empty or wrong. `address` is known also for some wrong ones; `applied`
    are the indexes of the overlays that were merged; `pure`: nothing but the document's own text made the manifest.
    `partial`: the well-typed part of a wrong one; `repeated`: how many values aliases, variables and overlays bring to it beyond
    one each."""

    manifest: Manifest | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    address: str | None = None
    locate: DocumentLocator | None = None
    applied: tuple[int, ...] = ()
    pure: bool = False
    partial: Manifest | None = None
    repeated: int = 0


@cache
def shape_for(kind: str) -> Shape:
    """The shape of a kind's manifests; anything goes for an unknown kind."""
    if kind not in kinds():
        return ANY
    shape = shape_of(schema_for(kind))
    if kind == "Project":
        # A patch is typed by the manifest that it is merged over, when it is.
        shape.at("/spec/environments/any/overlays/0").properties["patch"] = LOOSE
    return shape


class Value(Struct, frozen=True):
    """A document's value, typed by its kind's schema. `value` is None where the syntax is broken; `empty`: no content;
    `repeated`: how many values its aliases stand for beyond one each; `json`: the value as JSON, where that is known."""

    value: Any
    start: tuple[int, int]
    diagnostics: tuple[Diagnostic, ...] = ()
    empty: bool = False
    repeated: int = 0
    json: bytes | None = None


def read_value(document: RawDocument, limits: ReadLimits) -> Value:
    """Read one document, quickly where it is ordinary. The kind is guessed from the text, and checked by the result."""
    guess = _KIND_LINE.search(document.text)
    kind = guess[1] if guess else ""
    quick = read_quickly(document, shape_for(kind), limits)
    if quick is not None:
        actual = quick.value.get("kind")
        if actual != kind and isinstance(actual, str):
            quick = read_quickly(document, shape_for(actual), limits)
        if quick is not None:
            return Value(quick.value, quick.start, json=quick.json)
    return _read_slowly(document, limits)


def _read_slowly(document: RawDocument, limits: ReadLimits) -> Value:
    reading = reading_of(document, limits)
    root = reading.root
    if root is None:
        return Value(None, (document.line, 1), reading.diagnostics, empty=not reading.diagnostics)
    refusals: list[tuple[Span, Refusal]] = []
    value = to_value(root, shape_for(_kind_of(root)), refusals)
    found = [*reading.diagnostics, *(refused(document, span, refusal) for span, refusal in refusals)]
    return Value(value, (root.span.line, root.span.column), tuple(found), repeated=reading.repeated)


def _kind_of(root: Node) -> str:
    entry = root.entries.get("kind") if isinstance(root, MappingNode) else None
    return entry[1].text if entry and isinstance(entry[1], ScalarNode) else ""


def read_document(document: RawDocument, context: Context) -> Outcome:
    """One document of a manifest file, all the way to a manifest or to everything that is wrong with it."""
    read = read_value(document, context.limits)
    if read.value is None:
        return Outcome(diagnostics=read.diagnostics)
    locate = DocumentLocator(document, read.start, context.limits)
    found = list(read.diagnostics)
    wrong = envelope_problem(read.value, locate)
    if wrong is not None:
        return Outcome(diagnostics=(*_listed(found), wrong), repeated=read.repeated)
    value, origins, applied, repeated = _resolved(read.value, locate, context, found)
    repeated += read.repeated
    if origins:
        locate = replace(locate, origins=origins)
    # A value that could not be read or resolved is null by now; the schema has nothing to add to that.
    known = {one.position for one in found}
    refused = violations(value["kind"], value)
    found = _listed(found)
    found.extend(one for one in _located(refused, locate) if one.position not in known)
    address = address_of(value)
    if found or document.marred:
        # Positions that one forbidden character has already been reported for say nothing new.
        kept = [one for one in found if one.position is None or one.position.line not in document.marred]
        left = remainder(value["kind"], value, refused)
        partial = Manifest.of(left, locate.position, locate) if left is not None else None
        told = tuple(structs.replace(one, address=one.address or address) for one in kept)
        return Outcome(None, told, address, locate, applied, partial=partial, repeated=repeated)
    note = context.noter.note(value["kind"], value) if context.noter is not None else None
    pure = value is read.value
    manifest = Manifest.of(value, locate.position, locate, note, json=read.json if pure else None)
    return Outcome(manifest, (), address, locate, applied, pure=pure, repeated=repeated)


def _listed(found: list[Diagnostic]) -> list[Diagnostic]:
    """The first of the reader's findings, and one that counts the others."""
    counted = [one for one in found if one.rule != MORE_FINDINGS]
    if len(counted) <= MOST_FINDINGS:
        return found
    more = [one for one in found if one.rule == MORE_FINDINGS]
    first, hidden = counted[MOST_FINDINGS], len(counted) - MOST_FINDINGS
    more.append(structs.replace(first, rule=MORE_FINDINGS, message=more_findings(hidden), hint=CORRECT_THESE))
    return [*counted[:MOST_FINDINGS], *more]


def _resolved(
    value: dict[str, Any], locate: DocumentLocator, context: Context, found: list[Diagnostic]
) -> tuple[dict[str, Any], dict[str, Origin], tuple[int, ...], int]:
    """Overlays merged, then variables put in; the last figure is how many values they bring beyond one each."""
    shape = shape_for(value["kind"])
    origins: dict[str, Origin] = {}
    applied = context.overlays.of(address_of(value) or "")
    brought = 0
    for index in applied:
        value, wrong, size = context.overlays.merged(index, value, shape, origins)
        found.extend(wrong)
        brought += size
    if "${" in locate.document.text or applied:
        value, repeated = substituted(value, shape, replace(locate, origins=dict(origins)), context, found, origins)
        brought += repeated
    return value, origins, tuple(applied), brought


def substituted(
    value: Mapping[str, Any],
    shape: Shape,
    locate: DocumentLocator,
    context: Context,
    found: list[Diagnostic],
    origins: dict[str, Origin],
    *,
    base: str = "",
) -> tuple[dict[str, Any], int]:
    """The mapping at `base` of a document with its references resolved, and how many values they stand for beyond one each;
    `origins` and `found` learn what happened."""
    told: set[Refusal] = set()
    hidden: list[str] = []
    at = ""

    def report(pointer: str, refusal: Refusal) -> None:
        nonlocal at
        if pointer != at:
            at = pointer
            told.clear()
        if refusal in told:  # a variable may use another many times
            return
        told.add(refusal)
        if len(found) < MOST_FINDINGS:
            found.append(diagnose(locate, pointer, refusal))
        else:
            hidden.append(pointer)

    substitution = Substitution(context, report)
    result = {
        key: child if key in ("apiVersion", "kind") else substitution.apply(child, shape.child(key), f"{base}/{escape(key)}")
        for key, child in value.items()
    }
    origins.update(substitution.origins)
    if hidden:
        found.append(diagnose(locate, hidden[0], Refusal(MORE_FINDINGS, more_findings(len(hidden)), CORRECT_THESE)))
    return result, substitution.repeated


def envelope_problem(value: Any, locate: DocumentLocator) -> Diagnostic | None:
    """What keeps the schema from being chosen: not a mapping, no or an unknown apiVersion or kind."""
    if not isinstance(value, dict):
        hint = f"start it with `apiVersion: {API_VERSION}` and `kind: ...`"
        return diagnose(locate, "", Refusal("manifest/not-a-mapping", "a manifest is a mapping of keys to values", hint))
    kind, version = value.get("kind"), value.get("apiVersion")
    if version is None:
        return diagnose(locate, "", Refusal("manifest/api-version", "apiVersion is missing", f"add `apiVersion: {API_VERSION}`"))
    if version != API_VERSION:
        message = f"apiVersion {_shown(version)} is not known to this version of declarative"
        return diagnose(locate, "/apiVersion", Refusal("manifest/api-version", message, f"write `apiVersion: {API_VERSION}`"))
    known = ", ".join(kinds())
    if kind is None:
        return diagnose(locate, "", Refusal("manifest/kind", "kind is missing", f"one of {known}"))
    if not isinstance(kind, str) or kind not in kinds():
        hint = did_you_mean(str(kind), kinds()) or f"one of {known}"
        return diagnose(locate, "/kind", Refusal("manifest/kind", f"there is no kind {_shown(kind)}", hint))
    return None


def schema_diagnostics(value: Mapping[str, Any], locate: DocumentLocator) -> list[Diagnostic]:
    """What the schema of the value's kind says, each finding at its place."""
    return _located(violations(value["kind"], value), locate)


def _located(refused: Iterable[Violation], locate: DocumentLocator) -> list[Diagnostic]:
    found = []
    for violation in refused:
        refusal = Refusal(violation.rule, violation.message, violation.hint)
        found.append(diagnose(locate, violation.pointer, refusal, at_key=violation.at_key))
    return found


def diagnose(locate: DocumentLocator, pointer: str, refusal: Refusal, *, at_key: bool = False) -> Diagnostic:
    """A refusal as a diagnostic at the place where the value was written, told how it came here from elsewhere."""
    place = locate.place(pointer, at_key=at_key)
    used = f", for {place.used}" if place.used else ""
    message = f"{refusal.message} (from {place.via}{used})" if place.via else refusal.message
    return Diagnostic(
        Severity.ERROR, refusal.rule, message, place.position, pointer=pointer, hint=refusal.hint, excerpt=place.excerpt
    )


def address_of(value: Mapping[str, Any]) -> str | None:
    """`Kind/name` of a manifest's value; None without a name."""
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{value['kind']}/{name}" if isinstance(name, str) else None


def _shown(value: Any) -> str:
    return f'"{shown(value)}"'
