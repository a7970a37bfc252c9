"""Something slow beside something else: most of what is slow leaves Python alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def meanwhile(work: Callable[[], T]) -> Iterator[Future[T]]:
    """Does it in a thread of its own, which is over in the end, whether anybody asked for the result or not.

    Only who ends the whole run does not wait: what hangs must not keep a process from being interrupted."""
    found: Future[T] = Future()
    Thread(target=_do, args=(work, found), name="meanwhile", daemon=True).start()
    try:
        yield found
    except Exception:
        wait((found,))
        raise
    else:
        wait((found,))


def _do(work: Callable[[], T], found: Future[T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - for whoever asks
        found.set_exception(error)
    else:
        found.set_result(result)
