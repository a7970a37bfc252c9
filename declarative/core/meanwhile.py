"""Something slow beside something else: most of what is slow leaves Python alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def meanwhile(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Does it in a thread of its own. What it gives waits for the result, or raises what was raised; in the end it is over,
    whether anybody asked or not."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="meanwhile") as pool:
        yield pool.submit(work).result
