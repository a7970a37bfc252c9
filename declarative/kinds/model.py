"""What the manifests mean, kind by kind: the desired state, before anything live is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.core.diagnostics import Diagnostic, Position
from declarative.queries.model import Query


class OnEmpty(StrEnum):
    REFUSE = "refuse"
    SKIP = "skip"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class ReportDeclaration:
    """A Report manifest. Scopes name queries; they are resolved to ids when a plan is made.

    `asset_query` fills `assetList`, `tag_query` fills `tagList` (addresses of HostQuery/ComponentQuery)."""

    address: str
    request: Mapping[str, Any]
    asset_query: str | None = None
    tag_query: str | None = None
    on_empty: OnEmpty = OnEmpty.REFUSE
    on_change: bool = True
    every: timedelta | None = None
    position: Position | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything the manifests ask for. Each tuple is sorted by address."""

    connectors: tuple[ConnectorRef, ...] = ()
    assets: tuple[DesiredAsset, ...] = ()
    reports: tuple[ReportDeclaration, ...] = ()
    queries: tuple[Query, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
