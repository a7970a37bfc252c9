"""Software components that were seeded by hand; those of generated assets are computed (facts 4)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from .clock import parse_loose_date
from .estate import COMPONENTS_PER_ASSET, FIRST_COMPONENT_ID, MAX_ASSETS
from .options import SandboxError

FIRST_SEEDED_ID = FIRST_COMPONENT_ID + MAX_ASSETS * COMPONENTS_PER_ASSET
_TEXTS = ("name", "version", "technology", "installPath")
_DATES = ("firstFoundAt", "lastFoundAt")


class SeededComponents:
    """Ids ascend in the order of seeding and lie above all that are computed, so one cursor walks both."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def make(self, asset_id: int, given: dict[str, Any], today: str) -> int:
        """Add one from what a person wrote: texts, and dates in any form. Raises SandboxError."""
        unknown = set(given) - {*_TEXTS, *_DATES}
        if unknown or not given.get("name"):
            raise SandboxError(f"a component has a name and may have {', '.join((*_TEXTS[1:], *_DATES))}; not {sorted(unknown)}")
        number = FIRST_SEEDED_ID + len(self._rows)
        shown: dict[str, Any] = {"assetComponentId": number, **{name: str(given.get(name) or "") for name in _TEXTS}}
        for name in _DATES:
            try:
                shown[name] = f"{parse_loose_date(given.get(name, today)):%Y-%m-%d %H:%M:%S}"
            except ValueError as problem:
                raise SandboxError(f"{name} of a component: {problem}") from problem
        self.add(number, {"assetId": asset_id, "component": shown})
        return number

    def add(self, number: int, row: dict[str, Any]) -> None:
        self._rows[number] = row

    def of(self, asset_id: int | None, after: int) -> Iterator[dict[str, Any]]:
        """Rows above the cursor, of one asset or of all."""
        start = max(after + 1 - FIRST_SEEDED_ID, 0)
        for number, row in islice(self._rows.items(), start, None):
            if number > after and asset_id in (None, row["assetId"]):
                yield row

    def since(self, count: int) -> Iterator[tuple[int, dict[str, Any]]]:
        return islice(self._rows.items(), count, None)
