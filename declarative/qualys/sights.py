"""Pages of the search, decoded no further than decisions can see: most of a record is passed over, the rest stays text."""

from __future__ import annotations

from typing import Any

import msgspec

from declarative.assets.sight import NAMES, Sight, pack
from declarative.qualys.answers import STRICT_BELOW, decode

_STEERING = (b'"hasMore"', b'"lastSeenAssetId"', b'"assetListData"')


_Record = msgspec.defstruct(
    "_Record",
    [("assetId", object, msgspec.UNSET), *((name, msgspec.Raw, msgspec.UNSET) for name in NAMES if name != "assetId")],
    gc=False,
    omit_defaults=True,
)


class _List(msgspec.Struct, gc=False):
    asset: list[_Record] | None = None  # type: ignore[valid-type]


class _Members(msgspec.Struct, gc=False):
    responseCode: object = None  # noqa: N815 - the API's own names
    responseMessage: object = None  # noqa: N815
    count: object = None
    hasMore: object = None  # noqa: N815
    lastSeenAssetId: object = None  # noqa: N815
    assetListData: _List | None = None  # noqa: N815


_DECODER = msgspec.json.Decoder(_Members)
_ENCODER = msgspec.json.Encoder()


def decode_sights(body: bytes) -> Any:
    """As `answers.decode`, with a `Sight` in place of each record. Raises UnreadableError."""
    return _quickly(body) or _slowly(decode(body))


def _quickly(body: bytes) -> dict[str, Any] | None:
    """None for everything that deserves a closer look: what is small, and what is not as expected."""
    if len(body) < STRICT_BELOW or any(body.count(name) > 1 for name in _STEERING):
        return None
    try:
        body.decode()  # the decoder passes over what it does not need without minding its encoding
        read = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    members = {name: getattr(read, name) for name in read.__struct_fields__}
    if read.assetListData is not None:
        encode = _ENCODER.encode
        rows = [Sight(row.assetId, encode(row)) for row in read.assetListData.asset or ()]  # type: ignore[attr-defined]
        members["assetListData"] = {"asset": rows}
    return members


def _slowly(value: Any) -> Any:
    found = value.get("assetListData") if isinstance(value, dict) else None
    rows = found.get("asset") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        return value
    sights = [Sight(row.get("assetId"), pack(row)) if isinstance(row, dict) else row for row in rows]
    return {**value, "assetListData": {"asset": sights}}
