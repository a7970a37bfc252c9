"""What earlier plans proved of rows, kept as bytes: a cache that may be lost without harm.

A row is settled when a plan made an asset of it, nothing was to be said about it, and everything was as it should be. While the
row, the record of it in the state and the live record have the digests that they had then, that plan's answer stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any, NamedTuple

MARKS = ("m0", "m1", "m2", "m3")
_RULES = b"rules"


class Settled(NamedTuple):
    """One row. `row`, `applied` and `live`: digests; `marks`: what its asset claims, see `kinds.claims.marks`."""

    key: str
    row: str
    applied: str
    asset_id: int
    live: bytes
    marks: tuple[int | None, ...]


def schema() -> Any:
    import pyarrow as pa

    texts = [pa.field(name, pa.string()) for name in ("key", "row", "applied")]
    return pa.schema([*texts, ("asset_id", pa.int64()), ("live", pa.binary()), *((name, pa.int64()) for name in MARKS)])


def table_of(found: Iterable[Settled]) -> Any:
    import pyarrow as pa

    rows = [(one.key, one.row, one.applied, one.asset_id, one.live, *one.marks) for one in found]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema())
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema(), strict=True)], schema=schema())


def packed(tables: Iterable[Any], rules: str) -> bytes:
    """`rules`: whatever else the answers depend on; under other rules they are nothing."""
    import pyarrow as pa

    sink = BytesIO()  # grows without copies of a hundred megabytes
    named = schema().with_metadata({_RULES: rules.encode()})
    with pa.ipc.new_file(sink, named, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for table in tables:
            writer.write_table(table.cast(schema()).replace_schema_metadata(named.metadata))
    return sink.getvalue()


def unpacked(data: bytes | None, rules: str) -> Iterator[Any]:
    """Arrow tables, one at a time; none where the bytes are not what `packed` made under these rules."""
    import pyarrow as pa

    with suppress(pa.ArrowException, OSError):  # bytes that were damaged raise either
        file = pa.ipc.open_file(pa.BufferReader(data or b""))
        if file.schema.metadata == {_RULES: rules.encode()} and file.schema.equals(schema()):
            for batch in map(file.get_batch, range(file.num_record_batches)):
                yield pa.Table.from_batches([batch]).replace_schema_metadata(None)


def joined(tables: Iterable[Any]) -> Any:
    import pyarrow as pa

    return pa.concat_tables((table_of(()), *tables))


def without(tables: Iterable[Any], keys: Any) -> Iterator[Any]:
    """The tables without the rows of these keys, an array of Arrow."""
    from pyarrow import compute

    for table in tables:
        yield table.filter(compute.invert(compute.is_in(table["key"], keys)))
