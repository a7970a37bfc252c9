"""One database behind a store: how to read it, how to write it, what to call it in messages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import Connection, Engine, Table, cast, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import Float

from declarative.core.clock import Clock
from declarative.core.errors import StateError
from declarative.state.failures import RESTORE, translated

# An execution option that the SQLite engine's begin hook reads: take the write lock at once. A transaction that reads
# first and writes later fails with "busy" instead of waiting when another process wrote in between.
WRITES = {"declarative_writes": True}

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    Insert = sqlite.Insert | postgresql.Insert


class Frozen(Struct, frozen=True):
    """Why a store cannot be written, and what to do about it."""

    why: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """`place` names the store in messages (never with a password). `frozen_because` says why it cannot be written,
    None where it can."""

    engine: Engine
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
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view. Raises StateError."""
        with (
            translated(self.place, "read", password=self.password, damage_hint=self.damage_hint),
            self.engine.connect() as connection,
        ):
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - same connection
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it, or nothing. Raises StateError, also where the store is read-only."""
        if self.frozen_because is not None:
            raise StateError(self.frozen_because.why, hint=self.frozen_because.hint)
        with (
            self._lock if self.is_sqlite else _nothing(),
            translated(self.place, "written", password=self.password, damage_hint=self.damage_hint),
            self.engine.connect() as connection,
        ):
            writer = connection.execution_options(**WRITES)
            with writer.begin():
                yield writer

    def insert(self, table: Table) -> Insert:
        """An INSERT that knows ON CONFLICT; both databases speak it the same way."""
        if self.is_sqlite:
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql  # as long to load as half of the rest, and few have a server

        return postgresql.insert(table)

    def now(self, connection: Connection) -> float:
        """Seconds since the epoch by the clock that all users of this store share: the server's own where there is one."""
        if self.is_sqlite:
            return self.clock.now().timestamp()
        seconds = connection.execute(select(cast(func.extract("epoch", func.clock_timestamp()), Float(53)))).scalar_one()
        return float(seconds)

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _nothing() -> Iterator[None]:
    yield
