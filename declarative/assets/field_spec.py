"""What a row of the field table says."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from declarative.assets.normalise import Form

IDENTITY = "identityAttributes"
CORE = "coreAttributes"


class Readability(StrEnum):
    READABLE = "readable"
    LOSSY = "lossy"  # the service rewrites it: equal proves something, different proves nothing
    WRITE_ONLY = "write-only"


class Wire(StrEnum):
    """The JSON type in the vendor's sample payload; `payload` converts to it."""

    AS_IS = "as is"
    STRING = "string"
    NUMBER = "number"
    EPOCH = "epoch milliseconds"
    STRINGS = "array of strings"


class SubField(Struct, frozen=True):
    """A field of the records in a list. `response`: names in the live record, any of which may hold it."""

    name: str
    response: tuple[str, ...] = ()
    form: Form = Form.TEXT
    readability: Readability = Readability.READABLE
    wire: Wire = Wire.AS_IS


class FieldSpec(Struct, frozen=True):
    """One row of the table.

    `response`: dotted paths in the search record, `[]` after a list; the value may stand at any of them. `tentative`:
    the mapping is a guess until it was once seen to hold. `subset`: other sources may add to it, so live may have more.
    """

    path: str
    form: Form
    response: tuple[str, ...]
    readability: Readability
    confidence: str
    meaning: str
    source: str = "facts 9"
    wire: Wire = Wire.AS_IS
    sub: tuple[SubField, ...] = ()
    subset: bool = False
    tentative: bool = False
    note: str = ""

    @property
    def readable(self) -> bool:
        return self.readability is Readability.READABLE
