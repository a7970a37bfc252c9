"""From a live record to a manifest: the field table read backwards, for `import`.

Law: what this writes, compared with the record it came from, is equal or unreadable in every field, never different.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from declarative.assets import marker
from declarative.assets.compare import Verdict, compare, import_record
from declarative.assets.fields import CORE, CUSTOM, IDENTITY, PINNED_ID, TABLE, FieldSpec
from declarative.assets.keys import FQDN, KINDS
from declarative.assets.model import AppliedAsset, ConnectorRef, DesiredAsset, LiveAsset
from declarative.assets.normalise import NORMALISERS, Form, hostname, is_ip, nocase, text
from declarative.assets.records import live_values, mappings

API_VERSION = "declarative/v1"

# Said once, in the identity, and not again in the core.
_REPEATED = frozenset(
    f"{CORE}.{name}"
    for name in ("hostName", "fqdn", "dnsName", "netBiosName", "address", "biosInfo.serialNumber", "biosInfo.hardwareUuid")
)
# Changes by itself all the time; a manifest that owned it would report drift after every logon.
_VOLATILE = frozenset((f"{CORE}.lastLoggedOnUser",))
_LONE = frozenset((f"{IDENTITY}.macAddress",))
_IDENTIFIERS = {f"{IDENTITY}.{kind.name}": kind for kind in KINDS}
_PATTERNS = {
    Form.UUID: re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    Form.MAC_SET: re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2})+"),
    Form.TIMEZONE: re.compile(r"[+-][0-9]{2}:[0-9]{2}"),
}
_UNSAFE = re.compile(r"[^a-z0-9._-]+")


def manifest_of(live: LiveAsset, connector: ConnectorRef, *, name: str, pin: bool = False) -> dict[str, Any]:
    """An Asset manifest of everything the record shows that the import knows. `pin`: with its `qualysAssetId`, for
    assets that have no identifier of their own (see `needs_pin`)."""
    identity: dict[str, Any] = {}
    core: dict[str, Any] = {}
    for path, value in managed_values(live, connector).items():
        section, steps = path.split(".", 1)
        if section == IDENTITY:
            identity[steps] = value
        else:
            _put(core, path, steps, value)
    if pin:
        identity["qualysAssetId"] = live.asset_id
    spec: dict[str, Any] = {"connector": connector.name, "identityAttributes": identity}
    if core:
        spec["coreAttributes"] = core
    return {"apiVersion": API_VERSION, "kind": "Asset", "metadata": {"name": name}, "spec": spec}


def desired_of(applied: AppliedAsset) -> DesiredAsset:
    """What was last sent, as if a manifest said it: what live is compared with when no manifest is asked."""
    core: dict[str, Any] = {}
    for path, field in applied.fields.items():
        section, _, steps = path.partition(".")
        if section == CORE and path not in marker.PATHS:
            _put(core, path, steps, field.value)
    return DesiredAsset(
        address=applied.address,
        connector=applied.connector,
        identity=applied.identity,
        core=core,
        on_remove=applied.on_remove,
    )


def needs_pin(live: LiveAsset) -> bool:
    """Whether the record has no identifier by which a later search could find it again."""
    return not any(kind.of(live.record) for kind in KINDS)


def suggest_name(live: LiveAsset) -> str:
    """A manifest name from the asset's own name: lower case, the first label of a host name; else `asset-ID`."""
    for value in (live.record.get("assetName"), live.record.get("dnsName"), live.record.get("netbiosName")):
        name = hostname(value)
        if name is not None:
            slug = _UNSAFE.sub("-", name if is_ip(name) else name.split(".", 1)[0]).strip("-._")
            if slug:
                return slug[:63].rstrip("-._")
    return f"asset-{live.asset_id}"


def managed_values(live: LiveAsset, connector: ConnectorRef) -> dict[str, Any]:
    """Field path -> value in the shape of the import, for every field the record shows."""
    values: dict[str, Any] = {}
    for path, spec in TABLE.items():
        if path in _REPEATED or path in _VOLATILE or path == PINNED_ID or not spec.response:
            continue
        if path.startswith(CUSTOM):
            values.update(_custom(live.record, connector))
            continue
        value = _import_value(path, spec, live.record)
        if value is not None and compare(path, value, live.record, connector).verdict is not Verdict.DIFFERENT:
            values[path] = value
    return values


def _import_value(path: str, spec: FieldSpec, record: Mapping[str, Any]) -> Any:
    if path in (f"{IDENTITY}.hostName", f"{IDENTITY}.fqdn"):
        return _host_name(record, qualified=path.endswith("fqdn"))
    found = live_values(spec, record)
    if spec.form is Form.RECORDS:
        return _records(spec, found) or None
    kind = _IDENTIFIERS.get(path)
    if kind is not None and not kind.clean(found):
        return None
    if spec.subset:
        members = kind.clean(found) if kind is not None else NORMALISERS[spec.form](found)
        listed = sorted(filter(_well_formed(spec.form), members)) if isinstance(members, frozenset) else []
        return (listed[0] if path in _LONE and len(listed) == 1 else listed) or None
    form = NORMALISERS[spec.form]
    value = next((value for value in found if _importable(spec.form, form(value))), None)
    return text(value) if isinstance(value, str) else value


def _well_formed(form: Form) -> Callable[[str], bool]:
    pattern = _PATTERNS.get(form)
    return (lambda value: pattern.fullmatch(value) is not None) if pattern is not None else bool


def _importable(form: Form, normal: object) -> bool:
    """Redacted, abbreviated and named values (`IST`) would not pass validation."""
    pattern = _PATTERNS.get(form)
    return normal is not None and (pattern is None or pattern.fullmatch(str(normal)) is not None)


def _records(spec: FieldSpec, found: Iterable[Any]) -> list[dict[str, Any]]:
    records = []
    for item in found:
        record = import_record(spec, item) if isinstance(item, Mapping) else {}
        if record and record not in records:
            records.append({key: str(value) if isinstance(value, int) else value for key, value in record.items()})
    return records


def _host_name(record: Mapping[str, Any], *, qualified: bool) -> str | None:
    for value in (record.get("dnsName"), record.get("assetName")):
        name = text(value)
        normal = hostname(value)
        if name is None or normal is None or " " in normal:
            continue
        if ("." in normal) == qualified and FQDN.clean((normal,)):
            return name.rstrip(".")
    return None


def _custom(record: Mapping[str, Any], connector: ConnectorRef) -> dict[str, Any]:
    """The connector's own attributes, and those of no named one; another connector's are not ours to send."""
    names = {nocase(connector.name), nocase(connector.source), None}
    found: dict[str, Any] = {}
    for entry in mappings(record.get("customAttributes")):
        if nocase(entry.get("connectorName")) not in names:
            continue
        key, value = entry.get("key"), text(entry.get("value"))
        if isinstance(key, str) and key and value is not None and CUSTOM + key not in marker.PATHS:
            found.setdefault(CUSTOM + key, value)
    return found


def _put(core: dict[str, Any], path: str, steps: str, value: Any) -> None:
    group, dot, leaf = steps.partition(".")
    if path.startswith(CUSTOM):
        core.setdefault("customConnectorAttributes", {})[path.removeprefix(CUSTOM)] = value
    elif dot:
        core.setdefault(group, {})[leaf] = value
    else:
        core[steps] = value
