"""The plan as values. Pure: what would change, why, by which evidence, at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from declarative.assets.model import ConnectorRef
from declarative.core.diagnostics import Diagnostic, Position

FORMAT_VERSION = "1.0"


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    UNCHANGED = "unchanged"
    PENDING = "pending"
    OVERRIDDEN = "overridden"
    RUN = "run"
    RETIRE = "retire"
    FORGET = "forget"
    BLOCKED = "blocked"

    @property
    def calls_api(self) -> bool:
        """Whether apply writes to the API for it."""
        return self in _CALLING

    @property
    def is_change(self) -> bool:
        """Whether `--detailed-exitcode` counts it: the API or the state would be different after apply."""
        return self in _CHANGING


_CALLING = (Action.CREATE, Action.UPDATE, Action.RETIRE, Action.RUN)
_CHANGING = (*_CALLING, Action.ADOPT, Action.FORGET)


class Basis(StrEnum):
    LIVE = "live"
    APPLIED = "applied"
    MARKER = "marker"


class Limit(Struct, frozen=True):
    """At most `absolute` of something, and at most `percent` of a population of at least `minimum_population`.
    None: no such bound."""

    absolute: int | None = None
    percent: float | None = None
    minimum_population: int = 20


class Limits(Struct, frozen=True):
    """Safety limits of a plan (DESIGN 5). `total` counts creates, updates and runs together."""

    create: Limit = Limit(absolute=500)
    update: Limit = Limit(percent=30.0)
    run: Limit = Limit(absolute=5)
    total: Limit = Limit()


class FieldChange(Struct, frozen=True):
    path: str
    before: Any
    after: Any
    basis: Basis


class DesiredReport(Struct, frozen=True):
    """`request` is the body of POST /rest/2.0/am/report, scope already resolved into assetList/tagList.

    `scope` is what the scope resolved to (sorted ids), None without one; `every`: run again after this long;
    `on_change`: run again when the request or scope changed. `depends_on`: addresses of asset syncs to wait for.
    `skip_reason`: the scope is empty and `onEmpty: skip`; `blocked_reason`: empty and refused."""

    address: str
    request: Mapping[str, Any]
    scope: tuple[str, ...] | None = None
    on_change: bool = True
    every: timedelta | None = None
    depends_on: tuple[str, ...] = ()
    skip_reason: str | None = None
    blocked_reason: str | None = None
    position: Position | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.request["name"])


class ReportStatus(StrEnum):
    CREATED = "created"
    UNCERTAIN = "uncertain"
    NOT_CREATED = "not_created"  # resolved by a person, or rejected by the API: it may run again


class AppliedReport(Struct, frozen=True):
    """The last run of a report; lives in the state store (the API has no list call)."""

    address: str
    name: str
    request_digest: str
    scope_digest: str | None
    status: ReportStatus
    file_uuid: str | None = None
    ran_at: datetime | None = None
    request_id: str | None = None


class Change(Struct, frozen=True):
    """One line of the plan.

    `payload` is exactly what apply sends: an `assetData` entry for CREATE/UPDATE/RETIRE, a report request for RUN.
    `fingerprint` is the digest of the managed fields of the live object that the decision was based on (None: there
    was no live object); apply refuses to write where it moved. `record` is the digest of the whole record, in hex, as far as
    any decision can see it: where that still stands, the fingerprint does too, and need not be worked out again.
    """

    address: str
    kind: str
    action: Action
    reason: str
    asset_id: int | None = None
    matched_by: str | None = None
    source: Position | None = None
    fields: tuple[FieldChange, ...] = ()
    warnings: tuple[str, ...] = ()
    payload: Mapping[str, Any] | None = None
    connector: ConnectorRef | None = None
    fingerprint: str | None = None
    candidates: tuple[int, ...] = ()
    depends_on: tuple[str, ...] = ()
    scope: tuple[str, ...] | None = None
    record: str | None = None


class Check(Struct, frozen=True):
    """The outcome of one query's `expect`."""

    address: str
    status: str  # pass | warn | fail
    count: int | None
    message: str
    position: Position | None = None


class Calls(Struct, frozen=True):
    """API calls: `read` made by the plan, `sync` and `report` that apply will make."""

    read: int = 0
    sync: int = 0
    report: int = 0


class Quota(Struct, frozen=True):
    """What the last rate-limit headers said (facts 6.1); None where no header was seen."""

    limit: int | None = None
    remaining: int | None = None
    window_seconds: int | None = None


class StateMark(Struct, frozen=True):
    lineage: str
    serial: int


class LimitBreach(Struct, frozen=True):
    """A safety limit the plan exceeds. `override` is the one flag that lifts this one."""

    name: str
    value: int
    limit: str
    override: str
    message: str


class Plan(Struct, frozen=True):
    """Everything a reviewer approves. `changes` is sorted by address and includes unchanged ones, but for those that
    are only counted."""

    project: str
    environment: str | None
    base_url: str
    tool_version: str
    manifest_digest: str
    state: StateMark
    changes: tuple[Change, ...]
    calls: Calls = Calls()
    checks: tuple[Check, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    breaches: tuple[LimitBreach, ...] = ()
    limits: tuple[str, ...] = ()  # human lines: limit, value, override
    narrowed: tuple[str, ...] = ()  # targets/excludes/selectors, when the plan is partial
    read_strategy: str = ""  # how the live state was read, and why
    quota: Quota = Quota()
    refresh: str = "auto"  # `none` cannot be applied
    dates: tuple[str, ...] = ()  # what each relative date of the checks and scopes was taken for
    passed: int = 0  # unchanged objects that are counted, and not among the changes

    def count(self, action: Action) -> int:
        found = sum(1 for change in self.changes if change.action is action)
        return found + self.passed if action is Action.UNCHANGED else found

    @property
    def has_changes(self) -> bool:
        return any(change.action.is_change for change in self.changes)

    @property
    def writes(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action.is_change)


class OutcomeKind(StrEnum):
    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"
    STALE = "stale"
    UNCERTAIN = "uncertain"


class ChangeResult(Struct, frozen=True):
    """What became of one change. `arrived`: with `--wait`, whether the search showed it; None when not asked.
    `taken`: the API took the call that carried it, so "before any write" would not be true even of a refusal."""

    address: str
    kind: str
    action: Action
    outcome: OutcomeKind
    error: str | None = None
    request_id: str | None = None
    file_uuid: str | None = None
    asset_id: int | None = None
    arrived: bool | None = None
    source: Position | None = None
    taken: bool = False


class ApplyResult(Struct, frozen=True):
    """One entry a change that apply had to carry out, sorted by address."""

    project: str
    environment: str | None
    base_url: str
    plan_digest: str
    run_id: str
    results: tuple[ChangeResult, ...]
    calls: Calls = Calls()
    interrupted: bool = False
    warnings: tuple[str, ...] = ()

    def count(self, outcome: OutcomeKind) -> int:
        return sum(1 for result in self.results if result.outcome is outcome)
