"""Rows of the resources table: what was last sent for each address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from declarative.core.errors import StateError
from declarative.plan.known import Brief
from declarative.state.backend import Backend
from declarative.state.codec import ASSET, Encoded, decode, digest_of_document, encode
from declarative.state.failures import damaged
from declarative.state.model import Resource
from declarative.state.tables import meta, resources

T = TypeVar("T")

# Both databases take that many bound values in one statement, in every version that we support.
CHUNK = 500
# From here on one pass over all digests is cheaper than asking for each.
_SCAN_FROM = 5_000
_STREAMED = 20_000

_SELECT = select(resources.c.address, resources.c.kind, resources.c.document, resources.c.digest, resources.c.asset_id)


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def encoded(changed: Iterable[Resource]) -> dict[str, Encoded]:
    """By address; the last one wins where an address comes twice. Done before a transaction begins, to keep it short."""
    return {resource.address: encode(resource) for resource in changed}


class StoredResources(Mapping[str, Resource]):
    """What was read in one moment, by address, sorted. A record is decoded each time it is asked for: a hundred thousand of
    them stay text of a few bytes each instead of millions of objects, and a narrowed plan pays only for what it looks at.

    Asking for a record that was damaged at rest raises StateError.
    """

    __slots__ = ("_place", "_rows")

    def __init__(self, place: str, rows: dict[str, tuple[str, str, str, int | None]]) -> None:
        self._place = place
        self._rows = rows

    def __getitem__(self, address: str) -> Resource:
        kind, document, digest, _ = self._rows[address]
        return _decoded(self._place, address, kind, document, digest)

    def brief(self, address: str) -> Brief | None:
        """What is known of it without decoding it; None for an address that is not there."""
        row = self._rows.get(address)
        return None if row is None else Brief(row[0] == ASSET, row[3], row[1])

    def __contains__(self, address: object) -> bool:
        return address in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<{len(self._rows)} resources of {self._place}>"


def load_all(connection: Connection, place: str, seen: dict[str, str]) -> StoredResources:
    """`seen` is filled with the digest of every row read."""
    rows: dict[str, tuple[str, str, str, int | None]] = {}
    for address, kind, document, digest, asset_id in connection.execute(_SELECT.order_by(resources.c.address)):
        rows[address] = (kind, document, digest, asset_id)
        seen[address] = digest
    return StoredResources(place, rows)


def load_some(connection: Connection, place: str, addresses: Iterable[str], seen: dict[str, str]) -> StoredResources:
    """`load_all` of these addresses."""
    rows: dict[str, tuple[str, str, str, int | None]] = {}
    for chunk in chunks(sorted(set(addresses))):
        for address, kind, document, digest, asset_id in connection.execute(_SELECT.where(resources.c.address.in_(chunk))):
            rows[address] = (kind, document, digest, asset_id)
            seen[address] = digest
    return StoredResources(place, dict(sorted(rows.items())))


def digests(connection: Connection, prefix: str) -> Iterator[tuple[str, str]]:
    query = select(resources.c.address, resources.c.digest).where(_begins(prefix)).execution_options(yield_per=_STREAMED)
    for part in connection.execute(query).partitions():
        yield from ((address, digest) for address, digest in part)


def addresses(connection: Connection, but: Sequence[str]) -> tuple[str, ...]:
    query = select(resources.c.address).where(*(~_begins(prefix) for prefix in but))
    return tuple(sorted(connection.execute(query).scalars()))


def _begins(prefix: str) -> ColumnElement[bool]:
    # Not LIKE: names hold its wildcards, and not a range: that would ask for the database's own order of texts.
    return func.substr(resources.c.address, 1, len(prefix)) == prefix


def load(connection: Connection, place: str, address: str, seen: dict[str, str]) -> Resource | None:
    row = connection.execute(_SELECT.where(resources.c.address == address)).one_or_none()
    if row is None:
        return None
    seen[address] = row.digest
    return _decoded(place, row.address, row.kind, row.document, row.digest)


def _decoded(place: str, address: str, kind: str, document: str, digest: str) -> Resource:
    if digest_of_document(kind, document) != digest:
        raise damaged(place, f"the record of {address} is not what was written")
    try:
        return decode(address, kind, document)
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(place, f"the record of {address} cannot be read ({error})") from error


def store(
    backend: Backend, connection: Connection, rows: Mapping[str, Encoded], *, unless_moved: Mapping[str, str] | None = None
) -> bool:
    """Writes the rows that differ from what is there; tells whether any did.

    With `unless_moved` (digest by address, as this process read them) a row is left alone that somebody else changed,
    added or removed since.
    """
    if not rows:
        return False
    # Where the database lets several transactions write at once, this row makes them queue, as SQLite does by itself.
    connection.execute(select(meta.c.serial).with_for_update())
    known = _digests(connection, list(rows))
    if unless_moved is not None:
        rows = {address: row for address, row in rows.items() if known.get(address) == unless_moved.get(address)}
    changed = [row.columns() for address, row in rows.items() if known.get(address) != row.digest]
    if not changed:
        return False
    insert = backend.insert(resources)
    replaced = {column.name: insert.excluded[column.name] for column in resources.c if not column.primary_key}
    connection.execute(insert.on_conflict_do_update(index_elements=[resources.c.address], set_=replaced), changed)
    return True


def _digests(connection: Connection, addresses: Sequence[str]) -> dict[str, str]:
    query = select(resources.c.address, resources.c.digest)
    if len(addresses) >= _SCAN_FROM:
        return {row.address: row.digest for row in connection.execute(query)}
    known: dict[str, str] = {}
    for chunk in chunks(addresses):
        known |= {row.address: row.digest for row in connection.execute(query.where(resources.c.address.in_(chunk)))}
    return known


def delete_all(connection: Connection, addresses: Iterable[str]) -> bool:
    """Tells whether there was anything to delete."""
    gone = 0
    for chunk in chunks(dict.fromkeys(addresses)):
        gone += connection.execute(delete(resources).where(resources.c.address.in_(chunk))).rowcount
    return gone > 0


def rename(connection: Connection, place: str, old: str, new: str) -> None:
    """Raises StateError when `old` is unknown or `new` is taken."""
    known = set(connection.execute(select(resources.c.address).where(resources.c.address.in_([old, new]))).scalars())
    if old not in known:
        raise StateError(f"{old} is not in the state {place}.", hint="`declarative state list` shows the addresses.")
    if new in known and new != old:
        raise StateError(
            f"{new} is in the state {place} already.", hint=f"Remove it first if it is obsolete: `declarative state rm {new}`."
        )
    connection.execute(update(resources).where(resources.c.address == old).values(address=new))


def bump_serial(connection: Connection) -> None:
    connection.execute(update(meta).values(serial=meta.c.serial + 1))
