"""Canonical JSON: the same value gives the same bytes on every machine, so that a digest can be approved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import orjson

from declarative.core.packed import Packed, as_json

_LEAVES = frozenset((str, int, bool, type(None), Packed))


def canonical_bytes(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces, no NaN. Raises ValueError/TypeError for what JSON cannot hold."""
    if value.__class__ is Packed:
        return bytes(value.text)
    return _quickly(value) or _exactly(value)


def is_written(value: Any, data: bytes) -> bool:
    """Whether these are the canonical bytes of a value."""
    # Where the quick encoder writes the same, it need not be shown first that it would.
    return _dumped(value) == data or canonical_bytes(value) == data


def packed(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same object as its text; itself where it holds fractions, or whole numbers beyond 64 bits."""
    text = _quickly(value)
    return value if text is None else Packed(fitted(text))


def packed_as_is(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """`packed`, with fractions as the quick encoder writes them."""
    return Packed(fitted(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)))


def _quickly(value: Any) -> bytes | None:
    quick = _dumped(value)
    return quick if quick is not None and _is_plain(value) else None


def _dumped(value: Any) -> bytes | None:
    try:
        return orjson.dumps(value, default=as_json, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # beyond 64 bits, half a character, deep nesting, keys that are no text: or no JSON at all
        return None


def readable(value: Any) -> str:
    """Indented JSON, keys in the order that they have. Raises ValueError/TypeError for what JSON cannot hold."""
    try:
        quick = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except TypeError:
        quick = None
    if quick is not None and _is_plain(value):
        return quick.decode()
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def fitted(data: bytes) -> bytes:
    """The same, for keeping: what orjson wrote holds on to the room that it was written in, up to four times its size."""
    return bytes(memoryview(data))


def _exactly(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_opened).encode()


def _opened(value: Any) -> dict[str, Any]:
    if isinstance(value, Packed):
        return value.opened()
    raise TypeError(f"a {type(value).__name__} is no JSON")


def _is_plain(value: Any) -> bool:
    """Whether both encoders write it in the same way: they differ in how they write a fraction, and about what is no JSON."""
    waiting: list[Collection[Any]] = [(value,)]
    for held in waiting:  # which grows meanwhile
        if _LEAVES.issuperset(map(type, held)):
            continue
        for item in held:
            kind = item.__class__
            if kind is dict:
                waiting.append(item.values())
            elif kind is list or kind is tuple:
                waiting.append(item)
            elif kind not in _LEAVES:
                return False
    return True


def canonical_parts(members: Mapping[str, Any], name: str, items: Iterable[bytes]) -> Iterator[bytes]:
    """The canonical bytes of `members` with one more, `name`: a list of what was encoded already. In parts, so that a long
    list need not be in memory at once."""
    before = {key: value for key, value in members.items() if key < name}
    after = {key: value for key, value in members.items() if key > name}
    yield canonical_bytes(before)[:-1] + (b"," if before else b"") + canonical_bytes(name) + b":["
    comma = b""
    for item in items:
        yield comma + item
        comma = b","
    yield b"]" + (b"," if after else b"") + canonical_bytes(after)[1:]


def digest_of(value: Any) -> str:
    """`sha256:` and the hex digest of the value's canonical bytes."""
    return digest_of_parts((canonical_bytes(value),))


def digest_of_plain(value: Any) -> str:
    """`digest_of`, of JSON without fractions."""
    quick = _dumped(value)
    return digest_of_parts((_exactly(value) if quick is None else quick,))


def digest_of_parts(parts: Iterable[bytes | memoryview]) -> str:
    """`digest_of`, of canonical bytes in parts."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part)
    return "sha256:" + hashed.hexdigest()
