"""The few facts from which one generated asset follows, and the identifiers that can be read backwards from it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from .clock import epoch_millis, iso_millis

FIRST_ID = 5_000_001
# Nothing generated was touched after this day, whatever the clock says: "changed since" queries can skip the whole base.
LAST_TOUCH = datetime(2026, 1, 15, tzinfo=UTC)

_ROLES = ("web", "app", "db", "mail", "file", "dc", "lt", "sw")
_SITES = (
    ("pune", "Pune", "Maharashtra", "India", "Asia", "411033"),
    ("ash", "Ashburn", "Virginia", "United States", "North America", "20149"),
    ("ams", "Amsterdam", "North Holland", "Netherlands", "Europe", "1012"),
    ("syd", "Sydney", "New South Wales", "Australia", "Oceania", "2000"),
)


class Sketch:
    """The few facts from which every part of one generated asset follows. Built a million times in a scan: kept bare."""

    __slots__ = ("bits", "label", "number")

    def __init__(self, seed: int, number: int) -> None:
        self.number = number  # from 0
        self.label = number + 1  # in names and addresses
        self.bits = hashlib.blake2b(b"%d:%d" % (seed, number), digest_size=24).digest()

    @property
    def asset_id(self) -> int:
        return FIRST_ID + self.number

    @property
    def role(self) -> str:
        return _ROLES[self.bits[0] % len(_ROLES)]

    @property
    def site(self) -> tuple[str, str, str, str, str, str]:
        return _SITES[self.bits[1] % len(_SITES)]

    @property
    def host(self) -> str:
        return f"{self.role}-{self.site[0]}-{self.label:07d}"

    @property
    def fqdn(self) -> str:
        return f"{self.host}.corp.example"

    @property
    def netbios(self) -> str:
        return f"{self.role}{self.label:07d}".upper()

    @property
    def serial(self) -> str:
        return f"SBX{self.bits[2]:02X}{self.label:07d}"

    @property
    def hardware_uuid(self) -> str:
        return as_uuid(self.bits[3:13] + self.label.to_bytes(6, "big"))

    @property
    def mac(self) -> str:
        return f"00:50:56:{self.label >> 16:02x}:{self.label >> 8 & 255:02x}:{self.label & 255:02x}"

    @property
    def address(self) -> str:
        return f"10.{self.label >> 16}.{self.label >> 8 & 255}.{self.label & 255}"

    @property
    def v6(self) -> str | None:
        return f"2001:db8::{self.label >> 16:x}:{self.label & 0xFFFF:x}" if self.bits[4] % 4 == 0 else None

    @property
    def virtual(self) -> bool:
        return self.bits[5] % 2 == 0

    @property
    def touched(self) -> datetime:
        return _days_ago(self.bits[6] << 8 | self.bits[7])[0]

    @property
    def touched_text(self) -> str:
        return _days_ago(self.bits[6] << 8 | self.bits[7])[1]

    @property
    def touched_millis(self) -> int:
        return _days_ago(self.bits[6] << 8 | self.bits[7])[2]

    @property
    def made(self) -> datetime:
        return self.touched - timedelta(days=30 + self.bits[8])


@lru_cache(maxsize=65536)
def _days_ago(draw: int) -> tuple[datetime, str, int]:
    moment = LAST_TOUCH - timedelta(minutes=draw * 3)
    return moment, iso_millis(moment), epoch_millis(moment)


def as_uuid(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"
