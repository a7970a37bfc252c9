"""URLs of stores: what is read from them, and what of them is ever shown."""

from __future__ import annotations

import pytest

from declarative.core.errors import InvalidError
from declarative.state.postgres import _DEFAULTS, _options
from declarative.state.url import read_url

DEFAULTS = dict(_DEFAULTS)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///state.db", "state.db"),
        ("sqlite:////var/state.db", "/var/state.db"),
        ("sqlite:///a%20b/c.db?x=1", "a b/c.db"),
        ("sqlite:///a#b@c:d.db", "a#b@c:d.db"),
        ("sqlite://", ""),
    ],
)
def test_a_url_names_a_file(url: str, path: str) -> None:
    assert (read_url(url).kind, read_url(url).database) == ("sqlite", path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ana:pw@h:1/db", {"host": "h", "port": "1", "user": "ana", "password": "pw"}),
        ("postgres://ana@h/db?schema=acme", {"host": "h", "user": "ana"}),
        ("postgresql+psycopg:///db", {}),
        ("postgresql://h?user=ana&dbname=db", {"host": "h", "user": "ana"}),
        ("postgresql://a%40b:p%2Fw%3F%25@h/db", {"host": "h", "user": "a@b", "password": "p/w?%"}),
        ("postgresql://ana@server:p@ss@h:5/db", {"host": "h", "port": "5", "user": "ana@server", "password": "p@ss"}),
        ("postgresql://ana:p/w?@h:5/db", {"host": "h", "port": "5", "user": "ana", "password": "p/w?"}),
        ("postgresql://ana@h:5/db?sslcert=me@here", {"host": "h", "port": "5", "user": "ana", "sslcert": "me@here"}),
        ("postgresql://[::1]:5/db", {"host": "::1", "port": "5"}),
        ("postgresql://ana@[fe80::1%25eth0]/db", {"host": "fe80::1%eth0", "user": "ana"}),
        ("postgresql://h1:1,[::1]:2,h3/db", {"host": "h1,::1,h3", "port": "1,2,"}),
        ("postgresql:///db?host=h1:1&host=h2:2", {"host": "h1,h2", "port": "1,2"}),
        ("postgresql:///db?host=h1,h2&port=1,2", {"host": "h1,h2", "port": "1,2"}),
        ("postgresql:///db?host=::1", {"host": "::1"}),
        ("postgresql://ana@/db?host=/tmp/a:b", {"host": "/tmp/a:b", "user": "ana"}),
        ("postgresql://ana@:5433/db?host=/tmp", {"host": "/tmp", "port": "5433", "user": "ana"}),
        ("postgresql://%2Ftmp/db", {"host": "/tmp"}),
        ("postgresql://h/db?connect_timeout=2&sslmode=require", {"host": "h", "connect_timeout": "2", "sslmode": "require"}),
    ],
)
def test_a_url_says_to_libpq_what_it_says(url: str, said: dict[str, str]) -> None:
    """With what is said of every wait besides, unless the URL says it itself."""
    assert _options(read_url(url)) == DEFAULTS | {"dbname": "db"} | said


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter2@h:port/db", "postgresql://u:hunter2@[::1/db", "post gres://u:hunter2@h/d"]
)
def test_what_cannot_be_read_is_not_quoted(url: str) -> None:
    with pytest.raises(InvalidError, match="cannot be read") as refused:
        _options(read_url(url))
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint} {refused.value!r}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ana:hunter2@h:1/db", "postgresql://ana:***@h:1/db"),
        ("postgresql://:hunter2@h/db", "postgresql://:***@h/db"),
        ("postgresql://ana:hunter2@x@h/db", "postgresql://ana:***@h/db"),
        ("postgresql://ana@h/db?sslpassword=hunter2&password=hunter3&a=b%20c", "postgresql://ana@h/db?a=b+c&password=***&sslpassword=***"),
        ("postgresql://a%40b@[::1]:5,h2/d%20b", "postgresql://a%40b@[::1]:5,h2/d b"),
        ("postgresql:///db?host=/tmp", "postgresql:///db?host=%2Ftmp"),
    ],
)  # fmt: skip
def test_a_url_is_shown_without_passwords(url: str, shown: str) -> None:
    found = read_url(url)
    assert found.shown() == shown
    assert repr(found) == f"Url({shown!r})"
