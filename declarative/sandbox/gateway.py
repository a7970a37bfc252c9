"""The emulated subscription: its inventory, queue, reports, tokens and limits, apart from any transport."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from .blank import blank_record
from .clock import SandboxClock, iso_millis
from .estate import MAX_ASSETS, Estate
from .faults import FaultPlan
from .identification import identify
from .importing import ImportCall, name_of_asset
from .incoming import put
from .keeping import StateFile
from .mapping import Source, apply_import
from .mapping_lists import business_app
from .options import Connector, SandboxError, SandboxOptions
from .queue import ImportQueue, Queued
from .quota import Quota
from .reports import Reports
from .store import Asset, Store
from .tokens import TokenOffice

LOG_LENGTH = 200_000
LARGE = 2000  # assets


class ClosingError(Exception):
    """The sandbox stops, and a scan stops with it."""


@dataclass(slots=True)
class Logs:
    """What the debug endpoints show. Bounded, so that a long soak does not eat the machine."""

    calls: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    identification: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    total_calls: int = 0


class Gateway:
    """All state of one sandbox. `lock` guards it: the server thread and a test may both reach in."""

    def __init__(self, options: SandboxOptions, clock: SandboxClock | None = None) -> None:
        self.options = options
        self.lock = threading.RLock()
        self.clock = clock or SandboxClock(options.start)
        self.tokens = TokenOffice(self.clock, hashlib.sha256(f"sandbox:{options.seed}".encode()).digest())
        self.quota = Quota(self.clock)
        self.closing = False
        self.state_file: StateFile | None = None
        self.reset()

    def save(self) -> None:
        """Write down what changed, when there is a state file. Raises sqlite3.Error."""
        if self.state_file is not None:
            self.state_file.save(self)

    def close(self) -> None:
        if self.state_file is not None:
            self.state_file.close()

    @property
    def large(self) -> bool:
        """Whether a call may take so long that others should not wait for it."""
        return len(self.store) > LARGE

    def breathe(self) -> None:
        """Let other calls in, in the middle of a long one that holds the lock. Raises ClosingError."""
        if self.closing:
            raise ClosingError("The sandbox is shutting down")
        self.lock.release()
        time.sleep(0)
        self.lock.acquire()

    def reset(self, assets: int | None = None, seed: int | None = None) -> None:
        """Back to the state of the start: estate, connectors, queue, reports, faults, logs and switches; tokens stay valid."""
        options = self.options
        count = options.assets if assets is None else assets
        if not 0 <= count <= MAX_ASSETS:
            raise SandboxError(f"assets must be between 0 and {MAX_ASSETS}")
        self.seed = options.seed if seed is None else seed
        self.switches = options.effective_switches()
        self.store = Store(Estate(self.seed, count))
        self.connectors: dict[str, Connector] = {one.uuid.lower(): one for one in options.connectors}
        self.queue = ImportQueue()
        self.reports = Reports()
        self.faults = FaultPlan(self.seed)
        self.overrules: dict[str, Any] = {}
        self.business_apps: dict[str, dict[str, Any]] = {}
        self.logs = Logs()
        self.quota.reset()

    def call_log(self) -> list[dict[str, Any]]:
        """Every call to the vendor's paths so far: method, path, query, status and more."""
        with self.lock:
            return list(self.logs.calls)

    def set_delay(self, seconds: float) -> None:
        """From now on imports take that long."""
        with self.lock:
            self.switches = self.switches.changed({"delay": seconds})

    def set_password(self, password: str) -> None:
        with self.lock:
            self.options = replace(self.options, password=password)

    def process(self) -> int:
        """Process the whole import queue now; returns how many assets it held."""
        with self.lock:
            return self.settle(everything=True)

    def connector_for(self, call: ImportCall) -> Connector | None:
        """The connector of an import; an unknown one registers itself unless the switch forbids. Names are unique."""
        known = self.connectors.get(call.connector_uuid)
        if known is not None or self.switches.strict_connectors:
            return known
        taken = {one.name for one in self.connectors.values()}
        name = call.source if call.source not in taken else f"{call.source} ({call.connector_uuid[:8]})"
        made = Connector(call.connector_uuid, name, self.switches.allow_unmanaged)
        self.connectors[call.connector_uuid] = made
        return made

    def business_app(self, app_id: str) -> dict[str, Any]:
        """As an asset shows it: only the id when nobody told more."""
        return {**business_app(app_id), **self.business_apps.get(app_id, {})}

    def publish(self, call: ImportCall, connector: Connector, spared: frozenset[int]) -> None:
        """Queue the assets of a call, apart from those that were refused."""
        due = self.clock.now() + timedelta(seconds=self.switches.delay)
        source = Source(connector.uuid.lower(), connector.name, call.source)
        for index, entry in enumerate(call.assets):
            if index not in spared:
                name = name_of_asset(entry, index)
                self.queue.append(Queued(due, source, connector.allow_unmanaged, call.request_id, name, entry))

    def settle(self, *, everything: bool = False) -> int:
        """Process what is due in the order of arrival; returns how many were processed."""
        now = self.clock.now()
        done = 0
        while len(self.queue) if everything else self.queue.due(now):
            self._process(self.queue.pop(), now)
            done += 1
        return done

    def _process(self, item: Queued, now: datetime) -> None:
        verdict = identify(item.entry, item.source.uuid, self.store, self.switches)
        asset_id = verdict.asset_id
        if verdict.refused or (asset_id is None and not item.allow_unmanaged):
            outcome = "dropped"
        else:
            outcome = "created" if asset_id is None else "merged"
            asset = self._new_asset(item.source, now) if asset_id is None else self.store.checkout(asset_id)
            apply_import(asset, item.entry, item.source, self.switches, now)
            for path, value in self.overrules.items():
                put(asset.record, path, value)
            self.store.commit(asset)
            asset_id = asset.asset_id
        self.logs.identification.append(
            {
                "asset": item.name,
                "connectorUuid": item.source.uuid,
                "requestId": item.request_id,
                "outcome": outcome,
                "rule": verdict.rule,
                "assetId": asset_id,
                "candidates": list(verdict.candidates),
                "at": iso_millis(now),
            }
        )

    def _new_asset(self, source: Source, now: datetime) -> Asset:
        asset_id = self.store.new_id()
        digest = hashlib.blake2b(f"{self.seed}:{asset_id}".encode(), digest_size=16).digest()
        return Asset(blank_record(asset_id, str(uuid.UUID(bytes=digest, version=4)), source.label, now))
