"""Rows of the resources table: what was last sent for each address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from declarative.core.chunks import chunks
from declarative.core.errors import StateError
from declarative.plan.known import Brief
from declarative.state.backend import Backend
from declarative.state.codec import ASSET, Encoded, encode
from declarative.state.model import Resource
from declarative.state.stored import Row, StoredResources, decoded
from declarative.state.tables import meta, resources

# Both databases take that many bound values in one statement, in every version that we support.
CHUNK = 500
# From here on one pass over all digests is cheaper than asking for each.
_SCAN_FROM = 5_000
_STREAMED = 20_000

_SELECT = select(resources.c.address, resources.c.kind, resources.c.document, resources.c.digest, resources.c.asset_id)
_AT_A_GLANCE = select(resources.c.address, resources.c.digest, resources.c.kind, resources.c.asset_id).order_by(
    resources.c.address
)

Reading = Callable[[], AbstractContextManager[Connection]]


def encoded(changed: Iterable[Resource]) -> dict[str, Encoded]:
    """By address; the last one wins where an address comes twice. Done before a transaction begins, to keep it short."""
    return {resource.address: encode(resource) for resource in changed}


def load_all(connection: Connection, place: str, read: Reading) -> StoredResources:
    """`read` opens the store again when records are asked for later."""
    briefs = {
        address: Brief(kind == ASSET, asset_id, digest)
        for address, digest, kind, asset_id in connection.execute(_AT_A_GLANCE.execution_options(yield_per=_STREAMED))
    }

    def rows(addresses: Sequence[str]) -> list[Row]:
        with read() as later:
            return _rows(later, addresses)

    return StoredResources(place, briefs, rows)


def load_some(connection: Connection, place: str, addresses: Iterable[str]) -> StoredResources:
    """Only these, read at once."""
    return StoredResources.whole(place, sorted(_rows(connection, set(addresses))))


def _rows(connection: Connection, addresses: Iterable[str]) -> list[Row]:
    found: list[Row] = []
    for chunk in chunks(addresses, CHUNK):
        found.extend(tuple(row) for row in connection.execute(_SELECT.where(resources.c.address.in_(chunk))))
    return found


def digests(connection: Connection, prefix: str) -> Iterator[tuple[str, str]]:
    query = select(resources.c.address, resources.c.digest).where(_begins(prefix)).execution_options(yield_per=_STREAMED)
    for part in connection.execute(query).partitions():
        yield from ((address, digest) for address, digest in part)


def assets(connection: Connection) -> Iterator[tuple[str, int | None, str]]:
    query = select(resources.c.address, resources.c.asset_id, resources.c.digest).where(resources.c.kind == ASSET)
    for part in connection.execute(query.execution_options(yield_per=_STREAMED)).partitions():
        yield from ((address, asset_id, digest) for address, asset_id, digest in part)


def bound_to(connection: Connection, asset_ids: Iterable[int]) -> tuple[str, ...]:
    found: list[str] = []
    for chunk in chunks(asset_ids, CHUNK):
        found += connection.execute(select(resources.c.address).where(resources.c.asset_id.in_(chunk))).scalars()
    return tuple(sorted(found))


def addresses(connection: Connection, but: Sequence[str]) -> tuple[str, ...]:
    query = select(resources.c.address).where(*(~_begins(prefix) for prefix in but))
    return tuple(sorted(connection.execute(query).scalars()))


def _begins(prefix: str) -> ColumnElement[bool]:
    # Not LIKE: names hold its wildcards, and not a range: that would ask for the database's own order of texts.
    return func.substr(resources.c.address, 1, len(prefix)) == prefix


def load(connection: Connection, place: str, address: str) -> tuple[Resource, str] | None:
    """The record and its digest."""
    found = _rows(connection, (address,))
    return (decoded(place, found[0]), found[0][3]) if found else None


def store(
    backend: Backend,
    connection: Connection,
    rows: Mapping[str, Encoded],
    *,
    unless_moved: Callable[[str], str | None] | None = None,
) -> bool:
    """Writes the rows that differ from what is there; tells whether any did.

    With `unless_moved` (the digest of an address, as this process read it) a row is left alone that somebody else changed,
    added or removed since.
    """
    if not rows:
        return False
    # Where the database lets several transactions write at once, this row makes them queue, as SQLite does by itself.
    connection.execute(select(meta.c.serial).with_for_update())
    known = _digests(connection, list(rows))
    if unless_moved is not None:
        rows = {address: row for address, row in rows.items() if known.get(address) == unless_moved(address)}
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
    for chunk in chunks(addresses, CHUNK):
        known |= {row.address: row.digest for row in connection.execute(query.where(resources.c.address.in_(chunk)))}
    return known


def delete_all(connection: Connection, addresses: Iterable[str]) -> bool:
    """Tells whether there was anything to delete."""
    gone = 0
    for chunk in chunks(dict.fromkeys(addresses), CHUNK):
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
