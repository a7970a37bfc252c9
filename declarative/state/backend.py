"""One database behind a store: how to read it, how to write it, what to call it in messages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from msgspec import Struct

from declarative.core.clock import Clock
from declarative.core.errors import StateError
from declarative.state.connection import Connection, Database
from declarative.state.failures import RESTORE, translated


class Frozen(Struct, frozen=True):
    """Why a store cannot be written, and what to do about it."""

    why: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """`place` names the store in messages (never with a password). `frozen_because` says why it cannot be written,
    None where it can."""

    database: Database
    place: str
    clock: Clock
    frozen_because: Frozen | None = None
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    damage_hint: str = RESTORE
    # Writers of one process queue here instead of polling for SQLite's lock.
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def is_sqlite(self) -> bool:
        return self.database.is_sqlite

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view. Raises StateError."""
        with self._translated("read"), self.database.transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it, or nothing. Raises StateError, also where the store is read-only."""
        if self.frozen_because is not None:
            raise StateError(self.frozen_because.why, hint=self.frozen_because.hint)
        with (
            self._lock if self.is_sqlite else nullcontext(),
            self._translated("written"),
            self.database.transaction(writes=True) as connection,
        ):
            yield connection

    def _translated(self, doing: str) -> AbstractContextManager[None]:
        errors, password, hint = self.database.errors, self.password, self.damage_hint
        return translated(self.place, doing, errors=errors, password=password, damage_hint=hint)

    def now(self, connection: Connection) -> float:
        """Seconds since the epoch by the clock that all users of this store share: the server's own where there is one."""
        if self.is_sqlite:
            return self.clock.now().timestamp()
        return float(connection.scalar("SELECT CAST(extract(epoch FROM clock_timestamp()) AS FLOAT)"))

    def close(self) -> None:
        self.database.close()
