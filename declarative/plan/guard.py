"""Safety limits: what a plan may do without somebody saying so by name."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from declarative.plan.model import Action, Limit, LimitBreach, Limits


class Overrides(Struct, frozen=True):
    """The named overrides of one run; each lifts one limit to a number, none lifts all."""

    max_creates: int | None = None
    max_updates: int | None = None
    max_runs: int | None = None
    max_total: int | None = None
    allow_empty_live: bool = False

    @property
    def given(self) -> bool:
        """Whether any was."""
        return self != Overrides()


class _Rule(Struct, frozen=True):
    name: str
    words: str
    flag: str
    value: int
    limit: Limit
    override: int | None


def judge(
    counts: Mapping[Action, int], *, limits: Limits, overrides: Overrides, population: int, bound: int, live: int, complete: bool
) -> tuple[tuple[LimitBreach, ...], tuple[str, ...]]:
    """The limits that the plan exceeds, and a line for each limit that there is.

    `population`: objects the project manages, for percentages; `bound`: of those in scope, the assets that the state
    knows in the inventory; `live`: records the read returned; `complete`: whether it covered all of them.
    """
    creates, updates, runs = counts.get(Action.CREATE, 0), counts.get(Action.UPDATE, 0), counts.get(Action.RUN, 0)
    updates += counts.get(Action.RETIRE, 0)
    rules = (
        _Rule("create", "creates", "--max-creates", creates, limits.create, overrides.max_creates),
        _Rule("update", "updates", "--max-updates", updates, limits.update, overrides.max_updates),
        _Rule("run", "report runs", "--max-runs", runs, limits.run, overrides.max_runs),
        _Rule("total", "writes", "--max-total", creates + updates + runs, limits.total, overrides.max_total),
    )
    breaches: list[LimitBreach] = []
    lines: list[str] = []
    for rule in rules:
        bounds = _bounds(rule, population)
        if not bounds:
            continue
        allowed, written = min(bounds)
        lines.append(f"{rule.words}: {rule.value} of at most {written} (override: {rule.flag} N)")
        if rule.value > allowed:
            flag = f"{rule.flag} {rule.value}"
            message = f"{rule.value} {rule.words} planned, the limit is {written}"
            breaches.append(LimitBreach(rule.name, rule.value, written, flag, message))
    if complete and bound and not live:
        if not overrides.allow_empty_live:
            breaches.append(_empty_read(bound))
        lines.append(f"empty read: {bound} known assets, none returned (override: --allow-empty-live)")
    return tuple(breaches), tuple(lines)


def _bounds(rule: _Rule, population: int) -> list[tuple[int, str]]:
    """Each bound that applies: the greatest number allowed, and how to say it."""
    if rule.override is not None:
        return [(rule.override, f"{rule.override} (given with {rule.flag})")]
    bounds = []
    if rule.limit.absolute is not None:
        bounds.append((rule.limit.absolute, str(rule.limit.absolute)))
    if rule.limit.percent is not None and population >= rule.limit.minimum_population:
        allowed = int(population * rule.limit.percent / 100)
        bounds.append((allowed, f"{allowed} ({rule.limit.percent:g} % of {population})"))
    return bounds


def _empty_read(bound: int) -> LimitBreach:
    known = f"{bound} {'asset' if bound == 1 else 'assets'}"
    return LimitBreach(
        name="empty-live",
        value=0,
        limit=f"{bound} known",
        override="--allow-empty-live",
        message=(
            f"the search returned nothing, although the state knows {known} in this inventory: wrong target, wrong "
            "subscription, or an API user whose scope is empty?"
        ),
    )
