"""Query results as table, json, jsonl, csv or yaml, written as they come."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import yaml

from declarative.core.errors import UsageError
from declarative.queries.select import cell, flatten, select
from declarative.render.escape import json_text, plain
from declarative.render.plan_json import json_line

Record = Mapping[str, Any]
Write = Callable[[str], object]

_FOLD = 4  # items of a list shown in a table cell
_FOLD_WIDTH = 60
# What a spreadsheet would run as a formula. Plain numbers, offsets such as +05:30 and dates are none.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.,:\s]*$)")


def write_rows(
    format_: str,
    rows: Iterable[Record],
    columns: Sequence[str] | None,
    write: Write,
    *,
    color: bool = False,
    width: int | None = None,
) -> int:
    """Writes records in a format (`table`, `json`, `jsonl`, `csv`, `yaml`) and returns how many there were.

    `columns` selects dotted paths, in order; None means whole records. All formats but `table` are written record by
    record, in constant memory; a csv without columns takes those of its first record. `width`: characters of the
    terminal, for `table`. Raises UsageError for an unknown format.
    """
    writer = _WRITERS.get(format_)
    if writer is None:
        raise UsageError(f"unknown output format {format_!r}", hint="one of: " + ", ".join(_WRITERS))
    if format_ == "table":
        return _table(rows, columns, write, color=color, width=width)
    return writer(rows, columns, write)


def _chosen(record: Record, columns: Sequence[str] | None) -> Record:
    return record if columns is None else select(record, columns)


def _jsonl(rows: Iterable[Record], columns: Sequence[str] | None, write: Write) -> int:
    total = 0
    for record in rows:
        write(json_line(_chosen(record, columns)) + "\n")
        total += 1
    return total


def _json(rows: Iterable[Record], columns: Sequence[str] | None, write: Write) -> int:
    total = 0
    for record in rows:
        write(("[\n  " if total == 0 else ",\n  ") + json_line(_chosen(record, columns)))
        total += 1
    write("\n]\n" if total else "[]\n")
    return total


def _csv(rows: Iterable[Record], columns: Sequence[str] | None, write: Write) -> int:
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\n")
    header = list(columns) if columns is not None else None
    total = 0
    if header is not None:
        out.writerow(header)
    for record in rows:
        flat = select(record, columns) if columns is not None else flatten(record)
        if header is None:
            header = list(flat)
            out.writerow([_csv_cell(name) for name in header])
        out.writerow([_csv_cell(flat.get(name)) for name in header])
        total += 1
        write(buffer.getvalue())
        buffer.seek(0)
        buffer.truncate()
    write(buffer.getvalue())
    return total


def _csv_cell(value: Any) -> str:
    """Text that a spreadsheet shows instead of running: a leading apostrophe, as spreadsheets themselves write it."""
    text = plain(cell(value), lines=True)
    return "'" + text if isinstance(value, str | list | tuple) and _FORMULA.match(text) else text


def _yaml(rows: Iterable[Record], columns: Sequence[str] | None, write: Write) -> int:
    total = 0
    for record in rows:
        write(yaml_text([_chosen(record, columns)]))
        total += 1
    if not total:
        write("[]\n")
    return total


class _SafeDumper(yaml.SafeDumper):
    """Block style that readers of YAML 1.1 and 1.2 both understand the same."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


# Text that some reader takes for a number, a date or a time: quoted always, whatever one resolver makes of it.
_LOOKS_TYPED = re.compile(r"[-+.]*\d[\w.:+ -]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    quote = _LOOKS_TYPED.fullmatch(text) is not None or json_text(text) != text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quote else None)


_SafeDumper.add_representer(str, _represent_text)


def yaml_text(value: Any) -> str:
    """YAML text of plain data. Active characters stand as escapes in double quotes, so the text is safe to print."""
    text = yaml.dump(value, Dumper=_SafeDumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=10**9)
    return json_text(text)


def _table(
    rows: Iterable[Record], columns: Sequence[str] | None, write: Write, *, color: bool = False, width: int | None = None
) -> int:
    # rich takes 40 ms to import; only a table needs it.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    records = list(rows)
    names = list(columns) if columns is not None else _common_columns(records)
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name, heading in zip(names, _headings(names), strict=True):
        numeric = bool(records) and all(isinstance(select(record, [name])[name], int | float) for record in records)
        table.add_column(Text(plain(heading)), overflow="fold", justify="right" if numeric else "left")
    for record in records:
        chosen = select(record, names) if columns is not None else flatten(record)
        table.add_row(*(Text(table_cell(chosen.get(name))) for name in names))
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width or 200,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    if records:
        console.print(table)
    write("\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n" if records else "Nothing found.\n")
    return len(records)


def _headings(names: Sequence[str]) -> list[str]:
    """The last part of each path where that is enough to tell the columns apart; a table is narrow."""
    short = [name.rpartition(".")[2] for name in names]
    return [part if short.count(part) == 1 else name for name, part in zip(names, short, strict=True)]


def _common_columns(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in flatten(record)))


def table_cell(value: Any) -> str:
    """A value for a table: long lists folded to their first items and a count."""
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        items = [cell(item) for item in value[:_FOLD]]
        more = len(value) - len(items)
        return plain("; ".join(_cut(item) for item in items)) + (f" (+{more} more)" if more > 0 else "")
    return plain(cell(value))


def _cut(text: str) -> str:
    return text if len(text) <= _FOLD_WIDTH else text[: _FOLD_WIDTH - 3] + "..."


_WRITERS: Mapping[str, Callable[[Iterable[Record], Sequence[str] | None, Write], int]] = MappingProxyType(
    {"table": _table, "json": _json, "jsonl": _jsonl, "csv": _csv, "yaml": _yaml}
)

FORMATS = tuple(_WRITERS)
