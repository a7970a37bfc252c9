"""The two clients: a reader that cannot write, and a writer. Built here, used through `model.Reader` and `model.Writer`."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from msgspec import Struct, field

from declarative.assets.model import ConnectorRef
from declarative.assets.sight import Sight
from declarative.core.clock import Clock, SystemClock
from declarative.core.secrets import Redactor
from declarative.plan.model import Quota
from declarative.qualys import components as component_calls
from declarative.qualys import hosts, reports, sync
from declarative.qualys.auth import Tokens
from declarative.qualys.budget import WaitBudget
from declarative.qualys.credentials import Credentials
from declarative.qualys.model import (
    CallRecord,
    Login,
    Observer,
    Page,
    Reader,
    ReportFile,
    ReportOutcome,
    SyncOutcome,
    Waiting,
    Writer,
)
from declarative.qualys.patience import Patience, Policy
from declarative.qualys.target import target_of
from declarative.qualys.transport import Transport
from declarative.qualys.wire import Settings, Wire
from declarative.queries.model import FilterDocument


def _unheard(_event: CallRecord | Waiting) -> None:
    return None


class ReadClient:
    """See `model.Reader`. Safe to share between threads; logs in at its first call."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

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
        return hosts.search(
            self._transport,
            filters,
            page_size=page_size,
            after=after,
            updated_since=updated_since,
            exclude=exclude,
            max_pages=max_pages,
        )

    def scan(
        self,
        filters: FilterDocument | None = None,
        *,
        page_size: int = 100,
        updated_since: str | None = None,
        exclude: Sequence[str] = (),
        max_pages: int | None = None,
    ) -> Iterator[Sequence[Sight]]:
        return hosts.scan(
            self._transport, filters, page_size=page_size, updated_since=updated_since, exclude=exclude, max_pages=max_pages
        )

    def count(self, filters: FilterDocument | None = None) -> int:
        return hosts.count(self._transport, filters)

    def get(self, asset_id: int) -> Mapping[str, Any] | None:
        return hosts.get(self._transport, asset_id)

    def components(
        self,
        component_filters: FilterDocument | None = None,
        asset_filters: FilterDocument | None = None,
        *,
        asset_id: int | None = None,
        page_size: int = 500,
        after: int | None = None,
        max_pages: int | None = None,
    ) -> Iterator[Page]:
        return component_calls.components(
            self._transport,
            component_filters,
            asset_filters,
            asset_id=asset_id,
            page_size=page_size,
            after=after,
            max_pages=max_pages,
        )

    def download_report(self, name: str, into: Path, *, progress: Callable[[int, int | None], None] | None = None) -> ReportFile:
        return reports.download(self._transport, name, into, progress)

    def login(self) -> Login:
        return self._transport.tokens.login()

    @property
    def quota(self) -> Quota:
        return self._transport.wire.meter.quota

    @property
    def clock_skew(self) -> timedelta | None:
        return self._transport.wire.skew.seen

    def by_gateway(self, moment: datetime) -> datetime:
        return self._transport.wire.skew.by_gateway(moment)

    @property
    def base_url(self) -> str:
        return self._transport.wire.target.url

    @property
    def calls_made(self) -> int:
        return self._transport.wire.meter.calls

    def close(self) -> None:
        self._transport.wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class WriteClient(ReadClient):
    """See `model.Writer`."""

    def sync(self, connector: ConnectorRef, assets: Sequence[Mapping[str, Any]], *, request_id: str) -> SyncOutcome:
        return sync.sync(self._transport, connector, assets, request_id=request_id)

    def create_report(self, request: Mapping[str, Any]) -> ReportOutcome:
        return reports.create(self._transport, request)


class Means(Struct, frozen=True, kw_only=True):
    """What a client works with. Clients of one run share it, and so the budget of their waits.

    `observer` is called from any thread that calls. `environ` is where a proxy is looked for. Once `stopped` says so, nothing
    is tried again.
    """

    clock: Clock = field(default_factory=SystemClock)
    observer: Observer = _unheard
    waits: WaitBudget = field(default_factory=WaitBudget)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    stopped: Callable[[], bool] = lambda: False
    rng: random.Random = field(default_factory=random.Random)  # spreads retries, guards nothing
    settings: Settings = field(default_factory=Settings)
    policy: Policy = field(default_factory=Policy)


def connect_reader(base_url: str, credentials: Credentials, means: Means | None = None) -> ReadClient:
    """A client that cannot send a write: its transport refuses anything but reads. Sends nothing by itself.

    Raises InvalidError for a bad base URL, ApiError for unusable proxy or CA settings.
    """
    return ReadClient(_transport(base_url, credentials, means or Means(), read_only=True))


def connect_writer(base_url: str, credentials: Credentials, means: Means | None = None) -> WriteClient:
    """As `connect_reader`, with the two writes. For apply alone."""
    return WriteClient(_transport(base_url, credentials, means or Means(), read_only=False))


def _transport(base_url: str, credentials: Credentials, means: Means, *, read_only: bool) -> Transport:
    redactor = Redactor(credentials.secrets)
    wire = Wire(
        target_of(base_url),
        clock=means.clock,
        observer=means.observer,
        redactor=redactor,
        environ=means.environ,
        settings=means.settings,
        read_only=read_only,
    )
    patience = Patience(
        means.waits, clock=means.clock, observer=means.observer, rng=means.rng, policy=means.policy, stopped=means.stopped
    )
    tokens = Tokens(credentials, wire=wire, patience=patience, clock=means.clock, redactor=redactor)
    return Transport(wire, tokens, patience, redactor, means.clock)


def _conforms(reader: ReadClient, writer: WriteClient) -> tuple[Reader, Writer]:
    """Checked by the type checker alone."""
    return reader, writer
