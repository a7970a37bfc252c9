"""Work beside other work."""

from __future__ import annotations

import threading

import pytest

from declarative.core.meanwhile import meanwhile


def test_it_gives_what_was_found_in_another_thread() -> None:
    with meanwhile(threading.get_ident) as found:
        assert found.result() == found.result() != threading.get_ident()


def test_it_raises_what_was_raised_when_somebody_asks() -> None:
    def failing() -> int:
        raise LookupError("gone")

    with meanwhile(failing) as found, pytest.raises(LookupError, match="gone"):
        found.result()


def test_it_is_over_in_the_end_though_nobody_asked() -> None:
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        done.wait(0.05)
        done.set()

    with meanwhile(work):
        begun.wait()
    assert done.is_set()


def test_who_interrupts_the_run_does_not_wait() -> None:
    hanging = threading.Event()

    def interrupted() -> None:
        with meanwhile(hanging.wait) as found:
            assert not found.done()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    hanging.set()
