"""Whose clock dates what: the gateway's, whatever this machine believes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from declarative.core.secrets import Secret
from declarative.qualys.client import Means, connect_reader
from declarative.qualys.credentials import PasswordCredentials
from declarative.qualys.timing import Skew
from declarative.sandbox import SandboxOptions, running

WHO = PasswordCredentials("sandbox", Secret("sandbox"))


class Fixed:
    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def skew():
    return Skew(Fixed(NOON))


JUNK = ["", "yesterday", "2026-03-01", "Sun, 99 Foo 1 1:1:1 GMT", "Sun, 01 Mar 2026 11:00:00 +9999", "x" * 100_000]
FORMS = ["Sun, 01 Mar 2026 11:00:00 GMT", "Sun, 01 Mar 2026 11:00:00 -0000", "Sunday, 01-Mar-26 11:00:00 GMT"]


@pytest.mark.parametrize("junk", [{}, *({"date": text} for text in JUNK)], ids=lambda junk: str(junk)[:40])
def test_who_does_not_tell_the_time_is_taken_to_have_ours(skew, junk):
    skew.see(junk)
    assert skew.seen is None
    assert skew.by_gateway(NOON) == NOON


@pytest.mark.parametrize("text", FORMS)
def test_a_late_gateway_is_asked_in_its_own_time(skew, text):
    skew.see({"date": text})
    assert skew.seen == timedelta(hours=1)
    assert skew.by_gateway(NOON) == NOON - timedelta(hours=1)


def test_an_early_gateway_is_asked_in_ours_which_reaches_further_back(skew):
    skew.see({"date": "Sun, 01 Mar 2026 13:00:00 GMT"})
    assert skew.seen == timedelta(hours=-1)
    assert skew.by_gateway(NOON) == NOON


def test_the_login_tells_the_time_already():
    late = timedelta(hours=3)
    start = datetime.now(UTC) - late
    with running(SandboxOptions(start=start)) as sandbox, connect_reader(sandbox.url, WHO, Means(environ={})) as reader:
        reader.login()
        assert reader.clock_skew is not None
        assert abs(reader.clock_skew - late) < timedelta(minutes=1)
