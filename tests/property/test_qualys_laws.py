"""Laws of the client's pure parts."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.core.errors import InvalidError
from declarative.core.nesting import MAX_DEPTH
from declarative.qualys.answers import UnreadableError, decode, said
from declarative.qualys.budget import WaitBudget
from declarative.qualys.limits import PLAUSIBLE_WAIT, asked_wait, quota_of
from declarative.qualys.sync_errors import complaints
from declarative.qualys.target import checked_base_url, is_loopback

few = settings(max_examples=50, deadline=None)
NOW = datetime(2026, 7, 1, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
keys = st.lists(st.integers(0, 9999), min_size=1, max_size=8, unique=True).map(lambda numbers: [f"key-{n}" for n in numbers])


@given(json_values)
@few
def test_what_json_writes_is_read_back_equal(value):
    assert decode(json.dumps(value).encode()) == value


@given(st.binary(max_size=300))
@few
def test_any_bytes_are_read_or_refused_and_always_say_something_printable(body):
    with contextlib.suppress(UnreadableError):
        decode(body)
    text = said(body)
    assert text == "" or text.isprintable()


@given(json_values, st.data())
@few
def test_a_cut_document_is_refused_or_was_never_one(value, data):
    body = json.dumps({"value": value, "hasMore": 0}).encode()
    cut = data.draw(st.integers(0, len(body) - 1))
    try:
        decode(body[:cut])
    except UnreadableError:
        return
    raise AssertionError("half a document was read")


@given(st.integers(1, 3 * MAX_DEPTH), st.sampled_from(["[]", "{}"]))
@few
def test_depth_is_bounded_exactly(depth, kind):
    value = None
    for _ in range(depth):
        value = [value] if kind == "[]" else {"k": value}
    try:
        decode(json.dumps(value).encode())
        fits = True
    except UnreadableError:
        fits = False
    assert fits == (depth <= MAX_DEPTH)


header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40) | st.from_regex(
    r"-?[0-9]{1,20}", fullmatch=True
)


@given(header_text, header_text, header_text)
@few
def test_no_header_ever_asks_for_an_absurd_wait(retry_after, to_wait, remaining):
    pairs = [("Retry-After", retry_after), ("X-RateLimit-ToWait-Sec", to_wait), ("X-RateLimit-Remaining", remaining)]
    headers = httpx.Headers([(name.encode(), value.encode("latin-1")) for name, value in pairs])
    wait = asked_wait(headers, NOW)
    assert wait is None or 0 <= wait <= PLAUSIBLE_WAIT
    quota = quota_of(headers)
    assert quota is None or quota.remaining is None or quota.remaining >= 0


@given(st.floats(0, 1000), st.lists(st.floats(0, 500), max_size=20))
@few
def test_a_budget_is_never_overdrawn(total, asked):
    budget = WaitBudget(total)
    granted = sum(seconds for seconds in asked if budget.take(seconds))
    assert granted <= total * (1 + 1e-9)


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.:@\[\]/?#%-]{1,30}", fullmatch=True))
@few
def test_a_base_url_is_https_or_loopback_or_refused(text):
    try:
        url = checked_base_url(text)
    except InvalidError:
        return
    assert checked_base_url(url) == url
    parsed = httpx.URL(url)
    assert parsed.scheme == "https" or is_loopback(parsed.host)
    assert not parsed.userinfo
    assert not url.endswith("/")


def error_item(key, form):
    return {
        0: {"sourceNativeKey": key, "errorMessage": "bad"},
        1: key,
        2: {"identityAttributes": {"sourceNativeKey": key}, "message": "bad"},
        3: f"asset {key}: bad",
        4: {"hostName": f"host.{key}", "error": {"code": 1, "message": "bad"}},
    }[form]


@st.composite
def failures(draw):
    """Assets, those of them that failed, and an assetsError that says so in some shape."""
    names = draw(keys)
    failed = draw(st.sets(st.sampled_from(names), min_size=1))
    form = draw(st.integers(0, 4))
    items = [error_item(key, form) for key in sorted(failed)]
    keyed = {key: draw(st.sampled_from(["bad", ["bad"], {"message": "bad"}, {"code": 7}, None])) for key in sorted(failed)}
    wrapper = draw(st.sampled_from(["failed", "errors", "rejected", "assets"]))
    shape = draw(
        st.sampled_from(
            [
                keyed,
                items,
                {wrapper: items},
                {wrapper: keyed},
                {wrapper: items, "failedCount": len(items)},
                {"Invalid value": sorted(failed)},
            ]
        )
    )
    assets = [{"identityAttributes": {"sourceNativeKey": key, "hostName": f"host.{key}"}, "coreAttributes": {}} for key in names]
    return assets, {names.index(key) for key in failed}, shape


@given(failures())
@few
def test_an_asset_that_failed_is_always_named(case):
    assets, failed, shape = case
    found = complaints(shape, assets)
    assert set(found.of) == failed
    assert not found.unplaced


@given(json_values, keys)
@few
def test_no_error_is_ever_passed_over(value, names):
    assets = [{"identityAttributes": {"sourceNativeKey": key}} for key in names]
    found = complaints(value, assets)
    assert set(found.of) <= set(range(len(assets)))
    if value not in (None, False) and value not in ("", [], {}) and not holds_only_emptiness(value):
        assert found.any


def holds_only_emptiness(value):
    """Empty lists, zero counts and empty wrappers: what a successful answer may well hold."""
    if isinstance(value, list):
        return all(isinstance(item, list) and holds_only_emptiness(item) for item in value)
    if isinstance(value, dict):
        return all(
            (isinstance(item, int) and item <= 0) or item is False or holds_only_emptiness(item) for item in value.values()
        )
    return isinstance(value, int) and value <= 0
