"""What all sources of rows have in common: batches of text cells with the place that each row came from, the files that a
pattern names, and the columns that have to be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from declarative.core.diagnostics import Position
from declarative.core.suggest import did_you_mean
from declarative.inventory.model import BadRow, SourceError, unreadable
from declarative.kinds.model import InventoryDeclaration
from declarative.manifest.walk import leads_out

BATCH = 20_000
_TEXTS = frozenset({"csv", "jsonl"})
_GZIP = b"\x1f\x8b"

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


def files_of(declaration: InventoryDeclaration, root: Path) -> list[tuple[str, Path]]:
    """The files that the pattern names, in stable order. Raises SourceError for none, and for one outside the project."""
    source = declaration.source
    pointer = f"/spec/from/{source.format}"
    try:
        found = sorted(path for path in root.glob(source.place) if path.is_file())
    except (ValueError, NotImplementedError) as error:
        raise unreadable(f'"{source.place}" is no pattern of paths: {error}', pointer) from None
    if not found:
        raise unreadable(f'there is no file "{source.place}"', pointer, "paths are relative to the folder of declarative.yaml")
    for path in found:
        if source.format in _TEXTS and _is_compressed(path):
            raise unreadable(f"{path.relative_to(root).as_posix()} is compressed", pointer, "unpack it first")
        if leads_out(root, path):
            raise SourceError(
                f"{path.relative_to(root).as_posix()} leads out of the project through a link",
                rule="inventory/source",
                pointer=pointer,
                hint="copy the file into the project",
            )
    return [(path.relative_to(root).as_posix(), path) for path in found]


def _is_compressed(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:  # whoever reads it says what is wrong
        return file.read(len(_GZIP)) == _GZIP
    return False


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


def gathered(file: str, rows: Iterator[tuple[int, Cells]], width: int, collected: Collected) -> Iterator[Batch]:
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
