"""Narrowing: `-t`, `-x` and `-l` pick the objects that a plan is about."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate
from itertools import chain

from declarative.core.errors import UsageError
from declarative.core.suggest import MOST_COMPARISONS
from declarative.kinds.model import INVENTORIES
from declarative.plan.given import everything

Matcher = Callable[[str], bool]


def nothing(address: str) -> bool:  # noqa: ARG001
    return False


class _Globs:
    """Of thousands of globs most are addresses as they are. What names an inventory means each of its rows: whether that is so,
    or which globs may tell its rows apart, is worked out once for an inventory, which may have a million."""

    __slots__ = ("_inventories", "_of_rows", "_plain", "_wild")

    def __init__(self, globs: Sequence[str]) -> None:
        self._plain = frozenset(globs)
        self._of_rows = [_parts(glob) for glob in globs if _is_of_rows(glob)]
        self._wild = [glob for glob in globs if any(sign in glob for sign in "*?[") and not _is_of_rows(glob)]
        self._inventories: dict[str, Matcher] = {}

    def match(self, address: str) -> bool:
        if address in self._plain:
            return True
        inventory, bracket, _ = address.partition("[")
        if not bracket:
            return any(fnmatchcase(address, glob) for glob in self._wild)
        rows = self._inventories.get(inventory)
        if rows is None:
            rows = self._inventories[inventory] = self._rows_of(inventory)
        return rows(address)

    def _rows_of(self, inventory: str) -> Matcher:
        keys = [key for name, key in self._of_rows if fnmatchcase(inventory, name)]
        if self.match(inventory) or "*" in keys:
            return everything
        globs = [_literally(f"{inventory}[{key}]") for key in keys]
        globs += [glob for glob in self._wild if _may_reach(glob, f"{inventory}[")]
        together = re.compile("|".join(f"(?:{translate(glob)})" for glob in globs)) if globs else None
        return nothing if together is None else lambda address: together.fullmatch(address) is not None


def _is_of_rows(glob: str) -> bool:
    """The address of a row ends in brackets; in any other glob they are a set of characters."""
    return glob.startswith(INVENTORIES) and glob.endswith("]") and "[" in glob


def _parts(glob: str) -> tuple[str, str]:
    """The inventory, and the key in the brackets."""
    name, _, key = glob.partition("[")
    return name, key.removesuffix("]")


def _literally(glob: str) -> str:
    """The glob whose brackets stand for themselves: a key may hold some, too."""
    return glob.replace("[", "[[]")


def _may_reach(glob: str, prefix: str) -> bool:
    """Whether what stands before anything wild fits what the rows' addresses begin with."""
    begins = re.split(r"[*?[]", glob, maxsplit=1)[0]
    return begins.startswith(prefix) or prefix.startswith(begins)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """An object is in when it matches any target (or there is none), every selector, and no exclude.

    `changed`: only these addresses, which differ from what the commit `since` says; None: whatever it says."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    selectors: tuple[tuple[str, str], ...] = ()
    since: str | None = None
    changed: frozenset[str] | None = None
    _target: _Globs = field(init=False, repr=False, compare=False)
    _exclude: _Globs = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_target", _Globs(self.targets))
        object.__setattr__(self, "_exclude", _Globs(self.excludes))

    @classmethod
    def parse(cls, targets: Sequence[str], excludes: Sequence[str], selectors: Sequence[str]) -> Narrowing:
        """Raises UsageError for a selector that is not K=V."""
        pairs = []
        for selector in selectors:
            key, equals, value = selector.partition("=")
            if not equals or not key:
                raise UsageError(f"-l {selector!r}: expected LABEL=VALUE")
            pairs.append((key, value))
        return cls(tuple(targets), tuple(excludes), tuple(pairs))

    def __bool__(self) -> bool:
        return bool(self.targets or self.excludes or self.selectors) or self.changed is not None

    def __call__(self, address: str, labels: Mapping[str, str]) -> bool:
        if self.changed is not None and address not in self.changed:
            return False
        if (self.targets and not self._target.match(address)) or self._exclude.match(address):
            return False
        return all(labels.get(key) == value for key, value in self.selectors)

    @property
    def lines(self) -> tuple[str, ...]:
        """For the plan: it is partial, and why."""
        return (
            *(f"target {glob}" for glob in self.targets),
            *(f"exclude {glob}" for glob in self.excludes),
            *(f"selector {key}={value}" for key, value in self.selectors),
            *([f"changed since {self.since}"] if self.changed is not None else []),
        )

    def require_known(self, addresses: Iterable[str]) -> None:
        """A target that matches nothing is a typo more often than a wish. Raises UsageError.

        An inventory is known by any of its rows: its manifest may be gone."""
        each = set(addresses)
        objects = {address.partition("[")[0] for address in each}
        each |= objects
        for flag, globs in (("--target", self.targets), ("--exclude", self.excludes)):
            for glob in globs:
                if glob not in each and not any(map(_Globs((glob,)).match, chain(objects, each))):
                    # A million rows would be compared for half a minute.
                    near = each if "[" in glob and len(each) <= MOST_COMPARISONS else objects
                    close = difflib.get_close_matches(glob, sorted(near), n=1)
                    hint = f"did you mean '{close[0]}'?" if close else "addresses are Kind/name, such as Asset/web-01"
                    raise UsageError(f"{flag} {glob}: no such object in the manifests or the state", hint=hint)
