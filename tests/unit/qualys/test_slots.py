"""Calls at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

COUNT = "/rest/2.0/count/am/asset"


@pytest.mark.parametrize(
    ("spelling", "limit", "most"), [("X-Concurrency-Limit-Limit", "2", 2), ("x-concurrencylimit-limit", "0", 1)]
)
def test_the_gateway_s_limit_bounds_the_calls_in_flight(gateway, connect, spelling, limit, most):
    lock, running, seen = threading.Lock(), [0], []

    def behave(exchange):
        with lock:
            running[0] += 1
            seen.append(running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        gateway.reply(200, {"count": 1}, headers={spelling: limit})(exchange)

    gateway.always(COUNT, behave)
    client = connect(read_only=True)
    client.count()
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: client.count(), range(18))) == [1] * 18
    assert max(seen) == most


def test_a_call_that_fails_gives_its_slot_back(gateway, connect):
    gateway.script(
        COUNT,
        gateway.reply(200, {"count": 1}, headers={"X-Concurrency-Limit-Limit": "1"}),
        gateway.reset_after(),
        gateway.reply(500),
    )
    gateway.always(COUNT, gateway.reply(200, {"count": 1}))
    client = connect(read_only=True)
    assert [client.count() for _ in range(3)] == [1, 1, 1]
