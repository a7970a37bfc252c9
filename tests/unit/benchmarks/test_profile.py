"""Shares of a profile: whose code a moment belongs to, and how shares add up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.profile import counted, library_of, place_of, room_of, sampled, shares
from declarative.core import canonical

ROOT = Path(canonical.__file__).parents[1]


def test_code_belongs_to_its_room_and_other_people_s_to_none() -> None:
    assert room_of(str(ROOT / "manifest" / "quick.py")) == "manifest"
    assert room_of(str(ROOT / "__main__.py")) == "start"
    assert room_of("/usr/lib/python3.11/json/decoder.py") is None


def test_a_moment_outside_our_code_goes_to_whoever_of_ours_called() -> None:
    assert place_of(sys._getframe()) == ("imports and interpreter", "-")
    assert place_of(None) == ("imports and interpreter", "-")


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("<method 'is_valid' of 'jsonschema_rs.Validator' objects>", "schema, Rust"),
        ("<built-in method orjson.loads>", "JSON"),
        ("<method 'execute' of 'sqlite3.Cursor' objects>", "SQLite"),
        ("<method 'recv_into' of '_socket.socket' objects>", "sockets and TLS"),
        ("<method 'get' of 'dict' objects>", "text and containers"),
    ],
)
def test_a_function_that_is_not_python_belongs_to_its_library(name: str, library: str) -> None:
    assert library_of(name) == library


def test_shares_add_up_and_small_ones_are_put_together() -> None:
    assert shares({"a": 3.0, "b": 1.0, "c": 0.01, "d": 0.01}, least=0.01) == [
        ("a", "3.00", "75 %"),
        ("b", "1.00", "25 %"),
        ("the rest", "0.02", "0 %"),
    ]
    assert shares({}) == []


def test_the_work_of_every_thread_is_counted_by_library() -> None:
    import threading

    import orjson

    text = orjson.dumps([{"name": "x" * 20, "number": at} for at in range(20_000)])

    def work() -> None:
        thread = threading.Thread(target=lambda: [orjson.loads(text) for _ in range(5)])
        thread.start()
        thread.join()

    found = counted(work)
    assert found["JSON"] > 0
    assert found["JSON"] > found.get("SQLite", 0.0)


def test_sampling_says_what_this_process_and_its_children_spent() -> None:
    sampler, spent, below = sampled(lambda: sum(at * at for at in range(400_000)))
    assert spent > 0
    assert below == 0
    assert sampler.rooms.total() <= spent * 2
