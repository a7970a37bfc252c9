"""The one host a run talks to (reliability R12)."""

from __future__ import annotations

import ipaddress
import re

import httpx
from msgspec import Struct

from declarative.core.errors import InvalidError

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\.?")
_HINT = "use the gateway of your platform, such as https://gateway.qg1.apps.qualys.com"


class Target(Struct, frozen=True):
    """A checked base URL. `url` has no trailing slash; `path` is its path prefix, mostly empty."""

    url: str
    scheme: str
    host: str
    port: int | None
    path: str

    def of(self, path: str) -> str:
        return f"{self.url}{path}"

    def owns(self, url: httpx.URL) -> bool:
        """Whether a request to this URL stays with the pinned host."""
        return (url.scheme, url.host, url.port) == (self.scheme, self.host, self.port)

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Loopback by its form alone: a name other than `localhost` may resolve to anything."""
    return host.lower() == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def checked_base_url(text: str) -> str:
    """The base URL in its one form. Raises InvalidError: no https (loopback excepted), or a user, query or fragment."""
    return target_of(text).url


def target_of(text: str) -> Target:
    """As `checked_base_url`, taken apart."""
    given = text.strip()
    if not given.isprintable() or any(char.isspace() or char == "\\" for char in given):
        raise InvalidError("the base URL holds blanks or control characters", hint=_HINT)
    try:
        url = httpx.URL(given)
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidError(f"the base URL cannot be read: {error}", hint=_HINT) from None
    # Without the text itself: what stands before the @ may be a password.
    if url.userinfo or "@" in given:
        raise InvalidError("the base URL must not hold a user name or password", hint="credentials go into QUALYS_... variables")
    if url.scheme not in {"http", "https"} or not url.host:
        raise InvalidError(f"the base URL {given!r} is not an https address", hint=_HINT)
    if not _HOST.fullmatch(url.raw_host.decode("ascii", "replace")) and not _is_address(url.host):
        raise InvalidError(f"the base URL {given!r} has a host that cannot be", hint=_HINT)
    if "?" in given or "#" in given:
        raise InvalidError(f"the base URL {given!r} must not have a query or a fragment", hint=_HINT)
    if url.scheme == "http" and not is_loopback(url.host):
        raise InvalidError(f"the base URL {given!r} is not https", hint="plain http is for loopback only; use https://")
    path = url.path.rstrip("/")
    if {".", ".."} & set(given.split("/")) or "%" in path:
        raise InvalidError(f"the base URL {given!r} must not have dot segments or escapes in its path", hint=_HINT)
    if url.port is not None and not 0 < url.port < 65536:
        raise InvalidError(f"the base URL {given!r} has a port that cannot be", hint=_HINT)
    host = f"[{url.host}]" if ":" in url.host else url.host
    authority = f"{host}:{url.port}" if url.port else host
    return Target(f"{url.scheme}://{authority}{path}", url.scheme, url.host, url.port, path)
