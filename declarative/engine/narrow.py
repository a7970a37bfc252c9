"""Narrowing: `-t`, `-x` and `-l` pick the objects that a plan is about."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from msgspec import Struct

from declarative.core.errors import UsageError


class _Globs(Struct, frozen=True):
    """Of thousands of globs most are addresses as they are."""

    plain: frozenset[str]
    wild: tuple[str, ...]

    def match(self, address: str) -> bool:
        # Rows of an inventory have brackets in their address, which a glob would read as a set of characters.
        return address in self.plain or any(fnmatchcase(address, glob) for glob in self.wild)

    @classmethod
    def of(cls, globs: Sequence[str]) -> _Globs:
        return cls(frozenset(globs), tuple(glob for glob in globs if any(sign in glob for sign in "*?[")))


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
        object.__setattr__(self, "_target", _Globs.of(self.targets))
        object.__setattr__(self, "_exclude", _Globs.of(self.excludes))

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
        """A target that matches nothing is a typo more often than a wish. Raises UsageError."""
        each = set(addresses)
        known = sorted(each)
        for flag, globs in (("--target", self.targets), ("--exclude", self.excludes)):
            for glob in globs:
                if glob not in each and not any(fnmatchcase(address, glob) for address in known):
                    close = difflib.get_close_matches(glob, known, n=1)
                    hint = f"did you mean '{close[0]}'?" if close else "addresses are Kind/name, such as Asset/web-01"
                    raise UsageError(f"{flag} {glob}: no such object in the manifests or the state", hint=hint)
