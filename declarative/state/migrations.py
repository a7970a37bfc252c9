"""From an older schema to ours, one step a version. Steps only go forward; a backup is taken before the first."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy import Connection, Table, bindparam, insert, inspect, select, text, update

from declarative import __version__
from declarative.core.chunks import chunks
from declarative.core.errors import StateError
from declarative.state.codec import digest_of_document
from declarative.state.resources import CHUNK
from declarative.state.tables import SCHEMA_VERSION, meta, metadata, resources, resources_brief, snapshot_metadata

Step = Callable[[Connection], None]


def create_schema(connection: Connection) -> None:
    """The tables, and the lineage that tells this state from every other."""
    metadata.create_all(connection)
    connection.execute(
        insert(meta).values(id=1, lineage=str(uuid.uuid4()), serial=0, schema_version=SCHEMA_VERSION, created_by=__version__)
    )


def version_of(connection: Connection, *, schema: str | None = None) -> int | None:
    """None where the tables do not exist yet."""
    if not inspect(connection).has_table(meta.name, schema=schema):
        return None
    return connection.execute(select(meta.c.schema_version)).scalar_one_or_none()


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
    connection.execute(update(meta).values(schema_version=SCHEMA_VERSION))


def _add_digests(connection: Connection) -> None:
    """1 to 2: each record carries a digest, so that an unchanged one is not written again and a damaged one is found."""
    connection.execute(text(f"ALTER TABLE {_place(connection, resources)} ADD COLUMN digest TEXT NOT NULL DEFAULT ''"))
    rows = connection.execute(select(resources.c.address, resources.c.kind, resources.c.document)).all()
    setting = update(resources).where(resources.c.address == bindparam("key")).values(digest=bindparam("fresh"))
    for chunk in chunks(rows, CHUNK):
        connection.execute(setting, [{"key": row.address, "fresh": digest_of_document(row.kind, row.document)} for row in chunk])


def _index_briefs(connection: Connection) -> None:
    """2 to 3: what a plan asks of every record is read from an index, without the documents."""
    resources_brief.create(connection, checkfirst=True)
    if connection.dialect.name != "sqlite":
        # Where the cache of live records has no file of its own, it is made anew in its new form.
        snapshot_metadata.drop_all(connection)
        snapshot_metadata.create_all(connection)


def _add_environment(connection: Connection) -> None:
    """3 to 4: the state says which environment it belongs to, once one has been applied."""
    connection.execute(text(f"ALTER TABLE {_place(connection, meta)} ADD COLUMN environment TEXT"))


def _place(connection: Connection, table: Table) -> str:
    schema = (connection.get_execution_options().get("schema_translate_map") or {}).get(None)
    return f"{schema}.{table.name}" if schema else table.name


# From this version to the next one.
STEPS: Mapping[int, Step] = MappingProxyType({1: _add_digests, 2: _index_briefs, 3: _add_environment})
