"""By which identification attributes a record can be found, in one spelling."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Any, Protocol

Key = tuple[str, str]  # identification attribute, normalised value
_NO_HEX = re.compile(r"[^0-9a-f]")


class _Readable(Protocol):
    def get(self, key: str, /) -> Any: ...


def identifiers(record: _Readable) -> set[Key]:
    """Every identifier that the record shows, normalised."""
    found: set[Key] = _key("serialNumber", record.get("biosSerialNumber"))
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
        digits = _NO_HEX.sub("", text)
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if len(digits) == 12 else text
    if kind == "ipAddress":
        return _one_address(text)
    return text.rstrip(".") if kind == "fqdn" else text


@lru_cache(maxsize=65536)
def _one_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text
