"""Inventories into assets, all rows at once: for those who look at every row anyway."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from declarative.assets.model import DesiredAsset
from declarative.core.diagnostics import Diagnostic
from declarative.inventory.rows import open_rows
from declarative.kinds.model import Desired
from declarative.manifest.model import RuleSetting


class Expansion(Struct, frozen=True):
    """`assets` in the order of inventories and keys; `digest` covers the meaning of all rows. `held`: addresses of
    inventories with bad rows: while there are any, no row that is not among `assets` must be taken for removed."""

    assets: tuple[DesiredAsset, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    digest: str = ""
    held: tuple[str, ...] = ()


def expand(desired: Desired, settings: Mapping[str, RuleSetting], root: Path, *, now: datetime) -> Expansion:
    """Reads every inventory. What is wrong with a source or a row is a diagnostic. Raises UsageError where the extra is
    not installed. `now`: aware; dates in the future are told."""
    with open_rows(desired, settings, root, now=now) as rows:
        return Expansion(tuple(rows.assets), tuple(rows.diagnostics), rows.digest, rows.held)
