"""What lowering one manifest may look at besides the manifest: the others it can refer to, and the time of the run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct, field

from declarative.assets.model import ConnectorRef
from declarative.core.suggest import Names
from declarative.kinds.rules import Finding

T = TypeVar("T")


class Context(Struct, frozen=True):
    """`connectors` by name; `queries`: the addresses of all queries. `broken`: addresses of manifests that exist but are
    wrong themselves: who refers to them has nothing to answer for. `unread`: there are manifests that nobody has read.
    `connector_names` and the two after it: what is suggested for a wrong one."""

    now: datetime
    connectors: Mapping[str, ConnectorRef] = field(default_factory=dict)
    queries: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    unread: bool = False
    connector_names: Names = field(default_factory=lambda: Names(()))
    query_names: Names = field(default_factory=lambda: Names(()))
    query_addresses: Names = field(default_factory=lambda: Names(()))

    def may_exist(self, *addresses: str) -> bool:
        """Whether one of them could be there although it has no meaning here."""
        return self.unread or not self.broken.isdisjoint(addresses)


class Lowered(Struct, Generic[T], frozen=True):
    """What one manifest means (None: it has no meaning as it stands), and what was found on the way."""

    value: T | None
    findings: tuple[Finding, ...] = ()
