"""One way to speak to both databases: connections, the transactions on them, and the statements in those.

SQL is written as SQL, once for both: `?` stands for a value, and `IN (...)` for as many as are given. What one of the two says
in its own way is in `sqlite.py` and `postgres.py`; what their tables say so, in `tables.py`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

from declarative.core.chunks import chunks

# Both databases take that many bound values in one statement, in every version that we support.
CHUNK = 500

Row = tuple[Any, ...]


class Cursor(Protocol):
    """What a statement gave: the part of the two drivers' cursors that is the same."""

    @property
    def rowcount(self) -> int: ...

    @property
    def description(self) -> Sequence[Sequence[Any]] | None: ...

    def fetchone(self) -> Row | None: ...

    def fetchall(self) -> list[Row]: ...

    def __iter__(self) -> Iterator[Row]: ...


class Connection(ABC):
    """For one transaction at a time."""

    __slots__ = ()

    is_sqlite: ClassVar[bool]

    @abstractmethod
    def begin(self, *, writes: bool) -> None:
        """One consistent view, if nothing is to be written."""

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def rollback(self) -> None:
        """Does nothing where no transaction is open any more."""

    @abstractmethod
    def close(self) -> None: ...

    @property
    @abstractmethod
    def is_broken(self) -> bool:
        """Whether nothing more can be said on it."""

    @abstractmethod
    def execute(self, statement: str, values: Sequence[Any] = ()) -> Cursor: ...

    @abstractmethod
    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None: ...

    @abstractmethod
    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows of a query that may have any number of them: memory does not grow with it."""

    def one(self, query: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row."""
        return self.execute(query, values).fetchone()

    def scalar(self, query: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None without a row."""
        row = self.one(query, values)
        return None if row is None else row[0]

    def scalars(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in self.execute(query, values)]

    def among(self, query: str, wanted: Iterable[Any], *before: Any) -> Iterator[Row]:
        """The rows of a query, asked until each of `wanted` had its place in `IN (...)`; `before`: what stands before it."""
        for found in self._among(query, wanted, before):
            yield from found

    def delete_among(self, statement: str, wanted: Iterable[Any]) -> int:
        """How many rows a statement with `IN (...)` deleted, said until each of `wanted` had its place in it."""
        return sum(done.rowcount for done in self._among(statement, wanted, ()))

    def _among(self, statement: str, wanted: Iterable[Any], before: tuple[Any, ...]) -> Iterator[Cursor]:
        for chunk in chunks(wanted, CHUNK):
            yield self.execute(statement.replace("(...)", f"({', '.join('?' * len(chunk))})"), (*before, *chunk))


class Database:
    """Where connections come from: made when one is needed, kept for the next transaction unless they broke. Safe to use from
    several threads; each transaction has a connection of its own. `errors`: what its driver raises."""

    def __init__(self, connect: Callable[[], Connection], errors: tuple[type[Exception], ...], *, is_sqlite: bool) -> None:
        self.errors = errors
        self.is_sqlite = is_sqlite
        self._connect = connect
        self._idle: list[Connection] = []
        self._keeps = True
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Connection]:
        """All of it, or nothing."""
        connection = self._begun(writes=writes)
        try:
            yield connection
            if writes:
                connection.commit()
        finally:
            self._take_back(connection)

    def close(self) -> None:
        """Closes what nobody uses now; the others are closed when their transaction ends."""
        with self._lock:
            idle, self._idle, self._keeps = self._idle, [], False
        for connection in idle:
            connection.close()

    def _begun(self, *, writes: bool) -> Connection:
        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            connection = self._connect() if kept is None else kept
            try:
                connection.begin(writes=writes)
            except BaseException as error:
                self._take_back(connection)
                if kept is not None and kept.is_broken and isinstance(error, self.errors):
                    continue  # a server closes what was idle for long; that is no reason to fail
                raise
            return connection

    def _take_back(self, connection: Connection) -> None:
        sound = False
        try:
            connection.rollback()
            sound = not connection.is_broken
        except self.errors:
            pass  # nothing is open on the server either, once we hang up
        finally:
            with self._lock:
                kept = sound and self._keeps
                if kept:
                    self._idle.append(connection)
            if not kept:
                connection.close()


class UnwrittenDatabase(Database):
    """One connection for every reader, nested or in another thread: what nobody writes needs no transactions."""

    def __init__(self, connection: Connection, errors: tuple[type[Exception], ...]) -> None:
        super().__init__(lambda: connection, errors, is_sqlite=connection.is_sqlite)
        self._only = connection

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Connection]:
        if writes:
            raise TypeError("nobody writes here")
        yield self._only

    def close(self) -> None:
        self._only.close()
