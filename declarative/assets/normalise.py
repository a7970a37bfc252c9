"""Normal forms: two values mean the same exactly when their normal forms are equal.

Every function is pure and total (it never raises for JSON values), idempotent, and answers None for what the API uses
to say "nothing": null, "", " ", ",," (facts 3.8). Comparing normal forms is symmetric by construction.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

Normaliser = Callable[[Any], Hashable]

# The common cases, decided at once: one word of printable ASCII that says something; what everybody writes in one way.
WORD_FORM = r"[!-+\--~][!-~]*"
"""Texts whose `nocase` and `compact` are themselves in small letters."""
UUID_FORM = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""Texts whose `uuid` is themselves in small letters."""
_WORD = re.compile(WORD_FORM).fullmatch
_UUID = re.compile(UUID_FORM).fullmatch
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
ipv4 = re.compile(r"\.".join([_OCTET] * 4)).fullmatch
"""An address as everybody writes it; its first group is the first octet."""
_MAC = re.compile(r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}").fullmatch
_ONLY_SEPARATORS = re.compile(r"[\s,]*")
_INTEGER = re.compile(r"([+-]?[0-9]{1,30})(?:\.0+)?")
_ZONE = re.compile(r"\(?(?:utc|gmt)?\s*([+-])([0-9]{1,2})(?::?([0-9]{2}))?\)?")
_DOTTED = re.compile(r"[0-9.]+").fullmatch
_HEX = re.compile(r"[0-9a-f]+")
_MAC_SEPARATORS = re.compile(r"[:.\-\s]")
_LIST_SEPARATORS = re.compile(r"[,;\s]+")
_MAC_LIST_SEPARATORS = re.compile(r"[,;]+")
_WHITESPACE = re.compile(r"\s+")
_LONG = 200


def text(value: Any) -> str | None:
    """NFC, outer whitespace off; numbers and booleans as JSON would write them. Case counts."""
    if value is None:
        return None
    if isinstance(value, bool):
        value = "true" if value else "false"
    written = value if isinstance(value, str) else str(value)
    if not written.isascii():
        written = unicodedata.normalize("NFC", written)
    written = written.strip()
    return None if _ONLY_SEPARATORS.fullmatch(written) else written


def nocase(value: Any) -> str | None:
    """`text` without regard to case (Unicode canonical caseless matching)."""
    if type(value) is str and _WORD(value):
        return value.lower()
    written = text(value)
    if written is None:
        return None
    if written.isascii():
        return written.lower()
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", written).casefold())
    return text(unicodedata.normalize("NFC", unicodedata.normalize("NFD", folded.casefold())))


def compact(value: Any) -> str | None:
    """`nocase` without whitespace: serial numbers and asset tags, which vendors space at will."""
    if type(value) is str and _WORD(value):
        return value.lower()
    written = nocase(value)
    return None if written is None else text(_WHITESPACE.sub("", written))


def words(value: Any) -> str | None:
    """`nocase` with whitespace runs as one space: product names."""
    # An estate has few of them, and each on many machines.
    return _words_text(value) if type(value) is str and len(value) < _LONG else _words(value)


def _words(value: Any) -> str | None:
    written = nocase(value)
    return None if written is None else text(_WHITESPACE.sub(" ", written))


_words_text = lru_cache(maxsize=4096)(_words)


def hostname(value: Any) -> str | None:
    """DNS names ignore case and the root's trailing dot."""
    written = nocase(value)
    while written is not None and written.endswith("."):
        written = text(written[:-1])
    return written


def short_hostname(value: Any) -> str | None:
    """The first label of a host name; an IP address is no host name and stays whole."""
    name = hostname(value)
    return name if name is None or is_ip(name) else hostname(name.split(".", 1)[0])


def uuid(value: Any) -> str | None:
    """UUIDs ignore case, braces and hyphens."""
    if type(value) is str and _UUID(value):
        return value.lower()
    written = nocase(value)
    if written is None:
        return None
    digits = written.strip("{}").replace("-", "")
    if len(digits) == 32 and _HEX.fullmatch(digits):
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return written


def mac(value: Any) -> str | None:
    """Lower case, two digits an octet, colons between: `00-50-56-AA-E2-DA`, `0050.56aa.e2da`, `0:50:56:aa:e2:da`."""
    if type(value) is str and _MAC(value):
        return value.lower()
    written = nocase(value)
    if written is None:
        return None
    parts = re.split(r"[:\-]", written)
    if len(parts) in (6, 8) and all(0 < len(part) <= 2 and _HEX.fullmatch(part) for part in parts):
        return ":".join(part.zfill(2) for part in parts)
    digits = _MAC_SEPARATORS.sub("", written)
    if len(digits) in (12, 16) and _HEX.fullmatch(digits):
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
    return written


def is_ip(value: str) -> bool:
    if ":" not in value and not _DOTTED(value):
        return False  # a name: nearly all that is asked about
    if ipv4(value):
        return True
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def ip(value: Any) -> str | None:
    """The shortest written form; IPv4 inside IPv6 as IPv4; the zone (`%eth0`), which is only local, left out."""
    if type(value) is str and ipv4(value):
        return value
    written = nocase(value)
    return None if written is None else _ip_text(written)


@lru_cache(maxsize=4096)
def _ip_text(written: str) -> str:
    try:
        address = ipaddress.ip_address(written.split("%", 1)[0])
    except ValueError:
        return written
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _members(value: Any, separators: re.Pattern[str], one: Callable[[Any], str | None]) -> frozenset[str] | None:
    if value is None:
        return None
    items: Iterable[Any] = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    found = (one(part) for item in items if item is not None for part in separators.split(str(item)))
    return frozenset(part for part in found if part is not None) or None


def ip_set(value: Any) -> frozenset[str] | None:
    """Addresses of a list or of one joined string (facts 3.8); None when there is none."""
    if type(value) is str and ipv4(value):
        return frozenset((value,))
    return _members(value, _LIST_SEPARATORS, ip)


def mac_set(value: Any) -> frozenset[str] | None:
    if type(value) is str and _MAC(value):
        return frozenset((value.lower(),))
    return _members(value, _MAC_LIST_SEPARATORS, mac)


def id_set(value: Any) -> frozenset[str] | None:
    """Ids as a number, a text, a joined text or a list of any."""
    return _members(value, _LIST_SEPARATORS, nocase)


def integer(value: Any) -> int | str | None:
    """`"64"`, `64` and `64.0` are one number; what is no whole number stays text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    written = text(value)
    found = _INTEGER.fullmatch(written) if written is not None else None
    return int(found[1]) if found else written


def measure(value: Any) -> int | str | None:
    """A size, speed or count, where 0 and -1 mean "unknown" (facts 3.8; `totalMemory: 0` in RN372)."""
    number = integer(value)
    return None if number in (0, -1) else number


def instant(value: Any) -> int | str | None:
    """Epoch milliseconds of a number, a digit string or an ISO 8601 text (no zone: UTC); 0 and -1 mean "never"."""
    number = integer(value)
    if isinstance(number, str):
        try:
            moment = datetime.fromisoformat(number.replace("z", "Z"))
        except ValueError:
            return number
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        number = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    return None if number in (0, -1) else number


def timezone(value: Any) -> str | None:
    """`+5:30`, `+0530` and `UTC+05:30` are `+05:30`; names such as IST stay names."""
    written = nocase(value)
    if written is None:
        return None
    if written in ("z", "utc", "gmt"):
        return "+00:00"
    found = _ZONE.fullmatch(written)
    if not found or int(found[2]) > 14 or int(found[3] or 0) > 59:
        return written
    offset = f"{int(found[2]):02}:{int(found[3] or 0):02}"
    return f"+{offset}" if offset == "00:00" else f"{found[1]}{offset}"


def opaque(value: Any) -> Hashable:
    """Any JSON value, objects without order and without nothings; for fields that no rule is known for."""
    if isinstance(value, Mapping):
        held = ((key, opaque(item)) for key, item in value.items())
        return frozenset(pair for pair in held if pair[1] is not None) or None
    if isinstance(value, (list, tuple)):
        return tuple(form for form in map(opaque, value) if form is not None) or None
    return value if isinstance(value, frozenset) else text(value)


class Form(StrEnum):
    """How a field is normalised; the name is what `explain` shows."""

    TEXT = "text"
    NOCASE = "text without case"
    COMPACT = "text without case and spaces"
    WORDS = "words"
    HOSTNAME = "host name"
    UUID = "UUID"
    MAC = "MAC address"
    MAC_SET = "set of MAC addresses"
    IP = "IP address"
    IP_SET = "set of IP addresses"
    ID_SET = "set of ids"
    INTEGER = "integer"
    MEASURE = "integer, 0 and -1 unknown"
    INSTANT = "date and time"
    TIMEZONE = "time zone"
    OPAQUE = "any value"
    RECORDS = "list of records"


NORMALISERS: Mapping[Form, Normaliser] = {
    Form.TEXT: text,
    Form.NOCASE: nocase,
    Form.COMPACT: compact,
    Form.WORDS: words,
    Form.HOSTNAME: hostname,
    Form.UUID: uuid,
    Form.MAC: mac,
    Form.MAC_SET: mac_set,
    Form.IP: ip,
    Form.IP_SET: ip_set,
    Form.ID_SET: id_set,
    Form.INTEGER: integer,
    Form.MEASURE: measure,
    Form.INSTANT: instant,
    Form.TIMEZONE: timezone,
    Form.OPAQUE: opaque,
}
