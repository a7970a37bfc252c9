"""Looking many assets up with few calls: values of several keys under `IN`, joined by OR in one filter document.

Source: facts 3.2 (flat list, one operation, `IN` takes a comma-separated string) and 3.3 (operators by type).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from declarative.queries.model import Filter, FilterDocument

MAX_VALUES = 100
MAX_BYTES = 8000
ASSET_ID = "asset.assetID"


class Term(Struct, frozen=True, order=True):
    """One value of one filterable field."""

    field: str
    value: str


def documents(terms: Iterable[Term], *, max_values: int = MAX_VALUES, max_bytes: int = MAX_BYTES) -> Iterator[FilterDocument]:
    """Filter documents that together find whatever matches any term.

    Each holds at most `max_values` values and `max_bytes` bytes of values (a single longer value stands alone). A value
    with a comma cannot go under IN and gets an EQUALS row of its own.
    """
    chunk: list[Term] = []
    size = 0
    for term in sorted(set(terms)):
        cost = len(term.value.encode()) + 1
        if chunk and (len(chunk) >= max_values or size + cost > max_bytes):
            yield _document(chunk)
            chunk, size = [], 0
        chunk.append(term)
        size += cost
    if chunk:
        yield _document(chunk)


def _document(terms: list[Term]) -> FilterDocument:
    rows: list[Filter] = []
    lists: dict[str, list[str]] = {}
    for term in terms:
        if "," in term.value:
            rows.append(Filter(term.field, "EQUALS", term.value))
        else:
            lists.setdefault(term.field, []).append(term.value)
    for field, values in lists.items():
        if len(values) == 1:
            rows.append(Filter(field, "EQUALS", values[0]))
        else:
            rows.append(Filter(field, "IN", ",".join(values)))
    return FilterDocument(tuple(rows), "OR" if len(rows) > 1 else "AND")
