"""The field table: every path of the import, where the search shows it, and how the two are compared.

One table drives comparison, payloads, `explain`, `import` and the documentation. It follows facts section 9, and 2.2/2.3
for fields that section 9 has no row for. Confidence: D documented on both sides, S the samples line up, G a guess,
`-` nothing to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from declarative.assets.field_spec import CORE, IDENTITY, FieldSpec, Readability, SubField, Wire
from declarative.assets.normalise import Form
from declarative.assets.table import TABLE

__all__ = [
    "CORE",
    "CUSTOM",
    "IDENTITY",
    "PINNED_ID",
    "STATUS",
    "TABLE",
    "FieldSpec",
    "Form",
    "Readability",
    "SubField",
    "Wire",
    "all_fields",
    "describe",
    "flatten",
    "readable",
]

CUSTOM = f"{CORE}.customConnectorAttributes."
STATUS = f"{CORE}.businessMetaData.status"
PINNED_ID = f"{IDENTITY}.qualysAssetId"

_NESTED = ("biosInfo", "processor", "businessMetaData", "assignedLocation", "customConnectorAttributes")

_CUSTOM_SPEC = TABLE[CUSTOM + "*"]


def describe(path: str) -> FieldSpec | None:
    """The row for a field path (every custom connector attribute shares one); None for a path not in the table."""
    found = TABLE.get(path)
    return _CUSTOM_SPEC if found is None and path.startswith(CUSTOM) else found


_READABLE = frozenset(path for path, spec in TABLE.items() if spec.readable)


def readable(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Of fields by their paths, those that the search shows as they were sent."""
    return {path: value for path, value in fields.items() if path in _READABLE or path.startswith(CUSTOM)}


def all_fields() -> Iterator[FieldSpec]:
    """Every row, in the order of the table; the open map of custom attributes as `....*`."""
    return iter(TABLE.values())


def _children(prefix: str) -> dict[str, str]:
    own = (path.removeprefix(prefix + ".") for path in TABLE if path.startswith(prefix + "."))
    return {name: f"{prefix}.{name}" for name in own if "." not in name}


_IDENTITY_PATHS: Mapping[str, str] = _children(IDENTITY)
_CORE_PATHS: Mapping[str, str] = _children(CORE)
_NESTED_PATHS: Mapping[str, Mapping[str, str]] = {group: _children(f"{CORE}.{group}") for group in _NESTED}


def flatten(identity: Mapping[str, Any], core: Mapping[str, Any]) -> dict[str, Any]:
    """Field path -> declared value. A list is one field; every custom connector attribute is its own. Nulls are no fields."""
    fields: dict[str, Any] = {}
    for name, value in identity.items():
        if value is not None:
            fields[_IDENTITY_PATHS.get(name) or f"{IDENTITY}.{name}"] = value
    for name, value in core.items():
        paths = _NESTED_PATHS.get(name)
        if paths is not None and (value.__class__ is dict or isinstance(value, Mapping)):
            for key, item in value.items():
                if item is not None:
                    fields[paths.get(key) or f"{CORE}.{name}.{key}"] = item
        elif value is not None:
            fields[_CORE_PATHS.get(name) or f"{CORE}.{name}"] = value
    return fields
