"""Rows of CSV files with exact lines: in blocks as long as nobody could read one in two ways, then with care."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from declarative.inventory.blocks import blocks
from declarative.inventory.cells import text_of
from declarative.inventory.lines import lines_of
from declarative.inventory.model import unreadable
from declarative.inventory.sources import Batch, Cells, Collected, files_of, gathered, require_columns
from declarative.kinds.model import InventoryDeclaration


def read_csv(declaration: InventoryDeclaration, root: Path, collected: Collected) -> Iterator[Batch]:
    for name, path in files_of(declaration, root):
        encoding = declaration.source.encoding
        encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        try:
            with path.open("rb") as file:
                yield from _csv_file(declaration, name, file, encoding, collected)
        except UnicodeDecodeError as error:
            message = f"{_undecoded(name, path, encoding)} is not {declaration.source.encoding}: {error.reason}"
            raise unreadable(message, "/spec/from/csv", "name its encoding in from.encoding") from error
        except csv.Error as error:
            raise unreadable(f"{name}:1: the line of column names cannot be read: {error}", "/spec/from/csv") from error
        except OSError as error:
            raise unreadable(f"{name} cannot be read: {error.strerror or error}", "/spec/from/csv") from error


def _undecoded(name: str, path: Path, encoding: str) -> str:
    """The file, with its first line that is not in this encoding; by itself where lines do not end with a byte of their own."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return name if encoding == "utf-16" else f"{name}:{number}"
    return name


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
    yield from gathered(name, _csv_rows(name, reader, header, needed, before, collected), len(needed), collected)
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
            _reject_lines(name, range(line, before + reader.line_num + 1), f"the line cannot be read: {error}", collected)
            continue
        if len(row) != width:
            if row:
                reason = f"{len(row)} cells, where the first line names {width} columns"
                _reject_lines(name, range(line, before + reader.line_num + 1), reason, collected)
            continue
        yield line, [text_of(row[place]) for place in places]


def _reject_lines(name: str, lines: range, reason: str, collected: Collected) -> None:
    """Nobody can tell how many rows are lost in lines that a quote took in: each of them counts."""
    collected.rows += len(lines)
    collected.reject(name, lines.start, reason)
    for line in lines[1:]:
        collected.reject(name, line, f"a quote that opens in line {lines.start} takes the line in")
