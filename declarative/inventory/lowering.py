"""Rows into assets, through the same schema and rules that an Asset manifest meets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from declarative.assets.model import DesiredAsset
from declarative.core.chunks import chunks
from declarative.core.diagnostics import Diagnostic, Severity
from declarative.inventory.cells import cell_problem, key_problem
from declarative.inventory.mapping import CellError, spec_of
from declarative.inventory.model import BadRow, Row
from declarative.inventory.telling import about
from declarative.kinds.context import Context
from declarative.kinds.model import InventoryDeclaration
from declarative.kinds.rows import lower_row, row_manifest
from declarative.manifest.model import RuleSetting
from declarative.manifest.sources import forbidden

PART = 5_000
_MOST_WARNINGS = 20


def _unseen(cells: Mapping[str, str | None]) -> str | None:
    """What a manifest may not hold either."""
    for column, text in cells.items():
        what = cell_problem(text) if text is not None else None
        if what is not None:
            return f'the column "{column}" holds {what}'
        found = forbidden(text) if text is not None and not text.isprintable() else None
        if found is not None:
            return f'the column "{column}" holds the character {found}, which is not allowed'
    return None


class Findings(Struct):
    """What is wrong with rows, and what is to be said about those that are right: `warned` are their addresses."""

    bad: list[BadRow] = field(default_factory=list)
    told: list[Diagnostic] = field(default_factory=list)
    warned: set[str] = field(default_factory=set)
    times: Counter[str] = field(default_factory=Counter)

    def note(self, address: str, told: Iterable[Diagnostic]) -> None:
        for one in told:
            self.warned.add(address)
            self.times[one.rule] += 1
            if self.times[one.rule] <= _MOST_WARNINGS:
                self.told.append(one)

    def close(self, declaration: InventoryDeclaration) -> None:
        """Tells how many more there are of what was not told."""
        for rule, count in sorted(self.times.items()):
            if count > _MOST_WARNINGS:
                message = f"{count - _MOST_WARNINGS} more rows of the inventory are told the same: {rule}"
                self.told.append(about(declaration, rule, message, "", severity=Severity.WARNING))


def lowered(
    declaration: InventoryDeclaration,
    rows: Iterable[Row],
    context: Context,
    settings: Mapping[str, RuleSetting],
    findings: Findings,
) -> Iterator[list[tuple[DesiredAsset, str]]]:
    """Assets in the order of the rows, each with its row's digest, those of `PART` rows at a time. A row that makes none is a bad
    one. What there is to say comes to `findings`."""
    for part in chunks(rows, PART):
        made = ((_asset_of(declaration, row, context, settings, findings), row.digest) for row in part)
        yield [(asset, digest) for asset, digest in made if asset is not None]
    findings.close(declaration)


def _asset_of(
    declaration: InventoryDeclaration, row: Row, context: Context, settings: Mapping[str, RuleSetting], findings: Findings
) -> DesiredAsset | None:
    problem = _unseen(row.cells) or key_problem(row.key)
    if problem is not None:
        findings.bad.append(BadRow(row.position, problem))
        return None
    try:
        spec = spec_of(declaration, row.cells)
    except CellError as error:
        findings.bad.append(BadRow(row.position, str(error), row.key))
        return None
    asset, reasons, told = lower_row(row_manifest(declaration, row.key, spec, row.position), context, settings)
    if asset is None:
        findings.bad.append(BadRow(row.position, "; ".join(reasons), row.key))
        return None
    findings.note(asset.address, told)
    return asset
