"""The inventory: a generated base, and over it the assets that were imported or changed."""

from __future__ import annotations

import bisect
import copy
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from .clock import epoch_millis, iso_millis, parse_date
from .estate import Estate
from .parts import PARTS
from .sketch import LAST_TOUCH

Key = tuple[str, str]  # identification attribute, normalised value


class Readable(Protocol):
    """What a filter looks at: a record, whole or computed on demand."""

    def get(self, key: str) -> Any: ...


@dataclass(slots=True)
class Asset:
    """A materialised asset: the record as the search shows it, and what the search never shows."""

    record: dict[str, Any]
    native_keys: set[tuple[str, str]] = field(default_factory=set)  # (connectorUuid, sourceNativeKey)
    hidden: dict[str, str] = field(default_factory=dict)  # identifiers with no place in the record, e.g. instanceUuid

    @property
    def asset_id(self) -> int:
        return int(self.record["assetId"])


class Store:
    """Ids ascend; lookups by identifier are constant time, also over the generated base."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._assets: dict[int, Asset] = {}
        self._extra: list[int] = []  # ids outside the generated base, ascending
        self._deleted: set[int] = set()
        self._keys: dict[Key, set[int]] = {}
        self._natives: dict[tuple[str, str], int] = {}
        self._next_id = estate.next_id

    def __len__(self) -> int:
        return self.estate.count + len(self._extra) - sum(asset_id in self.estate for asset_id in self._deleted)

    def __contains__(self, asset_id: int) -> bool:
        return asset_id in self._assets or (asset_id in self.estate and asset_id not in self._deleted)

    def new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def materialised(self) -> list[Asset]:
        return [self._assets[asset_id] for asset_id in sorted(self._assets)]

    def view(self, asset_id: int) -> Readable | None:
        """The record for filters; None when there is no such asset."""
        if asset_id in self._assets:
            return _Whole(self._assets[asset_id].record)
        return self.estate.lazy(asset_id) if asset_id in self else None

    def record(self, asset_id: int, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
        """A copy to be sent, the parts to be left out as null. Raises KeyError."""
        if asset_id in self._assets:
            record = self._assets[asset_id].record
            return {name: None if name in leave_out else value for name, value in record.items()}
        if asset_id not in self:
            raise KeyError(asset_id)
        return self.estate.record(asset_id, leave_out)

    def checkout(self, asset_id: int) -> Asset:
        """A private copy to change and hand to `commit`. Raises KeyError."""
        if asset_id in self._assets:
            return copy.deepcopy(self._assets[asset_id])
        return Asset(copy.deepcopy(self.record(asset_id)))  # generated blocks are shared

    def commit(self, asset: Asset) -> None:
        asset_id = asset.asset_id
        old = self._assets.get(asset_id)
        if old is not None:
            self._forget_keys(old)
        elif asset_id not in self.estate:
            bisect.insort(self._extra, asset_id)
            self._next_id = max(self._next_id, asset_id + 1)
        self._deleted.discard(asset_id)
        self._assets[asset_id] = asset
        for key in identifiers(asset):
            self._keys.setdefault(key, set()).add(asset_id)
        for native in asset.native_keys:
            self._natives[native] = asset_id

    def delete(self, asset_id: int) -> None:
        """Raises KeyError."""
        if asset_id not in self:
            raise KeyError(asset_id)
        old = self._assets.pop(asset_id, None)
        if old is not None:
            self._forget_keys(old)
        if asset_id in self.estate:
            self._deleted.add(asset_id)
        else:
            self._extra.remove(asset_id)

    def by_native(self, connector: str, key: str) -> int | None:
        return self._natives.get((connector, key))

    def by_identifier(self, kind: str, value: str) -> set[int]:
        """Every asset that carries that identifier. `value` must be normalised by `normal`."""
        found = set(self._keys.get((kind, value), ()))
        guessed = self.estate.guess(kind, value)
        if guessed is not None and guessed not in self._assets and guessed in self:
            record = self.estate.record(guessed)
            if (kind, value) in identifiers(Asset(record)):
                found.add(guessed)
        return found

    def ids(self, after: int = 0) -> Iterator[int]:
        """Ids above `after`, ascending; the generated base first, which always lies below what was created since."""
        extra = iter(self._extra[bisect.bisect_right(self._extra, after) :])
        low = next(extra, None)
        first = max(after + 1, self.estate.next_id - self.estate.count)
        for asset_id in range(first, self.estate.next_id):
            while low is not None and low < asset_id:
                yield low
                low = next(extra, None)
            if asset_id not in self._deleted:
                yield asset_id
        if low is not None:
            yield low
        yield from extra

    def touched_since(self, since: datetime, after: int = 0) -> Iterator[int]:
        """Ids above `after` whose lastModifiedDate is at or after `since`."""
        candidates: Iterable[int] = self.ids(after)
        if since > LAST_TOUCH:
            candidates = (asset_id for asset_id in sorted(self._assets) if asset_id > after)
        for asset_id in candidates:
            if asset_id in self._assets:
                if parse_date(self._assets[asset_id].record["lastModifiedDate"]) >= since:
                    yield asset_id
            elif self.estate.sketch(asset_id).touched >= since:
                yield asset_id

    def _forget_keys(self, asset: Asset) -> None:
        for key in identifiers(asset):
            self._keys.get(key, set()).discard(asset.asset_id)
        for native in asset.native_keys:
            self._natives.pop(native, None)


class _Whole:
    __slots__ = ("_record",)

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record

    def get(self, key: str) -> Any:
        return self._record.get(key)


def blank_record(asset_id: int, uuid: str, source: str, now: datetime) -> dict[str, Any]:
    """A record as the vendor shows one of which it knows nothing: nulls, and the odd placeholders (facts 3.8)."""
    record: dict[str, Any] = dict.fromkeys(PARTS)
    record.update(
        {
            "assetId": asset_id,
            "assetUUID": uuid,
            "lastModifiedDate": iso_millis(now),
            "createdDate": iso_millis(now),
            "sensorLastUpdatedDate": iso_millis(now),
            "assetType": "HOST",
            "biosSerialNumber": "",
            "totalMemory": 0,
            "isContainerHost": False,
            "userAccountListData": {"userAccount": []},
            "openPortListData": {"openPort": []},
            "volumeListData": {"volume": []},
            "networkInterfaceListData": {"networkInterface": []},
            "softwareListData": {"software": []},
            "serviceList": {"service": []},
            "tagList": {"tag": []},
            "businessAppListData": {"businessApp": []},
            "customAttributes": [],
            "agent": {
                "version": None,
                "configurationProfile": None,
                "activations": None,
                "connectedFrom": None,
                "lastActivity": 0,
                "lastCheckedIn": 0,
                "lastInventory": -1,
                "udcManifestAssigned": None,
                "errorStatus": None,
            },
            "sensor": {
                "activatedForModules": [],
                "pendingActivationForModules": [],
                "lastVMScan": 0,
                "lastComplianceScan": 0,
                "lastFullScan": 0,
            },
            "inventory": {"source": source, "created": epoch_millis(now), "lastUpdated": epoch_millis(now)},
            "activity": {"source": source, "lastScannedDate": 0},
            "criticality": {
                "aiCriticalityScoreConfidence": None,
                "hasAiCriticalityScore": False,
                "default": True,
                "score": 2,
                "isDefault": True,
                "lastUpdated": iso_millis(now),
            },
            "riskScore": 0,
        }
    )
    return record


def identifiers(asset: Asset) -> set[Key]:
    """By which identification attributes an asset can be found, normalised."""
    record = asset.record
    found: set[Key] = set(asset.hidden.items())
    found |= _key("serialNumber", record.get("biosSerialNumber"))
    found |= _key("hardwareUuid", record.get("hwUUID"))
    found |= _key("fqdn", record.get("dnsName"))
    found |= _key("hostName", record.get("assetName"))
    found |= _key("netBiosName", record.get("netbiosName"))
    found |= _key("ipAddress", record.get("address"))
    for interface in (record.get("networkInterfaceListData") or {}).get("networkInterface") or []:
        found |= _key("hostName", interface.get("hostname"))
        found |= _key("macAddress", interface.get("macAddress"))
        for joined in (interface.get("addressIpV4"), interface.get("addressIpV6")):
            for address in (joined or "").split(","):
                found |= _key("ipAddress", address)
    return found


def _key(kind: str, value: Any) -> set[Key]:
    text = normal(kind, value)
    return {(kind, text)} if text else set()


def normal(kind: str, value: Any) -> str:
    """One spelling for an identifier, so that `00-50-56-AA` and `00:50:56:aa` are the same; empty for a placeholder."""
    text = str(value or "").strip().lower()
    if kind == "macAddress":
        digits = re.sub(r"[^0-9a-f]", "", text)
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if len(digits) == 12 else text
    if kind == "ipAddress":
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            return text
    if kind == "fqdn":
        return text.rstrip(".")
    return text
