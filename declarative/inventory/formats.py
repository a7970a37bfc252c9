"""Reading the rows of files and databases. Files are read with exact lines, which a bulk reader alone could not give. The rest
of the work is the engine's."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from declarative.core.members import unique_members
from declarative.inventory.blocks import trimmed
from declarative.inventory.cells import EXACT_DIGITS, exact_json, no_text, text_of
from declarative.inventory.delimited import read_csv
from declarative.inventory.lines import lines_of
from declarative.inventory.model import unreadable
from declarative.inventory.sources import BATCH, Batch, Cells, Collected, files_of, gathered, require_columns
from declarative.kinds.model import InventoryDeclaration

_SAMPLE = 1_000
_LONG = b"0" * EXACT_DIGITS
_GAPS = (b'" ', b'"\t', b'"\r')
_BEYOND = (ValueError, OverflowError, TypeError, LookupError)
"""What Arrow raises for days beyond the calendar and zones that nobody knows, and Python for keys of maps that are lists."""
_NUMERIC = bytes(ord("0") if chr(byte) in "0123456789." else ord(" ") for byte in range(256))


def batches(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    """Every row of the source, as text. Raises SourceError where there is nothing to read, or a column is not there."""
    readers: dict[str, Callable[[InventoryDeclaration, Path, Collected], Iterator[Batch]]] = {
        "csv": read_csv,
        "jsonl": _jsonl,
        "parquet": _parquet,
        "database": _database,
    }
    return readers[declaration.source.format](declaration, root, collected)


# JSON Lines


def _jsonl(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    needed = list(declaration.columns)
    missing, sample = set(needed), dict[str, None]()
    for name, path in files_of(declaration, root):
        try:
            with path.open("rb") as file:
                rows = _jsonl_rows(name, file, needed, collected, (missing, sample))
                yield from gathered(name, rows, len(needed), collected)
        except OSError as error:
            raise unreadable(f"{name} cannot be read: {error.strerror or error}", "/spec/from/jsonl") from error
    if missing and sample:
        # A key may be left out where it has no value; a column is one that any record has.
        there = [*sample, *(column for column in needed if column not in missing)]
        require_columns(declaration, list(dict.fromkeys(there)), f"the records of {declaration.source.place}")


def _jsonl_rows(
    name: str, file: Any, needed: list[str], collected: Collected, seen: tuple[set[str], dict[str, None]]
) -> Iterator[tuple[int, Cells]]:
    missing, sample = seen
    for line, text in enumerate(lines_of(file, name, "/spec/from/jsonl"), start=1):
        if text.isspace():
            continue
        try:
            record = _record_of(text.removeprefix(codecs.BOM_UTF8) if line == 1 else text)
        except ValueError as error:
            collected.rows += 1
            why = f"the line is not JSON: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
            collected.reject(name, line, why)
            continue
        if not isinstance(record, dict):
            collected.rows += 1
            collected.reject(name, line, "the line is not a JSON object")
            continue
        if missing:
            missing.difference_update(record)
        if line <= _SAMPLE:
            sample.update(dict.fromkeys(record))
        yield line, [text_of(record.get(column)) for column in needed]


def _record_of(text: bytes) -> Any:
    """Raises ValueError, also for a key that stands twice."""
    found = orjson.loads(text)
    # Every key is followed by a colon at once, as often as there are members: nothing stands twice.
    if isinstance(found, dict) and (text.count(b'":') != len(found) or any(gap in text for gap in _GAPS)):
        exact_json(text, object_pairs_hook=unique_members)
    return exact_json(text) if _LONG in text.translate(_NUMERIC) else found


# Parquet and databases: batches of Arrow


def _parquet(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    import pyarrow as pa
    from pyarrow import parquet

    for name, path in files_of(declaration, root):
        try:
            with parquet.ParquetFile(path) as file:
                require_columns(declaration, file.schema_arrow.names, name)
                found = file.iter_batches(batch_size=BATCH, columns=list(declaration.columns))
                yield from _in_columns(name, ([batch.column(one) for one in declaration.columns] for batch in found), collected)
        except (pa.ArrowException, OSError) as error:
            raise unreadable(f"{name} is not a Parquet file that can be read: {error}", "/spec/from/parquet") from error


def _database(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    from declarative.inventory.databases import query

    with query(declaration, root) as (columns, found):
        require_columns(declaration, columns, "the table")
        yield from _in_columns("database", found(list(declaration.columns)), collected)


def _in_columns(name: str, found: Iterator[Sequence[Any]], collected: Collected) -> Iterator[Batch]:
    start = 1
    for columns in found:
        count = len(columns[0])
        collected.rows += count
        yield Batch(name, [_texts(column) for column in columns], range(start, start + count))
        start += count


def _texts(column: Any) -> Any:
    import pyarrow as pa

    if not isinstance(column, (pa.Array, pa.ChunkedArray)):
        return [text_of(value) for value in column]
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return trimmed(column)
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        # As a number of Python it would show digits that nobody wrote: 1.1 is 1.100000023841858 there.
        return [text_of(None if value is None else float(str(value))) for value in column.to_numpy(zero_copy_only=False)]
    try:
        return [_said(kind, value) for value in column.to_pylist()]
    except _BEYOND:
        return [_one_by_one(kind, value) for value in column]


def _one_by_one(kind: Any, value: Any) -> str | None:
    try:
        return _said(kind, value.as_py())
    except _BEYOND as error:
        return no_text(f"a {kind} that is beyond what can be written ({error})")


def _said(kind: Any, value: Any) -> str | None:
    import pyarrow as pa

    return text_of(dict(value) if value is not None and pa.types.is_map(kind) else value)
