"""The sandbox's own endpoints under /_sandbox: reach in, look, and make trouble. Nothing of this exists at the vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from .blank import blank_record
from .clock import iso_millis
from .faults import fault_from, profile
from .gateway import Gateway
from .incoming import put
from .openapi import document
from .options import Connector, SandboxError
from .store import Asset

Action = Callable[[Gateway, Mapping[str, Any]], Any]


def reset(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """{assets?, seed?}: everything back to the start."""
    gateway.reset(_number(body, "assets"), _number(body, "seed"))
    return {"assets": len(gateway.store)}


def seed(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """{assets?, seed?}: a new generated estate, the rest reset too; {records: [...]}: records in the response's shape, added;
    {components: [{assetId | assetName, name, ...}]}: components of any asset."""
    if "assets" in body or "seed" in body:
        gateway.reset(_number(body, "assets"), _number(body, "seed"))
    added = [_add(gateway, row) for row in body.get("records", [])]
    components = [_add_component(gateway, row) for row in body.get("components", [])]
    return {"assetIds": added, "assetComponentIds": components, "assets": len(gateway.store)}


def _add_component(gateway: Gateway, row: Mapping[str, Any]) -> int:
    given = {name: value for name, value in row.items() if name not in ("assetId", "assetName")}
    return gateway.store.components.make(_wanted(gateway, row), given, iso_millis(gateway.clock.now()))


def _add(gateway: Gateway, row: Any) -> int:
    if not isinstance(row, dict):
        raise SandboxError("a record is an object in the shape of the search reply; a dotted path may stand for a nested key")
    asset_id = row.get("assetId") or gateway.store.new_id()
    native = {(str(key["connectorUuid"]).lower(), str(key["sourceNativeKey"])) for key in row.get("nativeKeys", [])}
    record = blank_record(asset_id, f"00000000-0000-4000-8000-{asset_id:012x}", "IP", gateway.clock.now())
    for path, value in row.items():
        if path != "nativeKeys":
            put(record, path, value)
    record["assetId"] = asset_id
    gateway.store.commit(Asset(record, native))
    return int(asset_id)


def drift(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """{assetId | assetName, set: {path: value}, touch?: true, delete?: true}: another source changes, or purges, an asset."""
    asset_id = _wanted(gateway, body)
    if body.get("delete"):
        gateway.store.delete(asset_id)
        return {"assetId": asset_id, "deleted": True}
    asset = gateway.store.checkout(asset_id)
    for path, value in body.get("set", {}).items():
        put(asset.record, path, value)
    if body.get("touch", True):
        asset.record["lastModifiedDate"] = iso_millis(gateway.clock.now())
    gateway.store.commit(asset)
    return {"assetId": asset_id}


def _wanted(gateway: Gateway, body: Mapping[str, Any]) -> int:
    asset_id = body.get("assetId")
    if asset_id is None and body.get("assetName"):
        found = gateway.store.by_identifier("hostName", str(body["assetName"]).lower())
        asset_id = min(found) if found else None
    if not isinstance(asset_id, int) or asset_id not in gateway.store:
        raise SandboxError("no such asset; name it by assetId or assetName")
    return asset_id


def clock(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """{advance: seconds}: time passes; what becomes due is processed."""
    seconds = body.get("advance", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 10 * 366 * 86400:
        raise SandboxError("advance is a number of seconds, at most ten years")
    now = gateway.clock.advance(seconds)
    return {"now": iso_millis(now), "processed": gateway.settle()}


def process(gateway: Gateway, _: Mapping[str, Any]) -> Any:
    """The import queue is processed now, whatever its delay."""
    return {"processed": gateway.settle(everything=True)}


def faults(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """{clear?: true, profile?: name, faults?: [...]}, or one fault by itself: add to the faults in force."""
    wanted = [fault_from(row) for row in ([body] if "kind" in body else body.get("faults", []))]
    if body.get("profile"):
        wanted += profile(body["profile"])
    if body.get("clear"):
        gateway.faults.clear()
    gateway.faults.add(wanted)
    return {"faults": gateway.faults.describe()}


def revoke(gateway: Gateway, _: Mapping[str, Any]) -> Any:
    """Every token issued so far is refused with a 401."""
    gateway.tokens.revoke_all()
    return {"revoked": True}


def switches(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """{name: value}: throw switches; an empty object only shows them."""
    gateway.switches = gateway.switches.changed(body)
    return gateway.switches.shown()


def overrule(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """{set: {path: value}}: another source wins these response paths after every import; {} ends it."""
    gateway.overrules = dict(body.get("set", {}))
    return {"set": gateway.overrules}


def connectors(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """{connectors: [{uuid, name, allowUnmanaged?}]}: register; always lists what is registered."""
    for row in body.get("connectors", []):
        made = Connector(str(row["uuid"]).lower(), str(row["name"]), bool(row.get("allowUnmanaged", True)))
        gateway.connectors[made.uuid] = made
    return {"connectors": [asdict(one) for one in gateway.connectors.values()]}


def calls(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """The calls so far, without those to /_sandbox; {path?} keeps one path."""
    shown = [row for row in gateway.logs.calls if body.get("path") in (None, row["path"])]
    counts: dict[str, int] = {}
    for row in shown:
        counts[f"{row['method']} {row['path']}"] = counts.get(f"{row['method']} {row['path']}", 0) + 1
    return {"calls": shown, "counts": counts, "total": gateway.logs.total_calls}


def identification(gateway: Gateway, _: Mapping[str, Any]) -> Any:
    """What became of every processed asset, in order."""
    return {"identification": list(gateway.logs.identification), "queued": len(gateway.queue)}


def reports(gateway: Gateway, _: Mapping[str, Any]) -> Any:
    """Every report ever created."""
    rows = [
        {"fileUuid": one.file_uuid, "name": one.name, "createdAt": iso_millis(one.created), "request": one.request}
        for one in gateway.reports
    ]
    return {"reports": rows}


def assets(gateway: Gateway, body: Mapping[str, Any]) -> Any:
    """Assets that were imported or changed, with the native keys that the search never shows; {assetId?} keeps one."""
    shown = [
        {
            "record": one.record,
            "nativeKeys": [{"connectorUuid": uuid, "sourceNativeKey": key} for uuid, key in sorted(one.native_keys)],
        }
        for one in gateway.store.materialised()
        if str(body.get("assetId", one.asset_id)) == str(one.asset_id)
    ]
    return {"assets": shown, "total": len(gateway.store)}


def health(gateway: Gateway, _: Mapping[str, Any]) -> Any:
    """That this is the sandbox, and what time it thinks it is."""
    return {"sandbox": True, "now": iso_millis(gateway.clock.now()), "assets": len(gateway.store), "queued": len(gateway.queue)}


def openapi(_: Gateway, __: Mapping[str, Any]) -> Any:
    """The OpenAPI document of the vendor's paths as emulated here."""
    return document()


def _number(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise SandboxError(f"{name} must be a whole number")
    return value


PREFIX = "/_sandbox"
READS: Mapping[str, Action] = {
    "": health,
    "calls": calls,
    "identification": identification,
    "reports": reports,
    "assets": assets,
    "switches": lambda gateway, _: gateway.switches.shown(),
    "faults": lambda gateway, _: {"faults": gateway.faults.describe()},
    "connectors": lambda gateway, _: connectors(gateway, {}),
    "openapi.json": openapi,
}
WRITES: Mapping[str, Action] = {
    "reset": reset,
    "seed": seed,
    "drift": drift,
    "clock": clock,
    "process": process,
    "faults": faults,
    "revoke": revoke,
    "switches": switches,
    "overrule": overrule,
    "connectors": connectors,
}
