"""What a plan is made from, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from msgspec import Struct, field

from declarative.assets.live import LiveIndex
from declarative.assets.model import AppliedAsset, DesiredAsset, OnRemove
from declarative.core.diagnostics import Diagnostic
from declarative.plan.guard import Overrides
from declarative.plan.known import Applied
from declarative.plan.model import Check, DesiredReport, Limits, Plan, Quota, StateMark


def everything(address: str) -> bool:  # noqa: ARG001
    return True


class PlanInput(Struct, frozen=True):
    """Everything a plan depends on.

    `assets`, `reports` and `applied` may hold more than `in_scope` lets through: what is outside is not planned, but
    still known, so that a claim on an asset of another manifest is noticed. `moved`: old address -> new.
    `population`: assets the project manages, for limits in percent; None: count them here. `verified`: what the last
    plans handed on under that name; it saves work, and never changes an answer. `passed`: rows of inventories, applied and
    found unchanged, that are not among `assets`; `beyond`: such that are out of scope. `list_unchanged`: list unchanged assets,
    of which there may be a million, one by one instead of counting them. `row_removal`: what inventories say now of rows that
    are gone, by the address of the inventory.
    """

    project: str
    environment: str | None
    base_url: str
    tool_version: str
    manifest_digest: str
    state: StateMark
    now: datetime
    assets: tuple[DesiredAsset, ...] = ()
    reports: tuple[DesiredReport, ...] = ()
    applied: Mapping[str, Applied] = field(default_factory=dict)
    live: LiveIndex = field(default_factory=LiveIndex)
    settle: timedelta = timedelta(hours=1)
    limits: Limits = field(default_factory=Limits)
    overrides: Overrides = field(default_factory=Overrides)
    resend_overridden: bool = False
    batch_size: int = 50
    moved: Mapping[str, str] = field(default_factory=dict)
    in_scope: Callable[[str], bool] = everything
    checks: tuple[Check, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    narrowed: tuple[str, ...] = ()
    read_calls: int = 0
    quota: Quota = field(default_factory=Quota)
    read_strategy: str = ""
    refresh: str = "auto"
    live_complete: bool = True
    population: int | None = None
    dates: tuple[str, ...] = ()
    verified: AbstractSet[bytes] = frozenset()
    passed: int = 0
    beyond: int = 0
    live_count: int | None = None
    list_unchanged: bool = True
    row_removal: Mapping[str, OnRemove] = field(default_factory=dict)


class PlanOutcome(Struct, frozen=True):
    """`observed`: records for `Store.observe`; `moves`: (old, new) addresses for `Store.move`, which cost no API call;
    `verified`: a token by address, for the next plan."""

    plan: Plan
    observed: tuple[AppliedAsset, ...] = ()
    moves: tuple[tuple[str, str], ...] = ()
    verified: Mapping[str, bytes] = field(default_factory=dict)
