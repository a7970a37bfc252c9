"""The precondition of a write: what the plan saw of the live object, as a digest.

It covers the id and, of each managed field, only what the decision rested on: nothing that the service rewrites, and
of lists only the declared members, so that a port found by a scan in the meantime does not make a plan stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from declarative.assets import sight
from declarative.assets.compare import Comparison, Verdict, canonical, compare
from declarative.assets.fields import describe, readable
from declarative.assets.marker import managed_fields
from declarative.assets.model import ConnectorRef, DesiredAsset, LiveAsset
from declarative.assets.quick import looked_at
from declarative.core.canonical import digest_of, digest_of_plain

# Enumerations are slow to ask for a member in Python 3.11, and this is asked of each field of each asset.
_EQUAL = Verdict.EQUAL


def fingerprint(desired: DesiredAsset, live: LiveAsset) -> str:
    """`sha256:` over the managed, readable fields of the live record as they compare with the desired asset."""
    fields = readable(managed_fields(desired))
    return _digest(fields, live, desired.connector, looked_at(fields, live.record, desired.connector))


def fingerprint_of(fields: Mapping[str, Any], live: LiveAsset, connector: ConnectorRef, looked: Mapping[str, Comparison]) -> str:
    """`fingerprint`, where its managed fields have been looked at already."""
    return _digest(readable(fields), live, connector, looked)


def record_digest(live: LiveAsset) -> str | None:
    """The digest of everything in a record that a decision can see, in hex; None for one that cannot be packed."""
    try:
        return sight.digest_of(live.packed or sight.pack(live.record)).hex()
    except TypeError:
        return None


def _digest(fields: Mapping[str, Any], live: LiveAsset, connector: ConnectorRef, looked: Mapping[str, Comparison]) -> str:
    seen: dict[str, Any] = {"assetId": live.asset_id}
    for path, value in fields.items():
        comparison = looked[path]
        if comparison.verdict is _EQUAL:
            seen[path] = True
        elif (spec := describe(path)) is not None and spec.subset and isinstance(value, (list, tuple)):
            seen[path] = _members_shown(path, value, live, connector)
        else:
            seen[path] = canonical_text(path, comparison.live_value)
    return digest_of_plain(seen)


def _members_shown(path: str, members: Sequence[Any], live: LiveAsset, connector: ConnectorRef) -> list[str]:
    shown = (one for one in members if compare(path, [one], live.record, connector).verdict is _EQUAL)
    return sorted(digest_of(one) for one in shown)


def canonical_text(path: str, value: Any) -> str | None:
    form = canonical(path, value)
    return None if form is None else str(form)
