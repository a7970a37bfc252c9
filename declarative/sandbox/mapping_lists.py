"""The lists of an import: software, ports, volumes, services, accounts, business applications."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import catalogue
from .clock import iso_millis
from .incoming import MISSING, Incoming, clears, given, integer, peek, put
from .options import Switches


@dataclass(frozen=True, slots=True)
class _ListRow:
    source: str
    path: str
    convert: Callable[[Mapping[str, Any], str], dict[str, Any] | None]
    same: tuple[str, ...]  # keys by which two entries are one, when lists are merged


def _port(item: Mapping[str, Any], seen: str) -> dict[str, Any] | None:
    number = integer(item.get("port"))
    if number is None:
        return None
    return {
        "port": number,
        "description": item.get("description"),
        "protocol": item.get("protocol"),
        "detectedService": item.get("detectedService"),
        "firstFound": seen,
        "lastUpdated": seen,
        "authorization": None,
        "detectionScore": None,
        "discoverySources": "Connector",
    }


def _volume(item: Mapping[str, Any], _: str) -> dict[str, Any]:
    free, size = item.get("free"), item.get("size")
    return {
        "name": item.get("name"),
        "free": None if free is None else integer(free),
        "size": None if size is None else integer(size),
    }


def _service(item: Mapping[str, Any], _: str) -> dict[str, Any]:
    return {name: item.get(name) for name in ("name", "description", "status")}


def _account(item: Mapping[str, Any], _: str) -> dict[str, Any]:
    return {"name": item.get("username")}


_LISTS = (
    _ListRow("ports", "openPortListData.openPort", _port, ("port", "protocol")),
    _ListRow("volumes", "volumeListData.volume", _volume, ("name",)),
    _ListRow("services", "serviceList.service", _service, ("name",)),
    _ListRow("accounts", "userAccountListData.userAccount", _account, ("name",)),
)


def map_lists(record: dict[str, Any], incoming: Incoming, switches: Switches, now: datetime) -> None:
    def software(item: Mapping[str, Any], seen: str) -> dict[str, Any] | None:
        if not item.get("name"):
            return None
        version = item.get("version")
        identifier = 2**53 + abs(int(record["assetId"])) * 1000 + len(str(item["name"])) + sum(str(item["name"]).encode())
        return catalogue.software(
            str(item["name"]), None if version is None else str(version), identifier, seen, normalise=switches.normalise
        )

    rows = (*_LISTS, _ListRow("softwares", "softwareListData.software", software, ("discoveredName",)))
    for row in rows:
        value = incoming.pick(f"c.{row.source}")
        if value is MISSING or value is None:
            if clears(value, switches):
                put(record, row.path, [])
            continue
        items = [item for item in (row.convert(raw, iso_millis(now)) for raw in value if raw) if item]
        put(record, row.path, joined(peek(record, row.path) or [], items, row.same, switches.lists))
    apps = incoming.pick("c.businessApps")
    if given(apps):
        values = apps if isinstance(apps, list) else [apps]
        put(record, "businessAppListData.businessApp", [business_app(value) for value in values])


def joined(old: list[dict[str, Any]], new: list[dict[str, Any]], same: tuple[str, ...], mode: str) -> list[dict[str, Any]]:
    if mode == "replace":
        return new
    by_key = {tuple(item.get(name) for name in same): item for item in (*old, *new)}
    return list(by_key.values())


def business_app(value: Any) -> dict[str, Any]:
    known = value if isinstance(value, dict) else {"id": value}
    names = ("id", "name", "environment", "businessCriticality", "managedBy", "ownedBy", "supportedBy", "supportGroup",
             "operationalStatus", "status", "usedFor")  # fmt: skip
    shown: dict[str, Any] = {name: known.get(name) for name in names}
    shown["id"] = None if shown["id"] is None else str(shown["id"])
    return shown
