"""One host, checked once."""

from __future__ import annotations

import httpx
import pytest

from declarative.core.errors import InvalidError
from declarative.qualys.network import proxy_for
from declarative.qualys.target import checked_base_url, target_of


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://gateway.qg1.apps.qualys.com", "https://gateway.qg1.apps.qualys.com"),
        (" https://Gateway.QG1.apps.qualys.com/ ", "https://gateway.qg1.apps.qualys.com"),
        ("https://gateway.example:8443//", "https://gateway.example:8443"),
        ("https://gateway.example:443", "https://gateway.example"),
        ("https://private.example/qualys/", "https://private.example/qualys"),
        ("http://127.0.0.1:8085/", "http://127.0.0.1:8085"),
        ("http://localhost:8085", "http://localhost:8085"),
        ("http://[::1]:8085", "http://[::1]:8085"),
    ],
)
def test_a_good_base_url_gets_one_form(given, kept):
    assert checked_base_url(given) == kept
    assert checked_base_url(kept) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "gateway.qg1.apps.qualys.com",
        "http://gateway.qg1.apps.qualys.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "ftp://gateway.example",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@gateway.example",
        "https://user@gateway.example",
        "https://gateway.example?x=1",
        "https://gateway.example/#x",
        "https://gateway.example\\@evil.example",
        "https://gate way.example",
        "https://gateway.example/\r\nHost: evil",
        "https://gateway.example/a/../b",
        "https://gateway.example:99999",
    ],
)
def test_a_bad_base_url_is_refused(given):
    with pytest.raises(InvalidError) as caught:
        checked_base_url(given)
    assert "secret" not in caught.value.message


def test_the_target_owns_its_host_alone():
    target = target_of("https://gateway.example/base")
    assert target.owns(httpx.URL(target.of("/auth")))
    for other in ("https://gateway.example:444/auth", "http://gateway.example/auth", "https://gateway.example.evil/auth"):
        assert not target.owns(httpx.URL(other))


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ({"ALL_PROXY": "http://all:1"}, "http://all:1"),
        ({"HTTP_PROXY": "http://plain:1"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "other,.qualys.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "qualys.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "gateway.qualys.com:443"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "gateway.qualys.com:8443,alys.com"}, "http://proxy:1"),
    ],
)
def test_the_proxy_of_the_environment_is_used_as_elsewhere(environ, proxy):
    assert proxy_for(target_of("https://gateway.qualys.com"), environ) == proxy


def test_loopback_never_goes_through_a_proxy():
    assert proxy_for(target_of("http://127.0.0.1:8085"), {"HTTP_PROXY": "http://proxy:1", "ALL_PROXY": "http://proxy:1"}) is None
