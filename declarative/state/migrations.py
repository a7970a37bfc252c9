"""From an older schema to ours, one step a version. Steps only go forward; a backup is taken before the first."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType

from declarative import __version__
from declarative.core.errors import StateError
from declarative.state.codec import digest_of_document
from declarative.state.connection import Connection
from declarative.state.tables import (
    SCHEMA_VERSION,
    create_brief_index,
    create_snapshot_tables,
    create_state_tables,
    drop_snapshot_tables,
    has_table,
)

Step = Callable[[Connection], None]


def create_schema(connection: Connection) -> None:
    """The tables, and the lineage that tells this state from every other."""
    create_state_tables(connection)
    connection.execute(
        "INSERT INTO meta (id, lineage, serial, schema_version, created_by) VALUES (1, ?, 0, ?, ?)",
        (str(uuid.uuid4()), SCHEMA_VERSION, __version__),
    )


def version_of(connection: Connection, *, schema: str | None = None) -> int | None:
    """None where the tables do not exist yet."""
    if not has_table(connection, "meta", schema=schema):
        return None
    version: int | None = connection.scalar("SELECT schema_version FROM meta")
    return version


def refuse_newer(place: str, version: int) -> None:
    if version > SCHEMA_VERSION:
        raise StateError(
            f"The state {place} has schema version {version}; this declarative {__version__} knows {SCHEMA_VERSION} at most.",
            hint="Use the newer declarative that wrote it, everywhere this state is used.",
        )


def migrate(connection: Connection, version: int) -> None:
    """Runs the missing steps in the caller's transaction: all of them, or none. Other versions are left alone."""
    if version >= SCHEMA_VERSION:
        return
    for step in range(version, SCHEMA_VERSION):
        STEPS[step](connection)
    connection.execute("UPDATE meta SET schema_version = ?", (SCHEMA_VERSION,))


def _add_digests(connection: Connection) -> None:
    """1 to 2: each record carries a digest, so that an unchanged one is not written again and a damaged one is found."""
    connection.execute("ALTER TABLE resources ADD COLUMN digest TEXT NOT NULL DEFAULT ''")
    rows = connection.execute("SELECT address, kind, document FROM resources").fetchall()
    fresh = ((digest_of_document(kind, document), address) for address, kind, document in rows)
    connection.executemany("UPDATE resources SET digest = ? WHERE address = ?", fresh)


def _index_briefs(connection: Connection) -> None:
    """2 to 3: what a plan asks of every record is read from an index, without the documents."""
    create_brief_index(connection)
    if not connection.is_sqlite:
        # Where the cache of live records has no file of its own, it is made anew in its new form.
        drop_snapshot_tables(connection)
        create_snapshot_tables(connection)


def _add_environment(connection: Connection) -> None:
    """3 to 4: the state says which environment it belongs to, once one has been applied."""
    connection.execute("ALTER TABLE meta ADD COLUMN environment TEXT")


# From this version to the next one.
STEPS: Mapping[int, Step] = MappingProxyType({1: _add_digests, 2: _index_briefs, 3: _add_environment})
