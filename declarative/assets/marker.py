"""The marker: two custom connector attributes that let the state be lost without a wrong plan.

A connector with `marker: true` sends the key of the manifest and a digest of everything it declares. The search returns
custom attributes (facts 9), so a later run finds its asset by the key, and knows by the digest that also the fields it
cannot read are as declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from declarative.assets.compare import canonical, custom_values
from declarative.assets.fields import CUSTOM, flatten
from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.core.canonical import digest_of

KEY = "declarative_key"
DIGEST = "declarative_digest"
KEY_PATH = CUSTOM + KEY
DIGEST_PATH = CUSTOM + DIGEST
PATHS = frozenset((KEY_PATH, DIGEST_PATH))


def marker_key(desired: DesiredAsset) -> str:
    """The native key, which survives a renamed manifest; the address where there is none."""
    return desired.native_key or desired.address


def marker_digest(fields: Mapping[str, Any]) -> str:
    """Twelve bytes of the digest of the declared fields' meaning."""
    return digest_of({path: _plain(canonical(path, value)) for path, value in fields.items()}).removeprefix("sha256:")[:24]


def _plain(form: Any) -> Any:
    if isinstance(form, frozenset):
        return sorted((_plain(item) for item in form), key=repr)
    return [_plain(item) for item in form] if isinstance(form, tuple) else form


def managed_fields(desired: DesiredAsset) -> dict[str, Any]:
    """The fields this manifest manages: declared, not ignored, and the marker where the connector wants one."""
    fields = flatten(desired.identity, desired.core)
    for path in desired.ignore:
        fields.pop(path, None)
    if desired.connector.marker:
        digest = marker_digest(fields)
        fields[KEY_PATH] = marker_key(desired)
        fields[DIGEST_PATH] = digest
    return fields


def live_marker(name: str, record: Mapping[str, Any], connector: ConnectorRef) -> tuple[str, ...]:
    """Values of KEY or DIGEST in a record of the search."""
    return tuple(str(value) for value in custom_values(name, record, connector))
