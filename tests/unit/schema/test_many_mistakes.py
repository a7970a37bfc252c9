"""A document with thousands of mistakes is still told in moments: a thousand of them, and that there are more."""

from __future__ import annotations

import time

import pytest

from declarative.core.diagnostics import MORE_FINDINGS, MOST_FINDINGS
from declarative.schema.validate import violations


def manifest(identity):
    spec = {"connector": "c", "identityAttributes": identity}
    return {"apiVersion": "declarative/v1", "kind": "Asset", "metadata": {"name": "x"}, "spec": spec}


def cpu_seconds(count, make):
    started = time.process_time()
    found = violations("Asset", manifest(make(count)))
    assert len(found) == min(count, MOST_FINDINGS + 1)
    assert (found[-1].rule == MORE_FINDINGS) is (count > MOST_FINDINGS)
    return time.process_time() - started


@pytest.mark.parametrize(
    "make", [lambda count: {f"hostnam{index}": 1 for index in range(count)}, lambda count: {"ipAddress": list(range(count))}]
)
def test_the_cost_grows_with_the_mistakes_not_with_their_square(make):
    cpu_seconds(100, make)
    small, large = cpu_seconds(1_000, make), cpu_seconds(100_000, make)
    # A hundred times the mistakes: quadratic work would take ten thousand times as long.
    assert large < 200 * max(small, 0.02)


def test_the_first_mistakes_carry_hints():
    found = violations("Asset", manifest({f"hostnam{index}": 1 for index in range(1_000)}))
    assert found[0].hint == 'did you mean "hostName"?'
    assert found[MOST_FINDINGS - 1].hint is None
