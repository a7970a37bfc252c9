"""What the HTTP room promises the rest: requests in, outcomes out. Implementations live beside this module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from declarative.assets.model import ConnectorRef
from declarative.assets.sight import Sight
from declarative.plan.model import Quota
from declarative.queries.model import FilterDocument


class CallRecord(Struct, frozen=True):
    """One HTTP exchange as the audit keeps it. `path` without query string; never a header or body."""

    method: str
    path: str
    status: int | None
    seconds: float
    request_id: str | None = None
    error: str | None = None


class Waiting(Struct, frozen=True):
    """Told to the observer before a sleep: why, and for how long."""

    seconds: float
    reason: str


Observer = Callable[[CallRecord | Waiting], None]


class Page(Struct, frozen=True):
    """One page of a search. `cursor` continues after it; None when there is no more."""

    records: Sequence[Mapping[str, Any]]
    cursor: int | None


class SyncStatus(StrEnum):
    ACCEPTED = "accepted"  # 200 and in no error list: queued, which is not yet in the inventory
    REJECTED = "rejected"  # the API said no to this asset or to the whole call
    NOT_SENT = "not_sent"  # surely never processed (refused, DNS, TLS, 401, 429)
    UNKNOWN = "unknown"  # cannot be known; a replay with the same requestId is harmless


class SyncResult(Struct, frozen=True):
    """Outcome of one asset of a batch, in the order they were given. `taken`: the call as a whole was answered with
    success, whatever was said of this asset."""

    status: SyncStatus
    request_id: str
    error: str | None = None
    taken: bool = False


class SyncOutcome(Struct, frozen=True):
    results: tuple[SyncResult, ...]
    message: str = ""


class ReportOutcomeStatus(StrEnum):
    CREATED = "created"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class ReportOutcome(Struct, frozen=True):
    status: ReportOutcomeStatus
    file_uuid: str | None = None
    error: str | None = None


class ReportFile(Struct, frozen=True):
    path: Path
    size: int
    content_type: str | None = None


class Login(Struct, frozen=True):
    """What doctor reports about a login; no secret in it."""

    flow: str  # password | token | client
    expires_in_seconds: int | None = None


class Reader(Protocol):
    """The calls that cannot change anything. Every method raises ApiError, or AuthError on 401/403."""

    def search(
        self,
        filters: FilterDocument | None = None,
        *,
        page_size: int = 100,
        after: int = 0,
        updated_since: str | None = None,
        exclude: Sequence[str] = (),
        max_pages: int | None = None,
    ) -> Iterator[Page]:
        """Pages of host records, ascending by assetId, after the exclusive cursor. No page at all for nothing (204)."""

    def scan(
        self,
        filters: FilterDocument | None = None,
        *,
        page_size: int = 100,
        updated_since: str | None = None,
        exclude: Sequence[str] = (),
        max_pages: int | None = None,
    ) -> Iterator[Sequence[Sight]]:
        """The pages of `search`, of each record only what decisions can see, and that undecoded."""

    def count(self, filters: FilterDocument | None = None) -> int: ...

    def get(self, asset_id: int) -> Mapping[str, Any] | None:
        """One host record, None for an unknown id (204)."""

    def components(
        self,
        component_filters: FilterDocument | None = None,
        asset_filters: FilterDocument | None = None,
        *,
        asset_id: int | None = None,
        page_size: int = 500,
        after: int | None = None,
        max_pages: int | None = None,
    ) -> Iterator[Page]: ...

    def download_report(self, name: str, into: Path, *, progress: Callable[[int, int | None], None] | None = None) -> ReportFile:
        """Writes the file atomically. Raises ApiError when the report is not ready or unknown."""

    def login(self) -> Login: ...

    @property
    def quota(self) -> Quota: ...

    @property
    def clock_skew(self) -> timedelta | None:
        """How far this machine's clock is ahead of the gateway's, by its last answer; None where none told the time."""

    def by_gateway(self, moment: datetime) -> datetime:
        """The gateway's time at a moment of ours, as far as its answers told the time; never later than ours, so that who
        asks what changed since then hears too much rather than too little."""

    @property
    def base_url(self) -> str: ...

    @property
    def calls_made(self) -> int:
        """HTTP requests sent so far, /auth left out (it is exempt from limits)."""

    def close(self) -> None: ...


class Writer(Reader, Protocol):
    """Adds the two writes. Built only by apply."""

    def sync(self, connector: ConnectorRef, assets: Sequence[Mapping[str, Any]], *, request_id: str) -> SyncOutcome:
        """One import call, replayed with the same requestId on unknown outcomes; 413 halves, a poisoned batch is
        split. Never raises for what the API answered about assets."""

    def create_report(self, request: Mapping[str, Any]) -> ReportOutcome:
        """At most one POST whose processing cannot be excluded; never raises for what the API answered."""
