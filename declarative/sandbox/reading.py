"""Search, count, get and the component lists: pages over the store (facts 3 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .clock import parse_date
from .estate import FIRST_COMPONENT_ID, component_number
from .fields import ALWAYS_SHOWN, SELECTORS
from .filters import Clause, Document, number
from .identifiers import normal
from .parts import PARTS
from .sketch import FIRST_ID
from .store import Store

Breathe = Callable[[], None]
SLICE = 256  # assets between two breaths: some milliseconds


def _hold() -> None:
    """No breath: for a caller that is alone."""


class BadParameterError(Exception):
    """A query parameter is answered with a 400 and this text."""


class PageTooLargeError(Exception):
    """Answered with a 416."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the estate a call asks for."""

    document: Document
    after: int = 0
    since: datetime | None = None


def matching(store: Store, window: Window, breathe: Breathe = _hold) -> Iterator[int]:
    """Ids that fulfil the window, ascending. Looks up what an index can answer, scans the rest."""
    candidates: Iterable[int] | None = _indexed(store, window.document)
    if candidates is not None:
        candidates = sorted(asset_id for asset_id in candidates if asset_id > window.after)
    elif window.since is not None:
        candidates = store.perhaps_touched_since(window.since, window.after)
    else:
        candidates = store.ids(window.after)
    for asset_id in _paced(candidates, breathe):
        if window.since is not None and (asset_id not in store or store.touched(asset_id) < window.since):
            continue
        if not window.document.clauses:
            yield asset_id
            continue
        view = store.view(asset_id)
        if view is not None and window.document.holds(view):
            yield asset_id


def _paced(ids: Iterable[int], breathe: Breathe) -> Iterator[int]:
    """The same ids; every so often the caller gets a breath, so that a long scan does not hold up everybody else."""
    for at, asset_id in enumerate(ids, 1):
        if at % SLICE == 0:
            breathe()
        yield asset_id


def count(store: Store, window: Window, breathe: Breathe = _hold) -> int:
    if not window.document.clauses and window.since is None and window.after < FIRST_ID:
        return len(store)
    return sum(1 for _ in matching(store, window, breathe))


def _indexed(store: Store, document: Document) -> set[int] | None:
    """A superset of the matches, when equality on identifiers bounds it; else None."""
    sets = [_by_index(store, clause) for clause in document.clauses]
    if document.any_of:
        known = [found for found in sets if found is not None]
        return set().union(*known) if sets and len(known) == len(sets) else None
    return next((found for found in sets if found is not None), None)


def _by_index(store: Store, clause: Clause) -> set[int] | None:
    kind = clause.field.index
    if kind is None or not clause.wanted:
        return None
    if kind == "assetId":
        return {int(number(value)) for value in clause.wanted if int(number(value)) in store}
    return {asset_id for value in clause.wanted for asset_id in store.by_identifier(kind, normal(kind, value))}


def left_out(include: str | None, exclude: str | None) -> frozenset[str]:
    """The top-level parts that come back as null. Names that nobody knows are ignored."""
    if include:
        wanted = {SELECTORS.get(name.strip(), name.strip()) for name in include.split(",")}
        return frozenset(PARTS) - wanted - ALWAYS_SHOWN
    if exclude:
        unwanted = {SELECTORS[name.strip()] for name in exclude.split(",") if name.strip() in SELECTORS}
        return frozenset(unwanted) - ALWAYS_SHOWN
    return frozenset()


def page_size(text: str | None, default: int, maximum: int) -> int:
    """Raises BadParameterError or PageTooLargeError."""
    size = whole_number(text, default, "pageSize")
    if size < 1:
        raise BadParameterError("Invalid value for pageSize")
    if size > maximum:
        raise PageTooLargeError(f"Page size cannot be more than {maximum}")
    return size


def whole_number(text: str | None, default: int, name: str) -> int:
    """Raises BadParameterError."""
    if text is None or text == "":
        return default
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 19:
        raise BadParameterError(f"Invalid value for {name}")
    return int(text)


def since(text: str | None) -> datetime | None:
    """assetLastUpdated: minutes or seconds, on or after. Raises BadParameterError."""
    if not text:
        return None
    try:
        return parse_date(text)
    except ValueError as problem:
        raise BadParameterError("Invalid date format for assetLastUpdated") from problem


@dataclass(frozen=True, slots=True)
class ComponentWindow:
    components: Document
    software: Document
    after: int = 0
    asset_id: int | None = None


def matching_components(store: Store, window: ComponentWindow, breathe: Breathe = _hold) -> Iterator[dict[str, Any]]:
    """Rows above the cursor, by component id ascending: of the generated estate, then those seeded; nothing imports any."""
    for asset_id in _paced(_assets_with_components(store, window), breathe):
        if not _may_show(store, window, asset_id):
            continue
        for row in store.estate.components(asset_id):
            if row["component"]["assetComponentId"] > window.after and window.components.holds(row["component"]):
                yield row
    for row in store.components.of(window.asset_id, window.after):
        if _may_show(store, window, row["assetId"]) and window.components.holds(row["component"]):
            yield row


def _may_show(store: Store, window: ComponentWindow, asset_id: int) -> bool:
    view = store.view(asset_id)
    return view is not None and window.software.holds(view)


def _assets_with_components(store: Store, window: ComponentWindow) -> Iterable[int]:
    if window.asset_id is not None:
        return (window.asset_id,) if window.asset_id in store.estate and window.asset_id in store else ()
    start = max(component_number(max(window.after, FIRST_COMPONENT_ID)), 0)
    return (asset_id for asset_id in store.ids(FIRST_ID + start - 1) if asset_id in store.estate)
