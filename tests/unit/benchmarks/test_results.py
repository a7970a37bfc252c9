"""Benchmarks are only as good as their arithmetic: the fit of growth, ratios, and how targets are judged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from benchmarks import targets
from benchmarks.report import page
from benchmarks.results import Finding, Remark, Row, aligned, cells, decoded, encoded, exponent, growth, markdown, of_bench
from benchmarks.targets import Target, ratios, reached, verdict


def row(work: str, count: int, seconds: float, bench: str = "plan", peak: float = 100.0) -> Row:
    return Row(work, count, wall=seconds, cpu=seconds, peak_mb=peak, bench=bench)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5, 2.0])
def test_the_exponent_of_a_power_law_is_its_power(power: float) -> None:
    points = [(size, 3.0 * size**power) for size in (1_000, 10_000, 100_000)]
    assert exponent(points) == pytest.approx(power)


def test_a_constant_cost_makes_growth_look_smaller_than_linear() -> None:
    found = exponent((size, 0.5 + size / 1_000) for size in (100, 1_000, 10_000))
    assert found is not None
    assert found < 1


@pytest.mark.parametrize("points", [[], [(1_000, 2.0)], [(1_000, 2.0), (1_000, 3.0)], [(1_000, 0.0), (10_000, 1.0)]])
def test_no_exponent_comes_from_fewer_than_two_usable_sizes(points: list[tuple[float, float]]) -> None:
    assert exponent(points) is None


def test_growth_looks_at_the_same_work_up_to_the_row_s_size_only() -> None:
    rows = [row("cold", 1_000, 1), row("cold", 10_000, 10), row("cold", 100_000, 10_000), row("warm", 10_000, 99)]
    assert growth(rows, rows[1]) == pytest.approx(1.0)
    assert growth(rows, rows[3]) is None


def test_a_finding_survives_the_way_from_child_to_parent() -> None:
    findings: list[Finding] = [row("cold", 10, 1.5), Remark("it's skipped: no “binary”", "peers")]
    assert [decoded(encoded(finding)) for finding in findings] == findings
    assert of_bench(Remark("x"), "scan") == Remark("x", "scan")


def test_a_target_is_met_on_its_right_side_only() -> None:
    slow, quick = Target("plan", "cold", 10, "wall s", 2.0), Target("plan", "cold", 10, "a cpu second", 5.0, at_least=True)
    rows = [row("cold", 10, 2.5)]
    assert verdict(slow, rows)[-1] == "NOT MET"
    assert verdict(quick, rows)[-1] == "NOT MET"
    assert verdict(slow, [row("cold", 10, 2.0)])[-1] == "met"
    assert verdict(quick, [row("cold", 10, 2.0)])[-1] == "met"


def test_a_target_of_another_size_is_said_to_be_not_run_and_never_met() -> None:
    assert verdict(Target("plan", "cold", 10_000, "wall s", 2.0), [row("cold", 1_000, 0.1)])[2:] == (
        "<= 2.00 wall s",
        "",
        "not run",
    )


def test_ratios_are_by_object_where_a_peer_was_run_at_a_smaller_size() -> None:
    peer = row("octoDNS: plan, 1 % changed", 1_000, 2.0, bench="peers")
    ours = row("cold", 10_000, 4.0)
    against = ("peers", "octoDNS: plan, 1 % changed")
    target = Target("plan", "cold", 10_000, "wall s", 5.0, at_least=True, against=against)
    assert reached(target, [peer, ours]) == pytest.approx(5.0)
    assert verdict(target, [peer, ours])[2:] == (">= 5.00 x octoDNS", "5.00", "met")
    assert reached(target, [ours]) is None


def test_how_many_times_another_work_is_taken_is_the_ratio_upside_down() -> None:
    target = Target("scan", "full scan", 10, "cpu s", 1.5, against=("scan", "bare decoding"), of_other=True)
    rows = [row("full scan", 10, 3.0, bench="scan"), row("bare decoding", 10, 2.0, bench="scan")]
    assert reached(target, rows) == pytest.approx(1.5)


def test_the_ratios_of_a_run_name_their_sizes() -> None:
    rows = [
        row(targets.COLD, 10_000, 4.0),
        row(targets.WARM, 10_000, 1.0),
        row(targets.OCTODNS[1], 1_000, 2.0, bench=targets.OCTODNS[0]),
    ]
    assert [line for line in ratios(rows) if "cold" in line[0]] == [
        ("a warm plan is quicker than a cold one", "10,000", "4.00 x", "4.00 x"),
        ("octoDNS takes, against our cold plan", "1,000 against 10,000", "5.00 x", "5.00 x"),
    ]


def test_tables_line_up_in_a_terminal_and_on_a_page() -> None:
    head, body = ("work", "s"), [("a", "1.00"), ("longer", "12.00")]
    assert aligned(head, body) == ["work        s", "a        1.00", "longer  12.00"]
    assert markdown(head, body) == ["| work | s |", "| --- | ---: |", "| a | 1.00 |", "| longer | 12.00 |"]
    assert cells(row("cold", 1_000, 0.5), [])[:3] == ("plan: cold", "1,000", "0.50")


def test_the_page_of_results_holds_every_row_remark_and_target() -> None:
    written = page([row(targets.COLD, 10_000, 3.0), Remark("no terraform on PATH", "peers")], datetime(2026, 1, 2, tzinfo=UTC))
    assert f"| plan: {targets.COLD} | 10,000 | 3.00 |" in written
    assert "- peers: no terraform on PATH" in written
    assert written.count("\n| ") >= len(targets.TARGETS)
    assert "2026-01-02" in written
