"""Rows into assets, through the same schema and rules that an Asset manifest meets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from declarative.assets.model import DesiredAsset
from declarative.core.diagnostics import Diagnostic, Severity
from declarative.inventory.cells import key_problem
from declarative.inventory.mapping import CellError, spec_of
from declarative.inventory.model import BadRow, Row
from declarative.inventory.telling import about
from declarative.kinds.context import Context
from declarative.kinds.model import InventoryDeclaration
from declarative.kinds.rows import lower_row, row_manifest
from declarative.kinds.unopened import closed
from declarative.manifest.model import RuleSetting
from declarative.manifest.sources import forbidden

_MOST_WARNINGS = 20
_MOST_OPEN = 20_000
"""From here on assets are kept as text, in a third of the memory: that many are looked into in a first plan only."""


def _unseen(cells: Mapping[str, str | None]) -> str | None:
    """What a manifest may not hold either."""
    for column, text in cells.items():
        found = forbidden(text) if text is not None and not text.isprintable() else None
        if found is not None:
            return f'the column "{column}" holds the character {found}, which is not allowed'
    return None


class Lowered(Struct):
    """`warned`: addresses of assets that something is to be said about, though they are right."""

    assets: list[DesiredAsset] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    told: list[Diagnostic] = field(default_factory=list)
    warned: set[str] = field(default_factory=set)


def lowered(
    declaration: InventoryDeclaration, rows: Iterable[Row], context: Context, settings: Mapping[str, RuleSetting]
) -> Lowered:
    """Assets in the order of the rows; a row that makes none is a bad one."""
    found = Lowered()
    warnings: Counter[str] = Counter()
    for row in rows:
        problem = key_problem(row.key) or _unseen(row.cells)
        if problem is not None:
            found.bad.append(BadRow(row.position, problem))
            continue
        try:
            spec = spec_of(declaration, row.cells)
        except CellError as error:
            found.bad.append(BadRow(row.position, str(error), row.key))
            continue
        asset, reasons, told = lower_row(row_manifest(declaration, row.key, spec, row.position), context, settings)
        if asset is None:
            found.bad.append(BadRow(row.position, "; ".join(reasons), row.key))
            continue
        found.assets.append(asset if len(found.assets) < _MOST_OPEN else closed(asset))
        for one in told:
            found.warned.add(asset.address)
            warnings[one.rule] += 1
            if warnings[one.rule] <= _MOST_WARNINGS:
                found.told.append(one)
    for rule, count in sorted(warnings.items()):
        if count > _MOST_WARNINGS:
            message = f"{count - _MOST_WARNINGS} more rows of the inventory are told the same: {rule}"
            found.told.append(about(declaration, rule, message, "", severity=Severity.WARNING))
    return found
