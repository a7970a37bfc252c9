"""Single values: is this an address, a name, a zone, a date? Each check answers with the complaint, or None."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from declarative.core.quoting import shown

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_MAC = re.compile(r"[0-9a-fA-F]{1,2}(?:([:-])[0-9a-fA-F]{1,2})(?:\1[0-9a-fA-F]{1,2}){4}(?:\1[0-9a-fA-F]{1,2}){0,2}")
_MAC_BARE = re.compile(r"[0-9a-fA-F]{12}(?:[0-9a-fA-F]{4})?|(?:[0-9a-fA-F]{4}\.){2,3}[0-9a-fA-F]{4}")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?")
_OFFSET = re.compile(r"(?:UTC|GMT)?[ ]?[+-](?:[0-9]|0[0-9]|1[0-4])(?::?[0-5][0-9])?|[A-Z]{1,5}")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ID_LIST = re.compile(r"[0-9]{1,19}(?:,[0-9]{1,19})*")
_NOT_IN_HOST_NAMES = re.compile(r"[\s<>\"'`/\\(){}\[\]|;]")
# What vendors and systems write where nothing is known; words joined by hyphens.
PLACEHOLDERS = frozenset(
    """
    0 1234567890 chassis-serial-number default default-string empty invalid n/a na none null not-applicable not-available
    not-specified o.e.m. oem serial-number system-serial-number tba tbd to-be-filled-by-o.e.m. unknown unspecified
    localhost localhost.localdomain
    00000000-0000-0000-0000-000000000000 ffffffff-ffff-ffff-ffff-ffffffffffff 03000200-0400-0500-0006-000700080009
    """.split()  # noqa: SIM905 - a word a line would be forty lines
)
NO_PLACEHOLDERS = frozenset({"sourceNativeKey", "instanceUuidSource", "networkUuid"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def ip_problem(text: str, version: int | None = None) -> str | None:
    """`version` 4 or 6: the address must be of that one."""
    if version != 6 and _IPV4.fullmatch(text):
        return None  # the common case, ten times faster
    plain = text.strip().partition("%")[0]
    if ":" not in plain and not _IPV4.fullmatch(plain):
        return f'"{shown(text)}" is not an IP address'
    try:
        found = ipaddress.ip_address(plain)
    except ValueError:
        return f'"{shown(text)}" is not an IP address'
    if version is not None and found.version != version:
        return f'"{shown(text)}" is an IPv{found.version} address, where an IPv{version} address belongs'
    return None


def ipv4_problem(text: str) -> str | None:
    return ip_problem(text, 4)


def ipv6_problem(text: str) -> str | None:
    return ip_problem(text, 6)


def mac_problem(text: str) -> str | None:
    plain = text.strip()
    if _MAC.fullmatch(plain) or _MAC_BARE.fullmatch(plain):
        return None
    return f'"{shown(text)}" is not a MAC address'


def host_name_problem(text: str) -> str | None:
    bad = _NOT_IN_HOST_NAMES.search(text.strip())
    return None if bad is None else f'"{shown(text)}" does not look like a host name: it holds "{bad.group()}"'


def fqdn_problem(text: str) -> str | None:
    """International names are judged in their ASCII form."""
    name = text.strip().removesuffix(".")
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError:
            return f'"{shown(text)}" is not a domain name'
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return f'"{shown(text)}" is not a domain name'
    return None if len(labels) > 1 else f'"{shown(text)}" is not fully qualified: it has one label only'


def is_placeholder(name: str, text: str) -> bool:
    """Whether an identity attribute holds what vendors and systems put where nothing is known."""
    if name in NO_PLACEHOLDERS:
        return False
    word = text.strip().casefold()
    if "-".join(word.split()) in PLACEHOLDERS:
        return True
    if name == "macAddress":
        return set(word) <= set("0:-.") or set(word) <= set("f:-.")
    return name == "ipAddress" and (set(word) <= set("0.:") or word == "::1" or word.startswith(("127.", "169.254.", "fe80:")))


def uuid_problem(text: str) -> str | None:
    return None if _UUID.fullmatch(text.strip()) else f'"{shown(text)}" is not a UUID'


def offset_problem(text: str) -> str | None:
    """An offset such as `+5:30`, an abbreviation such as IST, or an IANA name."""
    if _OFFSET.fullmatch(text.strip()) or text in zones():
        return None
    return f'"{shown(text)}" is neither an offset from UTC nor a time zone'


def zone_problem(text: str) -> str | None:
    return None if text in zones() else f'"{shown(text)}" is not an IANA time zone'


@cache
def zones() -> frozenset[str]:
    """The names of the IANA time zone database."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def email_problem(text: str) -> str | None:
    local, _, domain = text.strip().rpartition("@")
    if len(local) <= 64 and _LOCAL_PART.fullmatch(local) and fqdn_problem(domain) is None:
        return None
    return f'"{shown(text.strip())}" is not an e-mail address'


def compact_list(text: str) -> str:
    """A list in text without the space around its commas."""
    return ",".join(item.strip() for item in text.split(","))


def id_list_problem(text: str) -> str | None:
    return None if _ID_LIST.fullmatch(compact_list(text)) else f'"{shown(text)}" is not a comma-separated list of numeric ids'


def hidden_character(text: str) -> str | None:
    """The name of the first character that cannot be seen, if there is one."""
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        if unicodedata.category(character) in _HIDDEN:
            return unicodedata.name(character, f"U+{ord(character):04X}")
    return None


def epoch_milliseconds(value: Any) -> int:
    """A source date as the import call wants it (facts 2.3): epoch milliseconds. Raises ValueError.

    Takes epoch milliseconds as a number or digits, and ISO 8601 with any offset; without one it is UTC.
    """
    if isinstance(value, (int, float)):
        return int(value)
    return _moment(str(value))


@lru_cache(maxsize=4096)
def _moment(written: str) -> int:
    # The records of one source share their dates.
    text = written.strip().upper()
    if text.isascii() and text.isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return epoch_of(moment)


def epoch_of(moment: datetime) -> int:
    """Epoch milliseconds of an aware moment."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
