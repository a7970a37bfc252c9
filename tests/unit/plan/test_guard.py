from __future__ import annotations

from typing import Any

import pytest

from declarative.plan.guard import Overrides
from declarative.plan.model import Limit, Limits


def breaches(plan: Any) -> dict[str, tuple[int, str]]:
    return {breach.name: (breach.value, breach.override) for breach in plan.breaches}


def creates(world: Any, count: int, **more: Any) -> Any:
    return world.plan(*(world.asset(f"a{n:04}", serial=f"S{n}") for n in range(count)), **more)


def updates(world: Any, changed: int, of: int, **more: Any) -> Any:
    """A plan that changes some of many."""
    before = [world.asset(f"a{n:04}", serial=f"S{n}") for n in range(of)]
    after = [world.asset(f"a{n:04}", serial=f"S{n}", core={"department": "New"}) for n in range(changed)] + before[changed:]
    applied = [world.applied(asset, asset_id=n) for n, asset in enumerate(before)]
    return world.plan(*after, applied=applied, live=[world.live(n, serial=f"S{n}") for n in range(of)], **more)


def test_five_hundred_creates_pass_and_one_more_does_not(world: Any) -> None:
    assert breaches(creates(world, 500)) == {}
    plan = creates(world, 501)
    assert breaches(plan) == {"create": (501, "--max-creates 501")}
    assert plan.breaches[0].message == "501 creates planned, the limit is 500"
    assert "creates: 501 of at most 500 (override: --max-creates N)" in plan.limits


def test_thirty_percent_of_updates_pass_and_more_do_not(world: Any) -> None:
    assert breaches(updates(world, 6, of=20)) == {}
    plan = updates(world, 7, of=20)
    assert breaches(plan) == {"update": (7, "--max-updates 7")}
    assert plan.breaches[0].limit == "6 (30 % of 20)"


def test_a_percentage_does_not_count_for_a_small_population(world: Any) -> None:
    assert breaches(updates(world, 19, of=19)) == {}


def test_an_override_lifts_one_limit_to_a_number_and_no_other(world: Any) -> None:
    assert breaches(creates(world, 501, overrides=Overrides(max_creates=501))) == {}
    assert breaches(creates(world, 502, overrides=Overrides(max_creates=501))) == {"create": (502, "--max-creates 502")}
    assert breaches(creates(world, 501, overrides=Overrides(max_updates=999, max_total=999))) == {
        "create": (501, "--max-creates 501")
    }


def test_five_report_runs_pass_and_a_sixth_does_not(world: Any) -> None:
    from msgspec.structs import replace

    reports = tuple(replace(world.report(), address=f"Report/r{n}") for n in range(6))
    assert breaches(world.plan(reports=reports[:5])) == {}
    assert breaches(world.plan(reports=reports)) == {"run": (6, "--max-runs 6")}


def test_the_total_and_the_project_decide(world: Any) -> None:
    limits = Limits(create=Limit(), total=Limit(absolute=2))
    assert breaches(creates(world, 3, limits=limits)) == {"total": (3, "--max-total 3")}
    assert breaches(creates(world, 3, limits=Limits(create=Limit(absolute=10, percent=10.0, minimum_population=2)))) == {
        "create": (3, "--max-creates 3")
    }


def test_a_limit_of_zero_allows_nothing(world: Any) -> None:
    assert breaches(creates(world, 1, limits=Limits(create=Limit(absolute=0)))) == {"create": (1, "--max-creates 1")}


@pytest.mark.parametrize("allowed", [False, True])
def test_an_empty_read_where_assets_are_known_blocks_until_it_is_allowed(world: Any, allowed: bool) -> None:
    applied = [world.applied(world.asset())]
    plan = world.plan(world.asset(), applied=applied, overrides=Overrides(allow_empty_live=allowed))
    assert ("empty-live" in breaches(plan)) is not allowed
    assert any("--allow-empty-live" in line for line in plan.limits)


def test_an_empty_read_is_nothing_special_where_nothing_is_known_or_nothing_was_read(world: Any) -> None:
    never_seen = world.applied(world.asset(), asset_id=None, converged=False)
    assert breaches(world.plan(world.asset(), applied=[never_seen])) == {}
    assert breaches(world.plan(world.asset(), applied=[world.applied(world.asset())], live_complete=False)) == {}
