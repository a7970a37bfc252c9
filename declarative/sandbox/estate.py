"""A made-up but lifelike estate. Every asset is computed from (seed, number), so a million of them cost no memory,
and its identifiers can be read backwards, so finding one costs no search."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .parts import CONSTANT_PARTS, ENCODED_PARTS, PARTS
from .sketch import FIRST_ID, Sketch

FIRST_COMPONENT_ID = 1_700_000_000_000
MAX_ASSETS = 10_000_000
COMPONENTS_PER_ASSET = 4  # numbering step; an asset has zero to three

_LIBRARIES = (("apache-common-utils", ".NET"), ("log4j-core", "Java"), ("jackson-databind", "Java"), ("lodash", "JavaScript"),
              ("requests", "Python"), ("openssl", "C"))  # fmt: skip


class GeneratedRecord:
    """One generated asset as a mapping that computes only the parts it is asked for."""

    __slots__ = ("_known", "_sketch")

    def __init__(self, sketch: Sketch) -> None:
        self._sketch = sketch
        self._known: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        if key not in self._known:
            part = PARTS.get(key)
            self._known[key] = part(self._sketch) if part else None
        return self._known[key]


@dataclass(frozen=True, slots=True)
class Estate:
    seed: int = 0
    count: int = 0

    def __contains__(self, asset_id: object) -> bool:
        return isinstance(asset_id, int) and FIRST_ID <= asset_id < FIRST_ID + self.count

    @property
    def next_id(self) -> int:
        return FIRST_ID + self.count

    def sketch(self, asset_id: int) -> Sketch:
        return Sketch(self.seed, asset_id - FIRST_ID)

    def record(self, asset_id: int) -> dict[str, Any]:
        sketch = self.sketch(asset_id)
        return {name: part(sketch) for name, part in PARTS.items()}

    def shown(self, asset_id: int, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
        """As `record`, for orjson alone: blocks that many assets share are already encoded."""
        sketch = self.sketch(asset_id)
        varying = {name: None if name in leave_out else part(sketch) for name, part in ENCODED_PARTS.items()}
        constant = {**CONSTANT_PARTS, **dict.fromkeys(leave_out & CONSTANT_PARTS.keys())} if leave_out else CONSTANT_PARTS
        return {**varying, **constant}

    def lazy(self, asset_id: int) -> GeneratedRecord:
        return GeneratedRecord(self.sketch(asset_id))

    def guess(self, kind: str, value: str) -> int | None:
        """The only generated asset that can carry this identifier; the caller must still check that it does."""
        label = _READ_BACK[kind](value) if kind in _READ_BACK else None
        if label is None or not 1 <= label <= self.count:
            return None
        return FIRST_ID + label - 1

    def components(self, asset_id: int) -> Iterator[dict[str, Any]]:
        """Rows of the component reply. Ids grow with the asset id, so that one cursor walks both."""
        sketch = self.sketch(asset_id)
        for index in range(sketch.bits[11] % COMPONENTS_PER_ASSET):
            yield _component(sketch, index)


def component_number(component_id: int) -> int:
    """The number of the generated asset whose components surround that id."""
    return (component_id - FIRST_COMPONENT_ID) // COMPONENTS_PER_ASSET


def _component(sketch: Sketch, index: int) -> dict[str, Any]:
    name, technology = _LIBRARIES[(sketch.bits[12] + index) % len(_LIBRARIES)]
    return {
        "assetId": sketch.asset_id,
        "component": {
            "assetComponentId": FIRST_COMPONENT_ID + sketch.number * COMPONENTS_PER_ASSET + index,
            "name": name,
            "version": f"{1 + sketch.bits[13] % 3}.{sketch.bits[14] % 10}",
            "technology": technology,
            "installPath": "/opt/app/lib",
            "firstFoundAt": f"{sketch.made:%Y-%m-%d %H:%M:%S}",
            "lastFoundAt": f"{sketch.touched:%Y-%m-%d %H:%M:%S}",
        },
    }


def _trailing_label(value: str) -> int | None:
    found = re.search(r"(\d{7})(?:\.corp\.example)?$", value.lower())
    return int(found[1]) if found else None


def _mac_label(value: str) -> int | None:
    digits = value.replace(":", "")
    return int(digits[6:], 16) if re.fullmatch(r"005056[0-9a-f]{6}", digits) else None


def _address_label(value: str) -> int | None:
    if value.startswith("2001:db8::"):
        try:
            return int(ipaddress.IPv6Address(value)) & 0xFFFFFFFF
        except ValueError:
            return None
    parts = value.split(".")
    if len(parts) != 4 or parts[0] != "10" or not all(part.isdigit() and int(part) < 256 for part in parts):
        return None
    return int.from_bytes(bytes(int(part) for part in parts[1:]), "big")


def _uuid_label(value: str) -> int | None:
    return int(value[-12:], 16) if re.fullmatch(r"[0-9a-f-]{24}[0-9a-f]{12}", value) else None


_READ_BACK: dict[str, Callable[[str], int | None]] = {
    "serialNumber": _trailing_label,
    "hostName": _trailing_label,
    "fqdn": _trailing_label,
    "netBiosName": _trailing_label,
    "macAddress": _mac_label,
    "hardwareUuid": _uuid_label,
    "ipAddress": _address_label,
}
