"""Connections that keep a deadline over the whole exchange, so that an answer cannot trickle for ever (R10).

httpx knows only the time between two pieces of an answer; a server that sends a byte a minute would hold a run for days.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from declarative.core.clock import Clock

# What httpcore raises by itself; the classes have no common base of their own.
FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)
_BLINK = 0.005  # a poll may come back a moment early
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class DeadlineError(httpcore.TimeoutException):
    """The exchange took longer than it may in all."""


class Deadline(threading.local):
    """The end of the exchange that runs in this thread, in monotonic seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._end = float("inf")
        self._seconds = float("inf")

    def start(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = self._clock.monotonic() + seconds

    def left(self, timeout: float | None) -> float | None:
        """The shorter of a timeout and what is left. Raises DeadlineError when nothing is."""
        left = self._end - self._clock.monotonic()
        if left <= _BLINK:
            raise DeadlineError(f"the answer did not end within {self._seconds:g} s")
        if left == float("inf"):
            return timeout
        return left if timeout is None else min(timeout, left)

    @contextmanager
    def bound(self, timeout: float | None) -> Iterator[float | None]:
        """A block that may take so long. Raises DeadlineError for a timeout that was the deadline's."""
        try:
            yield self.left(timeout)
        except httpcore.TimeoutException:
            self.left(timeout)
            raise


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._deadline.bound(timeout) as seconds:
            return self._inner.read(max_bytes, seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._deadline.bound(timeout) as seconds:
            self._inner.write(buffer, seconds)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with self._deadline.bound(timeout) as seconds:
            return _Stream(self._inner.start_tls(ssl_context, server_hostname, seconds), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._inner = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options), self._deadline)


class DeadlineTransport(httpx.BaseTransport):
    """What `httpx.HTTPTransport` is, over connections with a deadline. Raises the FAILURES of httpcore as they are.

    Raises ValueError, ImportError or RuntimeError (SOCKS without its extra) for a proxy that cannot be used.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: str | None, deadline: Deadline) -> None:
        self._pool = _pool(tls, proxy, _Backend(deadline))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                _url(request.url),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def _pool(tls: ssl.SSLContext, proxy: str | None, backend: _Backend) -> httpcore.ConnectionPool:
    if proxy is None:
        return httpcore.ConnectionPool(ssl_context=tls, keepalive_expiry=5.0, network_backend=backend)
    given = httpx.Proxy(proxy)
    kind = httpcore.SOCKSProxy if given.url.scheme.startswith("socks") else httpcore.HTTPProxy
    return kind(_url(given.url), proxy_auth=given.raw_auth, ssl_context=tls, keepalive_expiry=5.0, network_backend=backend)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
