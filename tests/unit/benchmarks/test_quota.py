"""The simulation behind the page on sizing: its arithmetic, and that the page shows what it says today."""

from __future__ import annotations

import pytest

from benchmarks.quota import PAGE, QUOTAS, Quota, Work, chosen, duration, filled, first_applies, lasting, nightly, shown
from declarative.refresh.cost import full_calls, incremental_calls, targeted_calls


@pytest.mark.parametrize(("calls", "seconds"), [(1, 1), (2, 1), (3, 2), (300, 150), (301, 3601), (600, 3750), (601, 7201)])
def test_calls_go_out_at_once_until_the_window_is_full(calls: int, seconds: int) -> None:
    assert duration([(calls, 1.0)], Quota(300, 2)) == pytest.approx(seconds)


def test_slow_answers_bound_a_run_where_the_quota_does_not() -> None:
    assert duration([(100, 60.0)], Quota(300, 2)) == pytest.approx(3000)


def test_sending_waits_for_the_plan_and_shares_its_window() -> None:
    assert duration([(1, 10.0), (1, 10.0)], Quota(300, 2)) == pytest.approx(20)
    assert duration([(2, 1.0), (1, 1.0)], Quota(2, 2)) == pytest.approx(3601)


def test_no_calls_take_no_time() -> None:
    assert lasting(Work("nothing", 0, 0), QUOTAS[0]) == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (46, "46 s"), (70, "1 minute"), (600, "10.0 minutes"), (7200, "2.0 hours"), (2e5, "2.3 days")],
)
def test_spans_are_said_in_words(seconds: float, words: str) -> None:
    assert shown(seconds) == words


def test_a_plan_asks_by_id_until_reading_everything_is_cheaper() -> None:
    assert chosen(targeted_calls(100, 0), full_calls(1, 300)) == "by id"
    assert chosen(targeted_calls(100_000, 0), full_calls(100_000, 300)) == "full scan"


def test_keys_cost_twice_an_id_and_an_empty_inventory_one_page() -> None:
    assert (targeted_calls(1_000, 0), targeted_calls(0, 1_000), targeted_calls(0, 0)) == (10, 20, 0)
    assert (full_calls(0, 100), full_calls(100, 100), full_calls(101, 100)) == (1, 1, 2)
    assert incremental_calls(0, 100) == 2


def test_knowing_what_changed_turns_days_into_minutes() -> None:
    quota = QUOTAS[0]
    everything, snapshot = nightly()[0], next(work for work in nightly() if work.said.startswith("snapshot, pages of 300"))
    assert lasting(everything, quota) > 2 * 86_400
    assert lasting(snapshot, quota) < 15 * 60


def test_larger_pages_and_batches_never_take_longer() -> None:
    for quota in QUOTAS:
        spans = [lasting(work, quota) for work in first_applies()]
        assert spans == sorted(spans, reverse=True)


def test_the_page_on_sizing_shows_what_the_simulation_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text, "run: python -m benchmarks.quota --write"


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the table 'nightly'"):
        filled("# Sizing\n")
