"""Reading the rows of files and databases: batches of text cells with the place that each row came from.

Files are read with exact lines, which a bulk reader alone could not give. The rest of the work is the engine's.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from msgspec import Struct, field

from declarative.core.diagnostics import Position
from declarative.core.members import unique_members
from declarative.core.suggest import did_you_mean
from declarative.inventory.blocks import blocks, trimmed
from declarative.inventory.cells import text_of
from declarative.inventory.lines import lines_of
from declarative.inventory.model import BadRow, SourceError, unreadable
from declarative.kinds.model import InventoryDeclaration
from declarative.manifest.walk import leads_out

BATCH = 20_000
_SAMPLE = 1_000
_EXACT_DIGITS = 16
_LONG = b"0" * _EXACT_DIGITS
_NUMERIC = bytes(ord("0") if chr(byte) in "0123456789." else ord(" ") for byte in range(256))

Cells = Sequence[str | None]


class Batch(Struct):
    """Rows of one file in columns: `columns[i]` belongs to the i-th needed column, as texts of Python or of Arrow; `lines`
    count from 1."""

    file: str
    columns: list[Any]
    lines: Sequence[int]


class Collected(Struct):
    """What reading gathers besides the rows."""

    bad: list[BadRow] = field(default_factory=list)
    rows: int = 0

    def reject(self, file: str, line: int, reason: str) -> None:
        self.bad.append(BadRow(Position(file, line), reason))


def batches(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    """Every row of the source, as text. Raises SourceError where there is nothing to read, or a column is not there."""
    readers: dict[str, Callable[[InventoryDeclaration, Path, Collected], Iterator[Batch]]] = {
        "csv": _csv,
        "jsonl": _jsonl,
        "parquet": _parquet,
        "database": _database,
    }
    return readers[declaration.source.format](declaration, root, collected)


def files_of(declaration: InventoryDeclaration, root: Path) -> list[tuple[str, Path]]:
    """The files that the pattern names, in stable order. Raises SourceError for none, and for one outside the project."""
    source = declaration.source
    pointer = f"/spec/from/{source.format}"
    found = sorted(path for path in root.glob(source.place) if path.is_file())
    if not found:
        raise unreadable(f'there is no file "{source.place}"', pointer, "paths are relative to the folder of declarative.yaml")
    for path in found:
        if leads_out(root, path):
            raise SourceError(
                f"{path.relative_to(root).as_posix()} leads out of the project through a link",
                rule="inventory/source",
                pointer=pointer,
                hint="copy the file into the project",
            )
    return [(path.relative_to(root).as_posix(), path) for path in found]


def require_columns(declaration: InventoryDeclaration, there: Sequence[str], where: str) -> None:
    """Raises SourceError for the first column that is needed and not there, or there twice."""
    for column, pointer in declaration.columns.items():
        if column not in there:
            known = f"the columns are {', '.join(there[:20])}" if there else "it has no columns: it is empty"
            hint = did_you_mean(column, there) or known
            raise SourceError(
                f'there is no column "{column}" in {where}', rule="inventory/unknown-column", pointer=pointer, hint=hint
            )
        if there.count(column) > 1:
            message = f'{where} has the column "{column}" more than once'
            raise SourceError(
                message, rule="inventory/unknown-column", pointer=pointer, hint="give each column a name of its own"
            )


def _gathered(file: str, rows: Iterator[tuple[int, Cells]], width: int, collected: Collected) -> Iterator[Batch]:
    lines: list[int] = []
    kept: list[Cells] = []
    for line, cells in rows:
        lines.append(line)
        kept.append(cells)
        if len(kept) == BATCH:
            collected.rows += len(kept)
            yield _batch(file, kept, lines, width)
            lines, kept = [], []
    collected.rows += len(kept)
    if kept:
        yield _batch(file, kept, lines, width)


def _batch(file: str, rows: list[Cells], lines: list[int], width: int) -> Batch:
    columns: list[Sequence[str | None]] = list(zip(*rows, strict=True))
    return Batch(file, columns or [()] * width, lines)


# CSV


def _csv(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    for name, path in files_of(declaration, root):
        encoding = declaration.source.encoding
        encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        try:
            with path.open("rb") as file:
                yield from _csv_file(declaration, name, file, encoding, collected)
        except UnicodeDecodeError as error:
            message = f"{name} is not {declaration.source.encoding}: {error.reason} at byte {error.start} of a block"
            raise unreadable(message, "/spec/from/csv", "name its encoding in from.encoding") from error
        except csv.Error as error:
            raise unreadable(f"{name}:1: the line of column names cannot be read: {error}", "/spec/from/csv") from error
        except OSError as error:
            raise unreadable(f"{name} cannot be read: {error.strerror or error}", "/spec/from/csv") from error


def _csv_file(
    declaration: InventoryDeclaration, name: str, file: BinaryIO, encoding: str, collected: Collected
) -> Iterator[Batch]:
    needed, delimiter = list(declaration.columns), declaration.source.delimiter
    first = next(lines_of(file, name, "/spec/from/csv"), b"")
    if encoding != "utf-8-sig" or first.count(b'"') % 2 or b"\r" in first.rstrip(b"\r\n"):
        file.seek(0)
        text = io.TextIOWrapper(file, encoding, newline="")
        reader = csv.reader(lines_of(text, name, "/spec/from/csv"), delimiter=delimiter, strict=True)
        header, before = _header(declaration, name, next(reader, [])), 0
    else:
        header = _header(declaration, name, next(csv.reader([first.decode(encoding)], delimiter=delimiter, strict=True), []))
        before = 1
        for count, columns in blocks(file, len(header), [header.index(column) for column in needed], delimiter):
            collected.rows += count
            yield Batch(name, columns, range(before + 1, before + 1 + count))
            before += count
        text = io.TextIOWrapper(file, "utf-8", newline="")
        reader = csv.reader(lines_of(text, name, "/spec/from/csv", before=before), delimiter=delimiter, strict=True)
    yield from _gathered(name, _csv_rows(name, reader, header, needed, before, collected), len(needed), collected)
    text.detach()


def _header(declaration: InventoryDeclaration, name: str, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    require_columns(declaration, header, f"{name}:1")
    return header


def _csv_rows(
    name: str, reader: Any, header: list[str], needed: list[str], before: int, collected: Collected
) -> Iterator[tuple[int, Cells]]:
    """`before`: lines that come before those of the reader."""
    places = [header.index(column) for column in needed]
    width = len(header)
    while True:
        line = before + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            collected.rows += 1
            collected.reject(name, line, f"the line cannot be read: {error}")
            continue
        if len(row) != width:
            if row:
                collected.rows += 1
                collected.reject(name, line, f"{len(row)} cells, where the first line names {width} columns")
            continue
        yield line, [text_of(row[place]) for place in places]


# JSON Lines


def _jsonl(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    needed = list(declaration.columns)
    missing, sample = set(needed), dict[str, None]()
    for name, path in files_of(declaration, root):
        try:
            with path.open("rb") as file:
                rows = _jsonl_rows(name, file, needed, collected, (missing, sample))
                yield from _gathered(name, rows, len(needed), collected)
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
    """Raises ValueError, also for a key that stands twice. A number too long for a machine's is kept as text: a key is often a
    long one."""
    found = orjson.loads(text)
    # Every key is followed by a colon at once, as often as there are members: nothing stands twice.
    if isinstance(found, dict) and (text.count(b'":') != len(found) or b'" ' in text or b'"\t' in text):
        json.loads(text, object_pairs_hook=unique_members)
    return json.loads(text, parse_int=_exact_int, parse_float=_exact_float) if _LONG in text.translate(_NUMERIC) else found


def _exact_int(digits: str) -> int | str:
    return int(digits) if len(digits) < _EXACT_DIGITS else digits


def _exact_float(digits: str) -> float | str:
    return float(digits) if len(digits) < _EXACT_DIGITS else digits


# Parquet and databases: batches of Arrow


def _parquet(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    import pyarrow as pa
    from pyarrow import parquet

    for name, path in files_of(declaration, root):
        try:
            with parquet.ParquetFile(path) as file:
                require_columns(declaration, file.schema_arrow.names, name)
                batches = file.iter_batches(batch_size=BATCH, columns=list(declaration.columns))
                yield from _arrow(declaration, name, batches, collected)
        except (pa.ArrowException, OSError) as error:
            raise unreadable(f"{name} is not a Parquet file that can be read: {error}", "/spec/from/parquet") from error


def _database(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    from declarative.inventory.databases import query

    with query(declaration, root) as (columns, found):
        require_columns(declaration, columns, "the table")
        yield from _arrow(declaration, "database", found(list(declaration.columns)), collected)


def _arrow(declaration: InventoryDeclaration, name: str, found: Any, collected: Collected) -> Iterator[Batch]:
    start = 1
    for batch in found:
        columns = [_texts(batch.column(column)) for column in declaration.columns]
        collected.rows += batch.num_rows
        yield Batch(name, columns, range(start, start + batch.num_rows))
        start += batch.num_rows


def _texts(column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return trimmed(column)
    return [text_of(value) for value in column.to_pylist()]
