"""Rows of the resources table: what was last sent for each address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from msgspec.structs import astuple

from declarative.core.errors import StateError
from declarative.plan.known import Brief
from declarative.state.backend import Backend
from declarative.state.codec import ASSET, Encoded, encode
from declarative.state.connection import Connection
from declarative.state.model import Resource
from declarative.state.stored import Row, StoredResources, decoded

# From here on one pass over all digests is cheaper than asking for each.
_SCAN_FROM = 5_000

_AT_A_GLANCE = "SELECT address, digest, kind, asset_id FROM resources ORDER BY address"
_WHOLE = "SELECT address, kind, document, digest, asset_id FROM resources WHERE address IN (...)"
_PUT = """
    INSERT INTO resources (address, kind, asset_id, native_key, connector_uuid, digest, document) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (address) DO UPDATE SET
      kind = excluded.kind, asset_id = excluded.asset_id, native_key = excluded.native_key,
      connector_uuid = excluded.connector_uuid, digest = excluded.digest, document = excluded.document
"""
# Not LIKE: names hold its wildcards, and not a range: that would ask for the database's own order of texts.
_BEGINNING = "SELECT address, digest FROM resources WHERE substr(address, 1, ?) = ?"

Reading = Callable[[], AbstractContextManager[Connection]]


def encoded(changed: Iterable[Resource]) -> dict[str, Encoded]:
    """By address; the last one wins where an address comes twice. Done before a transaction begins, to keep it short."""
    return {resource.address: encode(resource) for resource in changed}


def load_all(connection: Connection, place: str, read: Reading) -> StoredResources:
    """`read` opens the store again when records are asked for later."""
    briefs = {
        address: Brief(kind == ASSET, asset_id, digest) for address, digest, kind, asset_id in connection.stream(_AT_A_GLANCE)
    }

    def rows(addresses: Sequence[str]) -> list[Row]:
        with read() as later:
            return _rows(later, addresses)

    return StoredResources(place, briefs, rows)


def load_some(connection: Connection, place: str, addresses: Iterable[str]) -> StoredResources:
    """Only these, read at once."""
    return StoredResources.whole(place, sorted(_rows(connection, set(addresses))))


def _rows(connection: Connection, addresses: Iterable[str]) -> list[Row]:
    return list(connection.among(_WHOLE, addresses))


def digests(connection: Connection, prefix: str) -> Iterator[tuple[str, str]]:
    return connection.stream(_BEGINNING, (len(prefix), prefix))


def assets(connection: Connection) -> Iterator[tuple[str, int | None, str]]:
    return connection.stream("SELECT address, asset_id, digest FROM resources WHERE kind = ?", (ASSET,))


def bound_to(connection: Connection, asset_ids: Iterable[int]) -> tuple[str, ...]:
    found = connection.among("SELECT address FROM resources WHERE asset_id IN (...)", asset_ids)
    return tuple(sorted(address for (address,) in found))


def addresses(connection: Connection, but: Sequence[str]) -> tuple[str, ...]:
    rules = " AND ".join(["substr(address, 1, ?) <> ?"] * len(but)) or "TRUE"
    values = [value for prefix in but for value in (len(prefix), prefix)]
    return tuple(sorted(connection.scalars(f"SELECT address FROM resources WHERE {rules}", values)))  # noqa: S608 - our own text


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
    if not backend.is_sqlite:
        connection.execute("SELECT serial FROM meta FOR UPDATE")
    known = _digests(connection, list(rows))
    if unless_moved is not None:
        rows = {address: row for address, row in rows.items() if known.get(address) == unless_moved(address)}
    changed = [astuple(row) for address, row in rows.items() if known.get(address) != row.digest]
    if not changed:
        return False
    connection.executemany(_PUT, changed)
    return True


def _digests(connection: Connection, addresses: Sequence[str]) -> dict[str, str]:
    if len(addresses) >= _SCAN_FROM:
        return dict(connection.stream("SELECT address, digest FROM resources"))
    found = connection.among("SELECT address, digest FROM resources WHERE address IN (...)", addresses)
    return dict(found)


def delete_all(connection: Connection, addresses: Iterable[str]) -> bool:
    """Tells whether there was anything to delete."""
    return connection.delete_among("DELETE FROM resources WHERE address IN (...)", dict.fromkeys(addresses)) > 0


def rename(connection: Connection, place: str, old: str, new: str) -> None:
    """Raises StateError when `old` is unknown or `new` is taken."""
    known = connection.scalars("SELECT address FROM resources WHERE address IN (?, ?)", (old, new))
    if old not in known:
        raise StateError(f"{old} is not in the state {place}.", hint="`declarative state list` shows the addresses.")
    if new in known and new != old:
        raise StateError(
            f"{new} is in the state {place} already.", hint=f"Remove it first if it is obsolete: `declarative state rm {new}`."
        )
    connection.execute("UPDATE resources SET address = ? WHERE address = ?", (new, old))


def bump_serial(connection: Connection) -> None:
    connection.execute("UPDATE meta SET serial = serial + 1")
