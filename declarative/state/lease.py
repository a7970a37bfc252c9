"""The lease: one apply at a time on one state, from any number of machines.

A row that expires. Its holder renews it from a thread of its own; everything that decides compares and writes in one
transaction, by the clock of the server where there is one, so that two machines with wrong clocks still agree.
"""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime

from declarative.core.clock import to_iso
from declarative.core.errors import LockedError, StateError
from declarative.state.backend import Backend
from declarative.state.codec import printable
from declarative.state.connection import Connection
from declarative.state.model import LEASE_SECONDS, LeaseInfo

_POLL_SECONDS = 0.5
_TAKE = """
    INSERT INTO lease (id, lease_id, holder, acquired_at, expires_at) VALUES (1, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""


def read_lease(backend: Backend) -> LeaseInfo | None:
    """Who holds the lease now; None when nobody does, or it has expired."""
    with backend.read() as connection:
        found = _row(connection)
        return found if found is not None and found.expires_at.timestamp() > backend.now(connection) else None


def _row(connection: Connection) -> LeaseInfo | None:
    row = connection.one("SELECT lease_id, holder, acquired_at, expires_at FROM lease")
    if row is None:
        return None
    lease_id, holder, acquired_at, expires_at = row
    return LeaseInfo(lease_id, holder, datetime.fromtimestamp(acquired_at, UTC), datetime.fromtimestamp(expires_at, UTC))


def break_lease(backend: Backend, lease_id: str) -> None:
    """Raises LockedError when another lease is held, StateError when none is."""
    with backend.write() as connection:
        if connection.execute("DELETE FROM lease WHERE lease_id = ?", (lease_id,)).rowcount:
            return
        held = _row(connection)
    if held is None:
        raise StateError(f"The state {backend.place} is not locked.", hint="Nothing to do: run the command that was refused.")
    raise _locked(backend, held, f"it is not lease {lease_id} that locks it")


def _locked(backend: Backend, held: LeaseInfo, why: str | None = None) -> LockedError:
    detail = f"; {why}" if why else ""
    return LockedError(
        f"The state {backend.place} is locked by {held.holder} since {_short(held.acquired_at)} "
        f"(lease {held.lease_id}, good until {_short(held.expires_at)} unless renewed){detail}.",
        hint="Wait for it to end (`--lock-timeout 5m` waits for you); a killed holder's lease expires by itself then. "
        f"If you are sure that nobody applies: `declarative state unlock {held.lease_id}`.",
    )


def _short(moment: datetime) -> str:
    return to_iso(moment.replace(microsecond=0))


def acquire_lease(
    backend: Backend, holder: str, *, timeout: float = 0.0, ttl: float = LEASE_SECONDS, heartbeat: float | None = None
) -> HeldLease:
    """Takes the lease, trying again for `timeout` seconds. Renews it every `heartbeat` seconds (a third of `ttl`).

    Raises LockedError naming the holder.
    """
    began = backend.clock.monotonic()
    while True:
        ours, held = _try(backend, holder, ttl)
        if held is None:
            continue  # who held it let go between our two looks
        if ours:
            return HeldLease(backend, held, ttl=ttl, heartbeat=ttl / 3 if heartbeat is None else heartbeat)
        left = timeout - (backend.clock.monotonic() - began)
        if left <= 0:
            raise _locked(backend, held)
        backend.clock.sleep(min(_POLL_SECONDS, left))


def _try(backend: Backend, holder: str, ttl: float) -> tuple[bool, LeaseInfo | None]:
    """Whether the lease is ours now, and who holds it."""
    lease_id = str(uuid.uuid4())
    with backend.write() as connection:
        now = backend.now(connection)
        connection.execute("DELETE FROM lease WHERE expires_at <= ?", (now,))
        connection.execute(_TAKE, (lease_id, printable(holder), now, now + ttl))
        held = _row(connection)
    return held is not None and held.lease_id == lease_id, held


class HeldLease:
    """A lease that this process took. `release()` may be called twice; the heartbeat ends with it."""

    __slots__ = ("_backend", "_info", "_lost", "_stop", "_thread", "_ttl")

    def __init__(self, backend: Backend, info: LeaseInfo, *, ttl: float, heartbeat: float) -> None:
        self._backend = backend
        self._info = info
        self._ttl = ttl
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, args=(heartbeat,), name="lease-heartbeat", daemon=True)
        self._thread.start()

    @property
    def info(self) -> LeaseInfo:
        return self._info

    @property
    def released(self) -> bool:
        return self._stop.is_set()

    def check(self) -> None:
        """Raises LockedError unless the lease is ours and has not run out. One that ran out unnoticed (a suspended
        machine) and that nobody took is renewed here."""
        if self._stop.is_set():
            raise LockedError(f"The lease on the state {self._backend.place} was released.")
        if not self._lost.is_set():
            with self._backend.read() as connection:
                found = _row(connection)
                now = self._backend.now(connection)
            ours = found if found is not None and found.lease_id == self._info.lease_id else None
            if ours is not None and (ours.expires_at.timestamp() > now or self._renew()):
                return
            self._lost.set()
        raise self.lost()

    def confirm(self, connection: Connection) -> None:
        """`check()` inside a write transaction, renewing: what is written there is written only by the holder, who then
        has the whole time to live for what he announced."""
        if self._lost.is_set() or not self._renewed(connection):
            self._lost.set()
            raise self.lost()

    def lost(self) -> LockedError:
        return LockedError(
            f"The lease {self._info.lease_id} on the state {self._backend.place} was lost: somebody unlocked it, or it expired "
            "while this process was suspended and another apply took it.",
            hint="Nothing more is sent. What was sent is recorded; see `declarative state history`, then plan again.",
        )

    def release(self) -> None:
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        with self._backend.write() as connection:
            connection.execute("DELETE FROM lease WHERE lease_id = ?", (self._info.lease_id,))

    def _beat(self, every: float) -> None:
        while not self._stop.wait(every):
            try:
                if not self._renew():
                    self._lost.set()
                    return
            except StateError:
                # The database may be back before the lease runs out; `check()` finds out if it is not.
                continue

    def _renew(self) -> bool:
        with self._backend.write() as connection:
            return self._renewed(connection)

    def _renewed(self, connection: Connection) -> bool:
        until = self._backend.now(connection) + self._ttl
        renewed = connection.execute("UPDATE lease SET expires_at = ? WHERE lease_id = ?", (until, self._info.lease_id))
        return renewed.rowcount == 1
