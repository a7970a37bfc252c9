"""Inventories into assets: every row that makes one, and everything that is to be said about the others."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import orjson

from declarative.assets.model import DesiredAsset
from declarative.core.diagnostics import Diagnostic, Severity
from declarative.inventory.cells import key_problem
from declarative.inventory.engines import Engine, engine_for
from declarative.inventory.mapping import CellError, spec_of
from declarative.inventory.model import BadRow, Row, SourceError
from declarative.inventory.sources import Collected, batches
from declarative.kinds.context import Context
from declarative.kinds.model import Desired, InventoryDeclaration
from declarative.kinds.rows import lower_row, row_manifest
from declarative.manifest.model import RuleSetting

_MOST_TOLD = 100
_MOST_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class Expansion:
    """`assets` in the order of inventories and keys; `digest` covers the meaning of all rows. `held`: addresses of
    inventories with bad rows: what is theirs and not among `assets` must not be taken for removed."""

    assets: tuple[DesiredAsset, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    digest: str = ""
    held: tuple[str, ...] = ()


@dataclass(slots=True)
class _Result:
    assets: list[DesiredAsset] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    told: list[Diagnostic] = field(default_factory=list)
    rows: int = 0


def expand(desired: Desired, settings: Mapping[str, RuleSetting], root: Path, *, now: datetime) -> Expansion:
    """Reads every inventory. What is wrong with a source or a row is a diagnostic. Raises UsageError where the extra is
    not installed. `now`: aware; dates in the future are told."""
    context = Context(now=now, connectors={connector.name: connector for connector in desired.connectors})
    digest = hashlib.sha256()
    assets: list[DesiredAsset] = []
    diagnostics: list[Diagnostic] = []
    held: list[str] = []
    for declaration in desired.inventories:
        found = _read(declaration, root, context, settings, digest)
        assets.extend(found.assets)
        diagnostics.extend(found.told)
        diagnostics.extend(_about_bad_rows(declaration, found))
        if found.bad:
            held.append(declaration.address)
    return Expansion(tuple(assets), tuple(diagnostics), f"sha256:{digest.hexdigest()}", tuple(held))


def _read(
    declaration: InventoryDeclaration,
    root: Path,
    context: Context,
    settings: Mapping[str, RuleSetting],
    digest: hashlib._Hash,
) -> _Result:
    result, collected = _Result(), Collected()
    with engine_for(declaration) as engine:
        try:
            engine.stage(batches(declaration, root, collected))
        except SourceError as error:
            result.told.append(_about(declaration, error.rule, error.message, error.pointer, error.hint))
            return result
        result.rows = collected.rows
        result.bad = [*collected.bad, *engine.keyless()]
        if not collected.rows:
            result.told.extend(_about_emptiness(declaration, settings))
        result.told.extend(_about_twins(declaration, engine))
        _lower(declaration, engine.rows(), context, settings, result, digest)
    return result


def _lower(
    declaration: InventoryDeclaration,
    rows: Iterable[Row],
    context: Context,
    settings: Mapping[str, RuleSetting],
    result: _Result,
    digest: hashlib._Hash,
) -> None:
    warnings: Counter[str] = Counter()
    for row in rows:
        problem = key_problem(row.key)
        if problem is not None:
            result.bad.append(BadRow(row.position, problem))
            continue
        try:
            spec = spec_of(declaration, row.cells)
        except CellError as error:
            result.bad.append(BadRow(row.position, str(error), row.key))
            continue
        manifest = row_manifest(declaration, row.key, spec, row.position)
        asset, reasons, told = lower_row(manifest, context, settings)
        if asset is None:
            result.bad.append(BadRow(row.position, "; ".join(reasons), row.key))
            continue
        digest.update(orjson.dumps([asset.address, spec], option=orjson.OPT_SORT_KEYS))
        result.assets.append(asset)
        for one in told:
            warnings[one.rule] += 1
            if warnings[one.rule] <= _MOST_WARNINGS:
                result.told.append(one)
    for rule, count in sorted(warnings.items()):
        if count > _MOST_WARNINGS:
            message = f"{count - _MOST_WARNINGS} more rows of the inventory are told the same: {rule}"
            result.told.append(_about(declaration, rule, message, "", severity=Severity.WARNING))


def _about_bad_rows(declaration: InventoryDeclaration, found: _Result) -> Iterator[Diagnostic]:
    count, most = len(found.bad), declaration.max_bad_rows
    if not count:
        return
    severity = Severity.ERROR if count > most else Severity.WARNING
    for bad in sorted(found.bad, key=lambda one: one.position)[:_MOST_TOLD]:
        address = declaration.row_address(bad.key) if bad.key is not None else declaration.address
        yield Diagnostic(severity, "inventory/bad-row", bad.reason, bad.position, address=address)
    told = f"; the first {_MOST_TOLD} are told" if count > _MOST_TOLD else ""
    rows = f"{count} of {max(found.rows, count)} rows {'is' if count == 1 else 'are'} bad{told}"
    if count > most:
        hint = "correct them, or let maxBadRows leave that many out"
        yield _about(declaration, "inventory/bad-row", f"{rows}; maxBadRows is {most}", "/spec/maxBadRows", hint)
    else:
        message = f"{rows} and left out, and nothing of the inventory is removed in this run"
        yield _about(declaration, "inventory/bad-row", message, "/spec/maxBadRows", severity=severity)


def _about_twins(declaration: InventoryDeclaration, engine: Engine) -> Iterator[Diagnostic]:
    for twins in engine.twins():
        yield Diagnostic(
            Severity.ERROR,
            "inventory/duplicate-key",
            f'the key "{twins.key}" stands at {twins.first.file}:{twins.first.line} already',
            twins.second,
            address=declaration.row_address(twins.key),
            hint=f'a key names one asset: name another column than "{declaration.key}", or correct the rows',
        )


def _about_emptiness(declaration: InventoryDeclaration, settings: Mapping[str, RuleSetting]) -> Iterator[Diagnostic]:
    setting = settings.get("inventory/empty")
    severity = Severity.ERROR if setting is None else setting.severity
    if severity is not None:
        hint = "if that is meant, set the rule inventory/empty to warning in the project"
        yield _about(declaration, "inventory/empty", "the inventory has no rows", "/spec/from", hint, severity)


def _about(
    declaration: InventoryDeclaration,
    rule: str,
    message: str,
    pointer: str,
    hint: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    return Diagnostic(severity, rule, message, declaration.locate(pointer), pointer, declaration.address, hint)
