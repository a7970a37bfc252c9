"""What is to be said about an inventory and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from declarative.core.diagnostics import Diagnostic, Severity
from declarative.inventory.model import BadRow, Twins
from declarative.kinds.model import InventoryDeclaration
from declarative.manifest.model import RuleSetting

_MOST_TOLD = 100


def about_bad_rows(declaration: InventoryDeclaration, found: Sequence[BadRow], rows: int) -> Iterator[Diagnostic]:
    count, most = len(found), declaration.max_bad_rows
    if not count:
        return
    severity = Severity.ERROR if count > most else Severity.WARNING
    for bad in sorted(found, key=lambda one: one.position)[:_MOST_TOLD]:
        address = declaration.row_address(bad.key) if bad.key is not None else declaration.address
        yield Diagnostic(severity, "inventory/bad-row", bad.reason, bad.position, address=address)
    told = f"; the first {_MOST_TOLD} are told" if count > _MOST_TOLD else ""
    said = f"{count} of {max(rows, count)} rows {'is' if count == 1 else 'are'} bad{told}"
    if count > most:
        hint = "correct them, or let maxBadRows leave that many out"
        yield about(declaration, "inventory/bad-row", f"{said}; maxBadRows is {most}", "/spec/maxBadRows", hint)
    else:
        message = f"{said} and left out, and no row of any inventory is removed in this run"
        yield about(declaration, "inventory/bad-row", message, "/spec/maxBadRows", severity=severity)


def about_twins(declaration: InventoryDeclaration, found: Iterable[Twins]) -> Iterator[Diagnostic]:
    for twins in found:
        yield Diagnostic(
            Severity.ERROR,
            "inventory/duplicate-key",
            f'the key "{twins.key}" stands at {twins.first.file}:{twins.first.line} already',
            twins.second,
            address=declaration.row_address(twins.key),
            hint=f'a key names one asset: name another column than "{declaration.key}", or correct the rows',
        )


def about_emptiness(declaration: InventoryDeclaration, settings: Mapping[str, RuleSetting], rows: int) -> Iterator[Diagnostic]:
    """`rows`: how many there are that can be read, none of which meets the conditions."""
    setting = settings.get("inventory/empty")
    severity = Severity.ERROR if setting is None else setting.severity
    if severity is None:
        return
    allow = "if that is meant, set the rule inventory/empty to warning in the project"
    if rows:
        columns = ", ".join(dict.fromkeys(f'"{condition.column}"' for condition in declaration.where))
        none = f"none of its {rows} rows meets" if rows > 1 else "its only row does not meet"
        message = f"{none} the conditions in `where`"
        hint = f"compare them with what the rows hold in {columns}; {allow}"
        yield about(declaration, "inventory/empty", message, "/spec/where", hint, severity)
    else:
        yield about(declaration, "inventory/empty", "the inventory has no rows", "/spec/from", allow, severity)


def about(
    declaration: InventoryDeclaration,
    rule: str,
    message: str,
    pointer: str,
    hint: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    return Diagnostic(severity, rule, message, declaration.locate(pointer), pointer, declaration.address, hint)
