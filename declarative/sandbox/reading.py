"""Search, count, get and the component lists: pages over the store (facts 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .clock import parse_date
from .estate import FIRST_COMPONENT_ID, component_number
from .fields import ALWAYS_SHOWN, SELECTORS
from .filters import Clause, Document, number
from .identifiers import normal
from .parts import PARTS
from .sketch import FIRST_ID
from .store import Store


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


def matching(store: Store, window: Window) -> Iterator[int]:
    """Ids that fulfil the window, ascending. Looks up what an index can answer, scans the rest."""
    candidates: Iterable[int] | None = _indexed(store, window.document)
    if candidates is not None:
        candidates = sorted(asset_id for asset_id in candidates if asset_id > window.after)
        if window.since is not None:
            since = window.since
            candidates = [asset_id for asset_id in candidates if _touched(store, asset_id) >= since]
    elif window.since is not None:
        candidates = store.touched_since(window.since, window.after)
    else:
        candidates = store.ids(window.after)
    if not window.document.clauses:
        yield from candidates
        return
    for asset_id in candidates:
        view = store.view(asset_id)
        if view is not None and window.document.holds(view):
            yield asset_id


def count(store: Store, window: Window) -> int:
    if not window.document.clauses and window.since is None and window.after < FIRST_ID:
        return len(store)
    return sum(1 for _ in matching(store, window))


def _touched(store: Store, asset_id: int) -> datetime:
    view = store.view(asset_id)
    return parse_date(view.get("lastModifiedDate")) if view is not None else datetime.min.replace(tzinfo=UTC)


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


def matching_components(store: Store, window: ComponentWindow) -> Iterator[dict[str, Any]]:
    """Rows above the cursor, by component id ascending. Only the generated estate has components: nothing imports them."""
    for asset_id in _assets_with_components(store, window):
        view = store.view(asset_id)
        if view is None or not window.software.holds(view):
            continue
        for row in store.estate.components(asset_id):
            if row["component"]["assetComponentId"] > window.after and window.components.holds(row["component"]):
                yield row


def _assets_with_components(store: Store, window: ComponentWindow) -> Iterable[int]:
    if window.asset_id is not None:
        return (window.asset_id,) if window.asset_id in store.estate and window.asset_id in store else ()
    start = max(component_number(max(window.after, FIRST_COMPONENT_ID)), 0)
    return (asset_id for asset_id in store.ids(FIRST_ID + start - 1) if asset_id in store.estate)
