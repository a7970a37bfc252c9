"""What a caller may choose before the gateway starts, and the switches that may be thrown while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

FaultProfile = Literal["flaky", "throttled", "maintenance", "hostile"]

# One attribute a rule, as the vendor advises (facts 2.6). An address is no identity by itself: two hosts behind one would become
# one asset, so it is for those who choose it, best together with the MAC.
DEFAULT_RULES: tuple[tuple[str, ...], ...] = (
    ("serialNumber",),
    ("hardwareUuid",),
    ("instanceUuid",),
    ("macAddress",),
    ("fqdn",),
    ("hostName",),
    ("netBiosName",),
)
USABLE_IN_RULES = frozenset(name for rule in DEFAULT_RULES for name in rule) | {"ipAddress"}


class SandboxError(Exception):
    """The sandbox cannot start, or a request to its debug endpoints makes no sense. The text is meant for people."""


@dataclass(frozen=True, slots=True)
class Connector:
    """A source registered beforehand. `name` is what `customAttributes[].connectorName` shows; `allow_unmanaged` is
    the vendor's "Create unmanaged asset" box: without it an asset that no rule finds is silently dropped."""

    uuid: str
    name: str
    allow_unmanaged: bool = True


@dataclass(frozen=True, slots=True)
class Switches:
    """Behaviour that is undocumented, contradictory or different from tenant to tenant. The defaults are the likeliest
    reading of the facts sheet; each switch names its section there."""

    # Import (2.5 - 2.8)
    delay: float = 2.0  # seconds of sandbox time between the 200 and the asset in the inventory
    strict_connectors: bool = False  # refuse a well-formed connectorUuid that nobody registered
    allow_unmanaged: bool = True  # for connectors that register themselves by their first call
    rules: tuple[tuple[str, ...], ...] = DEFAULT_RULES
    ambiguous: Literal["first", "skip"] = "skip"
    null_clears: bool = False
    missing_clears: bool = False
    lists: Literal["replace", "merge"] = "replace"
    normalise: bool = True  # OS, hardware and software names, MAC and UUID spelling
    shorten_names: bool = False  # assetName loses its domain
    overruled: tuple[str, ...] = ()  # response paths where another source wins over the connector
    assets_error: Literal["keyed", "array", "failed"] = "keyed"
    partial_status: Literal[200, 207] = 200
    max_batch: int | None = None  # assets a call; more is 413
    max_body: int | None = 20_000_000  # bytes; more is 413

    latency: float = 0.0  # real seconds that every call takes; gives the concurrency limit something to count

    # Reads (3)
    default_page_size: int = 100
    max_page_size: int = 300
    count_zero_status: Literal[200, 204] = 200
    component_empty_status: Literal[200, 204] = 204
    strict_bodies: bool = False  # refuse unknown keys of a filter document or an import instead of ignoring them
    undocumented_fields: bool = False  # accept filter fields that only hearsay knows (asset.address, asset.fqdn)

    # Tokens (1)
    token_lifetime: int = 4 * 3600
    malformed_token_status: Literal[401, 500] = 500
    client_tokens_rejected: bool = False

    # Limits (6); None switches a limit off
    limit_per_window: int | None = None
    window: float = 3600.0
    concurrency: int | None = None
    limit_status: Literal[409, 429] = 429
    to_wait: Literal["always", "late", "never"] = "late"  # late: missing on the first refusal

    # Reports (5)
    report_delay: float = 0.0  # seconds of sandbox time until the file is there
    report_status: Literal[200, 201] = 200
    report_not_ready_status: Literal[202, 204, 404, 409] = 404

    def changed(self, wanted: Mapping[str, Any]) -> Switches:
        """A copy with `wanted` applied; names as here, or in camel case as JSON and YAML have them.

        Raises SandboxError on an unknown name or a value of the wrong type.
        """
        known = {camel(item.name): item.name for item in fields(Switches)}
        return replace(self, **dict(_checked(known.get(name, name), value) for name, value in wanted.items()))

    def shown(self) -> dict[str, Any]:
        """For JSON, names in camel case."""
        return {camel(item.name): getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Where the gateway listens and what it starts with.

    `port` 0 takes a free one. `delay`, `limit_per_window` and `window` are the three switches that callers set most
    and win over those in `switches` when given. `start` sets the sandbox clock, which otherwise follows the wall clock.
    `state` is the SQLite file that keeps the inventory across restarts; without it nothing stays.
    `fault_profile` and `scenario` (a YAML or JSON file) are rehearsals of bad days; both may be given.
    """

    host: str = "127.0.0.1"
    port: int = 0
    username: str = "sandbox"
    password: str = field(default="sandbox", repr=False)
    client_id: str = "sandbox-client"
    client_secret: str = field(default="sandbox-secret", repr=False)
    allow_remote: bool = False
    assets: int = 0
    seed: int = 0
    delay: float | None = None
    limit_per_window: int | None = None
    window: float | None = None
    fault_profile: str | None = None
    scenario: Path | None = None
    state: Path | None = None
    start: datetime | None = None
    connectors: tuple[Connector, ...] = ()
    switches: Switches = Switches()

    def effective_switches(self) -> Switches:
        given = {name: getattr(self, name) for name in ("delay", "limit_per_window", "window")}
        return self.switches.changed({name: value for name, value in given.items() if value is not None})


def camel(name: str) -> str:
    """`max_batch` as `maxBatch`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _checked(name: str, value: Any) -> tuple[str, Any]:
    known = {item.name for item in fields(Switches)}
    if name not in known:
        raise SandboxError(f"there is no switch {name!r}; known: {', '.join(sorted(camel(one) for one in known))}")
    if name == "rules":
        return name, _rules(value)
    if name == "overruled":
        if not isinstance(value, list | tuple) or not all(isinstance(path, str) for path in value):
            raise SandboxError("the switch 'overruled' takes a list of response paths")
        return name, tuple(value)
    hint = get_type_hints(Switches)[name]
    if not _fits(value, hint):
        raise SandboxError(f"the switch {name!r} cannot be {value!r}; it takes {_said(hint)}")
    return name, value


def _rules(value: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list | tuple) or not value:
        raise SandboxError("at least one identification rule must stay selected")
    rules = tuple((rule,) if isinstance(rule, str) else tuple(rule) for rule in value)
    for name in (name for rule in rules for name in rule):
        if name not in USABLE_IN_RULES:
            raise SandboxError(f"no identification rule can use {name!r}; usable: {', '.join(sorted(USABLE_IN_RULES))}")
    return rules


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return any(value == choice and type(value) is type(choice) for choice in get_args(hint))
    if get_args(hint):  # X | None
        return any(_fits(value, part) for part in get_args(hint))
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float) and value >= 0
    if hint is int:
        return isinstance(value, int) and value >= 0
    return isinstance(value, hint)


def _said(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(repr(choice) for choice in get_args(hint))
    return str(getattr(hint, "__name__", hint))
