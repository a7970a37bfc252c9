"""Faults on demand: which call goes wrong, and how. Counted and seeded, so the same calls meet the same faults."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from .messages import Request
from .options import SandboxError, camel

Kind = Literal[
    "status", "reset", "dropHasMore", "html", "slow", "truncated", "trickle", "revoke", "duplicate", "assetsError", "redirect"
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of going wrong. `processed`: the call took effect before it went wrong; only the answer is lost or false.

    A call matches by method, path glob and text in its body; of the matching calls those are hit whose number is in `nth`, or a
    multiple of `every`, or drawn with `probability`; all of them when none is given. `times` bounds the hits.
    """

    kind: Kind
    method: str = "*"
    path: str = "/*"
    body_contains: str = ""
    nth: tuple[int, ...] = ()
    every: int = 0
    probability: float | None = None
    times: int | None = None
    after: int = 0  # the first so many matching calls are spared
    processed: bool = False
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    seconds: float = 1.0
    keys: tuple[str, ...] = ()  # assetsError: native keys or host names of the assets to be refused; others go through
    shape: str | None = None  # assetsError: keyed, array or failed; the switch decides when not given
    message: str = "Rejected by a sandbox fault"
    location: str = ""

    def matches(self, request: Request) -> bool:
        if self.kind == "assetsError" and not request.path.endswith("/connector/asset/data/sync"):
            return False  # no other call carries assets
        return (
            self.method in ("*", request.method)
            and fnmatchcase(request.path, self.path)
            and (not self.body_contains or self.body_contains.encode() in request.body)
        )

    def strikes(self, number: int, seed: str) -> bool:
        """Whether the matching call with that number (from 1) is hit."""
        if number <= self.after:
            return False
        number -= self.after
        if self.nth:
            return number in self.nth
        if self.every:
            return number % self.every == 0
        if self.probability is not None:
            draw = hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=8).digest()
            return int.from_bytes(draw, "big") / 2**64 < self.probability
        return True


class FaultPlan:
    """The faults in force. The first one that strikes wins a call."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rows: list[_Row] = []

    def add(self, faults: Sequence[Fault]) -> None:
        self._rows += [_Row(fault, f"{self._seed}:{len(self._rows) + at}") for at, fault in enumerate(faults)]

    def clear(self) -> None:
        self._rows.clear()

    def pick(self, request: Request) -> Fault | None:
        struck = None
        for row in self._rows:
            if row.fault.matches(request):
                row.seen += 1
                if struck is None and row.strikes():
                    row.hits += 1
                    struck = row.fault
        return struck

    def describe(self) -> list[dict[str, Any]]:
        return [{"kind": row.fault.kind, "path": row.fault.path, "seen": row.seen, "hits": row.hits} for row in self._rows]


@dataclass(slots=True)
class _Row:
    fault: Fault
    seed: str
    seen: int = 0
    hits: int = 0

    def strikes(self) -> bool:
        spent = self.fault.times is not None and self.hits >= self.fault.times
        return not spent and self.fault.strikes(self.seen, self.seed)


def fault_from(row: Any) -> Fault:
    """One fault as scenario files and the debug endpoint write it. Raises SandboxError."""
    if not isinstance(row, dict) or "kind" not in row:
        raise SandboxError("a fault is an object with a kind")
    if row["kind"] not in get_args(Kind):
        raise SandboxError(f"there is no fault kind {row['kind']!r}; known: {', '.join(get_args(Kind))}")
    names = {camel(item.name): item.name for item in fields(Fault)}
    values: dict[str, Any] = {}
    for key, value in row.items():
        if key not in names:
            raise SandboxError(f"a fault has no {key!r}; known: {', '.join(names)}")
        values[names[key]] = _value(key, value)
    return Fault(**values)


_TYPES: dict[str, tuple[type, ...]] = {
    "every": (int,), "probability": (int, float), "times": (int,), "after": (int,), "processed": (bool,), "status": (int,),
    "headers": (dict,), "seconds": (int, float),
}  # fmt: skip


def _value(key: str, value: Any) -> Any:
    if key in {"nth", "keys"}:
        return _tuple(key, value if isinstance(value, list) else [value])
    if not isinstance(value, _TYPES.get(key, (str,))):
        raise SandboxError(f"a fault's {key} cannot be {value!r}")
    if isinstance(value, dict):
        return {str(name): str(text) for name, text in value.items()}
    return value


def _tuple(key: str, values: list[Any]) -> tuple[Any, ...]:
    if key == "nth" and not all(isinstance(number, int) and number > 0 for number in values):
        raise SandboxError("nth is a call number from 1, or a list of them")
    if key == "keys" and not all(isinstance(name, str) for name in values):
        raise SandboxError("keys is a list of native keys or host names")
    return tuple(values)


_READS = "/rest/2.0/*/am/asset"
_HTML = "<html><head><title>Qualys is under maintenance</title></head><body><h1>We'll be back soon</h1></body></html>"

# Rates are bounded so that a client with sane retries gets through; the names are what `--fault` takes.
PROFILES: dict[str, tuple[Fault, ...]] = {
    "flaky": (
        Fault("status", probability=0.04, status=503, body=_HTML),
        Fault("status", probability=0.03, status=502),
        Fault("reset", probability=0.03),
        Fault("slow", probability=0.05, seconds=0.3),
        Fault("dropHasMore", path=_READS, probability=0.05),
    ),
    "throttled": (
        Fault("status", path="/rest/*", every=7, status=429, headers={"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0"}),
        Fault(
            "status",
            path="/rest/*",
            every=5,
            status=429,
            headers={"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0", "X-RateLimit-ToWait-Sec": "1"},
        ),
        Fault("status", path="/rest/*", every=11, status=409, headers={"X-RateLimit-ToWait-Sec": "1"}),
    ),
    "maintenance": (
        Fault("html", path="/rest/*", status=503, times=4, after=1),
        Fault("status", path="/auth", status=503, times=1, body=_HTML),
        Fault("html", path="/rest/*", status=200, times=1, after=6),
    ),
    "hostile": (
        Fault("reset", probability=0.04),
        Fault("reset", probability=0.04, processed=True),
        Fault("status", probability=0.04, status=500, processed=True),
        Fault("truncated", path="/rest/*", probability=0.04, processed=True),
        Fault("html", path=_READS, probability=0.04, status=200),
        Fault("revoke", path="/rest/*", probability=0.03),
        Fault(
            "status",
            path="/rest/*",
            probability=0.04,
            status=429,
            headers={"Retry-After": "soon", "X-RateLimit-ToWait-Sec": "-1"},
        ),
        Fault("dropHasMore", path=_READS, probability=0.06),
        Fault("slow", probability=0.05, seconds=0.2),
        Fault("duplicate", path="/rest/2.0/am/connector/*", probability=0.05),
    ),
}


def profile(name: str) -> tuple[Fault, ...]:
    """Raises SandboxError."""
    if name not in PROFILES:
        raise SandboxError(f"there is no fault profile {name!r}; known: {', '.join(PROFILES)}")
    return PROFILES[name]
