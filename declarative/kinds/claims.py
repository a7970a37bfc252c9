"""What only shows when all manifests are seen together: two that claim one asset, one native key, one report name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from declarative.assets import normalise
from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.core.diagnostics import Diagnostic, Severity
from declarative.kinds.lookalikes import skeleton
from declarative.kinds.model import ReportDeclaration
from declarative.kinds.rules import Finding, to_diagnostics
from declarative.manifest.model import Locator, Manifest, Project, RuleSetting

Claim = tuple[str, str, str, Any, str]
"""Address, rule, what or in what, the value in its normal form, pointer to where."""

_IDENTITY = "/spec/identityAttributes"
_WORDS = {
    "asset/shared-native-key": "native key",
    "connector/duplicate": "connector UUID",
    "report/shared-name": "report name",
}
_SEEN_BY_PEOPLE = frozenset({"asset/shared-native-key", "asset/shared-identity"})
_UNIQUE: tuple[tuple[str, str, str, Callable[[Any], Any]], ...] = (
    ("serialNumber", f"{_IDENTITY}/serialNumber", "serial number", normalise.compact),
    ("hardwareUuid", f"{_IDENTITY}/hardwareUuid", "hardware UUID", normalise.uuid),
    ("qualysAssetId", f"{_IDENTITY}/qualysAssetId", "Qualys id", lambda value: value),
)
_NATIVE_KEY = f"{_IDENTITY}/sourceNativeKey"
CLAIMED = (("native key", _NATIVE_KEY), *((what, pointer) for _, pointer, what, _ in _UNIQUE))
"""What the marks of an asset are of, and where it stands, in their order."""


def check(
    manifests: Mapping[str, Manifest],
    connectors: Iterable[tuple[str, ConnectorRef]],
    assets: Iterable[DesiredAsset],
    reports: Iterable[ReportDeclaration],
    settings: Mapping[str, RuleSetting],
) -> Iterator[Diagnostic]:
    """One diagnostic at each later claim, naming the place of the first."""
    holders: dict[tuple[str, str, Any], tuple[str, str, Any]] = {}
    for address, rule, about, value, pointer in _claims(connectors, assets, reports):
        looks = skeleton(value) if type(value) is str and rule in _SEEN_BY_PEOPLE else value
        first = holders.setdefault((rule, about, looks), (address, pointer, value))
        if first[0] != address:
            other = manifests[first[0]].locate(first[1])
            what = about if rule == "asset/shared-identity" else _WORDS[rule]
            same = f"the same {what}" if value == first[2] else f"a {what} that looks the same and is not"
            message = f"{first[0]} at {other} has {same}"
            hint = _hint(rule, first[0])
            yield from to_diagnostics(manifests[address], [Finding(rule, pointer, message, hint)], settings)


def _hint(rule: str, other: str) -> str:
    if rule == "report/shared-name":
        return "reports are downloaded by name: give each its own"
    if rule == "connector/duplicate":
        return f"use {other} in both places, or correct the UUID"
    return "keep one of the two manifests, or correct the value"


def _claims(
    connectors: Iterable[tuple[str, ConnectorRef]], assets: Iterable[DesiredAsset], reports: Iterable[ReportDeclaration]
) -> Iterator[Claim]:
    for address, connector in connectors:
        yield address, "connector/duplicate", "", connector.uuid, "/spec/connectorUuid"
    for asset in assets:
        key = normalise.nocase(asset.native_key)
        if key is not None:
            yield asset.address, "asset/shared-native-key", asset.connector.uuid, key, _NATIVE_KEY
        identity = asset.identity
        for name, pointer, what, normal in _UNIQUE:
            value = identity.get(name)
            if value is not None and (value := normal(value)) is not None:
                yield asset.address, "asset/shared-identity", what, value, pointer
    for report in reports:
        if "name" in report.request:  # it is missing from the well-typed part of some wrong ones
            yield report.address, "report/shared-name", "", report.request["name"], "/spec/request/name"


def marks(asset: DesiredAsset) -> tuple[int | None, ...]:
    """A hash of each thing that an asset can claim, None where it does not: two that claim the same have a mark in common.

    The order is that of `CLAIMED`."""
    found: dict[str, int] = {}
    for _, rule, about, value, pointer in _claims((), (asset,), ()):
        looks = skeleton(value) if type(value) is str else value
        said = repr((rule, about, looks)).encode("utf-8", "surrogatepass")
        found[pointer] = int.from_bytes(blake2b(said, digest_size=8).digest(), signed=True)
    return tuple(found.get(pointer) for _, pointer in CLAIMED)


def check_moves(project: Project, addresses: Collection[str], locate: Locator) -> Iterator[Diagnostic]:
    """Renames that lead nowhere, or away from a manifest that is still there."""
    setting = project.rules.get("project/moved")
    severity = Severity.ERROR if setting is None else setting.severity
    if severity is None:
        return
    for index, (old, new) in enumerate(project.moved.items()):
        if old in addresses:
            message, part = f"{old} was moved to {new}, yet there is still a manifest {old}", "from"
        elif new.partition("[")[0] not in addresses:  # the rows of an inventory are not known yet
            message, part = f"{old} was moved to {new}, but there is no manifest {new}", "to"
        else:
            continue
        pointer = f"/spec/moved/{index}/{part}"
        yield Diagnostic(severity, "project/moved", message, locate(pointer), pointer)
