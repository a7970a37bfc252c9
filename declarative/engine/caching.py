"""What a plan keeps for the next one. The snapshot of live records is kept as one user sees it: what a scope shows must not
answer for another's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Self, TypeVar

from declarative.core.errors import AuthError, StateError
from declarative.qualys.credentials import ClientCredentials, PasswordCredentials, credentials_from
from declarative.refresh.unread import CacheLostError
from declarative.state.model import Indexer, Resource, Snapshot, Store

T = TypeVar("T")
Record = tuple[int, Mapping[str, Any]]


class UserSnapshot:
    """`state.model.Snapshot`, kept apart by login, and opened when a scan first asks for it: most plans need none.

    Raises StateError as the store does; whoever reads takes that for having no snapshot.
    """

    def __init__(self, store: Store, user: str) -> None:
        self._store = store
        self._user = user
        self._stack = ExitStack()
        self._opened: Snapshot | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def _snapshot(self) -> Snapshot:
        if self._opened is None:
            self._opened = self._stack.enter_context(self._store.snapshot())
        return self._opened

    def _key(self, base_url: str) -> str:
        return f"{base_url}#as={self._user}"

    @property
    def writable(self) -> bool:
        return self._snapshot.writable

    def watermark(self, base_url: str) -> str | None:
        return self._snapshot.watermark(self._key(base_url))

    def rebuilt_at(self, base_url: str) -> datetime | None:
        return self._snapshot.rebuilt_at(self._key(base_url))

    def records(self, base_url: str) -> Iterable[Record]:
        return self._snapshot.records(self._key(base_url))

    def replace(self, base_url: str, records: Iterable[Record], watermark: str, *, indexer: Indexer | None = None) -> bool:
        return self._snapshot.replace(self._key(base_url), records, watermark, indexer=indexer)

    def upsert(self, base_url: str, records: Iterable[Record], watermark: str, *, indexer: Indexer | None = None) -> None:
        self._snapshot.upsert(self._key(base_url), records, watermark, indexer=indexer)

    def count(self, base_url: str) -> int:
        return self._snapshot.count(self._key(base_url))

    def digests(self, base_url: str) -> Iterator[tuple[int, bytes]]:
        return self._snapshot.digests(self._key(base_url))

    def json_at(self, base_url: str, asset_ids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        return self._snapshot.json_at(self._key(base_url), asset_ids)

    def ids_with(self, base_url: str, keys: Iterable[int]) -> frozenset[int]:
        return self._snapshot.ids_with(self._key(base_url), keys)

    def forget(self, base_url: str) -> None:
        self._snapshot.forget(self._key(base_url))

    def blob(self, name: str) -> bytes | None:
        return self._snapshot.blob(self._key(name))

    def keep_blob(self, name: str, data: bytes) -> None:
        self._snapshot.keep_blob(self._key(name), data)


def keep_seen(store: Store, seen: Iterable[Resource], say: Callable[[str], None]) -> None:
    """What a plan saw of the live objects, for the next one. A store that cannot take it now costs only that."""
    try:
        store.observe(seen)
    except StateError as error:
        say(f"what was seen is not kept for the next plan: {error.message}")


def with_snapshot(store: Store, environ: Mapping[str, str], work: Callable[[Snapshot | None], T]) -> T:
    """Does the work with the user's snapshot; once more without it, where it was lost on the way."""
    snapshot = snapshot_for(store, environ)
    if snapshot is None:
        return work(None)
    with snapshot:
        try:
            return work(snapshot)
        except CacheLostError:
            return work(None)


def snapshot_for(store: Store, environ: Mapping[str, str]) -> UserSnapshot | None:
    """None where nobody can tell whose view it would be: a ready token names no user, and a new one may be another's."""
    try:
        credentials = credentials_from(environ)
    except AuthError:
        return None
    if isinstance(credentials, PasswordCredentials):
        name = credentials.username
    elif isinstance(credentials, ClientCredentials):
        name = credentials.client_id
    else:
        return None
    return UserSnapshot(store, hashlib.sha256(f"{credentials.flow}:{name}".encode()).hexdigest()[:16])
