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


NOW = datetime(2026, 7, 1, tzinfo=UTC)
"""What the `clock` of these tests shows."""


@pytest.fixture
def skew(clock):
    return Skew(clock)


JUNK = ["", "yesterday", "2026-03-01", "Sun, 99 Foo 1 1:1:1 GMT", "Tue, 30 Jun 2026 23:00:00 +9999", "x" * 100_000]
FORMS = ["Tue, 30 Jun 2026 23:00:00 GMT", "Tue, 30 Jun 2026 23:00:00 -0000", "Tuesday, 30-Jun-26 23:00:00 GMT"]


@pytest.mark.parametrize("junk", [{}, *({"date": text} for text in JUNK)], ids=lambda junk: str(junk)[:40])
def test_who_does_not_tell_the_time_is_taken_to_have_ours(skew, junk):
    skew.see(junk)
    assert skew.seen is None
    assert skew.by_gateway(NOW) == NOW


@pytest.mark.parametrize("text", FORMS)
def test_a_late_gateway_is_asked_in_its_own_time(skew, text):
    skew.see({"date": text})
    assert skew.seen == timedelta(hours=1)
    assert skew.by_gateway(NOW) == NOW - timedelta(hours=1)


def test_an_early_gateway_is_asked_in_ours_which_reaches_further_back(skew):
    skew.see({"date": "Wed, 01 Jul 2026 01:00:00 GMT"})
    assert skew.seen == timedelta(hours=-1)
    assert skew.by_gateway(NOW) == NOW


def test_the_login_tells_the_time_already():
    late = timedelta(hours=3)
    start = datetime.now(UTC) - late
    with running(SandboxOptions(start=start)) as sandbox, connect_reader(sandbox.url, WHO, Means(environ={})) as reader:
        reader.login()
        assert reader.clock_skew is not None
        assert abs(reader.clock_skew - late) < timedelta(minutes=1)
