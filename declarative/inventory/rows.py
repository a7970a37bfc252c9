"""The rows of a project's inventories while a plan is made of them: only those become assets that somebody has to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import chain, permutations
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from declarative import __version__
from declarative.assets.model import ConnectorRef, DesiredAsset
from declarative.core.canonical import digest_of
from declarative.core.diagnostics import Diagnostic
from declarative.core.errors import InvalidError
from declarative.core.meanwhile import meanwhile
from declarative.inventory.backends import Backend, backend_for
from declarative.inventory.engines import DIGEST_CHARACTERS, Engine
from declarative.inventory.formats import batches
from declarative.inventory.lowering import Findings, lowered
from declarative.inventory.memory import Memory, Prove, Seen
from declarative.inventory.model import BadRow, SourceError
from declarative.inventory.passing import Loaded, Passing, load
from declarative.inventory.settled import Settled, joined, packed, table_of, unpacked, without
from declarative.inventory.sources import Collected
from declarative.inventory.telling import about, about_bad_rows, about_emptiness, about_twins
from declarative.kinds.claims import marks
from declarative.kinds.context import Context
from declarative.kinds.model import Desired, InventoryDeclaration
from declarative.kinds.unopened import closed
from declarative.manifest.model import RuleSetting

MANY = 20_000
"""So many rows become assets at once. Of more, each thousand are looked at alone first, and whatever is left is kept as text."""


class _One(Struct):
    """One inventory. `passing` is None where rows could not be told apart, or not be read at all. `since`: an Arrow table of
    what was settled after the bulk of it was kept. `is_proved`: whether rows pass that no plan of all rows has settled."""

    declaration: InventoryDeclaration
    engine: Engine
    assets: dict[str, DesiredAsset] = field(default_factory=dict)
    warned: set[str] = field(default_factory=set)
    passing: Passing | None = None
    since: Any = None
    is_proved: bool = False

    def add(self, part: Iterable[tuple[DesiredAsset, str]], proved: Mapping[str, Seen]) -> Any:
        """Assets with the digests of their rows. An Arrow table of those that are proved; the others are assets from now on."""
        settled = []
        for asset, row in part:
            key, seen = str(self.declaration.row_key(asset.address)), proved.get(asset.address)
            if seen is None:
                self.assets[key] = asset if len(self.assets) < MANY else closed(asset)
            else:
                settled.append(Settled(key, row, *seen, marks(asset)))
        return table_of(settled)


class Rows:
    """`diagnostics`: what is to be said about all rows; `digest`: over the meaning of all of them; `held`: addresses of
    inventories with bad rows: one of these may be any row that has no asset, which must not be taken for removed.

    A row passes, without becoming an asset, while nothing speaks against what an earlier plan proved of it. The methods that
    compare take those out that something speaks against; then they are among `assets`."""

    def __init__(self, context: Context, settings: Mapping[str, RuleSetting], root: Path, salt: str = "") -> None:
        self._context, self._settings, self._root = context, settings, root
        self._rules = digest_of([__version__, salt, {name: str(setting) for name, setting in sorted(settings.items())}])
        self._all: list[_One] = []
        self._digest = hashlib.sha256()
        self.diagnostics: list[Diagnostic] = []
        self.held: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"

    @property
    def assets(self) -> Iterator[DesiredAsset]:
        """In the order of inventories and keys."""
        return chain.from_iterable(one.assets.values() for one in self._all)

    @property
    def passing(self) -> int:
        """How many rows pass."""
        return sum(len(one.passing) for one in self._all if one.passing is not None)

    @property
    def addresses(self) -> Iterator[str]:
        """Of rows that pass."""
        return (one.declaration.row_address(key) for one in self._each() for key in one.passing.passing_keys())

    @property
    def sections(self) -> frozenset[str]:
        """Names below `coreAttributes` that rows may fill."""
        return frozenset(chain.from_iterable(one.declaration.sections for one in self._all))

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the addresses of rows begin with."""
        return tuple(one.declaration.row_address("")[:-1] for one in self._all)

    def read(self, declaration: InventoryDeclaration, engine: Engine, memory: Callable[[], Memory]) -> None:
        collected = Collected()
        with meanwhile(lambda: self._remembered(declaration, engine.backend, memory())) as remembered:
            try:
                engine.stage(batches(declaration, self._root, collected))
            except SourceError as error:
                self.diagnostics.append(about(declaration, error.rule, error.message, error.pointer, error.hint))
                return
            since, settled, prove = remembered.result()
        readable = collected.rows - len(collected.bad)
        if not collected.rows or (readable and declaration.where and engine.is_empty()):
            self.diagnostics.extend(about_emptiness(declaration, self._settings, readable))
        digests = engine.backend.keep("digests", engine.digests())
        twins = engine.twins(digests)
        self.diagnostics.extend(about_twins(declaration, twins))
        one = _One(declaration, engine, since=since)
        one.passing = Passing(engine.backend, digests, load("untold", engine.backend, ()) if twins else settled)
        self._all.append(one)
        for text in one.passing.sorted_digests():
            self._digest.update(text)
        are_many = prove is not None and not twins and one.passing.count_fresh() > MANY
        found, proved = self._lower(one, prove if are_many else None, only=one.passing.fresh)
        if proved:
            one.passing = Passing(engine.backend, digests, load("proved", engine.backend, chain(one.passing.settled(), proved)))
            one.is_proved = True
        bad = [*collected.bad, *engine.keyless(), *found.bad]
        self.diagnostics.extend((*found.told, *about_bad_rows(declaration, bad, collected.rows)))
        if bad:
            self.held = (*self.held, declaration.address)

    def _remembered(
        self, declaration: InventoryDeclaration, backend: Backend, memory: Memory
    ) -> tuple[Any, Loaded, Prove | None]:
        """What was settled since the bulk of it was kept, all that was settled, and what proves more."""
        whole, since = (unpacked(memory.recall(name), self._rules) for name in _names(declaration))
        newer = joined(since)
        return newer, load("settled", backend, chain(without(whole, newer["key"]), (newer,))), memory.prove

    # what speaks against rows

    def take_shared(self) -> None:
        """Rows that were proved as if there were no others, and those that claim the same or are bound to the same live asset."""
        shared: list[tuple[Any, set[str]]] = []
        for one, other in permutations(self._each(), 2):
            if one.is_proved or other.is_proved:
                for claimed, held in one.passing.claims():
                    shared.append((other, other.passing.claiming(claimed) | other.passing.holding(held)))
        for one, keys in shared:
            self._taken(one, one.passing.take(keys))
        for one in self._each():
            if one.is_proved:
                self._taken(one, one.passing.take_shared())

    def take_claimed(self, others: Iterable[DesiredAsset]) -> None:
        """Rows that claim what one of the other assets or of the rows that do not pass claims too."""
        for one in self._each():
            claimed = {mark for asset in chain(others, self.assets) for mark in marks(asset) if mark is not None}
            self._taken(one, one.passing.take_marked(claimed))

    def compare_applied(self, records: Callable[[str], Iterable[tuple[str, str]]]) -> list[str]:
        """Against address and digest of what was applied, asked for by what the address begins with.

        Gives the addresses of what was applied and has no asset."""
        gone: list[str] = []
        for one in self._each():
            prefix = one.declaration.row_address("")[:-1]
            stale, left = one.passing.compare_applied(records(prefix), prefix)
            self._taken(one, stale)
            gone.extend(one.declaration.row_address(key) for key in left if key not in one.assets)
        return gone

    def compare_live(self, digests: Callable[[], Iterable[tuple[int, bytes]]]) -> None:
        """Against id and digest of each live record."""
        for one in self._each():
            self._taken(one, one.passing.compare_live(digests()))

    def take_holding(self, asset_ids: Collection[int]) -> None:
        """Rows bound to live assets that others may be bound to as well."""
        for one in self._each():
            self._taken(one, one.passing.take_holding(asset_ids))

    def take(self, addresses: Iterable[str]) -> None:
        """Rows that somebody asks for by name."""
        wanted = list(addresses)
        for one in self._each():
            keys = [key for address in wanted if (key := one.declaration.row_key(address)) is not None]
            self._taken(one, one.passing.take(keys))

    def take_where(self, chosen: Callable[[str], bool]) -> None:
        """Rows whose address is chosen."""
        for one in self._each():
            keys = [key for key in one.passing.passing_keys() if chosen(one.declaration.row_address(key))]
            self._taken(one, one.passing.take(keys))

    # what is known afterwards

    def settled(self, found: Mapping[str, Seen]) -> Iterator[tuple[str, bytes]]:
        """For the next time, by name: what was found unchanged now and before. Nothing where nothing is new.

        `found`: by address. Of a million rows a few are kept beside the others, and not all anew: a row that was settled and is
        lost does no harm among them, it is lost again."""
        for one in self._each():
            address_of = one.declaration.row_address
            new = {key: found[address_of(key)] for key in one.assets if address_of(key) in found}
            new = {key: kept for key, kept in new.items() if address_of(key) not in one.warned}
            rows = one.passing.row_digests(new)
            kept = table_of(
                Settled(key, rows[key], applied, asset_id, live, marks(one.assets[key]))
                for key, (applied, asset_id, live) in sorted(new.items())
            )
            whole, since = _names(one.declaration)
            newer = [*without((one.since,), kept["key"]), kept]
            if one.is_proved or one.passing.is_worn(sum(map(len, newer))):
                yield whole, packed(chain(one.passing.settled(), (kept,)), self._rules)
                yield since, packed((), self._rules)
            elif new:
                yield since, packed(newer, self._rules)

    def _each(self) -> Iterator[Any]:
        return (one for one in self._all if one.passing is not None)

    def _taken(self, one: _One, keys: list[str]) -> None:
        if keys and one.passing is not None:
            found, _ = self._lower(one, only=one.passing.only(keys))
            if found.bad:
                bad: BadRow = found.bad[0]
                raise InvalidError(f"{bad.position}: {bad.reason}", hint="correct the row, and plan again")
            self.diagnostics.extend(found.told)
            one.assets = dict(sorted(one.assets.items()))

    def _lower(self, one: _One, prove: Prove | None = None, **which: Any) -> tuple[Findings, list[Any]]:
        """Rows into assets, but for those that are proved: Arrow tables of them."""
        findings, proved = Findings(), []
        for part in lowered(one.declaration, one.engine.rows(**which), self._context, self._settings, findings):
            lasting = prove([asset for asset, _ in part]) if prove is not None else {}
            table = one.add(part, {address: seen for address, seen in lasting.items() if address not in findings.warned})
            if len(table):
                proved.append(table)
        one.warned |= findings.warned
        return findings, proved


@contextmanager
def open_rows(
    desired: Desired,
    settings: Mapping[str, RuleSetting],
    root: Path,
    *,
    now: datetime,
    memory: Callable[[], Memory] = Memory,
    salt: str = "",
) -> Iterator[Rows]:
    """Reads every inventory. What is wrong with a source or a row is a diagnostic. Raises UsageError where the extra is
    not installed, and what `memory` raises. `now`: aware; dates in the future are told. `memory` is asked in another thread,
    while rows are read. `salt`: what else the answers to what was settled depended on."""
    connectors = {connector.name: connector for connector in desired.connectors}
    rows = Rows(Context(now=now, connectors=connectors), settings, root, salt)
    with ExitStack() as stack:
        for declaration in desired.inventories:
            backend = stack.enter_context(backend_for(declaration))
            engine = Engine(backend, declaration, _salt(declaration, connectors[declaration.connector]))
            rows.read(declaration, engine, memory)
        rows.take_shared()
        rows.take_claimed(desired.assets)
        yield rows


def _names(declaration: InventoryDeclaration) -> tuple[str, str]:
    """Under which the bulk of what is settled is kept, and what was settled since."""
    return declaration.address, f"{declaration.address}#since"


def _salt(declaration: InventoryDeclaration, connector: ConnectorRef) -> str:
    """What decides, besides a row's cells, which asset it makes."""

    def said(field: Any) -> list[Any]:
        return [field.path, field.record, field.column, field.template, field.value, field.split, field.date, sorted(field.types)]

    fields = [sorted(map(said, fields), key=repr) for fields in (declaration.fields, declaration.defaults)]
    wired = [connector.name, connector.uuid, connector.source, connector.marker]
    spec = [declaration.address, declaration.key, fields, declaration.lifecycle, declaration.metadata, wired]
    return digest_of(spec).removeprefix("sha256:")[:DIGEST_CHARACTERS]
