"""The precondition of a write: what the plan saw of the live object, as a digest.

It covers the id and, of each managed field, only what the decision rested on: nothing that the service rewrites, and
of lists only the declared members, so that a port found by a scan in the meantime does not make a plan stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from declarative.assets.compare import Verdict, canonical, compare
from declarative.assets.fields import describe
from declarative.assets.marker import managed_fields
from declarative.assets.model import ConnectorRef, DesiredAsset, LiveAsset
from declarative.assets.quick import plainly_equal
from declarative.core.canonical import digest_of


def fingerprint(desired: DesiredAsset, live: LiveAsset) -> str:
    """`sha256:` over the managed, readable fields of the live record as they compare with the desired asset."""
    seen: dict[str, Any] = {"assetId": live.asset_id}
    for path, value in managed_fields(desired).items():
        spec = describe(path)
        if spec is None or not spec.readable:
            continue
        if plainly_equal(path, value, live.record):
            seen[path] = True
            continue
        comparison = compare(path, value, live.record, desired.connector)
        if comparison.verdict is Verdict.EQUAL:
            seen[path] = True
        elif spec.subset and isinstance(value, (list, tuple)):
            seen[path] = _members_shown(path, value, live, desired.connector)
        else:
            seen[path] = canonical_text(path, comparison.live_value)
    return digest_of(seen)


def _members_shown(path: str, members: Sequence[Any], live: LiveAsset, connector: ConnectorRef) -> list[str]:
    shown = (one for one in members if compare(path, [one], live.record, connector).verdict is Verdict.EQUAL)
    return sorted(digest_of(one) for one in shown)


def canonical_text(path: str, value: Any) -> str | None:
    form = canonical(path, value)
    return None if form is None else str(form)
